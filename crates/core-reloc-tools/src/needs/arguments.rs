//! The arguments of what a program attaches to that it reads from its context, and whether they are there.
//!
//! Follows the kernel's `btf_ctx_access`.

use btf_types::{ByteOrder, Kind, Type};
use core_reloc::{
    elf::requirements::{AttachType, Function, SectionName},
    patch::insn::{Class, Insn, SLOT},
};

use super::{
    hooks::shown,
    names::Names,
    need::{Answer, Effect},
};
use crate::insn::{CALL, EXIT, JA, MOV, jump_target};

/// The size of an argument in the context, in bytes.
const ARGUMENT: u32 = 8;

/// An instruction that reads an argument.
pub(super) struct ArgumentRead {
    /// The instruction.
    pub(super) insn: u32,
    /// The number of the argument, from 0.
    pub(super) number: u32,
    pub(super) answer: Answer,
}

/// Returns the reads of arguments by a program itself, if the kernel's types describe what it attaches to. Those in
/// functions that it calls are not found.
pub(super) fn reads(
    stated: &SectionName<'_>,
    function: &Function<'_>,
    order: ByteOrder,
    names: &Names<'_>,
) -> Vec<ArgumentRead> {
    let Some(count) = argument_count(stated, names) else { return Vec::new() };
    let read = |(insn, offset): (u32, u32)| {
        let number = offset / ARGUMENT;
        let answer =
            if number < count { Answer::Present } else { Answer::Absent(Effect::NoProgram) };
        ArgumentRead { insn, number, answer }
    };
    context_loads(function.code, order).into_iter().map(read).collect()
}

/// Returns the number of arguments of 8 bytes that a program gets; `None` if its hook has none with types, or is not
/// in the kernel's BTF.
fn argument_count(stated: &SectionName<'_>, names: &Names<'_>) -> Option<u32> {
    let has_result = match stated.attach_type? {
        AttachType::TRACE_RAW_TP | AttachType::TRACE_FENTRY => false,
        AttachType::TRACE_FEXIT
        | AttachType::TRACE_FSESSION
        | AttachType::MODIFY_RETURN
        | AttachType::LSM_MAC => true,
        _ => return None,
    };
    let shown = shown(&stated.hook)?;
    let found = names.in_module(&shown.name, shown.kind, shown.module)?.ty;
    let mut prototype = found.referenced().ok()??;
    if found.kind() == Kind::Typedef {
        prototype = prototype.referenced().ok()??;
    }
    if prototype.kind() != Kind::FuncProto {
        return None;
    }
    // The first parameter of a tracepoint is the data of whoever listens to it.
    let skipped = usize::from(found.kind() == Kind::Typedef);
    let mut count = u32::from(has_result);
    for param in prototype.params().iter().skip(skipped) {
        // Small structs take as many places as they need.
        let size = param.ty().and_then(Type::size).unwrap_or(ARGUMENT);
        count = count.saturating_add(size.div_ceil(ARGUMENT).max(1));
    }
    Some(count)
}

/// The registers, each a bit, that hold the address of the context on all paths to an instruction.
type Registers = u16;

/// The register of the context when a program begins.
const FIRST: Registers = 1 << 1;
/// The registers that a call overwrites, 0 to 5.
const CALLED: Registers = 0x3f;

