//! A file that becomes shorter while a command reads it: never a signal, and never a panic.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use btf_types::{ByteOrder, build::Builder};

use crate::program::{Folder, command, fixture};

/// How long each command is run again and again.
const PERIOD: Duration = Duration::from_millis(300);

/// Returns an object of many pages.
fn large_object() -> Vec<u8> {
    let mut object = fixture("objects/access.bpfel.o");
    object.resize(2 << 20, 0);
    object
}

/// Returns BTF of many pages.
fn large_btf() -> Vec<u8> {
    let mut builder = Builder::new(ByteOrder::Little);
    for number in 0..50_000 {
        builder.fwd_struct(format!("type_{number}"));
    }
    builder.finish().unwrap()
}

/// Runs a command while another thread truncates and restores its file; returns the number of runs.
fn run_while_shrinking(line: &str, path: &str, bytes: &[u8]) -> usize {
    let is_done = AtomicBool::new(false);
    let arguments: Vec<&str> = line.split(' ').collect();
    let mut runs = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(path).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                for len in [bytes.len() / 2, 4096, 3, 0] {
                    file.set_len(len as u64).unwrap();
                    thread::yield_now();
                    file.write_all_at(bytes, 0).unwrap();
                }
            }
        });
        let start = Instant::now();
        while start.elapsed() < PERIOD {
            let output = command(&arguments).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(matches!(output.status.code(), Some(0..=2)), "{line}: {output:?}");
            assert!(!stderr.contains("panicked"), "{line}: {stderr}");
            runs += 1;
        }
        is_done.store(true, Ordering::Relaxed);
    });
    runs
}

#[test]
fn no_command_dies_when_a_file_shrinks() {
    let folder = Folder::new();
    let (object, btf) = (large_object(), large_btf());
    let log = "12: (85) call unknown#195896080\n".repeat(50_000);
    let baseline = "# nothing is known\n".repeat(50_000);
    let [object_file, btf_file, log_file, baseline_file] = [
        ("large.o", object.as_slice()),
        ("large.btf", &btf),
        ("verifier.log", log.as_bytes()),
        ("known.tsv", baseline.as_bytes()),
    ]
    .map(|(name, bytes)| (folder.file(name, bytes), bytes));
    let (small, kernel) = ("fixtures/objects/access.bpfel.o", "fixtures/btf/moved.le.btf");
    let out = folder.path("out");
    for (line, (path, bytes)) in [
        (format!("relocate INPUT --target {kernel} -o {out}.o"), &object_file),
        ("inspect INPUT".to_string(), &object_file),
        (format!("explain INPUT --target {kernel}"), &object_file),
        (format!("check INPUT --target {kernel}"), &object_file),
        (format!("minimize INPUT --target {kernel} -o {out}.btf"), &object_file),
        (format!("relocate {small} --target INPUT"), &btf_file),
        (format!("relocate {small} --target {kernel} --module INPUT"), &btf_file),
        (format!("explain {small} --target INPUT"), &btf_file),
        (format!("check {small} --target INPUT"), &btf_file),
        (format!("minimize {small} --target INPUT -o {out}.btf"), &btf_file),
        ("query type_49999 --target INPUT".to_string(), &btf_file),
        ("dump type_49999 --target INPUT".to_string(), &btf_file),
        (format!("blame {small} --log INPUT --target {kernel}"), &log_file),
        (format!("check {small} --baseline INPUT --target {kernel}"), &baseline_file),
    ] {
        let runs = run_while_shrinking(&line.replace("INPUT", path), path, bytes);
        println!("{line}: {runs} runs");
    }
}
