//! Debian packages that the steps need.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::command::{is_installed, output, run, shown};
use crate::skip::skipped;

/// How long other users of apt, such as a machine's own updates, may keep its locks.
const LOCK_TIMEOUT: Duration = Duration::from_secs(600);

/// The start of apt's message that another process has a lock.
const LOCKED: &str = "Could not get lock";

/// A program that comes with other packages of Node.js as well.
const NPM: &str = "npm";

/// Packages and what each is for.
const PACKAGES: &[(&str, &str)] = &[
    ("clang-19", "the fixtures' objects"),
    ("clang-14", "the fixtures' object of an old compiler"),
    ("gcc-bpf", "objects for the tests"),
    (
        "llvm-19",
        "llvm-strip, llvm-objcopy, llc: the fixtures' objects without DWARF, and for the tests",
    ),
    ("strace", "the order of the program's system calls, for the tests"),
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
    ("gcc-aarch64-linux-gnu", "the loader of objects in booted kernels"),
    ("libc6-dev-arm64-cross", "the loader of objects in booted kernels"),
    ("qemu-system-x86", "boots kernels"),
    ("qemu-system-arm", "boots kernels"),
    ("qemu-system-misc", "boots kernels"),
    ("file", "reads the headers of kernel images, for a test"),
    ("cpio", "reads the archives that kernels boot with, for a test"),
    ("libbpf-tools", "real objects to relocate"),
    ("chromium", "opens the page that core-reloc check writes"),
    ("chromium-driver", "clicks on that page"),
    (
        NPM,
        "packs axe-core, which tests whether everyone can use that page, and validators of SARIF and workflows",
    ),
    ("valgrind", "counts instructions"),
    ("mandoc", "reads the man pages"),
    ("python3-jsonschema", "compares JSON with its schema"),
    ("python3-yaml", "reads the jobs of the guide's chapters about CI and many kernels"),
    ("python3-junitparser", "reads test reports"),
    ("libxml2-utils", "xmllint: compares test reports with their schema"),
    ("parallel", "checks kernels in shards, as the guide says"),
    ("zsh", "completes the program's arguments"),
    ("fish", "completes the program's arguments"),
    ("bsdutils", "script: runs shells in a terminal, for the tests"),
    ("rustc-web", "a compiler with core and alloc for BPF, which proves no_std"),
    ("libstd-rust-web-dev-bpf", "core and alloc for BPF"),
];

/// Installs the packages that are missing.
pub(crate) fn install() -> Result {
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
    update(|| apt_get("update"), LOCK_TIMEOUT)?;
    run(apt_get("install").args(["--yes", "--no-install-recommends"]).args(names))
}

/// Returns an apt-get that waits until others no longer install packages.
fn apt_get(action: &str) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // `LOCKED` is in English.
    command.env("LC_ALL", "C.UTF-8");
    command.arg(format!("--option=DPkg::Lock::Timeout={}", LOCK_TIMEOUT.as_secs()));
    command.args(["-qq", action]);
    command
}

/// Fetches the lists of packages. Their lock is another one, for which apt (2.6) never waits.
fn update(apt_get: impl Fn() -> Command, timeout: Duration) -> Result {
    let start = Instant::now();
    println!("$ {}", shown(&apt_get()));
    while let Err(error) = output(&mut apt_get()) {
        if !error.to_string().contains(LOCKED) || start.elapsed() >= timeout {
            return Err(error);
        }
        println!("another process fetches the lists; waiting");
        thread::sleep(timeout / 60);
    }
    Ok(())
}

fn missing() -> Result<Vec<(&'static str, &'static str)>> {
    // dpkg-query exits with 1 if it does not know one of the names, so its status does not count.
    let status = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(PACKAGES.iter().map(|(name, _)| name))
        .output()
        .map_err(|error| format!("dpkg-query did not start: {error}"))?;
    let known = String::from_utf8_lossy(&status.stdout);
    let is_known =
        |name: &str| known.lines().any(|line| line.split_once(' ') == Some((name, "installed")));
    let has = |name: &str| is_known(name) || (name == NPM && is_installed(NPM));
    Ok(PACKAGES.iter().copied().filter(|(name, _)| !has(name)).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Runs `update` with a shell in place of apt-get, and returns how often that ran.
    fn update_with(script: &str, timeout: Duration) -> (Result, usize) {
        let runs = std::env::temp_dir().join(format!("xtask-{}-{script:.6}", std::process::id()));
        let shell = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("echo >> \"$RUNS\"; {script}")]).env("RUNS", &runs);
            shell
        };
        let result = update(shell, timeout);
        let count = fs::read_to_string(&runs).unwrap_or_default().lines().count();
        fs::remove_file(runs).unwrap();
        (result, count)
    }

    /// The messages are those of apt 2.6.1, and of a machine without a network.
    #[test]
    fn a_lock_is_waited_for() {
        let locked = "echo E: Could not get lock /x/lock. It is held by process 1 >&2; exit 100";
        let short = Duration::from_millis(600);
        let twice = format!("[ $(wc -l < \"$RUNS\") = 3 ] || {{ {locked}; }}");
        let (result, runs) = update_with(&twice, short);
        assert!(result.is_ok() && runs == 3, "{runs}");
        let (result, runs) = update_with(locked, short);
        assert!(result.unwrap_err().to_string().contains(LOCKED) && runs > 3, "{runs}");
        let (result, runs) = update_with("false; echo E: Failed to fetch >&2; exit 100", short);
        assert!(result.is_err() && runs == 1, "{runs}");
    }

    #[test]
    fn packages_are_installed_with_a_timeout() {
        let shown = shown(&apt_get("install"));
        assert!(shown.contains("DPkg::Lock::Timeout=600 -qq install"), "{shown}");
    }
}
