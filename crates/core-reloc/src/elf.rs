//! Whole BPF objects: ELF files with code, `.BTF` and `.BTF.ext`, relocated as libbpf does.
//!
//! [`Object::parse`] reads an object of either byte order. [`Object::relocations`] lists its relocations,
//! without a target. [`Object::relocate`] resolves and applies them one by one and reports each;
//! [`Relocating::finish`] returns the patched object, unless a relocation failed. [`TypeSections::find`]
//! finds the BTF in any ELF file, for targets.
//!
//! [`Object::requirements`] lists what an object needs from a kernel besides: its programs and what they
//! attach to, functions and variables of the kernel, helpers, maps.
//!
//! The object is copied once, to be patched. Compressed sections are not supported.
//!
//! ```
//! # fn f(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Options, Target, elf::Object};
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! let target = Target::new(&kernel);
//!
//! let mut relocating = object.relocate(&target, Options::default());
//! for report in &mut relocating {
//!     println!("{report}");
//! }
//! let relocated = relocating.finish()?;
//! println!("{} relocated, {} bytes", relocated.counts.relocated, relocated.bytes.len());
//! # Ok(())
//! # }
//! ```

mod error;
mod file;
mod functions;
mod kernel_access;
mod lines;
mod links;
mod nothing;
mod object;
mod records;
mod relocate;
mod report;
pub mod requirements;
mod skip;
mod symbols;
mod types;

pub use self::{
    error::ObjectError,
    file::is_elf,
    lines::{SourceLine, SourceLines},
    nothing::NothingToRelocate,
    object::Object,
    records::{ObjectRelocation, Relocations},
    relocate::{Counts, Failed, Relocated, Relocating},
    report::{Outcome, Report},
    skip::Skip,
    types::TypeSections,
};
