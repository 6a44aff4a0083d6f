//! Which poisoned relocations an existence check guards.
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

/// An object whose program has a check in one instruction and a need in the next. If `is_elsewhere`, the
/// check is in another program.
fn object(order: ByteOrder, check: Record, need: Record, is_elsewhere: bool) -> Vec<u8> {
    let mut btf = Builder::new(order);
    let ids = btf_from_c::declare(&mut btf, OBJECT).unwrap();
    let mut ext = ExtBuilder::new(order);
    let checking = if is_elsewhere { "tc" } else { "xdp" };
    for (section, insn_off, (kind, root, access, _)) in [("xdp", 8, need), (checking, 0, check)] {
        let access_str_off = btf.string(access);
        let kind = kind.to_raw();
        let record = CoreReloc { insn_off, type_id: ids.id(root), access_str_off, kind };
        ext.core_relocs(btf.string(section), [record]);
    }
    let code = [mov(order, check.3), mov(order, need.3)].concat();
    ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section("tc", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &btf.finish().unwrap())
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .functions(&[("run", "xdp"), ("classify", "tc")])
        .write()
        .bytes
}

/// Returns the guard of the need.
#[track_caller]
fn guard(check: Record, need: Record, is_elsewhere: bool) -> Option<Guard> {
    let guards = ORDERS.map(|order| {
        let object = object(order, check, need, is_elsewhere);
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

const ABC: Record = (FieldByteOffset, "a", "0:1:0", 4);
const BY_EXISTENCE: Option<Guard> = Some(Guard::Existence { relocation: 1, in_function: true });

#[test]
fn checks_of_what_contains_the_field_guard_it() {
    for check in [
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
        assert_eq!(guard(check, ABC, false), BY_EXISTENCE, "{check:?}");
    }
}

#[test]
fn checks_of_something_else_do_not_guard_it() {
    for check in [
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
        // Not a check.
        (TypeSize, "b", "0", 8),
    ] {
        assert_eq!(guard(check, ABC, false), None, "{check:?}");
    }
}

#[test]
fn checks_of_other_elements_do_not_guard() {
    // a.arr[1].c
    let need = (FieldByteOffset, "a", "0:2:1:0", 20);
    for (check, expected) in [
        ((FieldExists, "a", "0:2:1:0", 1), BY_EXISTENCE),
        ((FieldExists, "a", "0:2", 1), BY_EXISTENCE),
        ((FieldExists, "b", "0:0", 1), BY_EXISTENCE),
        ((FieldExists, "a", "0:2:0:0", 1), None),
        ((FieldExists, "b", "0:1", 1), None),
    ] {
        assert_eq!(guard(check, need, false), expected, "{check:?}");
    }
}

#[test]
fn checks_of_an_enumerator_or_its_enum_guard_it() {
    let need = (EnumvalValue, "e", "0", 1);
    for (check, expected) in [
        ((EnumvalExists, "e", "0", 1), BY_EXISTENCE),
        ((TypeExists, "e", "0", 1), BY_EXISTENCE),
        ((EnumvalExists, "e", "1", 1), None),
        ((TypeExists, "b", "0", 1), None),
    ] {
        assert_eq!(guard(check, need, false), expected, "{check:?}");
    }
}

#[test]
fn the_check_may_be_in_another_function() {
    let check = (FieldExists, "a", "0:1", 1);
    let expected = Guard::Existence { relocation: 1, in_function: false };
    assert_eq!(guard(check, ABC, true), Some(expected));
}
