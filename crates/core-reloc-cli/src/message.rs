//! Messages, which go to standard error.

use std::fmt::Display;

use anstream::eprintln;
use owo_colors::OwoColorize;

/// Says why there is no result, or no good one.
pub(crate) fn error(message: impl Display) {
    eprintln!("core-reloc: {}: {message}", "error".red().bold());
}

/// Says what may make the result another than was meant.
pub(crate) fn warning(message: impl Display) {
    eprintln!("core-reloc: {}: {message}", "warning".yellow().bold());
}
