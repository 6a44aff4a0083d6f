//! The workspace's tasks; `cargo xtask` lists them.
//!
//! A task is a file in this folder and an entry of [`TASKS`]. Dependencies are few, because a fresh
//! clone compiles them first.

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
mod files;
mod fixtures;
mod fleet;
mod fuzz;
mod instructions;
mod kernels;
mod libbpf;
mod manual;
mod modules;
mod mutants;
mod package;
mod recorded;
mod s390x;
mod skip;
mod source;
mod tools;
mod vectors;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// The result of a task.
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// A task.
struct Task {
    name: &'static str,
    /// Its arguments, as the help shows them.
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

const TASKS: &[Task] = &[
    Task {
        name: "api",
        arguments: "[--check]",
        about: "list the public interface of each crate in docs/api, or check the lists",
        run: api::run,
    },
    Task {
        name: "bench",
        arguments: "[fleet | store] [--quick | --help | OPTION...]",
        about: "measure core-reloc, libbpf and aya-obj, or checks of a whole fleet, or a store of it, and write docs/bench*",
        run: bench::run,
    },
    Task {
        name: "ci",
        arguments: "[--list | STEP...]",
        about: "run all checks of CI, or only the named steps",
        run: ci::run,
    },
    Task {
        name: "conformance",
        arguments: "[--help | SUITE...] [--format json]",
        about: "compare each relocation with libbpf",
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
        about: "check the licences and sources of the dependencies with cargo-deny",
        run: deny::run,
    },
    Task {
        name: "dependencies",
        arguments: "[--check]",
        about: "list the dependencies of each crate in docs/dependencies, or check the lists",
        run: dependencies::run,
    },
    Task {
        name: "fixtures",
        arguments: "[--check]",
        about: "generate files in fixtures/, or check that they are up to date",
        run: fixtures::run,
    },
    Task {
        name: "fleet",
        arguments: "[--kernels N] [--variants N]",
        about: "fetch the BTF of all of Debian's kernels, and make variants of it, in the layout of BTFHub",
        run: fleet::run,
    },
    Task {
        name: "fuzz",
        arguments: "[TARGET...] [--seconds N]",
        about: "run all fuzz targets, or the named ones",
        run: fuzz::run,
    },
    Task {
        name: "instructions",
        arguments: "[--record]",
        about: "count the instructions of each part of a relocation",
        run: instructions::run,
    },
    Task {
        name: "kernels",
        arguments: "[--check | --anew] [KERNEL...] | boot KERNEL PROGRAM [FILE...]",
        about: "load all objects in booted kernels and record the answers, or check them; or run a program in one",
        run: kernels::run,
    },
    Task {
        name: "manual",
        arguments: "[--check]",
        about: "generate man pages and shell completions in docs/, or check them",
        run: manual::run,
    },
    Task {
        name: "modules",
        arguments: "[PACKAGE...]",
        about: "check that modules do not import each other in a circle; for named packages, list all imports in circles",
        run: modules::run,
    },
    Task {
        name: "mutants",
        arguments: "[PART...] [-- OPTION...] | planted [--check | --sample | WORD...]",
        about: "plant bugs, with cargo-mutants or from a table, and check that the tests notice them",
        run: mutants::run,
    },
    Task {
        name: "package",
        arguments: "[--record]",
        about: "pack the crates, check their files, and build downstream projects with them",
        run: package::run,
    },
    Task {
        name: "record-s390x",
        arguments: "[--check]",
        about: "record the results of libbpf on a big-endian machine, or check them",
        run: s390x::run,
    },
    Task {
        name: "vectors",
        arguments: "[--check]",
        about: "generate the vectors for other implementers in fixtures/vectors, or check them",
        run: vectors::run,
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
        .ok_or_else(|| format!("there is no task `{name}`; `cargo xtask --help` lists them"))?;
    // All paths are relative to the workspace's root.
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
    std::env::set_current_dir(root).map_err(|error| format!("{}: {error}", root.display()))?;
    (task.run)(rest)
}

fn print_help() {
    println!("Run a task of this workspace.\n\nUsage: cargo xtask TASK [ARGUMENT...]\n");
    for task in TASKS {
        println!(
            "  {}\n      {}",
            format!("{} {}", task.name, task.arguments).trim_end(),
            task.about
        );
    }
}
