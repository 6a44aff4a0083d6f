//! BPF CO-RE relocation: resolves the relocations of a BPF object against a kernel's types, and patches
//! the instructions.
//!
//! It is independent of any loader, needs no std, and has no unsafe code, I/O or globals. Objects and
//! targets may have either byte order. The results are libbpf's, except for some [intended
//! differences](_guide::differences).
//!
//! # The path of a relocation
//! | step | module | value |
//! | --- | --- | --- |
//! | record | [`record`] | [`Relocation`] with its [`AccessPath`] |
//! | local spec | [`spec`] | [`LocalSpec`](spec::LocalSpec) of [`Accessor`](spec::Accessor)s |
//! | candidates | [`candidates`] | [`Candidate`]s, narrowed by earlier relocations |
//! | target spec | [`spec`], [`compare`] | [`Spec`](spec::Spec), or the [`Mismatch`](spec::Mismatch) that rules a candidate out |
//! | resolution | [`resolve`] | [`Resolution`] |
//! | patch | [`mod@patch`] | [`Patched`] instruction |
//!
//! # Where to start
//! - A loader with its own instructions and records creates a [`Relocator`] from the object's BTF and a
//!   [`Target`], and calls [`Relocator::relocate`]; or [`Relocator::resolve`] and then
//!   [`Relocator::apply`], to see the decision first.
//! - The module `elf`, with the feature of that name, relocates whole ELF objects.
//! - [`functions`] answers single questions. [`generate`] makes relocations from names, for code that is
//!   generated at run time.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::{RelocKind, Relocator, Status, Target, generate::field_relocation};
//!
//! // `struct task { int pid; }`, with a number of bytes before `pid`.
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
//! let relocation = field_relocation(&local, 0, "task", "pid", RelocKind::FieldByteOffset)?;
//!
//! let mut code = [0x61, 0x10, 8, 0, 0, 0, 0, 0]; // r0 = *(u32 *)(r1 + 8)
//! let applied = Relocator::new(&local, &target).relocate(&mut code, &relocation)?;
//! assert_eq!(applied.patched.status, Status::Relocated);
//! assert_eq!(code, [0x61, 0x10, 24, 0, 0, 0, 0, 0]); // r0 = *(u32 *)(r1 + 24)
//! # Ok(())
//! # }
//! ```
//!
//! # Guide
//! The [guide](_guide) starts with [CO-RE in ten minutes](_guide::ten_minutes), has chapters on
//! [relocating an object](_guide::relocating_an_object), [writing a loader](_guide::writing_a_loader) and
//! [generating code at run time](_guide::generating_code), and helps [when an object does not
//! load](_guide::troubleshooting).
//!
//! # Untrusted input
//! No input makes a function panic: the result is a value or an error, in time and memory that are nearly
//! linear in the size of the input. [`limits`] lists the ceilings.
//!
//! # Features
//! - `elf`: whole BPF objects, with the crate `object`. It needs no std either.
//! - `owned`: `OwnedTarget`, which owns its BTF, so that it can be kept for any length of time and shared
//!   between threads.
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

pub mod _guide;
pub mod budget;
mod cache;
pub mod candidates;
pub mod compare;
pub mod describe;
#[cfg(feature = "elf")]
pub mod elf;
pub mod enums;
mod error;
mod find;
pub mod functions;
pub mod generate;
pub mod limits;
mod names;
#[cfg(feature = "owned")]
mod owned;
pub mod patch;
pub mod record;
mod relocator;
pub mod resolve;
mod shared;
mod side;
pub mod spec;
mod target;

#[cfg(feature = "owned")]
pub use self::owned::OwnedTarget;
pub use self::{
    candidates::Candidate,
    describe::{access_in_c, type_in_c},
    error::{Ambiguity, Answer, Cause, Error},
    find::{FoundEnumerator, FoundType},
    names::essential::essential_name,
    patch::{Code, PatchError, Patched, Poison, Status, patch},
    record::{AccessError, AccessPath, RelocKind, Relocation},
    relocator::{Applied, Relocator},
    resolve::{OnUnresolved, Options, Resolution},
    target::{Module, Target},
};
