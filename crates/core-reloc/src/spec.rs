//! Specs: access paths resolved against types, on the local and on the target side.
//!
//! A [`LocalSpec`] keeps its accessors, because every candidate is searched for them. A target spec is only
//! a [`Spec`]: what the accessors lead to.

mod end;
mod enumerator;
mod first_member;
mod local;
mod member;
mod member_index;
mod mismatch;
mod offset;
mod session;
mod steps;
pub(crate) mod target;

pub use self::{
    end::{End, Field, Spec},
    local::{Accessor, LocalSpec},
    member::FoundMember,
    mismatch::Mismatch,
    session::Session,
};
pub(crate) use self::{
    first_member::{RuledOut, Selection},
    local::follow,
    member::MemberSearch,
};
