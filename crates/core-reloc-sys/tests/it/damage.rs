//! Files that are no BTF, or damaged: every one an error that says where and what.

use std::{fs::File, os::unix::fs::FileExt};

use core_reloc_sys::{BtfFile, FileProblem, MAX_LEN, read_elf};
use object::{Architecture, Endianness};

use crate::tree::{Tree, btf, elf, elf_of};

/// What opening and parsing a file says.
fn complaint(bytes: &[u8]) -> String {
    let tree = Tree::new().with("file", bytes);
    let error = BtfFile::open(tree.path("file")).and_then(|file| file.parse().map(drop));
    tree.strip(&error.unwrap_err().to_string())
}

/// An ELF file whose `.BTF` section's header was changed. In 64-bit ELF that is `sh_flags` at 8,
/// `sh_offset` at 24, `sh_size` at 32.
fn elf_with_header(field: usize, value: u64) -> Vec<u8> {
    let bytes = btf(&["a"]);
    let mut file = elf(&[(".BTF", &bytes)]);
    let headers = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
    let field = headers + 64 + field;
    file[field..field + 8].copy_from_slice(&value.to_le_bytes());
    file
}

#[test]
fn what_is_no_btf_is_refused() {
    assert_eq!(complaint(b""), "/file: is empty");
    assert_eq!(
        complaint(b"\x1f\x8b\x08\0\0"),
        "/file: begins with 1f 8b 08 00, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)"
    );
    assert_eq!(
        complaint(b"\x9f"),
        "/file: begins with 9f, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)"
    );
    assert_eq!(complaint(&elf(&[(".data", &[0])])), "/file: the ELF file has no .BTF section");
    assert_eq!(
        complaint(&elf(&[(".BTF", &btf(&["a"])), (".BTF.base", &btf(&["b"]))])),
        "/file: its .BTF continues the distilled base in .BTF.base, which is not supported"
    );
}

#[test]
fn what_is_no_elf_is_no_object() {
    let tree = Tree::new().with("file", &btf(&["a"]));
    let error = read_elf(&tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: begins with 9f eb 01 00, expected ELF (7f 45 4c 46)"
    );
    let tree = Tree::new().with("file", b"\x7fELF");
    let file = File::options().write(true).open(tree.path("file")).unwrap();
    file.set_len(MAX_LEN + 1).unwrap();
    let error = read_elf(&tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: the file has 1073741825 bytes, at most 1073741824 are read"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let tree = Tree::new().with_directory("file");
    let error = BtfFile::open(tree.path("file")).unwrap_err();
    assert!(matches!(error.problem, FileProblem::Directory), "{error}");
    let error = BtfFile::open(tree.path("nothing")).unwrap_err();
    assert_eq!(tree.strip(&error.to_string()), "/nothing: No such file or directory (os error 2)");
    let error = BtfFile::open("/dev/null").unwrap_err();
    assert!(matches!(error.problem, FileProblem::Empty), "{error}");
    let error = BtfFile::open("/dev/zero").unwrap_err();
    assert!(matches!(error.problem, FileProblem::Unrecognised { .. }), "{error}");
}

#[test]
fn damaged_btf_is_placed() {
    assert_eq!(
        complaint(&btf(&["a"])[..20]),
        "/file: BTF header at offset 0x0 needs 24 bytes, 20 are left"
    );
    let mut bytes = btf(&["a"]);
    bytes[2] = 9;
    assert_eq!(complaint(&bytes), "/file: version at offset 2 is 9, only 1 is known");
    assert_eq!(
        complaint(&elf(&[(".BTF", &bytes)])),
        "/file: .BTF section at offset 0x40: version at offset 2 is 9, only 1 is known"
    );
}

#[test]
fn damaged_elf_is_placed() {
    let len = elf_with_header(0, 0).len();
    assert_eq!(
        complaint(&elf_with_header(24, 1 << 40)),
        format!(
            "/file: .BTF section at offset 0x10000000000: \
             has 39 bytes, but the file ends at offset {len:#x}"
        )
    );
    assert_eq!(
        complaint(&elf_with_header(32, u64::MAX)),
        format!(
            "/file: .BTF section at offset 0x40: \
             has 18446744073709551615 bytes, but the file ends at offset {len:#x}"
        )
    );
    // SHF_COMPRESSED
    assert_eq!(
        complaint(&elf_with_header(8, 1 << 11)),
        "/file: .BTF section at offset 0x40: is compressed"
    );
}

#[test]
fn a_section_in_a_file_full_of_holes_is_not_read() {
    let tree = Tree::new().with("file", &elf_with_header(32, 1 << 33));
    let file = File::options().write(true).open(tree.path("file")).unwrap();
    file.set_len(1 << 34).unwrap();
    let error = BtfFile::open(tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: the .BTF section has 8589934592 bytes, at most 1073741824 are read"
    );
}

/// Whether the right thing is said is for the other tests; here, that something is.
#[test]
fn every_start_of_a_file_is_an_error() {
    let bytes = btf(&["first", "second"]);
    for (machine, order) in
        [(Architecture::X86_64, Endianness::Little), (Architecture::Mips, Endianness::Big)]
    {
        for file in [bytes.clone(), elf_of(machine, order, &[(".BTF", &bytes)])] {
            for len in 0..file.len() {
                assert!(complaint(&file[..len]).starts_with("/file: "), "{len} bytes");
            }
        }
    }
}

#[test]
fn no_changed_byte_is_a_panic() {
    let bytes = btf(&["first", "second"]);
    let content = elf(&[(".BTF", &bytes)]);
    let tree = Tree::new().with("file", &content);
    let path = tree.path("file");
    let file = File::options().write(true).open(&path).unwrap();
    for (at, right) in (0..).zip(&content) {
        for wrong in [0, 1, 0x7f, 0x80, 0xff] {
            file.write_all_at(&[wrong], at).unwrap();
            match BtfFile::open(&path).and_then(|file| file.parse().map(drop)) {
                Ok(()) => {}
                Err(error) => assert_eq!(error.path, path),
            }
        }
        file.write_all_at(&[*right], at).unwrap();
    }
}
