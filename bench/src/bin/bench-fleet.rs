//! What `cargo xtask bench fleet` and `cargo xtask bench store` run: checks of a whole fleet of kernels, and a store of it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser};
use core_reloc_bench::Result;
use core_reloc_bench::fleet::{Plan, sibling};

#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
enum Bench {
    /// Measure checks of a whole fleet of kernels: 500, a tenth and three tenths of them; medians of 3 runs.
    Fleet(Arguments),
    /// Measure a store of a whole fleet of kernels: all, a twentieth, a fifth and half of them; one run.
    Store(Arguments),
}

#[derive(Args)]
struct Arguments {
    /// The folder with the kernels that `cargo xtask fleet` fetches.
    #[arg(long, value_name = "FOLDER", env = "CORE_RELOC_FLEET", default_value = "target/fleet")]
    fleet: PathBuf,
    /// The folder with the objects that `cargo xtask data` fetches.
    #[arg(long, value_name = "FOLDER", env = "CORE_RELOC_DATA", default_value = "target/data")]
    data: PathBuf,
    /// The most kernels.
    #[arg(long, value_name = "N")]
    kernels: Option<usize>,
    /// The number of runs, of which the median counts.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// The program to measure, instead of the one that was built.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// The folder for the page, the picture and the numbers.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(Bench::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(bench: Bench) -> Result {
    let (page, missed, out) = match bench {
        Bench::Fleet(arguments) => {
            let report = arguments.plan(500, 3)?.run()?;
            (report.write(&arguments.out)?, report.missed(), arguments.out)
        }
        Bench::Store(arguments) => {
            let report = arguments.plan(usize::MAX, 1)?.run_stores()?;
            (report.write(&arguments.out)?, report.missed(), arguments.out)
        }
    };
    print!("{page}");
    eprintln!("\nwritten to {}; {missed} limits missed", out.display());
    Ok(())
}

impl Arguments {
    /// Returns what to measure, with these numbers unless the user gave others.
    fn plan(&self, kernels: usize, rounds: usize) -> Result<Plan> {
        Ok(Plan {
            core_reloc: self.program.clone().map_or_else(|| sibling("core-reloc"), Ok)?,
            fleet: self.fleet.clone(),
            objects: self.data.join("objects"),
            scratch: PathBuf::from("target/bench/fleet"),
            kernels: self.kernels.unwrap_or(kernels),
            rounds: self.rounds.unwrap_or(rounds),
        })
    }
}
