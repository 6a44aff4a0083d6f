//! Reads the BTF of kernels and modules in every form in which they are shipped.
//!
//! | format | example |
//! | --- | --- |
//! | raw BTF | `/sys/kernel/btf/vmlinux` |
//! | ELF with a `.BTF` section | `vmlinux`, `nf_conntrack.ko` |
//! | a kernel image | `vmlinuz`, `Image`: x86, arm64, riscv, arm, s390, ppc64, EFI |
//! | any of these, compressed | `Image.gz`, `nf_conntrack.ko.xz` |
//! | a tar archive of these, compressed or not | `5.4.0-26-generic.btf.tar.xz` |
//! | a store of kernels, which `core-reloc store` makes | `debian.store` |
//! | a folder of these, searched recursively | |
//!
//! Compression is gzip, xz, zstd, lz4, bzip2 or lzma, unpacked without C code. The first bytes of a file
//! determine its format; its name does not matter.
//!
//! - [`open()`] reads a file that contains one BTF.
//! - [`Targets`] reads all BTF in a file or folder, one at a time.
//! - [`Kernels`] finds kernels with their modules among other files, and chooses one of them by its name.
//! - [`KernelPath`] reads what the path of a kernel says about it.
//! - [`KernelName`] orders kernels by the versions in their names.
//! - [`open_stream`], [`Targets::of_stream`] and [`Kernels::of_stream`] read a stream, such as standard
//!   input.
//!
//! The path of a BTF that was part of a file names that part: `vmlinuz!payload(xz)@0x3a5b`,
//! `archive.tar.xz!5.4.0-26-generic.btf`.
//!
//! # Example
//! ```
//! use std::path::Path;
//!
//! use core_reloc_targets::{Limits, Targets};
//!
//! for target in Targets::new(Path::new("kernels"), Limits::default()) {
//!     match target {
//!         Ok(file) => println!("{}: {} bytes", file.path().display(), file.as_bytes().len()),
//!         Err(error) => println!("{error}"),
//!     }
//! }
//! ```
//!
//! # Untrusted files
//! Any bytes give a value or an error. [`Limits`] bound how much of a file is read and what it may
//! unpack to. Files are read into memory, so that they may change meanwhile. `open_leased` (feature `lease`) maps raw BTF
//! while a lease of the system keeps it from changing; [`map()`] maps it without, and is unsafe.
//!
//! # Features
//! - `lease`: `open_leased`, which maps files that a lease of the system keeps from changing.
//! - `liblzma`: unpacks xz with liblzma, a C library that is built from source, in a third less time.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code, unsafe_op_in_unsafe_fn)]

mod archive;
mod choice;
mod compression;
mod contents;
mod error;
mod files;
mod found;
mod image;
mod input;
mod kernel_names;
mod kernel_path;
mod kernel_store;
mod kernels;
mod layout;
mod limits;
mod listing;
mod map;
mod open;
mod single;
mod stored;
mod targets;
mod unpack;
mod version;

#[cfg(feature = "lease")]
pub use self::open::open_leased;
pub use self::{
    compression::Compression,
    error::{Attempt, TargetError, TargetProblem},
    files::{Files, MANIFEST, module_name},
    found::{FoundKernel, FoundModule},
    kernel_names::KernelNames,
    kernel_path::KernelPath,
    kernel_store::KernelStore,
    kernels::{Found, Kernels},
    layout::unpacked_name,
    limits::Limits,
    listing::Listing,
    map::map,
    open::{open, open_stream, read, read_stream},
    targets::Targets,
    version::KernelName,
};
