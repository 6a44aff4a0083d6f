//! Instructions in structs of the loader's own, and code that is not where it was in the object.

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, TypeId};
use core_reloc::{
    Cause, Code, OnUnresolved, Options, PatchError, Poison, RelocKind, Relocation, Relocator,
    Status, Target,
    generate::{field_relocation, local_value, type_relocation},
    patch::{insn::Insn, patch, patch_insn},
};

use crate::ORDERS;

const LOCAL: &str = "struct s { long before; int pid; };";
const KERNEL: &str = "struct s { long before; long more[8]; int pid; };";
const OFFSET: i16 = 8 + 8 * 8;

fn load(order: ByteOrder) -> [u8; 8] {
    Insn { code: 0x61, regs: 0x10, off: 8, imm: 0 }.encode(order)
}

fn relocated(order: ByteOrder) -> [u8; 8] {
    Insn { code: 0x61, regs: 0x10, off: OFFSET, imm: 0 }.encode(order)
}

/// A local and a target BTF.
fn both<T>(order: ByteOrder, run: impl FnOnce(&Btf<'_>, &Btf<'_>) -> T) -> T {
    let (local, kernel) = (btf(order, LOCAL), btf(order, KERNEL));
    run(&Btf::parse_object(&local).unwrap(), &Btf::parse(&kernel).unwrap())
}

fn offset_of_pid(local: &Btf<'_>, insn_off: u32) -> Relocation {
    field_relocation(local, insn_off, "s", "pid", RelocKind::FieldByteOffset).unwrap()
}

#[test]
fn one_instruction_is_patched_without_a_slice() {
    for order in ORDERS {
        both(order, |local, kernel| {
            let target = Target::new(kernel);
            let mut relocator = Relocator::new(local, &target);
            let resolution = relocator.resolve(&offset_of_pid(local, 800)).unwrap();
            let patched =
                patch_insn(load(order).into(), &resolution, OnUnresolved::Poison).unwrap();
            assert_eq!(patched.status, Status::Relocated);
            assert_eq!(patched.before.slots(), (load(order), None));
            assert_eq!(patched.after.slots(), (relocated(order), None));
            // An instruction that is not the compiler's is an error, as in code.
            let other = Insn { code: 0x61, regs: 0x10, off: 4, imm: 0 }.encode(order);
            let error = patch_insn(other.into(), &resolution, OnUnresolved::Poison).unwrap_err();
            assert_eq!(error, PatchError::UnexpectedValue { found: 4, expected: 8 });
        });
    }
}

#[test]
fn a_64_bit_immediate_has_16_bytes() {
    for order in ORDERS {
        both(order, |local, kernel| {
            let target = Target::new(kernel);
            let relocation = type_relocation(local, 0, "s", RelocKind::TypeSize).unwrap();
            let original = u32::try_from(local_value(local, &relocation).unwrap()).unwrap();
            let resolution = Relocator::new(local, &target).resolve(&relocation).unwrap();
            let ldimm64 = |value: i32| {
                let first = Insn { code: 0x18, regs: 0, off: 0, imm: value };
                let second = Insn { code: 0, regs: 0, off: 0, imm: 0 };
                let slots = [first.encode(order), second.encode(order)];
                <[u8; 16]>::try_from(slots.concat()).unwrap()
            };
            let before = Code::from(ldimm64(original.cast_signed()));
            let patched = patch_insn(before, &resolution, OnUnresolved::Poison).unwrap();
            // 8 + 64 + 4 bytes, in steps of 8.
            assert_eq!(patched.after.as_bytes(), ldimm64(80));
            assert!(patched.after.slots().1.is_some());
            // The first slot alone is not the whole instruction.
            let half = Code::from(patched.after.slots().0);
            let error = patch_insn(half, &resolution, OnUnresolved::Poison).unwrap_err();
            assert_eq!(error, PatchError::OutOfBounds { insn_off: 0, len: 8 });
        });
    }
}

