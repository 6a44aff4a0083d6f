//! BPF CO-RE relocation: decides what a kernel's types make of a BPF object's relocations, and
//! patches the instructions.
//!
//! Loader-neutral, `no_std`, without unsafe code, I/O or globals: bytes in, decisions out. Both byte
//! orders, of the object and of the target. The results are libbpf's; where they differ on purpose
//! is a list in the repository's README.
//!
//! # The way of a relocation
//! record → [`Relocation`] with its [`AccessPath`] → local spec → [`Candidate`]s → target spec →
//! [`Resolution`] → [`patch()`].
//!
//! # Three ways in
//! - A loader that has instructions and records makes a [`Relocator`] of the object's BTF and a
//!   [`Target`], and calls [`Relocator::resolve`] and [`patch()`], or [`Relocator::relocate`] for both.
//! - Whole objects: feature `elf`, the module `elf`.
//! - Single questions: [`resolve_field_offset`] and its like; relocations from names, for code that
//!   is made at run time: [`generate_field_access`].
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::{generate_field_access, RelocKind, Target, Status, Relocator};
//!
//! // `struct task { int pid; }` with so many bytes before `pid`.
//! fn types(bytes_before: u32) -> Result<Vec<u8>, btf_types::build::Error> {
//!     let mut btf = Builder::new(ByteOrder::Little);
//!     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//!     btf.structure("task", bytes_before + 4).member("pid", int, 8 * bytes_before).finish();
//!     btf.finish()
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (object, kernel) = (types(8)?, types(24)?);
//! let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
//! let target = Target::new(&kernel);
//! let relocation = generate_field_access(&local, 0, "task", "pid", RelocKind::FieldByteOffset)?;
//!
//! let mut code = [0x61, 0x10, 8, 0, 0, 0, 0, 0]; // r0 = *(u32 *)(r1 + 8)
//! let patched = Relocator::new(&local, &target).relocate(&mut code, &relocation)?;
//! assert_eq!(patched.status, Status::Relocated);
//! assert_eq!(code, [0x61, 0x10, 24, 0, 0, 0, 0, 0]); // r0 = *(u32 *)(r1 + 24)
//! # Ok(())
//! # }
//! ```
//!
//! # Untrusted input
//! Any bytes may be given to any function: the outcome is a value or an error, in time and memory
//! near linear in the input. [`limits`] has the ceilings.
//!
//! # Guide
//! [CO-RE in ten minutes](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/ten-minutes.md),
//! [relocating an object](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/relocating-an-object.md),
//! [writing a loader](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/writing-a-loader.md),
//! and all the [other chapters](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/SUMMARY.md).
//!
//! # Features
//! - `elf`: whole BPF objects, by the crate `object`; still without std.
//! - `minimize`: the least BTF with which objects relocate as with the whole one.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clippy.toml cannot exempt tests from these"
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod budget;
mod cache;
pub mod candidates;
pub mod compare;
pub mod describe;
#[cfg(feature = "elf")]
pub mod elf;
mod error;
pub mod functions;
pub mod generate;
pub mod limits;
mod names;
pub mod patch;
pub mod record;
mod relocator;
pub mod resolve;
mod side;
pub mod spec;
mod target;

pub use self::{
    candidates::Candidate,
    describe::{access_in_c, type_in_c},
    error::{Ambiguity, Answer, Cause, Error},
    generate::{generate_enumerator_access, generate_field_access, generate_type_access},
    names::essential::essential_name,
    patch::{Code, PatchError, Patched, Poison, Status, patch},
    record::{AccessError, AccessPath, RelocKind, Relocation},
    relocator::Relocator,
    resolve::{OnUnresolved, Options, Resolution},
    target::{Module, Target},
};
