//! `cargo xtask ci`: runs all checks of CI.
//!
//! The steps of [`STEPS`] run in order, quick ones first; the first failure ends the run.

mod features;
mod msrv;
pub(crate) mod packages;

use std::process::Command;
use std::time::Instant;

use crate::command::{cargo, is_installed, run as run_command, text};
use crate::skip::skipped;
use crate::{
    Result, api, bench, data, deny, dependencies, fixtures, instructions, kernels, manual, modules,
    mutants, package, s390x, vectors,
};

/// A step of CI.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result,
}

const STEPS: &[Step] = &[
    Step {
        name: "packages",
        about: "the programs that other steps need are installed (on Debian, as root)",
        run: packages::install,
    },
    Step { name: "fmt", about: "rustfmt has nothing to change", run: fmt },
    Step {
        name: "modules",
        about: "the modules of each crate form no circle",
        run: || modules::run(&[]),
    },
    Step { name: "clippy", about: "rustc and clippy report no lint", run: clippy },
    Step { name: "doc", about: "the documentation builds without broken links", run: doc },
    Step { name: "api", about: "the public interface is as recorded", run: || check(api::run) },
    Step {
        name: "semver",
        about: "the public interface is compatible with the latest release",
        run: semver,
    },
    Step {
        name: "dependencies",
        about: "the dependencies are as recorded and as promised",
        run: || check(dependencies::run),
    },
    Step {
        name: "features",
        about: "each crate builds alone, with each feature and each pair of features",
        run: features::check,
    },
    Step {
        name: "msrv",
        about: "no dependency needs a newer compiler than the workspace declares",
        run: msrv::check,
    },
    Step {
        name: "data",
        about: "the real kernels, images and objects that the tests use are present",
        run: fetch_data,
    },
    Step { name: "test", about: "all tests pass with all features", run: test },
    Step {
        name: "planted",
        about: "the tests notice a sample of the planted bugs",
        run: || mutants::run(&["planted".to_string(), "--sample".to_string()]),
    },
    Step {
        name: "bounds",
        about: "hostile input takes time and memory in proportion to its size",
        run: bounds,
    },
    Step {
        name: "no_std",
        about: "the no_std libraries build for BPF with the same sets of features",
        run: features::check_no_std,
    },
    Step {
        name: "package",
        about: "the packed crates build, alone and in downstream projects; the program is small",
        run: || package::run(&[]),
    },
    Step {
        name: "fixtures",
        about: "the generated fixtures are up to date",
        run: || check(fixtures::run),
    },
    Step {
        name: "vectors",
        about: "the vectors for other implementers are up to date",
        run: || check(vectors::run),
    },
    Step {
        name: "manual",
        about: "man pages and completions are up to date and well-formed",
        run: || check(manual::run),
    },
    Step {
        name: "s390x",
        about: "libbpf gives the recorded results on a big-endian machine",
        run: || check(s390x::run),
    },
    Step {
        name: "kernels",
        about: "booted kernels answer as recorded, and as the verdicts say",
        run: kernels::check_in_ci,
    },
    Step {
        name: "instructions",
        about: "no part of a relocation takes over 5 % more instructions than recorded",
        run: || instructions::run(&[]),
    },
    Step {
        name: "bench",
        about: "the bench runs, and all contenders relocate each object alike",
        run: || bench::run(&["--quick".to_string()]),
    },
    Step {
        name: "deny",
        about: "the licences and sources of the dependencies are allowed",
        run: || deny::run(&[]),
    },
];

pub(crate) fn run(arguments: &[String]) -> Result {
    if arguments.iter().any(|argument| argument == "--list") {
        for step in STEPS {
            println!("{:12} {}", step.name, step.about);
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
            return Err(format!("{error}\nto repeat it: cargo xtask ci {}", step.name).into());
        }
        println!("=== {} passed in {seconds:.1} s", step.name);
        times.push((step.name, seconds));
    }
    println!("\n=== all passed in {:.1} s", started.elapsed().as_secs_f64());
    for (name, seconds) in times {
        println!("{name:12} {seconds:7.1} s");
    }
    Ok(())
}

/// Runs a task with `--check`.
fn check(task: fn(&[String]) -> Result) -> Result {
    task(&["--check".to_owned()])
}

/// The named steps in the table's order, or all of them if none is named.
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
    run_command(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    // Without features, some links would lead nowhere. docs.rs builds with all of them, as `api` does.
    for name in features::NO_STD {
        let mut doc = cargo();
        doc.args(["doc", "--package", name, "--no-default-features", "--no-deps", "--locked"]);
        run_command(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// Compares the public interfaces with those of the latest release by cargo-semver-checks. Before the
/// first release, the recorded listings of `api` are the only check.
fn semver() -> Result {
    let tags = text(Command::new("git").args(["tag", "--list", "v*", "--sort=-version:refname"]))?;
    let Some(latest) = tags.lines().next() else {
        println!("no release is tagged yet: docs/api is the record of the interface");
        return Ok(());
    };
    if !is_installed("cargo-semver-checks") {
        let mut install = cargo();
        run_command(install.args(["install", "cargo-semver-checks", "--locked"]))?;
    }
    let mut check = cargo();
    check.args(["semver-checks", "--workspace", "--all-features", "--baseline-rev", latest]);
    run_command(&mut check)
}

fn fetch_data() -> Result {
    if !is_installed("apt-get") {
        return skipped("no apt-get here: the data are from Debian's packages");
    }
    data::run(&[])?;
    kernels::fetch_for_ci()
}

/// Runs all tests. Property tests use one seed, so that a failure is due to the change under test;
/// plain `cargo test` uses random ones.
fn test() -> Result {
    let mut test = cargo();
    test.args(["test", "--workspace", "--all-features", "--locked"]);
    run_command(test.env("PROPTEST_RNG_SEED", "1"))
}

/// Runs the tests of bounds with optimization, without which times mean nothing.
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
