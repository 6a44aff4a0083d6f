//! Debian packages that the steps need.

use std::process::Command;

use crate::Result;
use crate::command::{is_installed, output, run};
use crate::skip::skipped;

/// Packages and what each is for.
const PACKAGES: &[(&str, &str)] = &[
    ("clang-19", "the fixtures' objects"),
    ("clang-14", "the fixtures' object of an old compiler"),
    ("llvm-19", "llvm-strip: the fixtures' objects without DWARF"),
    ("bpftool", "links and loads objects, dumps BTF"),
    ("dwarves", "pahole: reads what the builder wrote"),
    ("make", "libbpf, the judge"),
    ("libelf-dev", "libbpf, the judge"),
    ("zlib1g-dev", "libbpf, the judge"),
    ("pkg-config", "libbpf, the judge"),
    ("xz-utils", "unpacks kernels, for the real data; packs targets, for the tests"),
    ("zstd", "unpacks kernels, for the real data; packs targets, for the tests"),
    ("lz4", "unpacks kernels, for the real data; packs targets, for the tests"),
    ("bzip2", "packs targets, for the tests"),
    ("gcc-s390x-linux-gnu", "libbpf, the judge, for a big-endian machine"),
    ("libc6-dev-s390x-cross", "libbpf, the judge, for a big-endian machine"),
    ("qemu-user-static", "emulates that machine"),
    ("libbpf-tools", "real objects to relocate"),
    ("chromium", "opens the page that core-reloc check writes"),
    ("chromium-driver", "clicks on that page"),
    ("valgrind", "counts instructions"),
    ("mandoc", "reads the man pages"),
    ("zsh", "reads its completions"),
    ("fish", "reads its completions"),
    ("rustc-web", "a compiler with core and alloc for BPF, which proves no_std"),
    ("libstd-rust-web-dev-bpf", "core and alloc for BPF"),
];

/// Installs the packages that are missing.
pub(super) fn install() -> Result {
    if !is_installed("dpkg-query") {
        return skipped(
            "no dpkg-query here: the programs of Debian's packages must be installed already",
        );
    }
    let missing = missing()?;
    if missing.is_empty() {
        println!("all {} packages are installed", PACKAGES.len());
        return Ok(());
    }
    for (name, purpose) in &missing {
        println!("missing: {name} ({purpose})");
    }
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    if output(Command::new("id").arg("-u"))?.trim_ascii() != b"0" {
        return skipped(&format!(
            "only root can install packages: apt-get install {}",
            names.join(" ")
        ));
    }
    run(apt_get().args(["update", "-qq"]))?;
    run(apt_get().args(["install", "-qq", "--yes", "--no-install-recommends"]).args(names))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn missing() -> Result<Vec<(&'static str, &'static str)>> {
    // dpkg-query exits with 1 if it does not know one of the names, so its status does not count.
    let status = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(PACKAGES.iter().map(|(name, _)| name))
        .output()
        .map_err(|error| format!("dpkg-query did not start: {error}"))?;
    let known = String::from_utf8_lossy(&status.stdout);
    let is_installed =
        |name: &str| known.lines().any(|line| line.split_once(' ') == Some((name, "installed")));
    Ok(PACKAGES.iter().copied().filter(|(name, _)| !is_installed(name)).collect())
}
