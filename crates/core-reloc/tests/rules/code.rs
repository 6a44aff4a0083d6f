//! The patcher: every form of instruction, what it may hold, and what it becomes.

use btf_types::ByteOrder;

use crate::check::{
    Change, Code, Extension, FieldByteOffset, ORDERS, OnUnresolved, PatchError, Poison, Resize,
    Resolution, Status, patch,
};

/// Returns one slot of code. The nibbles of the registers follow the byte order.
fn slot(order: ByteOrder, code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Vec<u8> {
    let mut bytes = vec![code];
    match order {
        ByteOrder::Little => {
            bytes.push(dst | (src << 4));
            bytes.extend(off.to_le_bytes());
            bytes.extend(imm.to_le_bytes());
        }
        ByteOrder::Big => {
            bytes.push((dst << 4) | src);
            bytes.extend(off.to_be_bytes());
            bytes.extend(imm.to_be_bytes());
        }
    }
    bytes
}

fn resolution(order: ByteOrder, change: Option<Change>) -> Resolution {
    Resolution {
        kind: FieldByteOffset,
        insn_off: 0,
        byte_order: order,
        change,
        candidate: None,
        unmatched: None,
    }
}

fn change(original: u64, value: u64) -> Change {
    let (resize, extension) = (Resize::Same, Extension::Stated);
    Change { original, checked: true, value, resize, extension }
}

type Slot = (u8, u8, u8, i16, i32);

/// Patches in both byte orders. An error leaves the code unchanged, and the instruction after it
/// never changes.
#[track_caller]
fn check(before: &[Slot], change: Change, expected: Result<(Status, &[Slot]), PatchError>) {
    for order in ORDERS {
        let write = |slots: &[Slot]| -> Vec<u8> {
            let slots = slots.iter();
            slots
                .flat_map(|(code, dst, src, off, imm)| slot(order, *code, *dst, *src, *off, *imm))
                .collect()
        };
        let original = write(before);
        let next = slot(order, MOV64, 3, 0, 0, 3);
        let mut code = [&original[..], &next].concat();
        let found = patch(&mut code, &resolution(order, Some(change)), OnUnresolved::Poison);
        assert_eq!(code.split_off(original.len()), next, "{order}");
        match expected {
            Ok((status, after)) => {
                let found = found.unwrap();
                assert_eq!(found.status, status, "{order}");
                assert_eq!(code, write(after), "{order}");
                assert_eq!(found.before.as_bytes(), original, "{order}");
                assert_eq!(found.after.as_bytes(), code, "{order}");
            }
            Err(error) => {
                assert_eq!(found, Err(error), "{order}");
                assert_eq!(code, original, "{order}");
            }
        }
    }
}

const MOV64: u8 = 0xb7;
const MOV32: u8 = 0xb4;
const ADD64: u8 = 0x07;
const MOV64_X: u8 = 0xbf;
const LDIMM64: u8 = 0x18;
const LDX_W: u8 = 0x61;
const LDX_H: u8 = 0x69;
const LDX_B: u8 = 0x71;
const LDX_DW: u8 = 0x79;
const LDX_MEMSX_W: u8 = 0x81;
const ST_W: u8 = 0x62;
const STX_W: u8 = 0x63;
const STX_DW: u8 = 0x7b;
const ATOMIC_DW: u8 = 0xdb;
const JEQ: u8 = 0x15;
const CALL: u8 = 0x85;
const POISON: Slot = (CALL, 0, 0, 0, 195_896_080);

#[test]
fn immediates_of_alu_operations() {
    for code in [MOV64, MOV32, ADD64] {
        check(
            &[(code, 1, 0, 0, 8)],
            change(8, 24),
            Ok((Status::Relocated, &[(code, 1, 0, 0, 24)])),
        );
        check(
            &[(code, 1, 0, 0, 9)],
            change(8, 24),
            Err(PatchError::UnexpectedValue { found: 9, expected: 8 }),
        );
        let unchecked = Change { checked: false, ..change(8, 24) };
        check(&[(code, 1, 0, 0, 9)], unchecked, Ok((Status::Relocated, &[(code, 1, 0, 0, 24)])));
    }
    check(&[(MOV64_X, 1, 2, 0, 8)], change(8, 24), Err(PatchError::NoImmediate { code: MOV64_X }));
}

#[test]
fn an_immediate_may_be_sign_extended_or_zero_extended() {
    let minus_one = [(MOV64, 1, 0, 0, -1)];
    check(&minus_one, change(u64::MAX, 1), Ok((Status::Relocated, &[(MOV64, 1, 0, 0, 1)])));
    check(&minus_one, change(0xffff_ffff, 1), Ok((Status::Relocated, &[(MOV64, 1, 0, 0, 1)])));
    for (value, imm) in [
        (u64::MAX, -1),
        (0xffff_ffff_8000_0000, i32::MIN),
        (0x8000_0000, i32::MIN),
        (0xffff_ffff, -1),
        (0x7fff_ffff, i32::MAX),
    ] {
        let after = [(MOV64, 1, 0, 0, imm)];
        check(&[(MOV64, 1, 0, 0, 0)], change(0, value), Ok((Status::Relocated, &after)));
    }
    for value in [0x1_0000_0000, 0xffff_ffff_7fff_ffff, 1 << 63] {
        let allowed = 0xffff_ffff;
        let error = Err(PatchError::ValueTooLarge { value, allowed });
        check(&[(MOV64, 1, 0, 0, 0)], change(0, value), error);
    }
}

#[test]
fn offsets_of_loads_and_stores() {
    for code in [LDX_W, LDX_DW, LDX_MEMSX_W, ST_W, STX_W, STX_DW, ATOMIC_DW] {
        let at = |off| [(code, 1, 2, off, 77)];
        check(&at(8), change(8, 24), Ok((Status::Relocated, &at(24))));
        check(&at(8), change(8, 32767), Ok((Status::Relocated, &at(32767))));
        let allowed = 32767;
        let error = PatchError::ValueTooLarge { value: 32768, allowed };
        check(&at(8), change(8, 32768), Err(error));
        let error = PatchError::UnexpectedValue { found: -8, expected: 8 };
        check(&at(-8), change(8, 24), Err(error));
    }
}

#[test]
fn loads_and_stores_are_resized_where_that_is_safe() {
    let resize = |from, to| Change { resize: Resize::To { from, to }, ..change(8, 24) };
    for (from_code, from) in [(LDX_B, 1), (LDX_H, 2), (LDX_W, 4), (LDX_DW, 8)] {
        for (to_code, to) in [(LDX_B, 1), (LDX_H, 2), (LDX_W, 4), (LDX_DW, 8)] {
            let after = [(to_code, 1, 2, 24, 0)];
            check(&[(from_code, 1, 2, 8, 0)], resize(from, to), Ok((Status::Relocated, &after)));
        }
        let error = PatchError::UnexpectedSize { found: from, expected: 16 };
        check(&[(from_code, 1, 2, 8, 0)], resize(16, 8), Err(error));
        for to in [0, 3, 16] {
            let error = PatchError::NoSuchSize { to };
            check(&[(from_code, 1, 2, 8, 0)], resize(from, to), Err(error));
        }
    }
    check(&[(STX_W, 1, 2, 8, 0)], resize(4, 8), Ok((Status::Relocated, &[(STX_DW, 1, 2, 24, 0)])));
    // An immediate does not access anything: its size does not matter.
    check(&[(MOV64, 1, 0, 0, 8)], resize(4, 8), Ok((Status::Relocated, &[(MOV64, 1, 0, 0, 24)])));
}

#[test]
fn loads_and_stores_are_poisoned_where_resizing_is_not_safe() {
    let unsafe_ = Change { resize: Resize::Unsafe { from: 4, to: 8 }, ..change(8, 24) };
    let poisoned = Status::Poisoned(Poison::Resized { from: 4, to: 8 });
    for code in [LDX_W, ST_W, STX_W] {
        check(&[(code, 1, 2, 8, 0)], unsafe_, Ok((poisoned, &[POISON])));
    }
    let after = [(MOV64, 1, 0, 0, 24)];
    check(&[(MOV64, 1, 0, 0, 8)], unsafe_, Ok((Status::Relocated, &after)));
    // The value is checked first, and whether it fits.
    let error = PatchError::UnexpectedValue { found: 4, expected: 8 };
    check(&[(LDX_W, 1, 2, 4, 0)], unsafe_, Err(error));
    let error = PatchError::ValueTooLarge { value: 40_000, allowed: 32767 };
    check(&[(LDX_W, 1, 2, 8, 0)], Change { value: 40_000, ..unsafe_ }, Err(error));
}

#[test]
fn a_poison_gives_its_reason() {
    for (poison, expected) in [
        (Poison::Unresolved, "no candidate in the target matches"),
        (
            Poison::Resized { from: 0, to: 4 },
            "of a bitfield cannot access one that became an ordinary field",
        ),
        (
            Poison::Resized { from: 4, to: 0 },
            "a 4-byte load or store cannot access a field that became a bitfield",
        ),
        (
            Poison::Resized { from: 4, to: 8 },
            "from 4 to 8 bytes: only those of pointers and unsigned",
        ),
        (
            Poison::SignExtending { from: 4, to: 8 },
            "a sign-extending load cannot change from 4 to 8",
        ),
    ] {
        let text = poison.to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_sign_extending_load_does_not_change_its_size() {
    // libbpf resizes it, and the value changes its sign.
    for (from, to) in [(4, 8), (4, 2)] {
        let resize = Change { resize: Resize::To { from, to }, ..change(8, 24) };
        let poisoned = Status::Poisoned(Poison::SignExtending { from, to });
        check(&[(LDX_MEMSX_W, 1, 2, 8, 0)], resize, Ok((poisoned, &[POISON])));
    }
    // The mode's bits mean something else in a store.
    let resize = Change { resize: Resize::To { from: 8, to: 4 }, ..change(8, 24) };
    for (code, after) in [(ATOMIC_DW, 0xc3), (0x9b, 0x83)] {
        check(&[(code, 1, 2, 8, 0)], resize, Ok((Status::Relocated, &[(after, 1, 2, 24, 0)])));
    }
}

#[test]
fn immediates_of_64_bits_over_two_slots() {
    let value = |value: u64| {
        let (low, high) = (value as u32 as i32, (value >> 32) as u32 as i32);
        [(LDIMM64, 1, 0, 0, low), (0, 0, 0, 0, high)]
    };
    for (original, new) in [(1, u64::MAX), (0x1_2345_6789, 0x8000_0000), (1 << 63, 0)] {
        let after = value(new);
        check(&value(original), change(original, new), Ok((Status::Relocated, &after)));
    }
    let error = PatchError::UnexpectedValue { found: 0x1_0000_0008, expected: 8 };
    check(&value(0x1_0000_0008), change(8, 24), Err(error));
    for refused in [
        [(LDIMM64, 1, 1, 0, 8), (0, 0, 0, 0, 0)],
        [(LDIMM64, 1, 0, 1, 8), (0, 0, 0, 0, 0)],
        [(LDIMM64, 1, 0, 0, 8), (1, 0, 0, 0, 0)],
        [(LDIMM64, 1, 0, 0, 8), (0, 1, 0, 0, 0)],
        [(LDIMM64, 1, 0, 0, 8), (0, 0, 1, 0, 0)],
        [(LDIMM64, 1, 0, 0, 8), (0, 0, 0, 1, 0)],
    ] {
        check(&refused, change(8, 24), Err(PatchError::NotPlain));
    }
}

#[test]
fn other_instructions_are_refused() {
    for code in [JEQ, CALL, 0x06, 0x16, 0x95, 0x20, 0x30, 0x38, 0x40] {
        check(&[(code, 1, 2, 8, 8)], change(8, 24), Err(PatchError::UnknownForm { code }));
    }
}

#[test]
fn poison_replaces_all_slots_of_any_instruction() {
    for order in ORDERS {
        let poison = slot(order, POISON.0, POISON.1, POISON.2, POISON.3, POISON.4);
        let next = slot(order, MOV64, 3, 0, 0, 3);

        let mut code =
            [slot(order, LDIMM64, 1, 1, 7, 7), slot(order, 9, 9, 9, 9, 9), next.clone()].concat();
        let patched = patch(&mut code, &resolution(order, None), OnUnresolved::Poison).unwrap();
        assert_eq!(patched.status, Status::Poisoned(Poison::Unresolved));
        assert_eq!(code, [poison.clone(), poison.clone(), next.clone()].concat(), "{order}");

        let mut code = [slot(order, JEQ, 1, 2, 3, 4), next.clone()].concat();
        patch(&mut code, &resolution(order, None), OnUnresolved::Poison).unwrap();
        assert_eq!(code, [poison, next].concat(), "{order}");
    }
}

#[test]
fn unresolved_relocations_are_an_error_or_kept_on_request() {
    for order in ORDERS {
        let original = slot(order, LDX_W, 1, 2, 8, 0);
        let unsafe_ = Change { resize: Resize::Unsafe { from: 4, to: 8 }, ..change(8, 24) };
        for (change, poison) in
            [(None, Poison::Unresolved), (Some(unsafe_), Poison::Resized { from: 4, to: 8 })]
        {
            let resolution = resolution(order, change);
            let mut code = original.clone();
            let kept = patch(&mut code, &resolution, OnUnresolved::Keep).unwrap();
            assert_eq!(kept.status, Status::Kept(poison));
            assert_eq!((&code, kept.before), (&original, kept.after));
            let refused = patch(&mut code, &resolution, OnUnresolved::Error);
            assert_eq!(refused, Err(PatchError::Poison(poison)));
            assert_eq!(code, original);
        }
    }
}

#[test]
fn the_instruction_is_inside_of_the_code() {
    let at =
        |insn_off| Resolution { insn_off, ..resolution(ByteOrder::Little, Some(change(8, 24))) };
    let mut code =
        [slot(ByteOrder::Little, MOV64, 1, 0, 0, 8), slot(ByteOrder::Little, LDIMM64, 1, 0, 0, 8)]
            .concat();
    let len = code.len();
    for insn_off in [1, 4, 12] {
        let misaligned = Err(PatchError::Misaligned { insn_off });
        assert_eq!(patch(&mut code, &at(insn_off), OnUnresolved::Poison), misaligned);
    }
    // The second slot of the 64-bit immediate is missing; the code ends at 16.
    for insn_off in [8, 16, 24, 0xffff_fff8] {
        let outside = Err(PatchError::OutOfBounds { insn_off, len });
        assert_eq!(patch(&mut code, &at(insn_off), OnUnresolved::Poison), outside);
    }
    assert!(patch(&mut code, &at(0), OnUnresolved::Poison).is_ok());
}

#[test]
fn an_instruction_is_read_only_as_a_whole() {
    let code: Vec<u8> =
        [slot(ByteOrder::Little, MOV64, 1, 0, 0, 8), slot(ByteOrder::Little, LDIMM64, 1, 0, 0, 10)]
            .concat();
    let whole = [&code[..], &[0; 8]].concat();
    assert_eq!(Code::at(&code, 0).unwrap().as_bytes(), &code[..8]);
    assert_eq!(Code::at(&code, 0).unwrap().to_string(), "b701000008000000");
    assert_eq!(format!("{:?}", Code::at(&code, 0).unwrap()), "b701000008000000");
    assert_eq!(Code::at(&whole, 8).unwrap().as_bytes(), &whole[8..]);
    assert_eq!(
        Code::at(&whole, 8).unwrap().to_string(),
        "18010000".to_owned() + "0a000000" + &"0".repeat(16)
    );
    // The second slot is missing; a part of an instruction; the end of the code and beyond.
    for insn_off in [8, 9, 16, u32::MAX] {
        assert_eq!(Code::at(&code, insn_off), None);
    }
}
