//! `cargo xtask record-s390x`: what libbpf says on a big-endian machine.
//!
//! libbpf computes some things for the byte order of the machine that it runs on, so for
//! big-endian objects it is to be heard on such a machine. It is compiled for s390x, with a program
//! of ours around it, and QEMU runs it on all big-endian fixtures. Its answers are committed: the
//! tests that compare ours with them need none of this.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::command::{cargo, is_installed, output, run as run_command};
use crate::skip::skipped;

/// The committed answers.
const RECORD: &str = "fixtures/expected/libbpf-s390x.txt";

/// The program around libbpf.
const JUDGE: &str = "xtask/src/s390x/judge.c";

/// It has a type of a kind that libbpf does not know.
const NOT_FOR_LIBBPF: &str = "layout.be.btf";

const COMPILER: &str = "s390x-linux-gnu-gcc";

/// Debian has called it by both names.
const EMULATORS: [&str; 2] = ["qemu-s390x-static", "qemu-s390x"];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask record-s390x [--check]".into()),
    };
    let emulator = EMULATORS.into_iter().find(|name| is_installed(name));
    let (Some(emulator), true) = (emulator, is_installed(COMPILER)) else {
        let why = format!("it needs {COMPILER} and {}", EMULATORS[0]);
        return if check { skipped(&why) } else { Err(why.into()) };
    };
    let judge = compile()?;
    let record = record(emulator, &judge)?;
    let lines = record.lines().filter(|line| !line.starts_with('#')).count();
    if !check {
        fs::write(RECORD, &record)?;
        println!("{lines} answers in {RECORD}");
    } else if fs::read_to_string(RECORD).is_ok_and(|recorded| recorded == record) {
        println!("libbpf still gives all {lines} answers in {RECORD}");
    } else {
        return Err(format!(
            "{RECORD} is not what libbpf says now: make it again with cargo xtask record-s390x"
        )
        .into());
    }
    Ok(())
}

/// Compiles the program with libbpf into it.
fn compile() -> Result<PathBuf> {
    let libbpf = libbpf()?;
    let mut sources = vec![PathBuf::from(JUDGE)];
    for entry in fs::read_dir(libbpf.join("src"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    let judge = PathBuf::from("target/s390x/judge");
    fs::create_dir_all("target/s390x")?;
    let mut compiler = Command::new(COMPILER);
    compiler.args(["-std=gnu11", "-O1", "-w", "-static", "-D_FILE_OFFSET_BITS=64"]);
    // libbpf reads objects with libelf, but that part of it is not used here: with sections of their
    // own, the functions that call libelf are dropped, and this machine's headers will do.
    compiler.args(["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]);
    for include in ["src", "include", "include/uapi"] {
        compiler.arg("-I").arg(libbpf.join(include));
    }
    compiler.args(["-idirafter", "/usr/include"]).args(sources).arg("-o").arg(&judge);
    run_command(&mut compiler)?;
    Ok(judge)
}

/// The sources of libbpf, which the crate `libbpf-sys` has: the same that judges in the tests.
fn libbpf() -> Result<PathBuf> {
    const BEFORE: &str = "\"manifest_path\":\"";
    let metadata =
        output(cargo().args(["metadata", "--format-version", "1", "--all-features", "--locked"]))?;
    let metadata = String::from_utf8(metadata)?;
    let paths = metadata.split(BEFORE).skip(1).filter_map(|rest| rest.split('"').next());
    let is_libbpf = |path: &&str| {
        Path::new(path)
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|folder| folder.to_string_lossy().starts_with("libbpf-sys-"))
    };
    let manifest = paths.into_iter().find(is_libbpf).ok_or("cargo knows no libbpf-sys")?;
    Ok(Path::new(manifest).with_file_name("libbpf"))
}

/// Runs the program on every big-endian object and made-up kernel.
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
            let answers = String::from_utf8(output(&mut command)?)?;
            writeln!(record, "# {} on {}", name(&object), name(kernel))?;
            record.push_str(&answers);
        }
    }
    Ok(record)
}

/// Whether a file is a module of a kernel, `NAME.be.btf`: `NAME.be.MODULE.btf`.
fn is_module(path: &Path, kernel: &Path) -> bool {
    let (file, kernel) = (name(path), name(kernel));
    let kernel = kernel.strip_suffix("btf").unwrap_or(&kernel);
    file.strip_prefix(kernel).is_some_and(|rest| rest != "btf")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of a folder whose names end so, in their order.
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
