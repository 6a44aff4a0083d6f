//! Tests of the judge, on handwritten BTF with obvious expected values.

use super::*;
use crate::judge::Record;
use crate::judge::handmade::{Blob, Order};

const FIELD_BYTE_OFFSET: u32 = 0;
const FIELD_EXISTS: u32 = 2;
const TYPE_ID_LOCAL: u32 = 6;
const TYPE_EXISTS: u32 = 8;
const ENUMVAL_VALUE: u32 = 11;

/// The poison: `call 0xbad2310`.
fn poison(order: Order) -> [u8; 8] {
    order.insn(0x85, 0, 0, 0, 195_896_080)
}

/// Returns a record of the first instruction.
fn record(type_id: u32, access_str_off: u32, kind: u32) -> Record {
    Record { insn_off: 0, type_id, access_str_off, kind }
}

/// Returns `struct task { int pid; }`, and the access string of `pid`.
fn task() -> (Blob, u32) {
    let mut local = Blob::new();
    local.int().ints("task", 4, &[("pid", 0)]);
    let pid = local.string("0:0");
    (local, pid)
}

#[test]
fn a_moved_field_is_relocated_in_either_byte_order() {
    let (local, pid) = task();
    let mut kernel = Blob::new();
    kernel.int().ints("task", 12, &[("state", 0), ("flags", 4), ("pid", 8)]);
    for local_order in [Order::Little, Order::Big] {
        for kernel_order in [Order::Little, Order::Big] {
            let target = Target::new(&kernel.bytes(kernel_order), &[]).unwrap();
            let mut libbpf = Libbpf::new(&local.bytes(local_order), &target).unwrap();

            // r1 = *(u32 *)(r2 + 0)
            let before = local_order.insn(0x61, 1, 2, 0, 0);
            let mut code = before;
            let verdict = libbpf.relocate(record(2, pid, FIELD_BYTE_OFFSET), &mut code);
            assert_eq!(code, local_order.insn(0x61, 1, 2, 8, 0));
            let Verdict::Relocated(patch) = verdict else { panic!("{verdict:?}") };
            assert_eq!((&patch.before[..], &patch.after[..]), (&before[..], &code[..]));
            assert_eq!(patch.resolution.original, 0);
            assert_eq!(patch.resolution.value, 8);
            assert!(patch.resolution.is_checked);

            // r3 = 0 ll, in two slots
            let mut code = [local_order.insn(0x18, 3, 0, 0, 0), [0; 8]].concat();
            let verdict = libbpf.relocate(record(2, pid, FIELD_BYTE_OFFSET), &mut code);
            assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
            assert_eq!(code, [local_order.insn(0x18, 3, 0, 0, 8), [0; 8]].concat());
        }
    }
}

#[test]
fn a_missing_field_poisons_all_slots() {
    let (local, pid) = task();
    let mut kernel = Blob::new();
    kernel.int().ints("task", 4, &[("tgid", 0)]);
    let target = Target::new(&kernel.bytes(Order::Little), &[]).unwrap();
    for order in [Order::Little, Order::Big] {
        let mut libbpf = Libbpf::new(&local.bytes(order), &target).unwrap();
        let mut code = order.insn(0xb7, 1, 0, 0, 0);
        let verdict = libbpf.relocate(record(2, pid, FIELD_BYTE_OFFSET), &mut code);
        let Verdict::Poisoned(patch) = verdict else { panic!("{verdict:?}") };
        assert!(patch.resolution.is_unresolved);
        assert_eq!(code, poison(order));

        let mut code = [order.insn(0x18, 3, 0, 0, 0), [0; 8]].concat();
        let verdict = libbpf.relocate(record(2, pid, FIELD_BYTE_OFFSET), &mut code);
        assert!(matches!(verdict, Verdict::Poisoned(_)), "{verdict:?}");
        assert_eq!(code, [poison(order), poison(order)].concat());

        // Existence has a value even if the field is missing.
        let mut code = order.insn(0xb7, 1, 0, 0, 1);
        let verdict = libbpf.relocate(record(2, pid, FIELD_EXISTS), &mut code);
        assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
        assert_eq!(code, order.insn(0xb7, 1, 0, 0, 0));
    }
}

