//! Damaged files and files without BTF: an error that states what is wrong, and where.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    process::Command,
    thread,
};

use core_reloc_sys::{BtfFile, FileProblem, MAX_LEN, read_elf};
use object::{Architecture, Endianness};

use crate::tree::{Tree, btf, elf, elf_of};

/// Opens and parses a file with these bytes; returns the message of the error.
fn message(bytes: &[u8]) -> String {
    let tree = Tree::new().with("file", bytes);
    let error = BtfFile::open(tree.path("file")).and_then(|file| file.parse().map(drop));
    tree.strip(&error.unwrap_err().to_string())
}

/// Makes an ELF file and changes a field of the `.BTF` section's header. In 64-bit ELF `sh_flags`
/// is at 8, `sh_offset` at 24, `sh_size` at 32.
fn elf_with_header(field: usize, value: u64) -> Vec<u8> {
    let bytes = btf(&["a"]);
    let mut file = elf(&[(".BTF", &bytes)]);
    let headers = u64::from_le_bytes(file[40..48].try_into().unwrap()) as usize;
    let field = headers + 64 + field;
    file[field..field + 8].copy_from_slice(&value.to_le_bytes());
    file
}

#[test]
fn files_without_btf_are_an_error() {
    assert_eq!(message(b""), "/file: is empty");
    assert_eq!(
        message(b"\x1f\x8b\x08\0\0"),
        "/file: starts with 1f 8b 08 00, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)"
    );
    assert_eq!(
        message(b"\x9f"),
        "/file: starts with 9f, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)"
    );
    assert_eq!(message(&elf(&[(".data", &[0])])), "/file: the ELF file has no .BTF section");
    assert_eq!(
        message(&elf(&[(".BTF", &btf(&["a"])), (".BTF.base", &btf(&["b"]))])),
        "/file: its .BTF continues the distilled base in .BTF.base; relocate it onto its kernel's BTF"
    );
}

#[test]
fn files_that_are_not_elf_are_not_objects() {
    let tree = Tree::new().with("file", &btf(&["a"]));
    let error = read_elf(&tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: starts with 9f eb 01 00, expected ELF (7f 45 4c 46)"
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
fn paths_that_are_not_files_are_an_error() {
    let tree = Tree::new().with_directory("file");
    let error = BtfFile::open(tree.path("file")).unwrap_err();
    assert!(matches!(error.problem, FileProblem::Directory), "{error}");
    let error = BtfFile::open(tree.path("nothing")).unwrap_err();
    assert_eq!(tree.strip(&error.to_string()), "/nothing: No such file or directory (os error 2)");
    let error = BtfFile::open("/dev/null").unwrap_err();
    assert!(matches!(error.problem, FileProblem::Empty), "{error}");
    let error = BtfFile::open("/dev/zero").unwrap_err();
    assert!(matches!(error.problem, FileProblem::Unrecognized { .. }), "{error}");
}

#[test]
fn errors_of_damaged_btf_state_the_offset() {
    assert_eq!(
        message(&btf(&["a"])[..20]),
        "/file: BTF header at offset 0x0 needs 24 bytes, 20 are left"
    );
    let mut bytes = btf(&["a"]);
    bytes[2] = 9;
    assert_eq!(message(&bytes), "/file: version at offset 2 is 9, only 1 is known");
    assert_eq!(
        message(&elf(&[(".BTF", &bytes)])),
        "/file: .BTF section at offset 0x40: version at offset 2 is 9, only 1 is known"
    );
}

#[test]
fn errors_of_damaged_elf_state_the_offset() {
    let len = elf_with_header(0, 0).len();
    assert_eq!(
        message(&elf_with_header(24, 1 << 40)),
        format!(
            "/file: .BTF section at offset 0x10000000000: \
             has 39 bytes, but the file ends at offset {len:#x}"
        )
    );
    assert_eq!(
        message(&elf_with_header(32, u64::MAX)),
        format!(
            "/file: .BTF section at offset 0x40: \
             has 18446744073709551615 bytes, but the file ends at offset {len:#x}"
        )
    );
    // SHF_COMPRESSED
    assert_eq!(
        message(&elf_with_header(8, 1 << 11)),
        "/file: .BTF section at offset 0x40: is compressed"
    );
}

#[test]
fn a_large_section_of_a_sparse_file_is_not_read() {
    let tree = Tree::new().with("file", &elf_with_header(32, 1 << 33));
    let file = File::options().write(true).open(tree.path("file")).unwrap();
    file.set_len(1 << 34).unwrap();
    let error = BtfFile::open(tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: the .BTF section has 8589934592 bytes, at most 1073741824 are read"
    );
}

#[test]
fn a_large_table_of_section_headers_is_not_read() {
    let mut bytes = elf(&[(".BTF", &btf(&["a"]))]);
    let headers = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
    // `e_shnum` 0: the size of section 0 is the number of sections.
    bytes[60..62].fill(0);
    bytes[headers + 32..headers + 36].copy_from_slice(&(1_u32 << 28).to_le_bytes());
    let tree = Tree::new().with("file", &bytes);
    let file = File::options().write(true).open(tree.path("file")).unwrap();
    file.set_len(1 << 35).unwrap();
    let error = BtfFile::open(tree.path("file")).unwrap_err();
    assert_eq!(
        tree.strip(&error.to_string()),
        "/file: the table of ELF section headers has 17179869184 bytes, at most 8388608 are read"
    );
}

#[test]
fn the_limit_applies_to_raw_btf_and_to_the_section() {
    let bytes = btf(&["a"]);
    let len = bytes.len() as u64;
    let object = elf(&[(".text", &[0; 9000]), (".BTF", &bytes)]);
    for (content, what) in [(&bytes, "the file"), (&object, "the .BTF section")] {
        let tree = Tree::new().with("file", content);
        let path = tree.path("file");
        assert_eq!(BtfFile::open_with_limit(&path, len).unwrap().as_bytes(), bytes);
        let error = BtfFile::open_with_limit(&path, len - 1).unwrap_err();
        assert_eq!(
            tree.strip(&error.to_string()),
            format!("/file: {what} has {len} bytes, at most {} are read", len - 1)
        );
    }
    // The size of a pipe is unknown beforehand.
    let tree = Tree::new();
    let pipe = tree.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    thread::scope(|scope| {
        scope.spawn(|| fs::write(&pipe, &bytes).unwrap());
        let error = BtfFile::open_with_limit(&pipe, len - 1).unwrap_err();
        assert!(matches!(error.problem, FileProblem::TooLarge { .. }), "{error}");
    });
}

/// The other tests compare the messages.
#[test]
fn every_truncated_file_is_an_error() {
    let bytes = btf(&["first", "second"]);
    for (machine, order) in
        [(Architecture::X86_64, Endianness::Little), (Architecture::Mips, Endianness::Big)]
    {
        for file in [bytes.clone(), elf_of(machine, order, &[(".BTF", &bytes)])] {
            for len in 0..file.len() {
                assert!(message(&file[..len]).starts_with("/file: "), "{len} bytes");
            }
        }
    }
}

#[test]
fn modified_bytes_cause_no_panic() {
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
