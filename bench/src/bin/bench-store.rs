//! What `cargo xtask bench store` runs: a store of a whole fleet of kernels.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use core_reloc_bench::Result;
use core_reloc_bench::fleet::{Plan, sibling};

/// Measure a store of a whole fleet of kernels.
#[derive(Parser)]
#[command(name = "cargo xtask bench store")]
struct Arguments {
    /// The folder with the kernels that `cargo xtask fleet` fetches.
    #[arg(long, value_name = "FOLDER", env = "CORE_RELOC_FLEET", default_value = "target/fleet")]
    fleet: PathBuf,
    /// The folder with the objects that `cargo xtask data` fetches.
    #[arg(long, value_name = "FOLDER", env = "CORE_RELOC_DATA", default_value = "target/data")]
    data: PathBuf,
    /// The most kernels; a twentieth, a fifth and half of them are measured, too.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    kernels: usize,
    /// The number of runs, of which the median counts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    rounds: usize,
    /// The program to measure, instead of the one that was built.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// The folder for bench-store.md, bench-store.svg and bench-store.json.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench store: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result {
    let plan = Plan {
        core_reloc: arguments.program.map_or_else(|| sibling("core-reloc"), Ok)?,
        fleet: arguments.fleet,
        objects: arguments.data.join("objects"),
        scratch: PathBuf::from("target/bench/fleet"),
        kernels: arguments.kernels,
        rounds: arguments.rounds,
    };
    let report = plan.run_stores()?;
    print!("{}", report.write(&arguments.out)?);
    eprintln!("\nwritten to {}; {} limits missed", arguments.out.display(), report.missed());
    Ok(())
}
