//! What is guarded, and what is not.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{
    Btf, ByteOrder,
    build::{Builder, ExtBuilder},
    ext::CoreReloc,
};
use core_reloc::{
    RelocKind::{self, *},
    Target,
    elf::Object,
};
use core_reloc_tools::check::{Checker, Guard, Verdict};

#[path = "../../core-reloc/tests/elf/file.rs"]
#[allow(dead_code, reason = "the tests of whole objects use the rest")]
mod file;

use self::file::{ElfFile, ORDERS, SHT_PROGBITS, SHT_STRTAB, SHT_SYMTAB, mov, symbol};

/// A relocation: what is asked, of which type, by which path, and what the compiler wrote.
type Asked = (RelocKind, &'static str, &'static str, u32);

const OBJECT: &str = "
    enum e { A = 1, B = 2 };
    struct b { unsigned c; unsigned d; };
    struct a { unsigned x; struct b b; struct b arr[2]; };
    struct a___v2 { unsigned x; struct b b; struct b arr[2]; };
";

/// The kernel has only a part of one type.
const KERNEL: &str = "struct a { unsigned x; };";

/// An object whose program asks in one instruction, and needs something in the next; `is_elsewhere`
/// has another program ask.
fn object(order: ByteOrder, question: Asked, need: Asked, is_elsewhere: bool) -> Vec<u8> {
    let mut btf = Builder::new(order);
    let ids = btf_from_c::declare(&mut btf, OBJECT).unwrap();
    let mut ext = ExtBuilder::new(order);
    let asking = if is_elsewhere { "tc" } else { "xdp" };
    for (section, insn_off, (kind, root, access, _)) in [("xdp", 8, need), (asking, 0, question)] {
        let access_str_off = btf.string(access);
        let kind = kind.to_raw();
        let record = CoreReloc { insn_off, type_id: ids.id(root), access_str_off, kind };
        ext.core_relocs(btf.string(section), [record]);
    }
    let code = [mov(order, question.3), mov(order, need.3)].concat();
    let mut file = ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section("tc", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &btf.finish().unwrap())
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .section(".strtab", SHT_STRTAB, b"\0run\0classify\0");
    let none = symbol(order, 0, 0, 0, 0);
    let run = symbol(order, 1, file.index("xdp") as u16, 0, 16);
    let classify = symbol(order, 5, file.index("tc") as u16, 0, 16);
    file = file.section(".symtab", SHT_SYMTAB, &[none, run, classify].concat());
    file.get(".symtab").link = file.index(".strtab");
    file.write().bytes
}

/// What guards what the object needs.
#[track_caller]
fn guard(question: Asked, need: Asked, is_elsewhere: bool) -> Option<Guard> {
    let guards = ORDERS.map(|order| {
        let object = object(order, question, need, is_elsewhere);
        let kernel = btf_from_c::btf(order, KERNEL);
        let (object, kernel) = (Object::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
        let findings: Vec<Verdict> = Checker::new(&object)
            .check(&Target::new(&kernel))
            .iter()
            .map(|finding| finding.verdict)
            .collect();
        // The need is the first record.
        match findings[..] {
            [Verdict::Poisoned { guard }, Verdict::Unchanged | Verdict::Changed] => guard,
            _ => panic!("{findings:?}"),
        }
    });
    assert_eq!(guards[0], guards[1]);
    guards[0]
}

const ABC: Asked = (FieldByteOffset, "a", "0:1:0", 4);
const BY_EXISTENCE: Option<Guard> = Some(Guard::Existence { relocation: 1, in_function: true });

#[test]
fn checks_of_what_contains_the_field_guard_it() {
    for question in [
        (FieldExists, "a", "0:1:0", 1),
        (FieldExists, "a", "0:1", 1),
        (FieldExists, "b", "0:0", 1),
        (TypeExists, "b", "0", 1),
        // Of another flavor.
        (FieldExists, "a___v2", "0:1:0", 1),
        (FieldExists, "a___v2", "0:1", 1),
        // About the very definition.
        (TypeMatches, "a", "0", 1),
        (TypeMatches, "b", "0", 1),
    ] {
        assert_eq!(guard(question, ABC, false), BY_EXISTENCE, "{question:?}");
    }
}

#[test]
fn checks_of_something_else_do_not_guard_it() {
    for question in [
        // It exists.
        (FieldExists, "a", "0:0", 1),
        (TypeExists, "a", "0", 1),
        // Another member, or element.
        (FieldExists, "b", "0:1", 1),
        (FieldExists, "a", "0:1:1", 1),
        (FieldExists, "a", "0:2:0:0", 1),
        (TypeExists, "e", "0", 1),
        // Another definition.
        (TypeMatches, "a___v2", "0", 1),
        // No question.
        (TypeSize, "b", "0", 8),
    ] {
        assert_eq!(guard(question, ABC, false), None, "{question:?}");
    }
}

#[test]
fn elements_are_distinguished() {
    // a.arr[1].c
    let need = (FieldByteOffset, "a", "0:2:1:0", 20);
    for (question, expected) in [
        ((FieldExists, "a", "0:2:1:0", 1), BY_EXISTENCE),
        ((FieldExists, "a", "0:2", 1), BY_EXISTENCE),
        ((FieldExists, "b", "0:0", 1), BY_EXISTENCE),
        ((FieldExists, "a", "0:2:0:0", 1), None),
        ((FieldExists, "b", "0:1", 1), None),
    ] {
        assert_eq!(guard(question, need, false), expected, "{question:?}");
    }
}

#[test]
fn enumerators_guard_themselves() {
    let need = (EnumvalValue, "e", "0", 1);
    for (question, expected) in [
        ((EnumvalExists, "e", "0", 1), BY_EXISTENCE),
        ((TypeExists, "e", "0", 1), BY_EXISTENCE),
        ((EnumvalExists, "e", "1", 1), None),
        ((TypeExists, "b", "0", 1), None),
    ] {
        assert_eq!(guard(question, need, false), expected, "{question:?}");
    }
}

#[test]
fn another_function_may_check() {
    let question = (FieldExists, "a", "0:1", 1);
    let expected = Guard::Existence { relocation: 1, in_function: false };
    assert_eq!(guard(question, ABC, true), Some(expected));
}
