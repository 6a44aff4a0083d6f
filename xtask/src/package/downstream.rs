//! The projects in `tests/downstream`: built against the packed crates, and run.

use std::process::Command;

use super::Package;
use crate::Result;
use crate::command::{cargo, is_installed, output, run};
use crate::crates::{BARE_METAL, DEBIAN_RUSTC};
use crate::skip::skipped;

const MANIFEST: &str = "tests/downstream/Cargo.toml";
/// One for all projects, so that what they have in common is built once.
const TARGET: &str = "target/downstream";

/// What a project prints.
struct Run {
    project: &'static str,
    arguments: &'static [&'static str],
    prints: &'static str,
}

const RUNS: [Run; 3] = [
    // By arithmetic, from `moved` in `xtask/src/fixtures/kernels.rs` and `fixtures/c/job.h`.
    Run {
        project: "layout",
        arguments: &["fixtures/btf/moved.be.btf", "job"],
        prints: "0 parent\n8 uid\n16 flags\n24 cookie\n64 comm\n80 queue\n92 (anonymous)\n96 pid\n\
                 100 grid\n152 callback\n160 result\n168 error\n172 state\n176.0 frozen: 7\n\
                 176.7 prio: 3\n177.2 nice: 5\n177.7 ticks: 40\n183 dirty\n184 retries\n\
                 188 version\n196 tail\n200 bytes\n",
    },
    // The same: job.uid is at 8, job.queue.slots[2] at 84, job.flags at 16.
    Run {
        project: "loader",
        arguments: &["fixtures/btf/same.le.btf", "fixtures/btf/moved.le.btf"],
        prints: "6110080000000000\n6912540000000000\nb703000010000000\n7914100000000000\n\
                 9500000000000000\n",
    },
    // That kernel has `struct job_stats` in a module, which is not given; poison instead.
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
            return Err(format!("{project} printed\n{printed}instead of\n{prints}").into());
        }
        println!("{project}: {} lines, as they must be", prints.lines().count());
    }
    needs_no_elf(&patches)?;
    builds_without_std(&patches)?;
    let mut test = downstream("test", &patches);
    run(test.args(["--package", "strategies"]).env("PROPTEST_RNG_SEED", "1"))?;
    counts_the_kernels_types(&patches)
}

/// Arguments that have cargo take our crates from where they were unpacked.
fn patches(packages: &[Package]) -> Result<Vec<String>> {
    let root = std::env::current_dir()?;
    let patch = |package: &Package| {
        let folder = root.join(package.folder());
        format!("--config=patch.crates-io.{}.path={:?}", package.name, folder.display().to_string())
    };
    // Nothing depends on the program.
    Ok(packages.iter().filter(|package| package.name != "core-reloc-cli").map(patch).collect())
}

fn downstream(subcommand: &str, patches: &[String]) -> Command {
    let mut command = cargo();
    command.args([subcommand, "--locked", "--manifest-path", MANIFEST]);
    if subcommand != "tree" {
        command.args(["--quiet", "--target-dir", TARGET]);
        // Our crates are no registry's here, so that their warnings show as well.
        command.env("RUSTFLAGS", "-D warnings");
    }
    command.args(patches);
    command
}

fn printed(patches: &[String], project: &str, arguments: &[&str]) -> Result<String> {
    let mut program = downstream("run", patches);
    program.args(["--package", project, "--"]).args(arguments);
    Ok(String::from_utf8(output(&mut program)?)?)
}

/// The loader reads no ELF, and so must not build the crate that does.
fn needs_no_elf(patches: &[String]) -> Result {
    let mut tree = downstream("tree", patches);
    let tree = output(tree.args(["--package", "loader", "--prefix", "none"]))?;
    let tree = String::from_utf8(tree)?;
    match tree.lines().find(|line| line.starts_with("object ")) {
        Some(line) => Err(format!("the loader depends on {line}").into()),
        None => Ok(()),
    }
}

/// The layout's library builds where there is no std.
fn builds_without_std(patches: &[String]) -> Result {
    for target in BARE_METAL {
        let mut check = downstream("check", patches);
        check.args(["--package", "layout", "--lib", "--target", target]);
        run(check.env("RUSTC", DEBIAN_RUSTC))?;
    }
    Ok(())
}

/// bpftool counts them too.
fn counts_the_kernels_types(patches: &[String]) -> Result {
    const BTF: &str = "/sys/kernel/btf/vmlinux";
    if !is_installed("bpftool") || !std::path::Path::new(BTF).exists() {
        return skipped("no bpftool here, or the kernel publishes no BTF");
    }
    let dump = output(Command::new("bpftool").args(["btf", "dump", "file", BTF]))?;
    // A type begins with its id in brackets.
    let count = dump.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"[")).count();
    let printed = printed(patches, "kernel", &[])?;
    let expected = format!("{count} types in {BTF}\n");
    if printed != expected {
        return Err(format!("kernel printed {printed}instead of {expected}").into());
    }
    println!("kernel: {count} types, as many as bpftool finds");
    Ok(())
}
