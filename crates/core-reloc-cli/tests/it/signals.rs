//! Signals while an output is written: the program dies of them, and leaves no temporary file.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Folder, command, fixture};

/// How often the program is tried for each signal.
const TRIES: usize = 5;

const SIGNALS: [Signal; 3] = [Signal::HUP, Signal::INT, Signal::TERM];

fn send(child: &Child, signal: Signal) {
    // The program may have ended meanwhile, but is not yet waited for.
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Returns an object with many bytes after its sections, so that writing it takes a while.
fn large_object() -> Vec<u8> {
    let mut object = fixture("objects/access.bpfel.o");
    object.resize(24 << 20, 0);
    object
}

/// Starts the program, and sends it a signal once there is a temporary file in the folder. Returns the
/// signal that it died of.
fn interrupt(folder: &Folder, arguments: &[&str], signal: Signal) -> Option<i32> {
    let mut child = command(arguments).stdout(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) && child.try_wait().unwrap().is_none() {
        if folder.names().iter().any(|name| name.starts_with(".core-reloc-")) {
            send(&child, signal);
            break;
        }
    }
    child.wait().unwrap().signal()
}

/// Returns `true` if a signal is ignored, as `nohup` makes programs ignore the loss of the terminal. The
/// programs that this one starts inherit it.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    mask & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn no_temporary_file_stays_after_a_signal() {
    let folder = Folder::new();
    let object = folder.file("large.o", &large_object());
    let kernels = folder.path("kernels");
    fs::create_dir(&kernels).unwrap();
    for number in 0..60 {
        folder.file(&format!("kernels/{number}.btf"), &fixture("btf/moved.le.btf"));
    }
    let (out, btfs) = (folder.path("out.o"), folder.path("btfs"));
    let relocate = ["relocate", &object, "--target", "fixtures/btf/moved.le.btf", "-o", &out];
    let minimize =
        ["minimize", "fixtures/objects/access.bpfel.o", "--target", &kernels, "-o", &btfs];
    for (arguments, out) in [(relocate, "out.o"), (minimize, "btfs")] {
        for signal in SIGNALS {
            if is_ignored(signal) {
                println!("SKIPPED: whatever runs the tests ignores {signal:?}");
                continue;
            }
            let mut died = 0;
            for _ in 0..TRIES {
                let end = interrupt(&folder, &arguments, signal);
                assert!(end.is_none_or(|number| number == signal.as_raw()), "{signal:?}: {end:?}");
                died += usize::from(end.is_some());
                let names = folder.names();
                assert!(!names.iter().any(|name| name.starts_with('.')), "{signal:?}: {names:?}");
                let _ = fs::remove_file(folder.path(out));
                let _ = fs::remove_dir_all(folder.path(out));
            }
            println!("{} on {signal:?}: died {died} of {TRIES} times", arguments[0]);
            // A small folder may be faster than any signal.
            assert!(died > 0 || out == "btfs", "{signal:?}: no signal came in time");
        }
    }
}

/// As `nohup` and shells do for programs in the background.
#[test]
fn an_ignored_signal_stays_ignored() {
    let folder = Folder::new();
    let (object, out) = (folder.file("large.o", &large_object()), folder.path("out.o"));
    let line = format!(
        "trap '' HUP INT; exec {} relocate {object} --target fixtures/btf/moved.le.btf -o {out}",
        env!("CARGO_BIN_EXE_core-reloc")
    );
    let mut shell = Command::new("sh");
    let mut child = shell
        .args(["-c", &line])
        .current_dir(crate::program::root())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if folder.names().iter().any(|name| name.starts_with(".core-reloc-")) {
            send(&child, Signal::HUP);
            send(&child, Signal::INT);
            break;
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(folder.names(), ["large.o", "out.o"]);
}
