//! `cargo xtask record-s390x`: records the results of libbpf on a big-endian machine.
//!
//! libbpf computes some results for the byte order of the machine that it runs on, so big-endian
//! objects need a big-endian machine. A program that links libbpf is compiled for s390x and run by
//! QEMU on all big-endian fixtures. Its results are committed: the tests that compare ours with them
//! need neither.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::command::{flag, is_installed, run as run_command, text};
use crate::libbpf::Libbpf;
use crate::recorded::{Recorded, settle};
use crate::skip::skipped;

/// The committed results.
const RECORD: &str = "fixtures/expected/libbpf-s390x.txt";

/// The program that calls libbpf.
const JUDGE: &str = "xtask/src/s390x/judge.c";

/// A kernel with a type of a kind that libbpf does not know.
const NOT_FOR_LIBBPF: &str = "layout.be.btf";

const COMPILER: &str = "s390x-linux-gnu-gcc";

/// The names of Debian's package, newest first.
const EMULATORS: [&str; 2] = ["qemu-s390x-static", "qemu-s390x"];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    let emulator = EMULATORS.into_iter().find(|name| is_installed(name));
    let (Some(emulator), true) = (emulator, is_installed(COMPILER)) else {
        let why = format!("it needs {COMPILER} and {}", EMULATORS[0]);
        return if check { skipped(&why) } else { Err(why.into()) };
    };
    let judge = compile()?;
    let record = record(emulator, &judge)?;
    let record = Recorded { path: RECORD.to_owned(), content: record.into_bytes() };
    settle(&[record], &[], check, "cargo xtask record-s390x")
}

/// Compiles the program with libbpf's sources.
fn compile() -> Result<PathBuf> {
    let libbpf = Libbpf::find()?;
    let judge = PathBuf::from("target/s390x/judge");
    fs::create_dir_all("target/s390x")?;
    let mut compiler = Command::new(COMPILER);
    compiler.args(["-std=gnu11", "-O1", "-w", "-static", "-D_FILE_OFFSET_BITS=64"]);
    // The part of libbpf that calls libelf is not used: in sections of their own, its functions are
    // dropped, and this machine's headers suffice.
    compiler.args(["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]);
    libbpf.add_to(&mut compiler);
    compiler.args([JUDGE, "-o"]).arg(&judge);
    run_command(&mut compiler)?;
    Ok(judge)
}

/// Runs the program on each big-endian object and each made-up kernel.
fn record(emulator: &str, judge: &Path) -> Result<String> {
    let mut record = String::from(
        "# What libbpf, run on s390x, makes of every big-endian object on every big-endian kernel:\n\
         # section, offset, what was done, value, instruction. Made by `cargo xtask record-s390x`.\n",
    );
    let mut kernels = files("fixtures/btf", ".be.btf")?;
    kernels.retain(|kernel| name(kernel) != NOT_FOR_LIBBPF);
    for object in files("fixtures/objects", ".bpfeb.o")? {
        for kernel in &kernels {
            let modules =
                files("fixtures/btf", ".btf")?.into_iter().filter(|path| is_module(path, kernel));
            let mut command = Command::new(emulator);
            command.arg(judge).arg(&object).arg(kernel).args(modules);
            let answers = text(&mut command)?;
            writeln!(record, "# {} on {}", name(&object), name(kernel))?;
            record.push_str(&answers);
        }
    }
    Ok(record)
}

/// Returns `true` if a file, `NAME.be.MODULE.btf`, is a module of a kernel, `NAME.be.btf`.
fn is_module(path: &Path, kernel: &Path) -> bool {
    let (file, kernel) = (name(path), name(kernel));
    let kernel = kernel.strip_suffix("btf").unwrap_or(&kernel);
    file.strip_prefix(kernel).is_some_and(|rest| rest != "btf")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of a folder whose names have this ending, sorted.
fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if name(&path).ends_with(ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
