//! `cargo xtask mutants`: plants bugs in the libraries and checks that the tests notice them.
//!
//! cargo-mutants makes the bugs: an operator replaced, a match arm deleted, a function that returns a
//! constant. `.cargo/mutants.toml` has the settings that all parts share, `docs/mutants.md` the
//! results. `cargo xtask mutants planted` plants bugs that cargo-mutants cannot make.

mod planted;

use crate::Result;
use crate::command::{cargo, is_installed, run as run_command};

/// The release that made the results: others plant other bugs.
const VERSION: &str = "27.1.0";

/// The files in which bugs are planted, and the tests that must notice them.
struct Part {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    except: &'static [&'static str],
    /// The packages with the tests.
    test_packages: &'static str,
    /// Cargo arguments that choose the tests to build.
    build: &'static [&'static str],
    /// Words in the names of the tests to run; all are run if there are none.
    tests: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        name: "rules",
        package: "core-reloc",
        files: &["crates/core-reloc/src/**"],
        except: &["crates/core-reloc/src/elf.rs", "crates/core-reloc/src/elf/**"],
        test_packages: "core-reloc",
        build: &["--features=elf", "--lib", "--test=rules"],
        tests: &[],
    },
    Part {
        name: "elf",
        package: "core-reloc",
        files: &["crates/core-reloc/src/elf/**"],
        except: &[],
        test_packages: "core-reloc",
        build: &["--features=elf", "--lib", "--test=elf"],
        tests: &[],
    },
    Part {
        name: "format",
        package: "btf-types",
        files: &["crates/btf-types/src/**"],
        except: &["crates/btf-types/src/build.rs", "crates/btf-types/src/build/**"],
        test_packages: "btf-types",
        build: &["--features=build", "--lib", "--test=it"],
        tests: &[],
    },
    Part {
        name: "tools",
        package: "core-reloc-tools",
        files: &["crates/core-reloc-tools/src/**"],
        except: &[],
        // The program prints these words.
        test_packages: "core-reloc-tools,core-reloc-cli",
        build: &["--lib", "--tests"],
        tests: &[],
    },
];

/// Runs the named parts, or all of them. A bug that no test notices is an error, which the results
/// must explain.
///
/// Arguments after `--` go to cargo-mutants: `--file '**/value.rs'`, `--shard 0/4`, `--jobs 2`.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some((part, rest)) = arguments.split_first()
        && part == "planted"
    {
        return planted::run(rest);
    }
    let mut halves = arguments.splitn(2, |argument| argument == "--");
    let (names, options) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != *name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return Err(
            format!("there is no part `{unknown}`; the parts are {}", known.join(", ")).into()
        );
    }
    if !is_installed("cargo-mutants") {
        let install = format!("cargo install --locked cargo-mutants --version {VERSION}");
        return Err(format!("cargo-mutants is not installed; run `{install}`").into());
    }
    let parts =
        PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|n| n == part.name));
    let failed: Vec<&str> =
        parts.filter(|part| run_part(part, options).is_err()).map(|part| part.name).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("bugs were missed or could not be tried in: {}", failed.join(", ")).into())
    }
}

fn run_part(part: &Part, options: &[String]) -> Result {
    let mut mutants = cargo();
    mutants.args(["mutants", "--package", part.package]);
    if !options.iter().any(|option| option == "--file" || option == "-f") {
        mutants.args(part.files.iter().flat_map(|file| ["--file", file]));
    }
    mutants.args(part.except.iter().flat_map(|except| ["--exclude", except]));
    mutants.args(["--test-package", part.test_packages]);
    let output = format!("target/mutants/{}", part.name);
    std::fs::create_dir_all(&output)?;
    mutants.args(["--output", &output]);
    // Arguments after `--` are not used to build tests, which would then be built twice.
    mutants.args(part.build.iter().map(|argument| format!("--cargo-arg={argument}")));
    run_command(mutants.args(options).args(["--", "--"]).args(part.tests))
}
