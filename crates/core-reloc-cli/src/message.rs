//! Messages, which go to standard error.

use std::fmt::Display;

use anstream::eprintln;
use owo_colors::OwoColorize;

use crate::shown::Shown;

/// Says why there is no result, or no good one.
pub(crate) fn error(message: impl Display) {
    eprintln!("core-reloc: {}: {}", "error".red().bold(), shown(message));
}

/// Says what may make the result another than was meant.
pub(crate) fn warning(message: impl Display) {
    eprintln!("core-reloc: {}: {}", "warning".yellow().bold(), shown(message));
}

/// A message, whose lines are ours; what else is in them may be of others.
fn shown(message: impl Display) -> String {
    let message = message.to_string();
    let lines: Vec<String> = message.split('\n').map(|line| Shown(line).to_string()).collect();
    lines.join("\n")
}
