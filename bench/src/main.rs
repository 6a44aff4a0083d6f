//! `core-reloc-bench`: what `cargo xtask bench` runs, and the processes that it starts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use clap::{Parser, Subcommand};
use core_reloc_bench::Result;
use core_reloc_bench::run::{
    goals::goals,
    inputs::Inputs,
    job::Job,
    markdown,
    plan::{Plan, QUICK, THOROUGH},
    plot,
};

/// Compare the speed of core-reloc with libbpf and aya-obj.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Internal>,
    /// Only check that everything runs: small inputs, one pass, no output in docs/.
    #[arg(long)]
    quick: bool,
    /// The number of passes over all cases.
    #[arg(long, value_name = "N")]
    passes: Option<usize>,
    /// The most rounds of a case in one pass.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// The time for the rounds of a case in one pass, in milliseconds.
    #[arg(long, value_name = "MS")]
    budget: Option<u64>,
    /// Only these cases of the first table, for example `a,f`; their medians are printed, and nothing is written.
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    cases: Vec<String>,
    /// The folder with the real kernels and objects.
    #[arg(long, value_name = "FOLDER", env = "CORE_RELOC_DATA", default_value = "target/data")]
    data: PathBuf,
    /// The folder for bench.md, bench.svg and bench.json.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    out: PathBuf,
}

#[derive(Subcommand)]
enum Internal {
    /// Perform one job, given as JSON, in this process.
    #[command(hide = true)]
    Job { job: String },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result {
    if let Some(Internal::Job { job }) = &arguments.command {
        let job: Job = serde_json::from_str(job)?;
        println!("{}", serde_json::to_string(&job.perform()?)?);
        return Ok(());
    }
    let scratch = Path::new("target/bench");
    let out = if arguments.quick { scratch } else { &arguments.out };
    let inputs = Inputs::prepare(&arguments.data, scratch, arguments.quick)?;
    let plan = arguments.plan(scratch)?;
    if !arguments.cases.is_empty() {
        print!("{}", plan.run_cases(&inputs, &arguments.cases)?);
        return Ok(());
    }
    let report = plan.run(&inputs)?;

    fs::create_dir_all(out)?;
    let page = markdown::page(&report, "bench.svg")?;
    fs::write(out.join("bench.md"), &page)?;
    fs::write(out.join("bench.svg"), plot::draw(&report))?;
    fs::write(out.join("bench.json"), serde_json::to_string_pretty(&report)? + "\n")?;
    print!("{page}");
    let missed = goals(&report).iter().filter(|goal| !goal.is_met()).count();
    eprintln!("\nwritten to {}; {missed} goals missed", out.display());
    Ok(())
}

impl Arguments {
    fn plan(&self, scratch: &Path) -> Result<Plan> {
        let (passes, mut rounds) = if self.quick { QUICK } else { THOROUGH };
        rounds.at_most = self.rounds.unwrap_or(rounds.at_most);
        rounds.budget = self.budget.map_or(rounds.budget, Duration::from_millis);
        let sibling =
            |program| Ok::<_, std::io::Error>(env::current_exe()?.with_file_name(program));
        Ok(Plan {
            passes: self.passes.unwrap_or(passes).max(1),
            rounds,
            folder: scratch.to_owned(),
            core_reloc: sibling("core-reloc")?,
            libbpf: sibling("relocate-with-libbpf")?,
        })
    }
}
