//! Finds the BTF of the running kernel and its modules, and reports whether CO-RE is supported.
//!
//! This crate touches the system so that `btf-types` and `core-reloc` need not: it opens files,
//! checks that they hold BTF, and returns the bytes.
//!
//! # Example
//! ```
//! match core_reloc_sys::kernel_btf() {
//!     Ok(file) => println!("{}: {} bytes", file.path().display(), file.as_bytes().len()),
//!     Err(error) => println!("{error}"),
//! }
//! ```
//!
//! # Guide
//! Start with the chapter "A first program" of the guide, which is in the documentation of the crate
//! `core-reloc`, in the module `_guide`.
//!
//! # Features
//! - `lease`: `BtfFile::open_leased` and `ElfFile`, which map files that a lease of the system keeps from changing.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code, unsafe_op_in_unsafe_fn)]

mod bytes;
mod elf;
#[cfg(feature = "lease")]
mod elf_file;
mod error;
mod file;
mod kernel;
#[cfg(feature = "lease")]
mod lease;
mod map;
mod read;
mod release;

#[cfg(feature = "lease")]
pub use self::elf_file::ElfFile;
pub use self::{
    error::{FileError, FileProblem, NotFound},
    file::BtfFile,
    kernel::{Kernel, ModuleFile, SupportReport, Supported},
    read::{MAX_LEN, read_elf, read_elf_from},
    release::release_of_path,
};

/// Opens the running kernel's BTF: [`Kernel::btf`] of [`Kernel::running`].
///
/// # Errors
/// Returns every file that was tried, and why each was rejected.
pub fn kernel_btf() -> Result<BtfFile, NotFound> {
    Kernel::running().btf()
}

/// Returns `true` if the running kernel's BTF was found, so that CO-RE relocations can be resolved.
///
/// ```
/// if !core_reloc_sys::core_read_supported() {
///     println!("{}", core_reloc_sys::support());
/// }
/// ```
pub fn core_read_supported() -> bool {
    support().is_supported()
}

/// Reports whether the running kernel supports CO-RE: [`Kernel::support`] of [`Kernel::running`].
pub fn support() -> SupportReport {
    Kernel::running().support()
}
