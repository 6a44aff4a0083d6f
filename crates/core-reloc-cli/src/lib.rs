//! The command line of the program `core-reloc`, from which its manual is generated.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "its comments are the help that the program prints, brackets included"
)]
pub mod arguments;
