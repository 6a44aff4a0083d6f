//! Truncated and modified files: the original BTF or an error, and never a panic.

use core_reloc_targets::{Limits, Targets};
use core_reloc_tests::kernel_files::{
    Folder, Random, btf, bz_image, elf, image, kernel, noise, pack, pack_in, zboot,
};

use crate::support::{target_in, targets};

/// Makes a file of each format, all with the same BTF.
fn samples(btf: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut samples = vec![
        ("BTF", btf.to_vec()),
        ("ELF", elf(&[(".BTF", btf)])),
        ("image", image(b"ARMd", 56, btf)),
    ];
    for packer in
        ["gzip -c", "xz -c", "zstd -c", "lz4 -c", "lz4 -l -c", "bzip2 -c", "xz --format=lzma -c"]
    {
        let (Some(packed), Some(payload)) = (pack(packer, btf), pack(packer, &kernel(btf))) else {
            continue;
        };
        samples.push((packer, packed));
        samples.push((packer, bz_image(&payload, payload.len() as u32)));
        samples.push((packer, zboot(&payload)));
        samples.push((packer, image(b"S390EP", 0x10008, &payload)));
        samples.push((packer, elf(&[(".kernel:vmlinux.strip", &payload)])));
    }
    let source = Folder::new();
    source.file("a.btf", btf);
    for options in ["--format=gnu", "--format=posix"] {
        let command = format!("tar -c -f - {options} a.btf");
        if let Some(archive) = pack_in(&source.path(""), &command, b"") {
            samples.extend(pack("xz -c", &archive).map(|packed| ("tar.xz", packed)));
            samples.push(("tar", archive));
        }
    }
    samples
}

/// Reads and validates all targets, and returns how many are the original BTF.
fn count_intact(bytes: &[u8], btf: &[u8]) -> usize {
    let folder = Folder::new();
    let path = folder.file("file", bytes);
    let limits = Limits::default().file(1 << 26).archive(1 << 26);
    let mut intact = 0;
    for target in Targets::new(&path, limits) {
        match target {
            Ok(file) => {
                intact += usize::from(file.as_bytes() == btf);
                if let Ok(found) = file.parse() {
                    let _: Result<(), _> = found.validate();
                }
            }
            Err(error) => {
                let message = error.to_string();
                assert!(!message.contains('\n') && message.len() < 2000, "{message}");
            }
        }
    }
    intact
}

#[test]
fn truncated_files_have_no_btf() {
    let btf = btf("same.le");
    for (name, file) in samples(&btf) {
        assert_eq!(count_intact(&file, &btf), 1, "{name}");
        // The BTF is found if the missing bytes are not needed.
        let lens = (0..file.len()).rev().step_by(file.len() / 60 + 1);
        let counts: Vec<_> = lens.map(|len| count_intact(&file[..len], &btf)).collect();
        assert!(counts.is_sorted_by(|longer, shorter| longer >= shorter), "{name}: {counts:?}");
        assert_eq!(counts.last(), Some(&0), "{name}");
    }
}

#[test]
fn truncated_data_are_an_error() {
    let btf = btf("same.le");
    for (packer, name) in [
        ("gzip -c", "gzip"),
        ("xz -c", "xz"),
        ("zstd -c", "zstd"),
        ("lz4 -c", "lz4"),
        ("lz4 -l -c", "lz4 (legacy)"),
        ("bzip2 -c", "bzip2"),
        ("xz --format=lzma -c", "lzma"),
    ] {
        let Some(packed) = pack(packer, &btf) else { continue };
        let half = &packed[..packed.len() / 2];
        let message = target_in(half, Limits::default()).unwrap_err();
        assert!(message.starts_with(&format!("/file: damaged {name} data: ")), "{message}");
    }
}