#[test]
fn a_renumbered_enumerator_is_relocated() {
    let mut local = Blob::new();
    local.enumeration("state", &[("IDLE", 0), ("BUSY", 1)]);
    let busy = local.string("1");
    let mut kernel = Blob::new();
    kernel.enumeration("state", &[("BUSY", -7), ("IDLE", 0)]);
    let target = Target::new(&kernel.bytes(Order::Little), &[]).unwrap();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();

    let mut code = Order::Little.insn(0xb7, 1, 0, 0, 1);
    let verdict = libbpf.relocate(record(1, busy, ENUMVAL_VALUE), &mut code);
    let Verdict::Relocated(patch) = verdict else { panic!("{verdict:?}") };
    assert_eq!(patch.resolution.value, (-7_i64).cast_unsigned());
    assert_eq!(code, Order::Little.insn(0xb7, 1, 0, 0, -7));
}

/// The kernel has three `task`s: one with neither `a` nor `b`, one with both, and one with `b` at another
/// offset.
fn three_tasks() -> (Blob, [u32; 2], Target) {
    let mut local = Blob::new();
    local.int().ints("task", 8, &[("a", 0), ("b", 4)]);
    let accesses = [local.string("0:0"), local.string("0:1")];
    let mut kernel = Blob::new();
    kernel.int().ints("task", 4, &[("c", 0)]).ints("task___2", 8, &[("a", 0), ("b", 4)]).ints(
        "task___3",
        12,
        &[("b", 8)],
    );
    (local, accesses, Target::new(&kernel.bytes(Order::Little), &[]).unwrap())
}

#[test]
fn candidates_narrow_to_those_that_matched() {
    let (local, [a, b], target) = three_tasks();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();
    assert_eq!(libbpf.candidates(2), Ok(vec![(0, 2), (0, 3), (0, 4)]));

    let mut code = Order::Little.insn(0xb7, 1, 0, 0, 0);
    let verdict = libbpf.relocate(record(2, a, FIELD_BYTE_OFFSET), &mut code);
    assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
    assert_eq!(libbpf.candidates(2), Ok(vec![(0, 3)]));

    // `b` is no longer ambiguous.
    let mut code = Order::Little.insn(0xb7, 1, 0, 0, 4);
    let verdict = libbpf.relocate(record(2, b, FIELD_BYTE_OFFSET), &mut code);
    assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
}

#[test]
fn a_failure_changes_neither_code_nor_candidates() {
    let (local, [a, b], target) = three_tasks();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();

    let before = Order::Little.insn(0xb7, 1, 0, 0, 4);
    let mut code = before;
    let (verdict, log) = logged(|| libbpf.relocate(record(2, b, FIELD_BYTE_OFFSET), &mut code));
    let ambiguous = Failure { stage: Stage::Resolution, errno: Errno(libc::EINVAL) };
    assert_eq!(verdict, Verdict::Failed(ambiguous));
    assert!(log.contains("field offset ambiguity: 64 != 32"), "{log}");
    assert_eq!(code, before);
    assert_eq!(libbpf.candidates(2), Ok(vec![(0, 2), (0, 3), (0, 4)]));

    // The instruction does not hold the offset in the local type.
    let verdict = libbpf.relocate(record(2, a, FIELD_BYTE_OFFSET), &mut code);
    let unexpected = Failure { stage: Stage::Patch, errno: Errno(libc::EINVAL) };
    assert_eq!(verdict, Verdict::Failed(unexpected));
    assert_eq!(code, before);
}

#[test]
fn modules_count_only_if_the_kernel_has_no_candidate() {
    let mut local = Blob::new();
    local.int().ints("task", 4, &[("pid", 0)]).ints("driver", 4, &[("irq", 0)]);
    let first = local.string("0:0");
    let mut kernel = Blob::new();
    kernel.int().ints("task", 8, &[("pid", 4)]);
    let mut module = Blob::split(&kernel);
    module.ints("task", 100, &[("pid", 96)]).ints("driver", 20, &[("irq", 16)]);
    let kernel = kernel.bytes(Order::Little);
    let module = module.bytes(Order::Little);
    let target = Target::new(&kernel, &[("driver", &module)]).unwrap();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();
    assert_eq!(libbpf.candidates(2), Ok(vec![(0, 2)]));
    // The module's ids go on from the kernel's.
    assert_eq!(libbpf.candidates(3), Ok(vec![(1, 4)]));

    for (root, offset) in [(2, 4), (3, 16)] {
        let mut code = Order::Little.insn(0x61, 1, 2, 0, 0);
        let verdict = libbpf.relocate(record(root, first, FIELD_BYTE_OFFSET), &mut code);
        assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
        assert_eq!(code, Order::Little.insn(0x61, 1, 2, offset, 0));
    }
}

