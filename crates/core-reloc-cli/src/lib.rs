//! The command line of the program `core-reloc`, from which its manual is generated.
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, clippy::missing_errors_doc, clippy::missing_panics_doc)]
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

#[doc(hidden)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "its comments are the help that the program prints, brackets included"
)]
pub mod arguments;
