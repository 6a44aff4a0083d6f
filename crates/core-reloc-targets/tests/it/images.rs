//! Kernel images.

use core_reloc_targets::{Kernels, Limits, open};
use core_reloc_tests::kernel_files::{
    Folder, KERNELS, btf, bz_image, elf, image, kernel, noise, pack, zboot,
};

use crate::support::target_in;

/// How kernels are compressed, according to Linux's `scripts/Makefile.lib`, which appends the
/// unpacked size to all formats but gzip. (LZO is not supported.)
const PACKERS: &[(&str, &str)] = &[
    ("gzip -n -f -9 -c", "gzip"),
    ("xz --check=crc32 --x86 --lzma2=dict=32MiB -c", "xz"),
    ("zstd -22 --ultra -c", "zstd"),
    ("lz4 -l -9 -c", "lz4 (legacy)"),
    ("bzip2 -9 -c", "bzip2"),
    ("xz --format=lzma -9 -c", "lzma"),
];

fn packed(command: &str, kernel: &[u8]) -> Option<Vec<u8>> {
    let mut packed = pack(command, kernel)?;
    if !command.starts_with("gzip") {
        packed.extend((kernel.len() as u32).to_le_bytes());
    }
    Some(packed)
}

fn find(image: &[u8]) -> Result<(String, Vec<u8>), String> {
    target_in(image, Limits::default())
}

#[test]
fn x86_images_state_the_payload() {
    for btf in KERNELS.map(btf) {
        // The kernel is ELF there, its BTF in a section.
        let kernel = elf(&[(".text", &noise(100_000)), (".BTF", &btf), (".data", &[0; 100])]);
        for (packer, name) in PACKERS {
            let Some(payload) = packed(packer, &kernel) else { continue };
            let image = bz_image(&payload, payload.len() as u32);
            assert_eq!(find(&image), Ok((format!("/file!payload({name})@0x700"), btf.clone())));
        }
        let image = bz_image(&kernel, kernel.len() as u32);
        assert_eq!(find(&image), Ok(("/file!payload@0x700".into(), btf)));
    }
}

#[test]
fn images_state_the_release_of_their_kernel() {
    let folder = Folder::new();
    let btf = btf("same.le");
    let release = |name: &str, image: &[u8]| {
        let path = folder.file(name, image);
        open(&path, Limits::default()).unwrap().release().map(str::to_string)
    };
    // A format string comes first, as in real kernels.
    let text = b"Linux version %s (%s)\0Linux version 6.1.0-50-amd64 (builder@host) #1 SMP\0";
    let flat = [&text[..], &kernel(&btf)].concat();
    let kernel = elf(&[(".rodata", text), (".BTF", &btf)]);
    for (name, expected) in [("vmlinuz", "6.1.0-50-amd64"), ("vmlinuz-5.10", "6.1.0-50-amd64")] {
        let image = bz_image(&kernel, kernel.len() as u32);
        assert_eq!(release(name, &image).as_deref(), Some(expected));
    }
    assert_eq!(release("Image", &image(b"ARMd", 56, &flat)).as_deref(), Some("6.1.0-50-amd64"));
    let silent = elf(&[(".BTF", &btf)]);
    let silent = bz_image(&silent, silent.len() as u32);
    assert_eq!(release("vmlinuz-5.10.0", &silent).as_deref(), Some("5.10.0"));
    assert_eq!(release("silent", &silent), None);
}

#[test]
fn kernels_state_their_build() {
    let folder = Folder::new();
    let btf = btf("same.le");
    let text =
        b"Linux version %s (%s)\0Linux version 6.1.0-5 (a@b) (gcc 12) #1 SMP Debian 6.1.1-1\n\0";
    let elf = elf(&[(".rodata", text), (".BTF", &btf)]);
    let build = |name: &str, bytes: &[u8]| {
        let kernel = Kernels::new(&folder.file(name, bytes), Limits::default());
        kernel.choose(None).unwrap().build()
    };
    let expected = (Some("6.1.0-5".to_string()), Some("#1 SMP Debian 6.1.1-1".to_string()));
    assert_eq!(build("vmlinux", &elf), expected);
    assert_eq!(build("vmlinuz", &bz_image(&elf, elf.len() as u32)), expected);
    assert_eq!(build("Image", &image(b"ARMd", 56, &[&text[..], &kernel(&btf)].concat())), expected);
    if let Some(packed) = pack("gzip -c", &elf) {
        assert_eq!(build("vmlinux.gz", &packed), expected);
    }
    assert_eq!(build("5.10.0-1.btf", &btf), (Some("5.10.0-1".to_string()), None));
}

#[test]
fn x86_images_that_do_not_state_the_payload_are_searched() {
    let btf = btf("same.le");
    let Some(payload) = packed("gzip -9 -c", &kernel(&btf)) else { return };
    let mut old = bz_image(&payload, payload.len() as u32);
    old[0x206..0x208].copy_from_slice(&0x0207_u16.to_le_bytes());
    for image in [old, bz_image(&payload, 0)] {
        assert_eq!(find(&image), Ok(("/file!payload(gzip)@0x700".into(), btf.clone())));
    }
}

