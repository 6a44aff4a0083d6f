//! Builds, runs and tests the projects in `tests/downstream` against the packed crates.

use std::process::Command;

use super::Package;
use crate::Result;
use crate::command::{cargo, is_installed, run, text};
use crate::crates::{BARE_METAL, DEBIAN_RUSTC};
use crate::skip::skipped;

const MANIFEST: &str = "tests/downstream/Cargo.toml";
/// Shared by all projects, so that common dependencies are built once.
const TARGET: &str = "target/downstream";

/// A run of a project, with the expected output.
struct Run {
    project: &'static str,
    arguments: &'static [&'static str],
    prints: &'static str,
}

const RUNS: [Run; 3] = [
    // Computed by hand from `moved` in `xtask/src/fixtures/kernels.rs` and `fixtures/c/job.h`.
    Run {
        project: "layout",
        arguments: &["fixtures/btf/moved.be.btf", "job"],
        prints: "0 parent\n8 uid\n16 flags\n24 cookie\n64 comm\n80 queue\n92 (anonymous)\n96 pid\n\
                 100 grid\n152 callback\n160 result\n168 error\n172 state\n176.0 frozen: 7\n\
                 176.7 prio: 3\n177.2 nice: 5\n177.7 ticks: 40\n183 dirty\n184 retries\n\
                 188 version\n196 tail\n200 bytes\n",
    },
    // Likewise: job.uid is at 8, job.queue.slots[2] at 84, job.flags at 16.
    Run {
        project: "loader",
        arguments: &["fixtures/btf/same.le.btf", "fixtures/btf/moved.le.btf"],
        prints: "6110080000000000\n6912540000000000\nb703000010000000\n7914100000000000\n\
                 9500000000000000\n",
    },
    // That kernel has `struct job_stats` in a module, which is not given: poison.
    Run {
        project: "objects",
        arguments: &["fixtures/objects/module.bpfel.o", "fixtures/btf/modular.le.btf"],
        prints: "0 relocated struct job_stats 0\n1 relocated struct job_stats 0\n\
                 2 relocated struct job_stats 0\n3 relocated job_stats.failed 0\n\
                 4 poisoned job_stats.failed\n5 poisoned job_stats.started\n\
                 6 relocated struct job 1\n3872 bytes before and 3872 after\n\
                 0 relocations are left\n",
    },
];

/// Builds, runs and tests all projects against the packed crates.
pub(super) fn check(packages: &[Package]) -> Result {
    let mut format = cargo();
    run(format.args(["fmt", "--all", "--check", "--manifest-path", MANIFEST]))?;
    let patches = patches(packages)?;
    for Run { project, arguments, prints } in RUNS {
        let printed = printed(&patches, project, arguments)?;
        if printed != prints {
            return Err(format!("{project} printed\n{printed}expected\n{prints}").into());
        }
        println!("{project}: {} lines as expected", prints.lines().count());
    }
    needs_no_elf(&patches)?;
    builds_without_std(&patches)?;
    run(downstream("test", &patches).arg("--workspace").env("PROPTEST_RNG_SEED", "1"))?;
    counts_the_kernels_types(&patches)
}

/// Arguments that make cargo use the unpacked crates.
fn patches(packages: &[Package]) -> Result<Vec<String>> {
    let root = std::env::current_dir()?;
    let patch = |package: &Package| {
        let folder = root.join(package.folder());
        format!("--config=patch.crates-io.{}.path={:?}", package.name, folder.display().to_string())
    };
    // No project depends on these: cargo rejects patches that are not used.
    let unused = ["btf-store", "core-reloc-targets", "core-reloc-cli"];
    Ok(packages.iter().filter(|package| !unused.contains(&package.name)).map(patch).collect())
}

fn downstream(subcommand: &str, patches: &[String]) -> Command {
    let mut command = cargo();
    command.args([subcommand, "--locked", "--manifest-path", MANIFEST]);
    if subcommand != "tree" {
        command.args(["--quiet", "--target-dir", TARGET]);
        // As path dependencies, our crates must build without warnings as well.
        command.env("RUSTFLAGS", "-D warnings");
    }
    command.args(patches);
    command
}

fn printed(patches: &[String], project: &str, arguments: &[&str]) -> Result<String> {
    let mut program = downstream("run", patches);
    program.args(["--package", project, "--"]).args(arguments);
    text(&mut program)
}

/// Checks that the loader, which reads no ELF, does not build the crate that does.
fn needs_no_elf(patches: &[String]) -> Result {
    let mut tree = downstream("tree", patches);
    let tree = text(tree.args(["--package", "loader", "--prefix", "none"]))?;
    match tree.lines().find(|line| line.starts_with("object ")) {
        Some(line) => Err(format!("the loader depends on {line}").into()),
        None => Ok(()),
    }
}

/// Builds the layout's library for targets without std.
fn builds_without_std(patches: &[String]) -> Result {
    for target in BARE_METAL {
        let mut check = downstream("check", patches);
        check.args(["--package", "layout", "--lib", "--target", target]);
        run(check.env("RUSTC", DEBIAN_RUSTC))?;
    }
    Ok(())
}

/// Compares the number of types in the running kernel's BTF with bpftool's.
fn counts_the_kernels_types(patches: &[String]) -> Result {
    const BTF: &str = "/sys/kernel/btf/vmlinux";
    if !is_installed("bpftool") || !std::path::Path::new(BTF).exists() {
        return skipped("no bpftool here, or the kernel publishes no BTF");
    }
    let dump = text(Command::new("bpftool").args(["btf", "dump", "file", BTF]))?;
    // A type starts with its id in brackets.
    let count = dump.lines().filter(|line| line.starts_with('[')).count();
    let printed = printed(patches, "kernel", &[])?;
    let expected = format!("{count} types in {BTF}\n");
    if printed != expected {
        return Err(format!("kernel printed {printed}expected {expected}").into());
    }
    println!("kernel: {count} types, as many as bpftool finds");
    Ok(())
}
