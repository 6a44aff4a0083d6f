//! Small files that unpack to large ones: an error at the limit, with bounded memory.

use std::{env, process::Command};

use core_reloc_targets::Limits;
use core_reloc_tests::kernel_files::{Folder, bz_image, image, pack, zboot};

use crate::support::{target_in, targets};

/// The limit for what one file may unpack to.
const FILE: u64 = 16 << 20;
/// The limit for archives.
const ARCHIVE: u64 = 64 << 20;
/// The most bytes that the process may map: code, the threads' stacks and xz's dictionary included.
const MAX_MEMORY: u64 = 400 << 20;

fn limits() -> Limits {
    Limits::default().file(FILE).archive(ARCHIVE)
}

/// Compressors, and the names of their formats in messages.
const PACKERS: &[(&str, &str)] = &[
    ("gzip -c", "gzip"),
    ("xz -c", "xz"),
    ("zstd -c", "zstd"),
    ("lz4 -c", "lz4"),
    ("lz4 -l -c", "lz4 (legacy)"),
    ("bzip2 -c", "bzip2"),
];

/// Returns a function that compresses given bytes followed by 4 GiB of zeros. To save time, it
/// repeats the compressed form of 16 MiB of zeros.
fn bombs(packer: &str) -> Option<impl Fn(&[u8]) -> Vec<u8>> {
    let zeros = pack(packer, &vec![0; 16 << 20])?;
    Some(move |head: &[u8]| {
        let mut bomb = pack(packer, head).unwrap_or_default();
        for _ in 0..256 {
            bomb.extend_from_slice(&zeros);
        }
        bomb
    })
}

/// Runs a test of this file in a process with limited memory.
fn with_limited_memory(test: &str) {
    let status = Command::new("prlimit")
        .arg(format!("--as={MAX_MEMORY}"))
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--test-threads=1"])
        .status()
        .expect("util-linux has prlimit");
    assert!(status.success());
}

#[test]
fn files_are_bounded() {
    with_limited_memory("bombs::files");
}

#[test]
fn images_are_bounded() {
    with_limited_memory("bombs::images");
}

#[test]
fn archives_are_bounded() {
    with_limited_memory("bombs::archives");
}

#[test]
#[ignore = "run by files_are_bounded, with limited memory"]
fn files() {
    for (packer, _) in PACKERS {
        let Some(bomb) = bombs(packer) else { continue };
        for head in [&b"\x9f\xeb\x01\0"[..], b"\x7fELF\x02\x01\x01", &image(b"ARMd", 56, b"")] {
            assert_eq!(
                target_in(&bomb(head), limits()),
                Err(format!(
                    "/file: the unpacked file has {} bytes, at most {FILE} are read",
                    FILE + 1
                )),
                "{packer}"
            );
        }
        // Of unknown format, and so never unpacked whole.
        let message = target_in(&bomb(b""), limits()).unwrap_err();
        assert!(message.starts_with("/file: starts with 00 00 00 00, expected"), "{message}");
    }
}

#[test]
#[ignore = "run by images_are_bounded, with limited memory"]
fn images() {
    for (packer, name) in PACKERS {
        let Some(bomb) = bombs(packer) else { continue };
        let bomb = bomb(b"\x7fELF");
        for (image, kind, at) in [
            (bz_image(&bomb, bomb.len() as u32), "x86 kernel image", 0x700),
            (zboot(&bomb), "EFI program", 0x1000),
        ] {
            // The image itself is within the limit.
            let limits = limits().file(FILE.max(image.len() as u64));
            let allowed = limits.file;
            assert_eq!(
                target_in(&image, limits),
                Err(format!(
                    "/file: found no BTF in the {kind}; {name} data at {at:#x}: exceeds the limit \
                     of {allowed} unpacked bytes"
                ))
            );
        }
    }
    // The limit applies to all places together.
    let Some(zeros) = pack("gzip -9 -c", &vec![0; 4 << 20]) else { return };
    let content = zeros.iter().chain(b"-").copied().cycle().take(60 * (zeros.len() + 1));
    let content: Vec<u8> = content.collect();
    let message = target_in(&image(b"S390EP", 0x10008, &content), limits()).unwrap_err();
    assert!(message.contains("at 0x11000: 4194304 bytes without BTF"), "{message}");
}

/// Makes the header of an entry `a.btf` of the given size and kind.
fn tar_header(len: u64, kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..5].copy_from_slice(b"a.btf");
    // Sizes above 8 GiB are binary, with the first bit set.
    header[124] = 0x80;
    header[128..136].copy_from_slice(&len.to_be_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

#[test]
#[ignore = "run by archives_are_bounded, with limited memory"]
fn archives() {
    const TERABYTES: u64 = 8 << 40;
    for (packer, _) in PACKERS {
        let Some(bomb) = bombs(packer) else { continue };
        // A file that is too large, and a folder with content, which is skipped.
        for (kind, path) in [(b'0', "/file!a.btf"), (b'5', "/file")] {
            let message = target_in(&bomb(&tar_header(TERABYTES, kind)), limits()).unwrap_err();
            let start = format!("{path}: the archive has ");
            let end = format!(" bytes, at most {ARCHIVE} are read");
            assert!(message.starts_with(&start) && message.ends_with(&end), "{message}");
        }
        // An extended header as long as the archive.
        for kind in [b'L', b'x'] {
            let message = target_in(&bomb(&tar_header(TERABYTES, kind)), limits()).unwrap_err();
            let reason = format!("extended header has {TERABYTES} bytes, at most 65536 are read");
            let expected = format!("/file: tar header at offset 0x0 of the archive: {reason}");
            assert_eq!(message, expected);
        }
    }
    // Too many entries.
    let folder = Folder::new();
    let entries: Vec<u8> = tar_header(0, b'0').repeat(1000);
    folder.file("a.tar", &entries);
    let found = targets(&folder, "a.tar", limits().entries(100));
    assert_eq!(found.len(), 101);
    let last = "/a.tar: the archive exceeds the limit of 100 entries";
    assert_eq!(found[100], Err(last.into()));
}