#[test]
fn compressed_efi_images_state_the_payload() {
    for btf in KERNELS.map(btf) {
        for (packer, name) in PACKERS {
            let Some(payload) = packed(packer, &kernel(&btf)) else { continue };
            let found = format!("/file!payload({name})@0x1000");
            assert_eq!(find(&zboot(&payload)), Ok((found, btf.clone())));
        }
    }
}

#[test]
fn images_of_unpacked_kernels_are_searched() {
    for btf in KERNELS.map(btf) {
        for (magic, offset) in [(&b"ARMd"[..], 56), (b"RSC\x05", 56), (b"S390EP", 0x10008)] {
            let image = image(magic, offset, &kernel(&btf));
            let at = 0x11000 + 100_000;
            assert_eq!(find(&image), Ok((format!("/file!btf@{at:#x}"), btf.clone())));
            for (packer, _) in PACKERS {
                let Some(packed) = pack(packer, &image) else { continue };
                assert_eq!(
                    find(&packed),
                    Ok((format!("/file!btf@{at:#x}"), btf.clone())),
                    "{packer}"
                );
            }
        }
    }
}

#[test]
fn images_that_do_not_state_the_payload_are_searched() {
    // Bytes that look like compressed data come first.
    let decoys = [
        &b"\x28\xb5\x2f\xfd is what zstd starts with. "[..],
        b"\xfd7zXZ\0 is xz's, and that of gzip ",
        b"\x1f\x8b\x08\0 then? All are in the code. ",
    ]
    .concat();
    for btf in KERNELS.map(btf) {
        for (magic, offset) in [(&b"S390EP"[..], 0x10008), (b"\x18\x28\x6f\x01", 36), (b"MZ", 0)] {
            for (packer, name) in PACKERS {
                let Some(payload) = packed(packer, &kernel(&btf)) else { continue };
                let content = [&decoys, &payload[..], &noise(3000)].concat();
                let at = 0x11000 + decoys.len();
                let found = format!("/file!payload({name})@{at:#x}");
                assert_eq!(find(&image(magic, offset, &content)), Ok((found, btf.clone())));
            }
        }
    }
}

#[test]
fn elf_files_that_wrap_a_kernel_are_searched() {
    let btf = btf("same.le");
    let vmlinux = elf(&[(".text", &noise(1000)), (".BTF", &btf)]);
    for (packer, name) in PACKERS {
        let Some(payload) = packed(packer, &vmlinux) else { continue };
        let wrapper = elf(&[(".text", &noise(500)), (".kernel:vmlinux.strip", &payload)]);
        let (path, found) = find(&wrapper).unwrap();
        assert!(path.starts_with(&format!("/file!payload({name})@")), "{path}");
        assert_eq!(found, btf);
    }
}

#[test]
fn the_largest_btf_is_the_kernels() {
    // Kernels embed BPF programs with BTF of their own. Split BTF is not a kernel's.
    let [small, large, module] = ["gone.le", "same.le", "modular.le.stats"].map(btf);
    assert!(small.len() < large.len());
    let mut damaged = [&large[..], &large].concat();
    // An unknown kind.
    damaged[31] = 0x7f;
    let content = [&small[..], &module, &damaged[..large.len()], &large, &small].concat();
    let at = 0x11000 + small.len() + module.len() + large.len();
    let found = find(&image(b"ARMd", 56, &content));
    assert_eq!(found, Ok((format!("/file!btf@{at:#x}"), large)));
}

#[test]
fn kernels_without_btf_are_an_error() {
    let nothing = noise(5000);
    assert_eq!(
        find(&image(b"ARMd", 56, &nothing)),
        Err("/file: found no BTF in the arm64 kernel image".into())
    );
    let Some(payload) = packed("gzip -9 -c", &nothing) else { return };
    assert_eq!(
        find(&bz_image(&payload, payload.len() as u32)),
        Err("/file: found no BTF in the x86 kernel image; gzip data at 0x700: 5000 bytes without BTF"
            .into())
    );
    let vmlinux = elf(&[(".text", &nothing)]);
    let Some(payload) = packed("zstd -c", &vmlinux) else { return };
    let wrapper = elf(&[(".kernel:vmlinux.strip", &payload)]);
    assert_eq!(
        find(&wrapper).unwrap_err(),
        format!(
            "/file: found no BTF in the ELF file that wraps a kernel; zstd data at 0x40: a kernel of \
             {} bytes: the ELF file has no .BTF section",
            vmlinux.len()
        )
    );
}

#[test]
fn a_payload_of_unknown_compression_is_an_error() {
    let image = bz_image(b"\x89LZO\0\r\n\x1a\n", 9);
    assert_eq!(
        find(&image),
        Err("/file: found no BTF in the x86 kernel image; uncompressed data at 0x700: 9 bytes \
             without BTF"
            .into())
    );
}
