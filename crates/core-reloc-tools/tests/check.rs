//! Which question about existence a poisoned instruction that is reached is reported with.
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
use core_reloc_tools::{
    check::{Checker, RelocationVerdict},
    needs::Kernel,
};

use elf_writer::{ElfFile, ORDERS, SHT_PROGBITS, mov};

/// A relocation: the kind, the root type, the access string, and the value that the compiler wrote.
type Record = (RelocKind, &'static str, &'static str, u32);

const OBJECT: &str = "
    enum e { A = 1, B = 2 };
    struct b { unsigned c; unsigned d; };
    struct a { unsigned x; struct b b; struct b arr[2]; };
    struct a___v2 { unsigned x; struct b b; struct b arr[2]; };
";

/// The kernel has only one member of one type.
const KERNEL: &str = "struct a { unsigned x; };";

/// An object whose program asks in one instruction and needs in the next. If `is_elsewhere`, another program
/// asks.
fn object(order: ByteOrder, question: Record, need: Record, is_elsewhere: bool) -> Vec<u8> {
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
    ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section("tc", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &btf.finish().unwrap())
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .functions(&[("run", "xdp"), ("classify", "tc")])
        .write()
        .bytes
}

/// Returns the index of the relocation that asks about what the other one needs.
#[track_caller]
fn asked(question: Record, need: Record, is_elsewhere: bool) -> Option<usize> {
    let asked = ORDERS.map(|order| {
        let object = object(order, question, need, is_elsewhere);
        let kernel = btf_from_c::btf(order, KERNEL);
        let (object, kernel) = (Object::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
        let target = Target::new(&kernel);
        let checked = Checker::new(&object).unwrap().check(&Kernel::new(&target));
        let findings: Vec<RelocationVerdict> =
            checked.findings.iter().map(|finding| finding.verdict).collect();
        // The need is the first record.
        match findings[..] {
            [
                RelocationVerdict::Poisoned { asked },
                RelocationVerdict::Unchanged | RelocationVerdict::Changed,
            ] => asked,
            _ => panic!("{findings:?}"),
        }
    });
    assert_eq!(asked[0], asked[1]);
    asked[0]
}

const ABC: Record = (FieldByteOffset, "a", "0:1:0", 4);
const ASKED: Option<usize> = Some(1);

#[test]
fn questions_about_what_contains_the_field_count() {
    for question in [
        (FieldExists, "a", "0:1:0", 1),
        (FieldExists, "a", "0:1", 1),
        (FieldExists, "b", "0:0", 1),
        (TypeExists, "b", "0", 1),
        // In another flavor.
        (FieldExists, "a___v2", "0:1:0", 1),
        (FieldExists, "a___v2", "0:1", 1),
        // A match, in the same flavor.
        (TypeMatches, "a", "0", 1),
        (TypeMatches, "b", "0", 1),
    ] {
        assert_eq!(asked(question, ABC, false), ASKED, "{question:?}");
    }
}

#[test]
fn questions_about_something_else_do_not() {
    for question in [
        // They exist.
        (FieldExists, "a", "0:0", 1),
        (TypeExists, "a", "0", 1),
        // Another member, or element.
        (FieldExists, "b", "0:1", 1),
        (FieldExists, "a", "0:1:1", 1),
        (FieldExists, "a", "0:2:0:0", 1),
        (TypeExists, "e", "0", 1),
        // A match, in another flavor.
        (TypeMatches, "a___v2", "0", 1),
        // Not a question about existence.
        (TypeSize, "b", "0", 8),
    ] {
        assert_eq!(asked(question, ABC, false), None, "{question:?}");
    }
}

#[test]
fn questions_about_other_elements_do_not() {
    // a.arr[1].c
    let need = (FieldByteOffset, "a", "0:2:1:0", 20);
    for (question, expected) in [
        ((FieldExists, "a", "0:2:1:0", 1), ASKED),
        ((FieldExists, "a", "0:2", 1), ASKED),
        ((FieldExists, "b", "0:0", 1), ASKED),
        ((FieldExists, "a", "0:2:0:0", 1), None),
        ((FieldExists, "b", "0:1", 1), None),
    ] {
        assert_eq!(asked(question, need, false), expected, "{question:?}");
    }
}

#[test]
fn questions_about_an_enumerator_or_its_enum_count() {
    let need = (EnumvalValue, "e", "0", 1);
    for (question, expected) in [
        ((EnumvalExists, "e", "0", 1), ASKED),
        ((TypeExists, "e", "0", 1), ASKED),
        ((EnumvalExists, "e", "1", 1), None),
        ((TypeExists, "b", "0", 1), None),
    ] {
        assert_eq!(asked(question, need, false), expected, "{question:?}");
    }
}

#[test]
fn the_question_may_be_in_another_program() {
    assert_eq!(asked((FieldExists, "a", "0:1", 1), ABC, true), ASKED);
}
