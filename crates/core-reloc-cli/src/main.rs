//! The program `core-reloc`: relocates, inspects, explains and checks BPF objects.
//!
//! A thin shell over the libraries. [`arguments`] defines the command line, and each command has a
//! module of its own: it opens its [`files`] and its [`target`], calls a library, and prints the results
//! to the [`terminal`].
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the program counts and indexes only values that it has collected itself"
)]

mod blame;
mod check;
mod dump;
mod explain;
mod failure;
mod files;
mod format;
mod inspect;
mod minimize;
mod names;
mod query;
mod relocate;
mod support;
mod target;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use core_reloc_cli::arguments::{self, Arguments, Command};

/// The result of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Completion {
    /// Exit status 0.
    Success,
    /// Exit status 1: a relocation failed, or the answer is no.
    Negative,
}

fn main() -> ExitCode {
    // Wrong usage ends the program here, with exit status 2.
    let result = match Arguments::parse().command {
        Command::Relocate(arguments) => relocate::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Blame(arguments) => blame::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Minimize(arguments) => minimize::run(&arguments),
        Command::Support(arguments) => support::run(&arguments),
    };
    match result {
        Ok(Completion::Success) => ExitCode::SUCCESS,
        Ok(Completion::Negative) => ExitCode::from(1),
        Err(failure) => {
            terminal::error(&failure);
            ExitCode::from(2)
        }
    }
}
