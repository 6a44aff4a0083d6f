//! The kernel's CO-RE selftests, from Debian's package of the kernel's sources, compiled by clang for
//! both byte orders.
//!
//! They are under the GPL, so they stay in the data folder and out of the repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::apt::{Package, Suite};
use crate::Result;
use crate::command::{is_installed, output, run};

/// The compiler. Its version is fixed, because the comparisons run on its output.
const CLANG: &str = "clang-19";

/// The kept files of the kernel's sources, below `tools/testing/selftests/bpf`.
const KEPT: &[&str] =
    &["progs/*core*", "progs/bpf_misc.h", "progs/bpf_compiler.h", "prog_tests/core_*.c"];

/// Fetches the sources and compiles them into `out`.
///
/// The sources go to `out/src`, with `prog_tests/core_reloc.c` and its table of expected results, the
/// objects to `out/NAME.bpfel.o` and `out/NAME.bpfeb.o`. Sources that need a `vmlinux.h` are compiled
/// against the BTF `kernel`.
pub(super) fn fetch(
    suite: &Suite,
    sources: &Package,
    scratch: &Path,
    kernel: &Path,
    out: &Path,
) -> Result<String> {
    let src = out.join("src");
    fs::create_dir_all(&src)?;
    let deb = suite.download(sources, scratch)?;
    unpack_sources(&deb, &src)?;
    fs::remove_file(deb)?;

    let headers = scratch.join("headers");
    suite.unpack(suite.newest("libbpf-dev")?, &headers)?;
    let has_vmlinux_h = write_vmlinux_h(kernel, &headers.join("vmlinux.h"))?;
    let include = [headers.clone(), headers.join("usr/include")];

    let mut compiled = 0;
    let mut failed = Vec::new();
    let progs = src.join("progs");
    for entry in fs::read_dir(&progs)? {
        let source = entry?.path();
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_test = name.starts_with("btf__core_reloc_") || name.starts_with("test_core_");
        if !is_test || source.extension().is_none_or(|extension| extension != "c") {
            continue;
        }
        if !has_vmlinux_h && fs::read_to_string(&source)?.contains("\"vmlinux.h\"") {
            failed.push(format!("{name}: its vmlinux.h needs bpftool"));
            continue;
        }
        for target in ["bpfel", "bpfeb"] {
            let object = out.join(format!("{name}.{target}.o"));
            let mut clang = Command::new(CLANG);
            clang.args([
                "-g",
                "-O2",
                "-mcpu=v3",
                "-D__TARGET_ARCH_x86",
                "-Wno-everything",
                "-c",
                "-ffreestanding",
            ]);
            clang.arg(format!("--target={target}"));
            for folder in &include {
                clang.arg("-I").arg(folder);
            }
            // The same objects wherever the data folder is: recordings of kernels name them by their hash.
            for (folder, name) in [(scratch, "headers"), (out, "selftests")] {
                clang.arg(format!("-ffile-prefix-map={}={name}", folder.display()));
            }
            clang.arg("-fdebug-compilation-dir=.");
            // Debian's folder of the host's headers has the kernel's asm/ headers.
            clang
                .arg("-idirafter")
                .arg(format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH));
            match output(clang.arg(&source).arg("-o").arg(&object)) {
                Ok(_) => compiled += 1,
                Err(error) => failed.push(format!("{name}.{target}: {error}")),
            }
        }
    }
    for failure in &failed {
        println!("{failure}");
    }
    if compiled == 0 {
        return Err("no selftest compiles".into());
    }
    Ok(format!("{compiled} objects; {} sources or targets do not compile", failed.len()))
}

/// Unpacks the kept files of the kernel's sources, a tar in the package's tar.
fn unpack_sources(deb: &Path, out: &Path) -> Result {
    let kept = KEPT.iter().map(|path| format!("'*/tools/testing/selftests/bpf/{path}'"));
    let pipeline = format!(
        "dpkg-deb --fsys-tarfile \"$1\" | tar -xO --wildcards '*/linux-source-*.tar.xz' | \
         xz -dc -T0 | tar -x -C \"$2\" --strip-components=5 --wildcards {}",
        kept.collect::<Vec<_>>().join(" ")
    );
    run(Command::new("bash").args(["-o", "pipefail", "-c", &pipeline, "bash"]).arg(deb).arg(out))
}

/// Writes the types of `kernel` as a C header, if bpftool is installed.
fn write_vmlinux_h(kernel: &Path, header: &Path) -> Result<bool> {
    if !is_installed("bpftool") || !kernel.exists() {
        return Ok(false);
    }
    let dumped = Command::new("bpftool")
        .args(["btf", "dump", "file"])
        .arg(kernel)
        .args(["format", "c"])
        .stdout(fs::File::create(header)?)
        .stderr(Stdio::inherit())
        .status()?;
    Ok(dumped.success())
}
