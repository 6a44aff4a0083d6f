//! The program `core-reloc`: relocates BPF objects, inspects and explains them, and says whether
//! this machine supports it.
//!
//! A thin shell over the libraries: [`arguments`] are read, [`object`] and [`target`] are opened, the
//! library decides, [`print`] says it in one of two formats, and [`output`] writes the object.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the program counts and indexes what it has collected itself"
)]

mod blame;
mod check;
mod dump;
mod explain;
mod failure;
mod inspect;
mod json;
mod message;
mod minimize;
mod object;
mod output;
mod print;
mod printer;
mod query;
mod relocate;
mod shown;
mod support;
mod target;
mod text;

use std::process::ExitCode;

use clap::Parser;
use core_reloc_cli::arguments::{self, Arguments, Command};

/// How a command ends that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Exit status 0.
    Good,
    /// Exit status 1: the answer is no.
    Bad,
}

fn main() -> ExitCode {
    // Wrong usage ends here, with exit status 2.
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
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Bad) => ExitCode::from(1),
        Err(failure) => {
            message::error(&failure);
            ExitCode::from(2)
        }
    }
}
