//! Files that are compressed as a whole, by every supported compressor.

use core_reloc_targets::Limits;
use core_reloc_tests::kernel_files::{KERNELS, btf, elf, noise, pack};

use crate::support::target_in;

/// Compressors, with options that affect their output.
const PACKERS: &[&str] = &[
    "gzip -c",
    "gzip -1 -c",
    "xz -c",
    "xz -0 -c --check=crc32",
    "xz -c --check=sha256",
    "xz -c --check=none",
    "xz -c --x86 --lzma2=dict=1MiB",
    "xz -c --arm64 --lzma2=dict=128MiB",
    "xz -c --delta=dist=4 --lzma2",
    "xz -c --block-size=1000",
    "xz -9e --format=lzma -c",
    "xz -0 --format=lzma -c",
    "zstd -c",
    "zstd -1 -c --no-check",
    "zstd -c --ultra -22",
    "zstd -c --long=27",
    "lz4 -c",
    "lz4 -9 -c -BD -B4 --content-size",
    "lz4 -c --no-frame-crc -BX",
    "lz4 -l -c",
    "lz4 -l -9 -c",
    "bzip2 -c",
    "bzip2 -1 -c",
];

#[test]
fn raw_btf_and_elf_are_unpacked() {
    let limits = Limits::default();
    for kernel in KERNELS {
        let btf = btf(kernel);
        let module = elf(&[(".text", &noise(5000)), (".BTF", &btf)]);
        for packer in PACKERS {
            for content in [&btf, &module] {
                let Some(packed) = pack(packer, content) else { continue };
                assert_eq!(
                    target_in(&packed, limits),
                    Ok(("/file".into(), btf.clone())),
                    "{packer}"
                );
            }
        }
    }
}

#[test]
fn data_of_many_blocks_are_unpacked() {
    // More than two blocks of lz4, which has the largest, of 8 MiB. Part of the data is
    // incompressible.
    let btf = btf("same.le");
    let mut text = noise(9 << 20);
    text.resize(16 << 20, 7);
    let file = elf(&[(".text", &text), (".BTF", &btf)]);
    for packer in ["gzip -1 -c", "xz -0 -c", "zstd -1 -c", "lz4 -c", "lz4 -l -c", "bzip2 -1 -c"] {
        let Some(packed) = pack(packer, &file) else { continue };
        assert_eq!(
            target_in(&packed, Limits::default()),
            Ok(("/file".into(), btf.clone())),
            "{packer}"
        );
    }
}

#[test]
fn concatenated_streams_are_unpacked_as_one() {
    let btf = btf("same.le");
    let (front, back) = btf.split_at(1000);
    for packer in ["gzip -c", "xz -c", "zstd -c", "lz4 -c", "lz4 -l -c", "bzip2 -c"] {
        let (Some(front), Some(back)) = (pack(packer, front), pack(packer, back)) else { continue };
        let packed = [front, back].concat();
        assert_eq!(
            target_in(&packed, Limits::default()),
            Ok(("/file".into(), btf.clone())),
            "{packer}"
        );
    }
}

#[test]
fn data_that_are_compressed_twice_are_rejected() {
    let packed = pack("xz -c", &btf("same.le")).and_then(|packed| pack("gzip -c", &packed));
    let Some(packed) = packed else { return };
    assert_eq!(
        target_in(&packed, Limits::default()),
        Err("/file: unpacks to xz data; only one layer of compression is supported".into())
    );
}

#[test]
fn data_that_unpack_to_an_unknown_format_are_rejected() {
    let Some(packed) = pack("zstd -c", b"hello") else { return };
    assert_eq!(
        target_in(&packed, Limits::default()),
        Err("/file: starts with 68 65 6c 6c, expected BTF, ELF, a kernel image, a tar archive or \
             compressed data of these"
            .into())
    );
}
