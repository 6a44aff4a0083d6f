//! Files that become shorter while they are read: a value or an error, and never a signal.
//!
//! With mapped files these tests end with `SIGBUS`.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use btf_types::{ByteOrder, build::Builder};
use core_reloc_sys::BtfFile;
use core_reloc_targets::{Kernels, Limits, TargetError, Targets, open};
use core_reloc_tests::kernel_files::{Folder, bz_image, elf, image, pack, pack_in};

/// How long each way of reading is tried on each file.
const PERIOD: Duration = Duration::from_millis(100);

/// Makes BTF of many pages.
fn large_btf() -> Vec<u8> {
    let mut builder = Builder::new(ByteOrder::Little);
    for number in 0..50_000 {
        builder.fwd_struct(format!("type_{number}"));
    }
    builder.finish().unwrap()
}

/// A file of each format.
fn files(btf: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let vmlinux = elf(&[(".text", &[0; 9000]), (".BTF", btf)]);
    let mut files = vec![
        ("raw BTF", btf.to_vec()),
        ("an image", image(b"ARMd", 56, btf)),
        ("an x86 image", bz_image(&vmlinux, vmlinux.len() as u32)),
        ("a wrapper", elf(&[(".kernel:vmlinux.strip", &vmlinux)])),
        ("ELF", vmlinux),
    ];
    files.extend(pack("gzip -1 -c", btf).map(|packed| ("gzip", packed)));
    let source = Folder::new();
    source.file("6.1.btf", btf);
    files.extend(pack_in(&source.path(""), "tar -c -f - 6.1.btf", b"").map(|tar| ("tar", tar)));
    files
}

/// Reads every byte of what was opened, as parsing does.
fn use_it(opened: Result<BtfFile, TargetError>) -> bool {
    let Ok(file) = opened else { return false };
    file.as_bytes().iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    file.parse().is_ok()
}

/// Reads a file again and again while another thread truncates and restores it; returns how many
/// reads gave valid BTF and how many did not.
fn read_while_shrinking(path: &Path, bytes: &[u8], read: impl Fn(&Path) -> bool) -> [u32; 2] {
    let is_done = AtomicBool::new(false);
    let mut results = [0, 0];
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(path).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                for len in [bytes.len() / 2, 4096, 3, 0] {
                    file.set_len(len as u64).unwrap();
                    thread::yield_now();
                    file.write_all_at(bytes, 0).unwrap();
                    // So that some reads meet the whole file.
                    thread::sleep(PERIOD / 500);
                }
            }
        });
        let start = Instant::now();
        while start.elapsed() < PERIOD {
            results[usize::from(!read(path))] += 1;
        }
        is_done.store(true, Ordering::Relaxed);
    });
    results
}

#[test]
fn files_that_shrink_give_a_value_or_an_error() {
    let folder = Folder::new();
    let limits = Limits::default();
    for (name, bytes) in files(&large_btf()) {
        let path = folder.file("file", &bytes);
        let results = [
            read_while_shrinking(&path, &bytes, |path| use_it(open(path, limits))),
            read_while_shrinking(&path, &bytes, |path| Targets::new(path, limits).all(use_it)),
            read_while_shrinking(&path, &bytes, |path| {
                Kernels::new(path, limits).all(|found| found.is_ok())
            }),
        ];
        println!("{name}: valid and invalid {results:?}");
        // Once the file is whole again, so is its BTF.
        assert!(use_it(open(&path, limits)), "{name}");
    }
}
