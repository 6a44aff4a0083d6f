//! `cargo xtask ci`: everything that CI checks, in one command.
//!
//! A step is a line of [`STEPS`]. They run in this order, the quick ones first,
//! and the first that fails ends the run.

mod features;
mod msrv;
mod packages;

use std::time::Instant;

use crate::command::{cargo, is_installed, run as run_command};
use crate::skip::skipped;
use crate::{
    Result, api, bench, data, deny, dependencies, fixtures, instructions, manual, modules, mutants,
    package, s390x,
};

/// One line of the table of steps.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result,
}

const STEPS: &[Step] = &[
    Step {
        name: "packages",
        about: "install what the others need (Debian, as root)",
        run: packages::install,
    },
    Step { name: "fmt", about: "rustfmt has nothing to change", run: fmt },
    Step {
        name: "modules",
        about: "the modules of each crate form no circle",
        run: || modules::run(&[]),
    },
    Step { name: "clippy", about: "no lint of rustc's or clippy's fires", run: clippy },
    Step { name: "doc", about: "the documentation builds and its links lead somewhere", run: doc },
    Step {
        name: "api",
        about: "the public interface is as recorded",
        run: || api::run(&["--check".to_string()]),
    },
    Step {
        name: "dependencies",
        about: "the crates depend on what is recorded, and no more than promised",
        run: || dependencies::run(&["--check".to_string()]),
    },
    Step {
        name: "features",
        about: "each crate builds alone, with each feature alone and with each two",
        run: features::check,
    },
    Step {
        name: "msrv",
        about: "no dependency needs a newer compiler than we declare",
        run: msrv::check,
    },
    Step {
        name: "data",
        about: "the real kernels and objects that the tests use are here",
        run: fetch_data,
    },
    Step { name: "test", about: "all tests, with all features", run: test },
    Step {
        name: "planted",
        about: "the tests notice bugs planted by hand, of which a sample is tried",
        run: || mutants::run(&["planted".to_string(), "--sample".to_string()]),
    },
    Step {
        name: "bounds",
        about: "hostile input takes time and memory in proportion to its size",
        run: bounds,
    },
    Step {
        name: "no_std",
        about: "the two libraries build where there is no std, inside BPF, with the same features",
        run: features::check_no_std,
    },
    Step {
        name: "package",
        about: "the crates build as they are packed, alone and in others' projects",
        run: || package::run(&[]),
    },
    Step {
        name: "fixtures",
        about: "no generated file has drifted",
        run: || fixtures::run(&["--check".to_string()]),
    },
    Step {
        name: "manual",
        about: "man pages and completions are those of the program's arguments, and can be read",
        run: || manual::run(&["--check".to_string()]),
    },
    Step {
        name: "s390x",
        about: "libbpf on a big-endian machine says what was recorded",
        run: || s390x::run(&["--check".to_string()]),
    },
    Step {
        name: "instructions",
        about: "no part of a relocation takes more instructions than recorded",
        run: || instructions::run(&[]),
    },
    Step {
        name: "bench",
        about: "the bench runs, and all contenders make the same of every object",
        run: || bench::run(&["--quick".to_string()]),
    },
    Step {
        name: "deny",
        about: "licences, bans and sources of the dependencies",
        run: || deny::run(&[]),
    },
];

pub(crate) fn run(arguments: &[String]) -> Result {
    if arguments.iter().any(|argument| argument == "--list") {
        for step in STEPS {
            println!("{:10} {}", step.name, step.about);
        }
        return Ok(());
    }
    let started = Instant::now();
    let steps = chosen(arguments)?;
    let mut times = Vec::new();
    for step in &steps {
        println!("\n=== {}: {}", step.name, step.about);
        let step_started = Instant::now();
        let result = (step.run)();
        let seconds = step_started.elapsed().as_secs_f64();
        if let Err(error) = result {
            println!("=== {} failed after {seconds:.1} s", step.name);
            return Err(format!("{error}\nrepeat it with: cargo xtask ci {}", step.name).into());
        }
        println!("=== {} passed in {seconds:.1} s", step.name);
        times.push((step.name, seconds));
    }
    println!("\n=== all passed in {:.1} s", started.elapsed().as_secs_f64());
    for (name, seconds) in times {
        println!("{name:10} {seconds:7.1} s");
    }
    Ok(())
}

/// The named steps in the table's order; all when none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        return Err(
            format!("ci has no step `{unknown}`; `cargo xtask ci --list` lists them").into()
        );
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn fmt() -> Result {
    run_command(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result {
    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--all-features", "--locked"]);
    run_command(clippy.args(["--", "-D", "warnings"]))
}

fn doc() -> Result {
    let mut doc = cargo();
    doc.args([
        "doc",
        "--workspace",
        "--all-features",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ]);
    run_command(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn fetch_data() -> Result {
    if !is_installed("apt-get") {
        return skipped("no apt-get here: the data come out of Debian's packages");
    }
    data::run(&[])
}

/// Property tests begin from one seed, so that a run says something about the change that it is for;
/// `cargo test` by itself begins anywhere.
fn test() -> Result {
    let mut test = cargo();
    test.args(["test", "--workspace", "--all-features", "--locked"]);
    run_command(test.env("PROPTEST_RNG_SEED", "1"))
}

/// Times say something only with optimization.
fn bounds() -> Result {
    let mut test = cargo();
    test.args(["test", "--release", "--locked", "--package", "core-reloc-tests"]);
    run_command(test.args(["--test", "bounds", "--", "--nocapture"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_the_order_of_the_table() {
        let names = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            chosen(&arguments).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["clippy", "fmt"]).unwrap(), ["fmt", "clippy"]);
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert!(names(&["fmt", "nonsense"]).is_err());
    }
}
