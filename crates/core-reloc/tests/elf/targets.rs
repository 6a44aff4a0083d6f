//! The BTF in ELF files of every sort.

use btf_types::{Btf, PointerSize};
use core_reloc::elf::{ObjectError, TypeSections, is_elf};

use crate::file::{ElfFile, ORDERS, SHF_COMPRESSED, SHT_NOBITS, SHT_PROGBITS, target};

/// Returns a file like a kernel: an executable, of a machine that does not exist.
fn kernel(is_64: bool, order: btf_types::ByteOrder) -> ElfFile {
    let file = ElfFile { is_64, e_type: 2, machine: 0xffff, ..ElfFile::bpf(order) };
    file.section(".text", SHT_PROGBITS, &[0; 16]).section(".BTF", SHT_PROGBITS, &target(order))
}

#[test]
fn both_classes_and_byte_orders_are_read() {
    for order in ORDERS {
        for (is_64, pointer_size) in [(false, PointerSize::Four), (true, PointerSize::Eight)] {
            let file = kernel(is_64, order).section(".BTF.base", SHT_PROGBITS, b"base").write();
            let sections = TypeSections::find(&file.bytes).unwrap();
            assert_eq!(sections.btf, Some(&*target(order)));
            assert_eq!(sections.base, Some(&b"base"[..]));
            assert_eq!((sections.pointer_size, sections.byte_order), (pointer_size, order));
            Btf::parse(sections.btf.unwrap()).unwrap();
        }
    }
}

#[test]
fn a_file_without_btf_is_not_an_error() {
    for order in ORDERS {
        let mut file = kernel(true, order);
        file.sections.pop();
        assert_eq!(TypeSections::find(&file.write().bytes).unwrap().btf, None);
        file.sections.pop();
        assert_eq!(TypeSections::find(&file.write().bytes).unwrap().btf, None);
    }
}

#[test]
fn a_damaged_section_is_refused() {
    for is_64 in [false, true] {
        let refused = |change: &dyn Fn(&mut ElfFile)| {
            let mut file = kernel(is_64, ORDERS[0]);
            change(&mut file);
            TypeSections::find(&file.write().bytes).unwrap_err()
        };
        assert_eq!(
            refused(&|file| file.get(".BTF").sh_type = SHT_NOBITS),
            ObjectError::SectionType {
                section: ".BTF".into(),
                found: SHT_NOBITS,
                expected: SHT_PROGBITS
            }
        );
        assert_eq!(
            refused(&|file| file.get(".BTF").flags |= SHF_COMPRESSED),
            ObjectError::Compressed { section: ".BTF".into() }
        );
        assert_eq!(
            refused(&|file| file.get(".text").name = ".BTF"),
            ObjectError::Duplicate { what: ".BTF", first: 1, second: 2 }
        );
    }
}

#[test]
fn an_elf_file_is_recognised_by_its_first_bytes() {
    assert!(is_elf(&kernel(true, ORDERS[1]).write().bytes));
    assert!(!is_elf(&target(ORDERS[0])));
    assert!(!is_elf(b"\x7fEL"));
    assert_eq!(
        TypeSections::find(&target(ORDERS[0])).unwrap_err().to_string(),
        "the file starts with [9f, eb, 01, 00], an ELF file starts with [7f, 45, 4c, 46]"
    );
}
