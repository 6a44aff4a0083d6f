//! Finds the running kernel's BTF, and its modules', and says whether CO-RE is supported.
//!
//! Thin on purpose: this is the crate that touches the system, so that `btf-types` and `core-reloc`
//! need not. It reads files, checks that they hold BTF, and hands out the bytes.
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
//! [A first program](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/first-program.md),
//! and all the [other chapters](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/SUMMARY.md).
#![deny(unsafe_code)]

mod elf;
mod error;
mod file;
mod kernel;
mod map;
mod module;
mod read;
mod support;

pub use self::{
    error::{FileError, NotFound, Problem},
    file::BtfFile,
    kernel::Kernel,
    module::ModuleFile,
    read::{MAX_LEN, read_elf},
    support::{SupportReport, Supported},
};

/// The running kernel's BTF: the seed API's *get-kernel-btf*. Short for [`Kernel::btf`] of
/// [`Kernel::running`].
///
/// # Errors
/// [`NotFound`], with everything that was tried and why each failed.
pub fn kernel_btf() -> Result<BtfFile, NotFound> {
    Kernel::running().btf()
}

/// Whether the running kernel's types are known, so that CO-RE relocations can be resolved for it:
/// the seed API's *core-read-supported?*.
///
/// ```
/// if !core_reloc_sys::core_read_supported() {
///     println!("{}", core_reloc_sys::support());
/// }
/// ```
pub fn core_read_supported() -> bool {
    support().is_supported()
}

/// The same with reasons. Short for [`Kernel::support`] of [`Kernel::running`].
pub fn support() -> SupportReport {
    Kernel::running().support()
}
