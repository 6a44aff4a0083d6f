//! The running kernel accepts relocated objects: another loader loads them, and the program reads the
//! right fields.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    thread,
};

use core_reloc_tests::{
    data,
    judge::{
        kernel::{Loaded, ProgramType, loads_programs},
        skipped,
    },
};

use crate::program::{Folder, run, run_line};

/// Returns why the kernel or bpftool cannot be the judge.
pub(crate) fn unavailable() -> Option<String> {
    let bpftool = Command::new("bpftool").arg("version").output();
    let bpftool = bpftool.err().map(|error| format!("bpftool does not start: {error}"));
    bpftool.or(loads_programs().err().map(|why| why.to_string()))
}

/// A folder of the BPF file system, which is removed on drop, with the programs pinned in it.
pub(crate) struct Pins(PathBuf);

impl Pins {
    /// Creates the folder; returns `None` and reports the test as skipped if that fails.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let path = Path::new("/sys/fs/bpf").join(format!("core-reloc-{name}-{}", process::id()));
        match fs::create_dir(&path) {
            Ok(()) => Some(Self(path)),
            Err(error) => {
                skipped(&format!("{}: {error}", path.display()));
                None
            }
        }
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        // A folder that remains is harmless.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Loads all programs of an object with bpftool; returns its message if that fails.
pub(crate) fn bpftool_loads(object: &str, pins: &Pins) -> Result<(), String> {
    let mut bpftool = Command::new("bpftool");
    bpftool.args(["prog", "loadall", object]).arg(&pins.0);
    let output = bpftool.output().unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// `struct answer` of `fixtures/c/task.c`.
struct Answer([u8; 48]);

impl Answer {
    fn word(&self, index: usize) -> u32 {
        u32::from_ne_bytes(self.0[index * 4..index * 4 + 4].try_into().unwrap())
    }

    fn comm(&self) -> &[u8] {
        self.0[32..].split(|byte| *byte == 0).next().unwrap()
    }
}

/// Returns a number from `/proc/thread-self/status`.
fn status(key: &str) -> u32 {
    let text = fs::read_to_string("/proc/thread-self/status").unwrap();
    number_after(&text, &format!("\n{key}:\t"))
}

/// Returns the running kernel's types as bpftool prints them.
fn kernel_types() -> String {
    let mut bpftool = Command::new("bpftool");
    bpftool.args(["btf", "dump", "file", "/sys/kernel/btf/vmlinux"]);
    String::from_utf8(bpftool.output().unwrap().stdout).unwrap()
}

/// Returns the number that follows `start` in a text.
fn number_after(text: &str, start: &str) -> u32 {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn a_relocated_object_loads_and_reads_the_right_fields() {
    if let Some(why) = unavailable() {
        return skipped(&why);
    }
    let Some(pins) = Pins::new("task") else { return };
    let folder = Folder::new();
    let object = folder.path("task.o");
    let order = if cfg!(target_endian = "little") { "bpfel" } else { "bpfeb" };
    run_line(&format!("relocate fixtures/objects/task.{order}.o -o {object}")).good();
    bpftool_loads(&object, &pins).unwrap();

    let program = Loaded::pinned(&pins.0.join("whoami"), ProgramType::Syscall).unwrap();
    let mut answer = Answer([0; 48]);
    assert_eq!(program.run_on(&mut answer.0).unwrap(), 0);
    let comm = fs::read("/proc/thread-self/comm").unwrap();
    let types = kernel_types();
    let task = types.lines().find(|line| line.contains("] STRUCT 'task_struct' ")).unwrap();
    let words: Vec<u32> = (0..8).map(|index| answer.word(index)).collect();
    let expected = [
        status("Pid"),
        status("Tgid"),
        status("PPid"),
        // The task's state is running (0), and its sched_reset_on_fork is 0.
        0,
        0,
        number_after(task, "size="),
        number_after(task, "["),
        number_after(&types, "'PIDTYPE_SID' val="),
    ];
    assert_eq!(words, expected);
    assert_eq!(answer.comm(), comm.trim_ascii_end());
}

/// Loads each object relocated by libbpf and relocated by us: the kernel must accept both or reject both.
/// (It rejects many, which are for other configurations of the kernel or need more than bpftool does.)
#[test]
fn real_objects_load_relocated_if_and_only_if_they_load_with_libbpf() {
    if let Some(why) = unavailable() {
        return skipped(&why);
    }
    let objects = data::objects().unwrap();
    let native: Vec<PathBuf> = objects.into_iter().filter(|path| is_native(path)).collect();
    if native.is_empty() {
        return skipped("no real objects: `cargo xtask data` fetches them");
    }
    let (half, other_half) = native.split_at(native.len() / 2);
    let (mut loaded, other_loaded) = thread::scope(|scope| {
        let other = scope.spawn(|| compare_loading(other_half, "other"));
        (compare_loading(half, "real"), other.join().unwrap())
    });
    loaded += other_loaded;
    assert!(loaded > 10, "only {loaded} of {} objects load", native.len());
}

/// Returns `true` if an object is for this architecture, which its name determines.
fn is_native(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let machine = match env::consts::ARCH {
        "x86_64" => None,
        "aarch64" => Some(".arm64."),
        other => Some(other),
    };
    match machine {
        Some(machine) => name.contains(machine),
        None => !name.contains(".arm64.") && !name.contains(".s390x."),
    }
}

/// Loads each object as it is and relocated; returns how many load.
fn compare_loading(objects: &[PathBuf], name: &str) -> usize {
    let folder = Folder::new();
    let relocated = folder.path("relocated.o");
    let mut loaded = 0;
    for object in objects {
        let object = object.to_str().unwrap();
        let run = run(&["relocate", object, "-o", &relocated]);
        // Some objects read the kernel's memory without relocations, which is a warning.
        assert_eq!(run.status, 0, "{object}: {}", run.stderr);
        let loads = |path: &str| {
            let pins = Pins::new(name).expect("the BPF file system is available");
            bpftool_loads(path, &pins)
        };
        match (loads(object), loads(&relocated)) {
            (Ok(()), Ok(())) => loaded += 1,
            (Err(_), Err(_)) => {}
            (theirs, ours) => panic!("{object}: with libbpf {theirs:?}, with us {ours:?}"),
        }
    }
    loaded
}