/// Returns the loads from the context: the index of each instruction, and the offset in bytes. Only those are found
/// whose register holds the context's address on all paths.
fn context_loads(code: &[u8], order: ByteOrder) -> Vec<(u32, u32)> {
    let (slots, _) = code.as_chunks::<SLOT>();
    let mut held: Vec<Option<Registers>> = vec![None; slots.len()];
    let mut pending = vec![(0, FIRST)];
    // Registers are only taken away, so that each instruction is visited at most once for each of them.
    while let Some((at, registers)) = pending.pop() {
        let (Some(known), Some(slot)) = (held.get_mut(at), slots.get(at)) else { continue };
        let merged = known.map_or(registers, |known| known & registers);
        if *known == Some(merged) {
            continue;
        }
        *known = Some(merged);
        let insn = Insn::decode(*slot, order);
        let next = at.saturating_add(if insn.is_ldimm64() { 2 } else { 1 });
        let after = after(insn, order, merged);
        match (insn.class(), insn.operation()) {
            (Class::Jump, EXIT) => {}
            (Class::Jump, CALL) => pending.push((next, after)),
            // A jump through a table leads anywhere.
            (Class::Jump, JA) if !insn.takes_immediate() => return Vec::new(),
            (Class::Jump, operation) => {
                pending.push((jump_target(insn, at), after));
                if operation != JA {
                    pending.push((next, after));
                }
            }
            _ => pending.push((next, after)),
        }
    }
    let loads = (0_u32..).zip(slots).zip(held).filter_map(|((at, slot), registers)| {
        let insn = Insn::decode(*slot, order);
        let is_held = registers? & register(insn.src_reg(order)) != 0;
        let offset = u32::try_from(insn.off).ok()?;
        (insn.class() == Class::Ldx && is_held).then_some((at, offset))
    });
    loads.collect()
}

/// Returns the registers with the context's address after an instruction.
fn after(insn: Insn, order: ByteOrder, before: Registers) -> Registers {
    let (dst, src) = (register(insn.dst_reg(order)), register(insn.src_reg(order)));
    match insn.class() {
        Class::Alu64 if insn.operation() == MOV && insn.off == 0 && !insn.takes_immediate() => {
            if before & src != 0 {
                before | dst
            } else {
                before & !dst
            }
        }
        Class::Alu | Class::Alu64 | Class::Ldx => before & !dst,
        Class::Ld if insn.is_ldimm64() => before & !dst,
        Class::Ld => before & !CALLED,
        // An atomic operation may load the old value into either.
        Class::Stx if insn.is_atomic() => before & !(src | 1),
        Class::Jump if insn.operation() == CALL => before & !CALLED,
        Class::Jump | Class::St | Class::Stx => before,
    }
}

fn register(number: u8) -> Registers {
    1_u16.checked_shl(number.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: u8 = 0x79;
    const COPY: u8 = 0xbf;
    const JUMP_IF: u8 = 0x15;

    /// Returns the loads of code, each instruction given by its code, registers, offset and immediate.
    fn loads(code: &[(u8, u8, u8, i16, i32)]) -> Vec<(u32, u32)> {
        let order = ByteOrder::Little;
        let encode = |&(code, dst, src, off, imm): &(u8, u8, u8, i16, i32)| {
            Insn { code, regs: src << 4 | dst, off, imm }.encode(order)
        };
        context_loads(&code.iter().flat_map(encode).collect::<Vec<u8>>(), order)
    }

    #[test]
    fn loads_are_followed_through_copies_and_jumps() {
        let exit = (0x95, 0, 0, 0, 0);
        assert_eq!(loads(&[(LOAD, 2, 1, 8, 0), exit]), [(0, 8)]);
        assert_eq!(
            loads(&[(COPY, 6, 1, 0, 0), (0x85, 0, 0, 0, 5), (LOAD, 1, 6, 16, 0), exit]),
            [(2, 16)]
        );
        assert_eq!(loads(&[(0x85, 0, 0, 0, 5), (LOAD, 2, 1, 0, 0), exit]), []);
        // On one of two paths, the register is overwritten.
        let merged = [(JUMP_IF, 2, 0, 1, 0), (0xb7, 1, 0, 0, 0), (LOAD, 2, 1, 0, 0), exit];
        assert_eq!(loads(&merged), []);
        let kept = [(JUMP_IF, 2, 0, 1, 0), (0xb7, 3, 0, 0, 0), (LOAD, 2, 1, 24, 0), exit];
        assert_eq!(loads(&kept), [(2, 24)]);
        // The loop takes the address away.
        let looped = [(LOAD, 2, 1, 0, 0), (0xb7, 1, 0, 0, 0), (0x05, 0, 0, -3, 0)];
        assert_eq!(loads(&looped), []);
        // Code that ends anywhere, and a jump out of it.
        assert_eq!(loads(&[(0x05, 0, 0, 100, 0)]), []);
        assert_eq!(loads(&[]), []);
    }
}
