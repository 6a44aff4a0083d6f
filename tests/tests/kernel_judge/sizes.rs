//! Loads and stores of fields that have another size in the kernel.

use btf_types::TypeId;
use btf_types::build::Builder;
use core_reloc::RelocKind::FieldByteOffset;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::{Insn, Size, load, store, store_register};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, integer, record};
use super::memory::{self, BASE, VALUE};

/// Unsigned fields of the kernel's user-space API, which never change: struct, field, size.
const UNSIGNED: [(&str, &str, u32); 4] = [
    ("iphdr", "ttl", 1),
    ("iphdr", "tot_len", 2),
    ("perf_event_attr", "size", 4),
    ("perf_event_attr", "config", 8),
];

/// Other fields: a pointer, a signed integer of 8 bytes, four bits, bytes.
const POINTER: (&str, &str) = ("list_head", "prev");
const SIGNED: (&str, &str) = ("timespec64", "tv_sec");
const BITFIELD: (&str, &str) = ("iphdr", "ihl");
const ARRAY: (&str, &str) = ("sockaddr", "sa_data_min");

/// The forms of access whose size can change.
fn accesses(size: Size) -> [(&'static str, Insn); 3] {
    [
        ("load", load(size, VALUE, BASE, 0)),
        ("store", store(size, BASE, 0, 0x7654_3210)),
        ("store register", store_register(size, BASE, 0, VALUE)),
    ]
}

/// Accesses the field of a struct that has nothing else, and returns what became of it.
fn access(
    field: (&str, &str),
    insn: Insn,
    what: &str,
    ty: impl FnOnce(&mut Builder<'_>) -> (TypeId, u32),
) -> Outcome {
    access_at("0:0", field, insn, what, ty)
}

fn access_at(
    access: &str,
    (root, field): (&str, &str),
    insn: Insn,
    what: &str,
    ty: impl FnOnce(&mut Builder<'_>) -> (TypeId, u32),
) -> Outcome {
    let (code, at) = memory::around(&[insn]);
    let (local, record) = Local::new(|builder| {
        let (ty, size) = ty(builder);
        let root = builder.structure(root, size).member(field, ty, 0).finish();
        record(builder, FieldByteOffset, root, access)
    });
    let records = [Record { insn_off: at, ..record }];
    Case { local: &local, code: &code, records: &records }
        .check(&format!("{what} of {root}.{field}"))
}

fn runs(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Runs { .. })
}

#[test]
fn accesses_of_unsigned_integers_follow_their_size() {
    if !is_available() {
        return;
    }
    for (root, field, target_size) in UNSIGNED {
        for size in Size::ALL {
            for (name, insn) in accesses(size) {
                let what = format!("{name} of {size:?} as {target_size} bytes");
                let outcome = access((root, field), insn, &what, |builder| {
                    (integer(builder, size.bytes(), false), size.bytes())
                });
                assert!(runs(&outcome), "{what}: {outcome:x?}");
            }
        }
    }
}

/// Only elements are integers that can be accessed; of a whole array the size of an element counts.
#[test]
fn accesses_of_elements_follow_their_size() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Word) {
        let element = |builder: &mut Builder<'_>| (array(builder), 8);
        let what = format!("{name} of an element");
        let outcome = access_at("0:0:0", ARRAY, insn, &what, element);
        assert!(runs(&outcome), "{what}: {outcome:x?}");
        let what = format!("{name} of a whole array");
        let outcome = access(ARRAY, insn, &what, element);
        assert!(outcome.is_poison(), "{what}: {outcome:x?}");
    }
}

/// Two unsigned integers of 4 bytes.
fn array(builder: &mut Builder<'_>) -> TypeId {
    let element = integer(builder, 4, false);
    builder.array(element, element, 2)
}

#[test]
fn the_instruction_s_own_size_must_be_the_local_one() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Half) {
        let outcome = access(("perf_event_attr", "config"), insn, name, |builder| {
            (integer(builder, 4, false), 4)
        });
        assert!(matches!(outcome, Outcome::NotRelocated(_)), "{name}: {outcome:x?}");
        // Where the sizes are equal, nobody looks at it.
        let outcome = access(("perf_event_attr", "size"), insn, name, |builder| {
            (integer(builder, 4, false), 4)
        });
        assert!(runs(&outcome), "{name}: {outcome:x?}");
    }
}

#[test]
fn accesses_that_cannot_follow_are_poisoned() {
    if !is_available() {
        return;
    }
    type Ty = fn(&mut Builder<'_>) -> (TypeId, u32);
    let unsigned: Ty = |builder| (integer(builder, 4, false), 4);
    let signed: Ty = |builder| (integer(builder, 4, true), 4);
    for (field, ty, sort) in [
        (("perf_event_attr", "config"), signed, "signed integer"),
        (SIGNED, signed, "signed integer"),
        (SIGNED, unsigned, "unsigned integer"),
        (BITFIELD, unsigned, "unsigned integer"),
    ] {
        for (name, insn) in accesses(Size::Word) {
            let what = format!("{name} of a {sort}");
            let outcome = access(field, insn, &what, ty);
            assert!(outcome.is_poison(), "{what}: {outcome:x?}");
        }
    }
}

#[test]
fn fields_of_another_sort_do_not_match() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Double) {
        let outcome = access(POINTER, insn, name, |builder| (integer(builder, 8, false), 8));
        assert!(outcome.is_poison(), "{name}: {outcome:x?}");
        let outcome = access(POINTER, insn, name, |builder| (builder.ptr(TypeId::VOID), 8));
        assert!(runs(&outcome), "{name}: {outcome:x?}");
    }
}
