//! What the program `core-reloc` is made of, as a library that prints nothing.
#![deny(unsafe_code)]

/// The command line: for the program, and for the manual that is made from it.
#[doc(hidden)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "its comments are the help that the program prints, brackets included"
)]
pub mod arguments;
pub mod targets;
