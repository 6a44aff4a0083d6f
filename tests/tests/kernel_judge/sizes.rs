//! Loads and stores of fields that have another size in the kernel.

use core_reloc::RelocKind::FieldByteOffset;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::{Insn, Size, load, store, store_register};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};
use super::memory::{self, BASE, VALUE};

/// Struct, field and size of unsigned fields in the kernel's user-space API, which is stable.
const UNSIGNED: [(&str, &str, u32); 4] = [
    ("iphdr", "ttl", 1),
    ("iphdr", "tot_len", 2),
    ("perf_event_attr", "size", 4),
    ("perf_event_attr", "config", 8),
];

/// Other fields: a pointer, a signed integer of 8 bytes, a bitfield of 4 bits, an array of bytes.
const POINTER: (&str, &str) = ("list_head", "prev");
const SIGNED: (&str, &str) = ("timespec64", "tv_sec");
const BITFIELD: (&str, &str) = ("iphdr", "ihl");
const ARRAY: (&str, &str) = ("sockaddr", "sa_data_min");

/// Returns the accesses that can be resized.
fn accesses(size: Size) -> [(&'static str, Insn); 3] {
    [
        ("load", load(size, VALUE, BASE, 0)),
        ("store", store(size, BASE, 0, 0x7654_3210)),
        ("store register", store_register(size, BASE, 0, VALUE)),
    ]
}

/// Relocates an access to the only field of a struct. In the declaration of the field, `$` stands for its
/// name.
fn access(field: (&str, &str), insn: Insn, what: &str, declaration: &str) -> Outcome {
    access_at("0:0", field, insn, what, declaration)
}

fn access_at(
    access: &str,
    (root, field): (&str, &str),
    insn: Insn,
    what: &str,
    declaration: &str,
) -> Outcome {
    let (code, at) = memory::around(&[insn]);
    let (local, record) = Local::new(|builder| {
        let declaration = declaration.replace('$', field);
        let ids = declare(builder, &format!("struct {root} {{ {declaration}; }};"));
        record(builder, FieldByteOffset, ids.id(root), access)
    });
    let records = [Record { insn_off: at, ..record }];
    Case { local: &local, code: &code, records: &records }
        .check(&format!("{what} of {root}.{field}"))
}

/// Returns the declaration of an unsigned field.
fn unsigned(size: Size) -> &'static str {
    match size {
        Size::Byte => "unsigned char $",
        Size::Half => "unsigned short $",
        Size::Word => "unsigned $",
        Size::Double => "unsigned long $",
    }
}

fn runs(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Runs { .. })
}

#[test]
fn accesses_to_unsigned_integers_are_resized() {
    if !is_available() {
        return;
    }
    for (root, field, target_size) in UNSIGNED {
        for size in Size::ALL {
            for (name, insn) in accesses(size) {
                let what = format!("{name} of {size:?} as {target_size} bytes");
                let outcome = access((root, field), insn, &what, unsigned(size));
                assert!(runs(&outcome), "{what}: {outcome:x?}");
            }
        }
    }
}

/// An element is an integer, an array is not.
#[test]
fn accesses_to_elements_are_resized() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Word) {
        let what = format!("{name} of an element");
        let outcome = access_at("0:0:0", ARRAY, insn, &what, "unsigned $[2]");
        assert!(runs(&outcome), "{what}: {outcome:x?}");
        let what = format!("{name} of a whole array");
        let outcome = access(ARRAY, insn, &what, "unsigned $[2]");
        assert!(outcome.is_poison(), "{what}: {outcome:x?}");
    }
}

#[test]
fn an_access_that_is_resized_must_have_the_local_size() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Half) {
        let outcome = access(("perf_event_attr", "config"), insn, name, "unsigned $");
        assert!(matches!(outcome, Outcome::NotRelocated(_)), "{name}: {outcome:x?}");
        // Where both fields have the same size, that of the access is not checked.
        let outcome = access(("perf_event_attr", "size"), insn, name, "unsigned $");
        assert!(runs(&outcome), "{name}: {outcome:x?}");
    }
}

#[test]
fn accesses_that_cannot_be_resized_are_poisoned() {
    if !is_available() {
        return;
    }
    for (field, declaration) in [
        (("perf_event_attr", "config"), "int $"),
        (SIGNED, "int $"),
        (SIGNED, "unsigned $"),
        (BITFIELD, "unsigned $"),
    ] {
        for (name, insn) in accesses(Size::Word) {
            let what = format!("{name} of `{declaration}`");
            let outcome = access(field, insn, &what, declaration);
            assert!(outcome.is_poison(), "{what}: {outcome:x?}");
        }
    }
}

#[test]
fn an_integer_does_not_match_a_pointer() {
    if !is_available() {
        return;
    }
    for (name, insn) in accesses(Size::Double) {
        let outcome = access(POINTER, insn, name, "unsigned long $");
        assert!(outcome.is_poison(), "{name}: {outcome:x?}");
        let outcome = access(POINTER, insn, name, "void *$");
        assert!(runs(&outcome), "{name}: {outcome:x?}");
    }
}
