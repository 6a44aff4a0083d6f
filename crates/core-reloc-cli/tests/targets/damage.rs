//! Files that were cut off or changed: an error or what was packed, and never a panic.

use core_reloc_cli::targets::{Limits, Targets};

use crate::make::{
    Folder, Random, btf, bz_image, elf, image, kernel, noise, pack, pack_in, target_in, zboot,
};

/// A file of each sort, all with the same BTF.
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

/// Reads all that is found, and how much of it is the BTF as it was.
fn unharmed(bytes: &[u8], btf: &[u8]) -> usize {
    let folder = Folder::new();
    let path = folder.file("file", bytes);
    let limits = Limits::default().file(1 << 26).archive(1 << 26);
    let mut unharmed = 0;
    for target in Targets::new(&path, limits) {
        match target {
            Ok(file) => {
                unharmed += usize::from(file.as_bytes() == btf);
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
    unharmed
}

#[test]
fn files_that_are_cut_off_have_no_btf() {
    let btf = btf("same.le");
    for (name, file) in samples(&btf) {
        assert_eq!(unharmed(&file, &btf), 1, "{name}");
        // Where what was cut off is not needed, the BTF is there.
        let needed = (0..file.len()).rev().step_by(file.len() / 60 + 1);
        let counts: Vec<_> = needed.map(|len| unharmed(&file[..len], &btf)).collect();
        assert!(counts.is_sorted_by(|longer, shorter| longer >= shorter), "{name}: {counts:?}");
        assert_eq!(counts.last(), Some(&0), "{name}");
    }
}

#[test]
fn data_that_are_cut_off_say_so() {
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
        let complaint = target_in(half, Limits::default()).unwrap_err();
        assert!(complaint.starts_with(&format!("/file: damaged {name} data: ")), "{complaint}");
    }
}

#[test]
fn frames_of_lz4_that_are_cut_off_between_blocks_say_so() {
    let btf = btf("same.le");
    let content = elf(&[(".BTF", &btf), (".data", &noise(200_000))]);
    let Some(packed) = pack("lz4 -B4 -c", &content) else { return };
    // Behind a header of 7 bytes there are blocks that could not be compressed, of 64 KiB each.
    let cut = &packed[..7 + 2 * (4 + (64 << 10))];
    let complaint = target_in(cut, Limits::default()).unwrap_err();
    assert!(complaint.starts_with("/file: damaged lz4 data: "), "{complaint}");
}

#[test]
fn checksums_are_checked() {
    let btf = btf("same.le");
    // Data that cannot be compressed, so that a changed byte is just that.
    let content = elf(&[(".BTF", &btf), (".data", &noise(50_000))]);
    for packer in ["gzip -c", "xz -c", "xz -c --check=crc32", "zstd -c", "lz4 -c", "bzip2 -c"] {
        let Some(mut packed) = pack(packer, &content) else { continue };
        let middle = packed.len() - 20_000;
        packed[middle] ^= 1;
        let complaint = target_in(&packed, Limits::default()).unwrap_err();
        assert!(complaint.starts_with("/file: damaged"), "{packer}: {complaint}");
    }
}

#[test]
fn archives_that_are_damaged_say_where() {
    let btf = btf("same.le");
    let source = Folder::new();
    source.file("a.btf", &btf);
    source.file("b.btf", &btf);
    let Some(archive) = pack_in(&source.path(""), "tar -c -f - a.btf b.btf", b"") else { return };
    let second = 512 + btf.len().next_multiple_of(512);
    let found = |archive: &[u8]| {
        let folder = Folder::new();
        folder.file("a.tar", archive);
        folder.targets("a.tar", Limits::default())
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
        "/a.tar: tar header at offset {second:#x} of the archive: its checksum is {was}, but its \
         bytes sum up to {is}"
    );
    assert_eq!(found(&changed), [first.clone(), Err(expected)]);

    let expected = format!(
        "/a.tar: tar header at offset {second:#x} of the archive: has 512 bytes, but only 100 are left"
    );
    assert_eq!(found(&archive[..second + 100]), [first.clone(), Err(expected)]);

    // What is there instead of a number comes on one line, and does nothing to a terminal.
    for (bytes, shown) in
        [(b"\x1b[2J\nab\0", r"\u{1b}[2J\nab"), (b"\xff\xfe123456", "\u{fffd}\u{fffd}123456")]
    {
        let mut changed = archive.clone();
        changed[second + 148..second + 156].copy_from_slice(bytes);
        let expected = format!(
            "/a.tar: tar header at offset {second:#x} of the archive: its checksum is `{shown}`, \
             which is not a number"
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
fn changed_bytes_do_no_harm() {
    let btf = btf("same.le");
    let mut random = Random(5);
    for (_, file) in samples(&btf) {
        for _ in 0..20 {
            let mut changed = file.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(changed.len());
                changed[at] = random.below(256) as u8;
            }
            unharmed(&changed, &btf);
        }
        // The headers are worth more.
        for _ in 0..20 {
            let mut changed = file.clone();
            let at = random.below(changed.len().min(64));
            changed[at] = random.below(256) as u8;
            unharmed(&changed, &btf);
        }
    }
}
