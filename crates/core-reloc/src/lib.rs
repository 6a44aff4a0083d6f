//! BPF CO-RE relocation: decides what a kernel's types make of a BPF object's relocations, and
//! patches the instructions.
//!
//! `no_std`, no unsafe code, no I/O, no globals: bytes in, decisions out.
//!
//! # The way of a relocation
//! record → [`AccessPath`] → local [`Spec`] → [`Candidate`]s → target [`Spec`] → [`Resolution`] →
//! [`patch()`].
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "proptest"))]
extern crate std;

mod access;
mod budget;
mod candidates;
mod compare;
mod describe;
#[cfg(feature = "elf")]
pub mod elf;
mod error;
mod essential;
mod functions;
mod generate;
mod hash;
mod kind;
pub mod limits;
mod options;
mod patch;
#[cfg(feature = "proptest")]
pub mod proptest;
mod relocation;
mod relocator;
mod resolution;
mod spec;
mod target;
mod value;

pub use self::{
    access::{AccessError, AccessPath},
    describe::{access_in_c, describe_unmatched},
    error::{Ambiguity, Answer, Cause, Error},
    essential::essential_name,
    functions::{
        Shifts, apply_relocation, apply_relocations, create_relocation, parse_access_string,
        resolve_bitfield_shifts, resolve_enum_value, resolve_enum_value_exists,
        resolve_field_exists, resolve_field_offset, resolve_field_signed, resolve_field_size,
        resolve_type_exists, resolve_type_id, resolve_type_matches, resolve_type_size,
    },
    generate::{
        GenerateError, generate_enumerator_access, generate_field_access, generate_type_access,
        local_value,
    },
    kind::{RelocKind, Subject},
    options::{Options, Unresolved},
    patch::{Code, PatchError, Patched, Poison, Status, patch},
    relocation::Relocation,
    relocator::Relocator,
    resolution::{Change, Resize, Resolution, Unmatched},
    spec::{Accessor, Spec, target::Mismatch},
    target::{Candidate, Module, Target},
};
