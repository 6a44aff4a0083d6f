//! The program `core-reloc`: relocates, inspects, explains and checks BPF objects.
//!
//! A thin shell over the libraries. [`arguments`] defines the command line, and each command has a
//! module of its own: it reads its [`inputs`] and its [`target`], calls a library, prints the results to
//! the [`terminal`], and writes its [`output`].
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the program counts and indexes only values that it has collected itself"
)]

mod blame;
mod check;
mod diff;
mod digest;
mod dump;
mod explain;
mod failure;
mod format;
mod inputs;
mod inspect;
mod kept;
mod limits;
mod minimize;
mod names;
mod output;
mod query;
mod ranges;
mod relocate;
mod selection;
mod store;
mod support;
mod target;
mod terminal;
mod threads;

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

use clap::Parser;
use core_reloc_cli::arguments::{self, Arguments, Command};

use self::{failure::Failure, inputs::Inputs};

/// The result of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Completion {
    /// Exit status 0.
    Success,
    /// Exit status 1: a relocation failed, the answer is no, or a part of the work could not be done.
    Negative,
}

impl Completion {
    /// Returns success only if both are.
    fn and(self, other: Self) -> Self {
        if self == Self::Success { other } else { self }
    }
}

fn main() -> ExitCode {
    let command = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(usage) => return explain_usage(&usage),
    };
    match run(&command) {
        Ok(Completion::Success) => ExitCode::SUCCESS,
        Ok(Completion::Negative) => ExitCode::from(1),
        Err(failure) => {
            terminal::error(&failure);
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<Completion, Failure> {
    let inputs = Inputs::new(command.inputs())?;
    match command {
        Command::Relocate(arguments) => relocate::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Check(arguments) => check::run(arguments, inputs),
        Command::Merge(arguments) => check::merge(arguments, inputs),
        Command::Blame(arguments) => blame::run(arguments),
        Command::Query(arguments) => query::run(arguments),
        Command::Dump(arguments) => dump::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Minimize(arguments) => minimize::run(arguments, inputs),
        Command::Store(arguments) => store::run(&arguments.command, inputs),
        Command::Support(arguments) => support::run(arguments),
    }
}

/// Prints the help or version that was asked for, or what is wrong with the arguments.
fn explain_usage(usage: &clap::Error) -> ExitCode {
    let printed = usage.print().and_then(|()| std::io::stdout().flush());
    if usage.use_stderr() {
        return ExitCode::from(2);
    }
    match printed {
        // A reader that stops early has read enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            terminal::error(Failure::Print(error));
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}
