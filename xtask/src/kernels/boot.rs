//! Booting a kernel in the emulator, with a command to run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::images::{Image, Store};
use super::initrd::Initrd;
use crate::Result;
use crate::command::{is_installed, shown};

/// The lines that `/init` prints itself.
const RELEASE: &str = "@release ";
const VERSION: &str = "@version ";
const BTF: &str = "@btf ";
const END: &str = "@end ";

/// What to do in a booted kernel.
pub(crate) struct Task<'t> {
    /// The files of the initrd, by their paths from the root without the first slash. All can be executed.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// A line of the shell. `$b` is busybox.
    pub(crate) command: &'t str,
    /// When to give up.
    pub(crate) seconds: u32,
    /// Where everything that the kernel prints goes.
    pub(crate) console: PathBuf,
}

/// What a booted kernel printed.
pub(crate) struct Booted {
    /// What `uname -r` gives.
    pub(crate) release: String,
    /// What `uname -v` gives.
    pub(crate) version: String,
    /// The SHA-256 of `/sys/kernel/btf/vmlinux`.
    pub(crate) btf_sha256: String,
    /// The lines that the command printed.
    pub(crate) lines: Vec<String>,
    /// The command's exit status; `None` if the kernel stopped, or the time was over, before it ended.
    pub(crate) status: Option<i32>,
}

/// Boots a kernel once, without an accelerator, and runs a command in it.
pub(crate) fn boot(store: &mut Store, image: &Image, task: Task<'_>) -> Result<Booted> {
    let files = store.image(image)?;
    let busybox = store.parts(image.architecture)?.join("bin/busybox");
    let mut initrd = Initrd::default();
    for folder in ["proc", "sys", "dev", "tmp", "bin"] {
        initrd.folder(folder);
    }
    initrd.file("bin/busybox", &fs::read(busybox)?);
    initrd.file("boot/config", &fs::read(files.config())?);
    initrd.file("init", init(task.command).as_bytes());
    for (path, content) in &task.files {
        initrd.file(path, content);
    }
    if let Some(folder) = task.console.parent() {
        fs::create_dir_all(folder)?;
    }
    let packed = task.console.with_extension("initrd");
    fs::write(&packed, initrd.finish())?;
    let mut emulator = image.architecture.emulator();
    emulator.arg("-kernel").arg(files.vmlinuz()).arg("-initrd").arg(&packed);
    emulator.args(["-append", image.architecture.parameters()]);
    run_for(task.seconds, &emulator, &task.console)?;
    fs::remove_file(&packed)?;
    let printed = fs::read(&task.console)?;
    Booted::parse(&String::from_utf8_lossy(&printed))
        .map_err(|error| format!("{}: {error}; see {}", image.name, task.console.display()).into())
}

/// Runs a command for at most some seconds, with its output in a file.
fn run_for(seconds: u32, command: &Command, output: &Path) -> Result {
    let program = command.get_program();
    if !is_installed(&program.to_string_lossy()) {
        return Err(format!("{} is not installed", program.display()).into());
    }
    let mut limited = Command::new("timeout");
    limited.arg("--kill-after=10").arg(seconds.to_string()).arg(program).args(command.get_args());
    println!("$ {} > {}", shown(&limited), output.display());
    let file = File::create(output)?;
    limited.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
    // What it printed shows whether it was stopped.
    limited.status()?;
    Ok(())
}

/// The first program: it mounts what tools expect, runs the command and turns the machine off.
fn init(command: &str) -> String {
    format!(
        "#!/bin/busybox sh\n\
         b=/bin/busybox\n\
         $b mount -t proc none /proc\n\
         $b mount -t sysfs none /sys\n\
         $b mount -t devtmpfs none /dev\n\
         $b mount -t bpf none /sys/fs/bpf\n\
         $b mount -t tracefs none /sys/kernel/tracing\n\
         $b sysctl -q -w kernel.printk='1 1 1 1'\n\
         $b sysctl -q -w kernel.kptr_restrict=0\n\
         release=$($b uname -r)\n\
         $b mv /boot/config /boot/config-$release\n\
         echo \"{RELEASE}$release\"\n\
         echo \"{VERSION}$($b uname -v)\"\n\
         set -- $($b sha256sum /sys/kernel/btf/vmlinux)\n\
         echo \"{BTF}$1\"\n\
         {command}\n\
         echo \"{END}$?\"\n\
         $b poweroff -f\n"
    )
}

impl Booted {
    /// Parses what was printed. What firmware and kernel print before the first line of `/init` is left out.
    fn parse(printed: &str) -> Result<Self> {
        let mut lines = printed.lines().map(|line| line.trim_end_matches('\r'));
        // Firmware leaves the cursor anywhere.
        let release = lines.find_map(|line| Some(line.split_once(RELEASE)?.1.to_owned()));
        let release = release.ok_or("the kernel did not start its first program")?;
        let mut next = |key| {
            let value = lines.next().and_then(|line| line.strip_prefix(key));
            value.unwrap_or_default().to_owned()
        };
        let (version, btf_sha256) = (next(VERSION), next(BTF));
        let mut booted = Self { release, version, btf_sha256, lines: Vec::new(), status: None };
        for line in lines {
            if let Some(status) = line.strip_prefix(END) {
                booted.status = status.parse().ok();
                break;
            }
            booted.lines.push(line.to_owned());
        }
        Ok(booted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_is_told_from_the_rest() {
        let printed = "SeaBIOS\r\n\x1b[2J@release 6.1.0-50\r\n@version Debian 6.1.1\r\n@btf 12ab\r\none\r\ntwo\r\n@end 3\r\noff\r\n";
        let booted = Booted::parse(printed).unwrap();
        assert_eq!((&*booted.release, &*booted.version), ("6.1.0-50", "Debian 6.1.1"));
        assert_eq!(booted.btf_sha256, "12ab");
        assert_eq!((booted.lines, booted.status), (vec!["one".into(), "two".into()], Some(3)));
        let stopped = Booted::parse("@release a\n@version b\n@btf c\none").unwrap();
        assert_eq!((stopped.lines.len(), stopped.status), (1, None));
        assert!(Booted::parse("Kernel panic").is_err());
    }
}
