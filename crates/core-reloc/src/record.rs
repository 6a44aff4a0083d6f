//! The contents of a relocation record: an instruction, a root type, an access path and a kind.

mod access;
mod kind;
mod relocation;

pub use self::{
    access::{AccessError, AccessPath},
    kind::{RelocKind, Subject},
    relocation::Relocation,
};
