//! `check` has one kernel per worker in memory, however many there are.

use std::{fs, io::Read, path::Path, process::Stdio, thread, time::Duration};

use core_reloc_tests::judge::skipped;

use crate::program::{Folder, command, fixture, with_unused_string};

const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// Checks objects on a folder of kernels; returns the peak memory in KiB.
fn peak(kernels: &str, format: &[&str]) -> u64 {
    let arguments = [
        "check",
        "fixtures/objects/task.bpfel.o",
        "fixtures/objects/access.bpfel.o",
        "fixtures/objects/module.bpfel.o",
        "--target",
        kernels,
    ];
    let mut child = command(&[arguments.as_slice(), format].concat())
        .env("RAYON_NUM_THREADS", "2")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        // The peak never decreases, so the last one counts.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(size.unwrap_or(0));
        thread::sleep(Duration::from_millis(2));
    }
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    // The objects ask for types that no kernel has.
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(1), ""));
    peak
}

#[test]
fn five_times_the_kernels_take_no_more_memory() {
    if !Path::new(KERNEL).exists() {
        return skipped(&format!("there is no {KERNEL}"));
    }
    let folder = Folder::new();
    let vmlinux = fs::read(KERNEL).unwrap();
    let bytes = vmlinux.len() as u64;
    // With two, one worker may do both on a busy machine.
    let kernels = [4, 20].map(|count| {
        let kernels = folder.path(&format!("{count}"));
        fs::create_dir(&kernels).unwrap();
        for number in 0..count {
            // Equal ones would be checked once.
            let other = with_unused_string(&vmlinux, &number.to_string());
            fs::write(format!("{kernels}/{number}.btf"), other).unwrap();
        }
        kernels
    });
    let page = folder.path("page.html");
    for format in [["--html", &page], ["--format", "junit"], ["--format", "sarif"]] {
        let peaks = kernels.each_ref().map(|kernels| peak(kernels, &format));
        let [few, many] = peaks;
        // Each worker has one kernel at a time: the difference is less than a third of a kernel.
        assert!(few * 1024 > bytes, "{peaks:?} KiB");
        let more = many.saturating_sub(few) * 1024;
        assert!(more < bytes / 3, "{format:?}: {peaks:?} KiB, of {bytes} bytes each");
    }
}

/// Of each further kernel hardly more than its names are kept, however much an object finds on it.
#[test]
fn results_that_kernels_share_are_kept_once() {
    let folder = Folder::new();
    let kernel = fixture("btf/grown.le.btf");
    let peaks = [100, 2100].map(|count| {
        let kernels = folder.path(&format!("{count}"));
        fs::create_dir(&kernels).unwrap();
        for number in 0..count {
            fs::write(format!("{kernels}/{number}.btf"), &kernel).unwrap();
        }
        peak(&kernels, &["--format", "json"])
    });
    let more = peaks[1].saturating_sub(peaks[0]) * 1024 / 2000;
    assert!(more < 2000, "{peaks:?} KiB: {more} bytes for each kernel");
}