#[test]
fn an_anonymous_root_has_only_a_local_id() {
    let mut local = Blob::new();
    local.int().ints("", 4, &[("pid", 0)]);
    let whole = local.string("0");
    let mut kernel = Blob::new();
    kernel.int();
    let target = Target::new(&kernel.bytes(Order::Little), &[]).unwrap();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();

    let mut code = Order::Little.insn(0xb7, 1, 0, 0, 0);
    let verdict = libbpf.relocate(record(2, whole, TYPE_ID_LOCAL), &mut code);
    assert!(matches!(verdict, Verdict::Relocated(_)), "{verdict:?}");
    assert_eq!(code, Order::Little.insn(0xb7, 1, 0, 0, 2));

    for root in [0, 2, 3] {
        let verdict = libbpf.relocate(record(root, whole, TYPE_EXISTS), &mut code);
        let nameless = Failure { stage: Stage::Candidates, errno: Errno(libc::EINVAL) };
        assert_eq!(verdict, Verdict::Failed(nameless), "root {root}");
    }
}

#[test]
fn instructions_outside_the_code_fail() {
    let (local, pid) = task();
    let target = Target::new(&local.bytes(Order::Little), &[]).unwrap();
    let mut libbpf = Libbpf::new(&local.bytes(Order::Little), &target).unwrap();
    let mut code = Order::Little.insn(0x18, 1, 0, 0, 0);
    for insn_off in [0, 4, 8, u32::MAX] {
        let record = Record { insn_off, ..record(2, pid, FIELD_BYTE_OFFSET) };
        let verdict = libbpf.relocate(record, &mut code);
        let outside = Failure { stage: Stage::Instruction, errno: Errno(libc::EINVAL) };
        assert_eq!(verdict, Verdict::Failed(outside), "offset {insn_off}");
    }
}

#[test]
fn access_strings_become_specs() {
    let (mut local, pid) = task();
    let wrong = local.string("0:1");
    let target = Target::new(&local.bytes(Order::Little), &[]).unwrap();
    let libbpf = Libbpf::new(&local.bytes(Order::Big), &target).unwrap();
    let root = Accessor { type_id: 2, index: 0, name: None };
    let field = Accessor { type_id: 2, index: 0, name: Some("pid".into()) };
    assert_eq!(
        libbpf.local_spec(record(2, pid, FIELD_BYTE_OFFSET)),
        Ok(Spec { accessors: vec![root, field], raw: vec![0, 0], bit_offset: 0 })
    );
    let none = Err(Errno(libc::EINVAL));
    assert_eq!(libbpf.local_spec(record(2, wrong, FIELD_BYTE_OFFSET)), none);
}

#[test]
fn types_are_compared() {
    let mut local = Blob::new();
    local.int().ints("task", 4, &[("pid", 0)]).enumeration("task", &[("A", 0)]);
    let mut kernel = Blob::new();
    kernel.int().ints("task", 8, &[("tgid", 0), ("pid", 4)]).ints("task", 4, &[("tgid", 0)]);
    let local = Btf::new(&local.bytes(Order::Little)).unwrap();
    let kernel = Btf::new(&kernel.bytes(Order::Big)).unwrap();
    assert!(kernel.is_foreign() != local.is_foreign());
    assert_eq!(kernel.type_count(), 4);

    // Any two structs are compatible; a match needs all members.
    assert_eq!(types_are_compat(&local, 2, &kernel, 2), Ok(true));
    assert_eq!(types_are_compat(&local, 2, &kernel, 3), Ok(true));
    assert_eq!(types_are_compat(&local, 3, &kernel, 2), Ok(false));
    assert_eq!(types_match(&local, 2, &kernel, 2), Ok(true));
    assert_eq!(types_match(&local, 2, &kernel, 3), Ok(false));
    assert_eq!(types_match(&local, 2, &kernel, 4), Err(Errno(libc::EINVAL)));
}

#[test]
fn essential_names_have_no_flavor() {
    for (name, essential) in
        [("task___v2", "task"), ("a___b___c", "a___b"), ("___x", "___x"), ("task___", "task___")]
    {
        assert_eq!(essential_name(name), essential);
    }
}

#[test]
fn damaged_btf_is_refused_with_libbpfs_message() {
    let mut bytes = task().0.bytes(Order::Little);
    bytes[0] = 0;
    let error = Btf::new(&bytes).unwrap_err();
    assert_eq!(error.errno, Errno(libc::EINVAL));
    assert!(error.to_string().contains("magic"), "{error}");
}