#[test]
fn lz4_frames_that_are_truncated_between_blocks_are_an_error() {
    let btf = btf("same.le");
    let content = elf(&[(".BTF", &btf), (".data", &noise(200_000))]);
    let Some(packed) = pack("lz4 -B4 -c", &content) else { return };
    // A header of 7 bytes is followed by uncompressed blocks of 64 KiB.
    let cut = &packed[..7 + 2 * (4 + (64 << 10))];
    let message = target_in(cut, Limits::default()).unwrap_err();
    assert!(message.starts_with("/file: damaged lz4 data: "), "{message}");
}

#[test]
fn checksums_are_checked() {
    let btf = btf("same.le");
    // The data are incompressible, so that a modified byte remains one.
    let content = elf(&[(".BTF", &btf), (".data", &noise(50_000))]);
    for packer in ["gzip -c", "xz -c", "xz -c --check=crc32", "zstd -c", "lz4 -c", "bzip2 -c"] {
        let Some(mut packed) = pack(packer, &content) else { continue };
        let middle = packed.len() - 20_000;
        packed[middle] ^= 1;
        let message = target_in(&packed, Limits::default()).unwrap_err();
        assert!(message.starts_with("/file: damaged"), "{packer}: {message}");
    }
}

#[test]
fn errors_of_damaged_archives_state_the_offset() {
    let btf = btf("same.le");
    let source = Folder::new();
    source.file("a.btf", &btf);
    source.file("b.btf", &btf);
    let Some(archive) = pack_in(&source.path(""), "tar -c -f - a.btf b.btf", b"") else { return };
    let second = 512 + btf.len().next_multiple_of(512);
    let found = |archive: &[u8]| {
        let folder = Folder::new();
        folder.file("a.tar", archive);
        targets(&folder, "a.tar", Limits::default())
    };
    let first = Ok(("/a.tar!a.btf".to_string(), btf.clone()));

    let mut changed = archive.clone();
    changed[second + 10] = b'x';
    let sum = |header: &[u8]| -> u32 {
        let sum = header.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        sum - header[148..156].iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32
    };
    let (was, is) = (sum(&archive[second..second + 512]), sum(&changed[second..second + 512]));
    let expected = format!(
        "/a.tar: tar header at offset {second:#x} of the archive: checksum is {was}, but the bytes \
         sum up to {is}"
    );
    assert_eq!(found(&changed), [first.clone(), Err(expected)]);

    let expected = format!(
        "/a.tar: tar header at offset {second:#x} of the archive: needs 512 bytes, 100 are left"
    );
    assert_eq!(found(&archive[..second + 100]), [first.clone(), Err(expected)]);

    // A field that is not a number is shown on one line, without control characters.
    for (bytes, shown) in
        [(b"\x1b[2J\nab\0", r"\u{1b}[2J\nab"), (b"\xff\xfe123456", "\u{fffd}\u{fffd}123456")]
    {
        let mut changed = archive.clone();
        changed[second + 148..second + 156].copy_from_slice(bytes);
        let expected = format!(
            "/a.tar: tar header at offset {second:#x} of the archive: checksum `{shown}` is not a \
             number"
        );
        assert_eq!(found(&changed), [first.clone(), Err(expected)]);
    }

    let found = found(&archive[..second + 512 + 1000]);
    assert_eq!(found[0], first);
    let message = found[1].as_ref().unwrap_err();
    assert!(message.starts_with("/a.tar!b.btf: the archive ends "), "{message}");
    assert_eq!(found.len(), 2);
}

#[test]
fn modified_bytes_cause_no_panic() {
    let btf = btf("same.le");
    let mut random = Random(5);
    for (_, file) in samples(&btf) {
        for _ in 0..20 {
            let mut changed = file.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(changed.len());
                changed[at] = random.below(256) as u8;
            }
            count_intact(&changed, &btf);
        }
        // Headers, in particular.
        for _ in 0..20 {
            let mut changed = file.clone();
            let at = random.below(changed.len().min(64));
            changed[at] = random.below(256) as u8;
            count_intact(&changed, &btf);
        }
    }
}
