//! Compares us with libbpf and prints a report; `cargo xtask conformance` runs it.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use core_reloc_tests::conformance::{self, Options, Suite};

/// Compare what we do with what libbpf does, relocation by relocation.
///
/// Exits with 1 if a difference is unexplained, or in CI if anything is skipped.
#[derive(Parser)]
struct Arguments {
    /// The suites to run [default: objects, selftests, generated]
    #[arg(value_enum)]
    suites: Vec<Suite>,
    #[command(flatten)]
    options: Options,
    /// The format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = conformance::run(&arguments.suites, &arguments.options);
    match arguments.format {
        Format::Text => print!("{report}"),
        Format::Json => println!("{}", report.to_json()),
    }
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    if report.total().unexplained > 0 || (in_ci && !report.skipped().is_empty()) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