#[test]
fn a_function_is_relocated_where_it_was_moved() {
    let order = ByteOrder::Little;
    both(order, |local, kernel| {
        let target = Target::new(kernel);
        let mut relocator = Relocator::new(local, &target);
        let relocation = offset_of_pid(local, 40);
        // The function starts at byte 32 of its section.
        let mut function = [load(order), load(order)].concat();
        let applied = relocator.relocate_at(&mut function, 32, &relocation).unwrap();
        assert_eq!(applied.patched.status, Status::Relocated);
        assert_eq!(applied.resolution.insn_off, 8);
        assert_eq!(function, [load(order), relocated(order)].concat());
        // An instruction before the function is an error, and nothing is changed.
        let mut other = load(order);
        let error = relocator.relocate_at(&mut other, 48, &relocation).unwrap_err();
        assert_eq!(error.cause, Cause::Patch(PatchError::OutOfBounds { insn_off: 40, len: 8 }));
        assert_eq!(other, load(order));
    });
}

#[test]
fn one_resolution_serves_many_copies() {
    let order = ByteOrder::Big;
    both(order, |local, kernel| {
        let target = Target::new(kernel);
        let resolution = Relocator::new(local, &target).resolve(&offset_of_pid(local, 0)).unwrap();
        let mut code = [load(order); 4].concat();
        for insn_off in [0, 8, 16, 24] {
            let resolution = resolution.clone().moved_to(insn_off);
            patch(&mut code, &resolution, OnUnresolved::Error).unwrap();
        }
        assert_eq!(code, [relocated(order); 4].concat());
    });
}

#[test]
fn the_reason_for_a_poison_comes_with_it() {
    let order = ByteOrder::Little;
    let (local, kernel) = (btf(order, LOCAL), btf(order, "struct s { long before; };"));
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let relocation = offset_of_pid(&local, 0);
    for (on_unresolved, status) in [
        (OnUnresolved::Poison, Status::Poisoned(Poison::Unresolved)),
        (OnUnresolved::Keep, Status::Kept(Poison::Unresolved)),
    ] {
        let options = Options::default().unresolved(on_unresolved);
        let mut relocator = Relocator::with_options(&local, &target, options);
        let applied = relocator.relocate(&mut load(order), &relocation).unwrap();
        assert_eq!(applied.patched.status, status);
        let reason = relocator.reason(&relocation, &applied).unwrap();
        assert!(reason.contains("struct s has no member `pid`"), "{reason}");
    }
    // A relocated instruction has none.
    let exists = field_relocation(&local, 0, "s", "before", RelocKind::FieldByteOffset).unwrap();
    let mut first = Insn { code: 0x79, regs: 0x10, off: 0, imm: 0 }.encode(order);
    let mut relocator = Relocator::new(&local, &target);
    let applied = relocator.relocate(&mut first, &exists).unwrap();
    assert_eq!(relocator.reason(&exists, &applied), None);
}

#[test]
fn a_loader_that_rewrites_the_objects_btf_maps_its_ids() {
    both(ByteOrder::Little, |local, kernel| {
        let target = Target::new(kernel);
        let relocation = type_relocation(local, 0, "s", RelocKind::TypeIdLocal).unwrap();
        let id = relocation.type_id;
        let mut relocator = Relocator::new(local, &target).with_local_ids(|id| TypeId(id.0 + 100));
        let resolution = relocator.resolve(&relocation).unwrap();
        assert_eq!(resolution.value(), Some(u64::from(id.0) + 100));
        // The instruction still has the id that the compiler wrote.
        assert_eq!(resolution.change.unwrap().original, u64::from(id.0));
        // Other kinds are not affected.
        let size = type_relocation(local, 0, "s", RelocKind::TypeSize).unwrap();
        assert_eq!(relocator.resolve(&size).unwrap().value(), Some(80));
    });
}
