//! Relocations that both sides reject or poison.

use btf_types::TypeId;
use btf_types::build::Builder;
use core_reloc::RelocKind::{self, *};
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::{
    Insn, Size, add, call, copy, exit, insn, load, set, set64,
};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};
use super::namesakes;

const TYPES: &str = "
    struct list_head { void *next; void *prev; void *no_such_field; };
    enum pid_type { PIDTYPE_PID };
    typedef struct { void *next; } of_anonymous;
";

/// The root types of the relocations.
struct Types {
    list: TypeId,
    pids: TypeId,
    anonymous: TypeId,
}

fn types(builder: &mut Builder<'_>) -> Types {
    let ids = declare(builder, TYPES);
    Types {
        list: ids.id("list_head"),
        pids: ids.id("pid_type"),
        // The typedef comes right after its struct.
        anonymous: TypeId(ids.id("of_anonymous").0 - 1),
    }
}

/// Returns the outcome on both sides of a program with one relocation, of the first instruction.
#[track_caller]
fn outcome(
    code: &[Insn],
    what: &str,
    record: impl FnOnce(&mut Builder<'_>, &Types) -> Record,
) -> Outcome {
    let (local, record) = Local::new(|builder| {
        let types = types(builder);
        record(builder, &types)
    });
    Case { local: &local, code, records: &[record] }.check(what)
}

#[track_caller]
fn fails(code: &[Insn], what: &str, record: impl FnOnce(&mut Builder<'_>, &Types) -> Record) {
    let outcome = outcome(code, what, record);
    assert!(matches!(outcome, Outcome::NotRelocated(_)), "{what}: {outcome:x?}");
}

/// Returns a relocation of `list_head.prev`, which both sides have at byte 8.
fn prev(builder: &mut Builder<'_>, types: &Types) -> Record {
    record(builder, FieldByteOffset, types.list, "0:1")
}

fn missing(builder: &mut Builder<'_>, types: &Types) -> Record {
    record(builder, FieldByteOffset, types.list, "0:2")
}

#[test]
fn instructions_of_other_forms_are_refused() {
    if !is_available() {
        return;
    }
    const JEQ: u8 = 0x15;
    const LD_ABS_WORD: u8 = 0x20;
    const MOV_REGISTER: u8 = 0xbf;
    const MAP_FD: u8 = 1;
    let [low, high] = set64(0, 8);
    let map = [insn(0x18, 0, MAP_FD, 0, 8), high];
    let odd_second_slot = [low, insn(0x00, 0, 0, 1, 0)];
    for (what, code) in [
        ("a jump", &[insn(JEQ, 1, 0, 0, 8)][..]),
        ("a call", &[call(8)]),
        ("the end", &[exit()]),
        ("an operation on a register", &[insn(MOV_REGISTER, 0, 1, 0, 8)]),
        ("a load of a packet", &[insn(LD_ABS_WORD, 0, 0, 0, 8)]),
        ("the address of a map", &map),
        ("a 64-bit immediate with an odd second slot", &odd_second_slot),
    ] {
        fails(&[code, &[exit()]].concat(), what, prev);
    }
    fails(&[low, high, exit()], "the second slot of a 64-bit immediate", |builder, types| Record {
        insn_off: 8,
        ..prev(builder, types)
    });
}

#[test]
fn instructions_that_do_not_hold_the_original_are_refused() {
    if !is_available() {
        return;
    }
    let [low, high] = set64(0, 9);
    let [low_8, high_1] = set64(0, 8 | 1 << 32);
    for (what, code) in [
        ("an operation", vec![set(0, 9)]),
        ("a load", vec![load(Size::Double, 0, 1, 9)]),
        ("a 64-bit immediate", vec![low, high]),
        ("a 64-bit immediate with a wrong upper half", vec![low_8, high_1]),
    ] {
        let code = [code, vec![set(0, 0), exit()]].concat();
        fails(&code, what, prev);
    }
}

#[test]
fn offsets_without_an_instruction_are_refused() {
    if !is_available() {
        return;
    }
    let code = [set(0, 8), set(0, 0), exit()];
    for insn_off in [4, 24, 32, u32::MAX - 7] {
        let what = format!("instruction at {insn_off}");
        fails(&code, &what, |builder, types| Record { insn_off, ..prev(builder, types) });
    }
}

#[test]
fn invalid_records_are_refused() {
    if !is_available() {
        return;
    }
    let code = [set(0, 8), exit()];
    type Root = fn(&Types) -> TypeId;
    let records: [(&str, RelocKind, Root, &str); 9] = [
        ("a missing member", FieldExists, |types| types.list, "0:3"),
        ("a path into a pointer", FieldExists, |types| types.list, "0:1:0"),
        ("an empty access string", FieldExists, |types| types.list, ""),
        ("an access string of letters", FieldExists, |types| types.list, "0:x"),
        ("another element of a type", TypeSize, |types| types.list, "1"),
        ("a missing enumerator", EnumvalValue, |types| types.pids, "1"),
        ("an enumerator of a struct", EnumvalValue, |types| types.list, "0"),
        ("a type without a name", FieldExists, |types| types.anonymous, "0:0"),
        ("a missing type", FieldExists, |_| TypeId(1000), "0:0"),
    ];
    for (what, kind, root, access) in records {
        fails(&code, what, |builder, types| record(builder, kind, root(types), access));
    }
    fails(&code, "an unknown kind", |builder, types| Record { kind: 13, ..prev(builder, types) });
}

#[test]
fn an_offset_must_fit_in_a_load() {
    if !is_available() {
        return;
    }
    let far = |builder: &mut Builder<'_>, types: &Types| {
        record(builder, FieldByteOffset, types.list, "3000:1")
    };
    let original = 3000 * 24 + 8;
    fails(&[insn(0x79, 0, 1, 0x1948, 0), exit()], "an offset above 32767", far);
    let what = "an offset above 32767 in an operation";
    let outcome = outcome(&[set(0, original), exit()], what, far);
    assert!(matches!(outcome, Outcome::Runs { returned: 48_008, .. }), "{outcome:x?}");
}

#[test]
fn the_verifier_refuses_only_reachable_poison() {
    if !is_available() {
        return;
    }
    const JUMP_IF_EQUAL: u8 = 0x15;
    let [low, high] = set64(0, 16);
    for (what, poisoned) in [
        ("an operation", vec![set(0, 16)]),
        ("a load", vec![load(Size::Double, 0, 1, 16)]),
        ("a 64-bit immediate", vec![low, high]),
    ] {
        let reached = [&poisoned[..], &[exit()]].concat();
        let refused = outcome(&reached, what, missing);
        assert!(refused.is_poison(), "{what}: {refused:x?}");

        let around = insn(JUMP_IF_EQUAL, 0, 0, poisoned.len() as i16, 5);
        let guarded = [&[set(0, 5), around][..], &poisoned, &[exit()]].concat();
        let runs = outcome(&guarded, what, |builder, types| Record {
            insn_off: 16,
            ..missing(builder, types)
        });
        assert!(matches!(runs, Outcome::Runs { returned: 5, .. }), "{what}: {runs:x?}");
    }
}

/// An unresolved relocation is poisoned even if the instruction does not hold the original.
#[test]
fn an_instruction_is_not_checked_before_it_is_poisoned() {
    if !is_available() {
        return;
    }
    for code in [set(0, 1234), add(0, 16), copy(0, 1), call(1)] {
        let refused = outcome(&[code, exit()], "poison", missing);
        assert!(refused.is_poison(), "{code:x?}: {refused:x?}");
    }
}

#[test]
fn candidates_that_disagree_are_refused() {
    if !is_available() {
        return;
    }
    let Some(namesakes::Structs { name, .. }) = namesakes::structs() else {
        println!("the kernel has no two structs with the same name and different sizes");
        return;
    };
    let check = |kind, expected_failure: bool| {
        let (local, record) = Local::new(|builder| {
            let ids = declare(builder, &format!("struct {name} {{ unsigned no_such_field; }};"));
            record(builder, kind, ids.id(&name), "0")
        });
        let value = if kind == TypeSize { 4 } else { 1 };
        let code = [set(0, value), exit()];
        let outcome = Case { local: &local, code: &code, records: &[record] }.check(&name);
        assert_eq!(matches!(outcome, Outcome::NotRelocated(_)), expected_failure, "{outcome:x?}");
    };
    check(TypeSize, true);
    check(TypeExists, false);
}
