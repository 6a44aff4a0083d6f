//! The workspace's tasks: `cargo xtask` prints the table.
//!
//! A task is a file of this folder and a line of [`TASKS`]. There are few
//! dependencies beyond the workspace's own crates: this is what a fresh clone
//! compiles first.

mod api;
mod bench;
mod ci;
mod command;
mod conformance;
mod crates;
mod data;
mod demo;
mod deny;
mod dependencies;
mod fixtures;
mod fuzz;
mod instructions;
mod manual;
mod modules;
mod mutants;
mod package;
mod recorded;
mod s390x;
mod skip;
mod source;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// What a task returns; the error is printed as it is.
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// One line of the table of tasks.
struct Task {
    name: &'static str,
    /// The arguments that it takes, as its help shows them.
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task {
        name: "api",
        arguments: "[--check]",
        about: "list the public interface of each crate in docs/api, or check that it is as recorded",
        run: api::run,
    },
    Task {
        name: "bench",
        arguments: "[--quick | --help | OPTION...]",
        about: "measure core-reloc beside libbpf and aya-obj, and write docs/bench.*",
        run: bench::run,
    },
    Task {
        name: "ci",
        arguments: "[--list | STEP...]",
        about: "everything that CI checks, in its order, or just the named steps",
        run: ci::run,
    },
    Task {
        name: "conformance",
        arguments: "[--help | SUITE...] [--format json]",
        about: "compare what we do with what libbpf does, relocation by relocation",
        run: conformance::run,
    },
    Task {
        name: "data",
        arguments: "[ITEM...]",
        about: "fetch real kernels' BTF and real BPF objects from Debian's packages",
        run: data::run,
    },
    Task {
        name: "demo",
        arguments: "",
        about: "relocate committed objects for a made-up kernel and for the running one",
        run: demo::run,
    },
    Task {
        name: "deny",
        arguments: "",
        about: "licences, bans and sources of the dependencies, by cargo-deny",
        run: deny::run,
    },
    Task {
        name: "dependencies",
        arguments: "[--check]",
        about: "list what each crate is built of in docs/dependencies, or check that it is as recorded",
        run: dependencies::run,
    },
    Task {
        name: "fixtures",
        arguments: "[--check]",
        about: "make the generated files below fixtures/, or check that they are up to date",
        run: fixtures::run,
    },
    Task {
        name: "fuzz",
        arguments: "[TARGET...] [--seconds N]",
        about: "feed made-up bytes to the fuzz targets, all or the named ones",
        run: fuzz::run,
    },
    Task {
        name: "instructions",
        arguments: "[--record]",
        about: "count the instructions that each part of a relocation takes",
        run: instructions::run,
    },
    Task {
        name: "manual",
        arguments: "[--check]",
        about: "make the program's man pages and shell completions below docs/, or check them",
        run: manual::run,
    },
    Task {
        name: "modules",
        arguments: "[PACKAGE...]",
        about: "check that the modules of each crate form no circle; for named packages, list all imports in a circle",
        run: modules::run,
    },
    Task {
        name: "mutants",
        arguments: "[PART...] [-- OPTION...] | planted [--check | --sample | WORD...]",
        about: "plant bugs in the library, by cargo-mutants or from a table, and look whether the tests notice",
        run: mutants::run,
    },
    Task {
        name: "package",
        arguments: "[--record]",
        about: "pack the crates, compare what is in them, and build strangers' projects with them",
        run: package::run,
    },
    Task {
        name: "record-s390x",
        arguments: "[--check]",
        about: "record what libbpf says on a big-endian machine, or check that it says the same",
        run: s390x::run,
    },
];

fn main() -> ExitCode {
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Vec<String>) -> Result {
    let Some((name, rest)) = arguments.split_first() else {
        print_help();
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print_help();
        return Ok(());
    }
    let task = TASKS
        .iter()
        .find(|task| task.name == name)
        .ok_or_else(|| format!("no task is called `{name}`; `cargo xtask --help` lists them"))?;
    // The tasks name files from the workspace's root, wherever they were started.
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
    std::env::set_current_dir(root).map_err(|error| format!("{}: {error}", root.display()))?;
    (task.run)(rest)
}

fn print_help() {
    println!("The tasks of this workspace.\n\nUsage: cargo xtask TASK [ARGUMENT...]\n");
    for task in TASKS {
        println!(
            "  {}\n      {}",
            format!("{} {}", task.name, task.arguments).trim_end(),
            task.about
        );
    }
}
