//! `cargo xtask mutants`: plants bugs in the library and looks whether its tests notice.
//!
//! cargo-mutants makes the bugs: an operator turned, an arm of a match left out, a function that
//! returns a constant. `.cargo/mutants.toml` has what all parts share, `docs/mutants.md` the results.
//! The bugs of `cargo xtask mutants planted` are made by hand.

mod planted;

use crate::Result;
use crate::command::{cargo, is_installed, run as run_command};

/// The release that the results were made with: others plant other bugs.
const VERSION: &str = "27.1.0";

/// Files in which bugs are planted, and the tests that must notice.
struct Part {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    except: &'static [&'static str],
    /// The packages whose tests must notice.
    test_packages: &'static str,
    /// Which of them are built.
    build: &'static [&'static str],
    /// Which of those are run, by words of their names; all if there are none.
    tests: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        name: "rules",
        package: "core-reloc",
        files: &["crates/core-reloc/src/**"],
        except: &[
            "crates/core-reloc/src/elf.rs",
            "crates/core-reloc/src/elf/**",
            "crates/core-reloc/src/definition.rs",
            "crates/core-reloc/src/explain.rs",
            "crates/core-reloc/src/explain/**",
            "crates/core-reloc/src/minimize.rs",
            "crates/core-reloc/src/minimize/**",
            "crates/core-reloc/src/query.rs",
        ],
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
        name: "words",
        package: "core-reloc",
        files: &[
            "crates/core-reloc/src/definition.rs",
            "crates/core-reloc/src/explain.rs",
            "crates/core-reloc/src/explain/**",
            "crates/core-reloc/src/query.rs",
        ],
        except: &[],
        // What the program prints are these words.
        test_packages: "core-reloc,core-reloc-cli",
        build: &["--lib", "--test=it"],
        tests: &["definition", "dump", "explain", "query"],
    },
];

/// Runs the named parts, or all of them; a mutant that no test notices is an error, which the
/// notes must explain.
///
/// What follows a `--` goes to cargo-mutants: `--file '**/value.rs'`, `--shard 0/4`, `--jobs 2`.
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
        return Err(format!("no part is called `{unknown}`; there are {}", known.join(", ")).into());
    }
    if !is_installed("cargo-mutants") {
        let install = format!("cargo install --locked cargo-mutants --version {VERSION}");
        return Err(format!("cargo-mutants is not installed: `{install}`").into());
    }
    let parts =
        PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|n| n == part.name));
    let failed: Vec<&str> =
        parts.filter(|part| run_part(part, options).is_err()).map(|part| part.name).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("mutants were missed, or could not be tried, in: {}", failed.join(", ")).into())
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
    // What follows a `--` would be left out where tests are built, and they would be built twice.
    mutants.args(part.build.iter().map(|argument| format!("--cargo-arg={argument}")));
    run_command(mutants.args(options).args(["--", "--"]).args(part.tests))
}
