//! The command-line arguments of the program `core-reloc`, from which its manual is generated.
//!
//! # Features
//! - `liblzma`: unpacks xz with liblzma, a C library that is built from source, in a third less time.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "the comments are the program's help, brackets included"
)]
pub mod arguments;
