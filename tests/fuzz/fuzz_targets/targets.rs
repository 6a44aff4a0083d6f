//! Fuzzes `core_reloc_targets`, which reads kernel images, compressed files and archives. Low limits keep
//! a run short.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use core_reloc_targets::{Limits, Targets, open};
use core_reloc_tests::hostile::{TIMEOUT, cost};
use tempfile::TempDir;

/// The most bytes of a file and of an archive.
const MOST: u64 = 4 << 20;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let ((), cost) = cost::measure(|| read(bytes));
    assert!(cost.cpu < TIMEOUT, "targets takes {:?} for {} bytes", cost.cpu, bytes.len());
});

fn read(bytes: &[u8]) {
    let path = FOLDER.path().join("file");
    fs::write(&path, bytes).expect("the file can be written");
    let limits = Limits::default().file(MOST).archive(MOST).entries(64);
    let mut found = Vec::new();
    for target in Targets::new(&path, limits) {
        match target {
            Ok(file) => {
                assert!(file.as_bytes().len() as u64 <= MOST.max(bytes.len() as u64));
                if let Ok(btf) = file.parse() {
                    let _ = btf.validate();
                }
                found.push(file.as_bytes().to_vec());
            }
            Err(error) => {
                let message = error.to_string();
                assert!(!message.contains('\n') && message.len() < 4000, "{message}");
            }
        }
    }
    // `open` returns the only target.
    if let Ok(file) = open(&path, limits) {
        assert_eq!(found, [file.as_bytes().to_vec()]);
    }
}
