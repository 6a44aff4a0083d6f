//! What a relocation record says: an instruction, a root type, an access and a question.

mod access;
mod kind;
mod relocation;

pub use self::{
    access::{AccessError, AccessPath},
    kind::{RelocKind, Subject},
    relocation::Relocation,
};
