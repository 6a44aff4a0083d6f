//! Generates a BPF program at run time, and relocates it for a kernel.
//!
//! ```sh
//! cargo run -p core-reloc --example generate_code [KERNEL]
//! ```
//!
//! The program returns the process id of the caller's parent, `current->real_parent->tgid`. No compiler is
//! needed: the generator describes the types that it uses, and makes relocations from names. The kernel is
//! a file of raw BTF, by default that of the running one.

use std::{env, error::Error, fs};

use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
use core_reloc::{
    RelocKind, Relocator, Target,
    generate::{field_relocation, local_value},
};

/// `struct task_struct { struct task_struct *real_parent; int tgid; }`, as BTF.
///
/// Only names and types matter. The kernel's BTF has the real offsets.
fn types() -> Result<Vec<u8>, btf_types::build::Error> {
    let mut btf = Builder::new(ByteOrder::NATIVE);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    // The pointer refers to the struct, which contains the pointer: it is redirected below.
    let pointer = btf.ptr(TypeId::VOID);
    let task = btf.structure("task_struct", 16);
    let task = task.member("real_parent", pointer, 0).member("tgid", int, 64).finish();
    btf.redirect(pointer, task);
    btf.finish()
}

/// Encodes an instruction from its opcode, registers, offset and immediate.
fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
    let registers = if cfg!(target_endian = "big") { (dst << 4) | src } else { (src << 4) | dst };
    let ([o0, o1], [i0, i1, i2, i3]) = (off.to_ne_bytes(), imm.to_ne_bytes());
    [code, registers, o0, o1, i0, i1, i2, i3]
}

/// The helper `bpf_get_current_task_btf`.
const GET_CURRENT_TASK: i32 = 158;

/// Generates the program and relocates it.
pub(crate) fn program(kernel: &Btf<'_>) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = types()?;
    let local = Btf::parse(&bytes)?;

    // Each relocation has the offset of its instruction in bytes: the second and third one, below.
    let kind = RelocKind::FieldByteOffset;
    let real_parent = field_relocation(&local, 8, "task_struct", "real_parent", kind)?;
    let tgid = field_relocation(&local, 16, "task_struct", "tgid", kind)?;

    // The instructions hold the offsets of the local types, as if a compiler had written them. The
    // relocator checks this.
    let offset_of = |relocation| -> Result<i16, Box<dyn Error>> {
        Ok(i16::try_from(local_value(&local, relocation)?)?)
    };
    let mut code = [
        insn(0x85, 0, 0, 0, GET_CURRENT_TASK), // r0 = bpf_get_current_task_btf()
        insn(0x79, 0, 0, offset_of(&real_parent)?, 0), // r0 = *(u64 *)(r0 + …)
        insn(0x61, 0, 0, offset_of(&tgid)?, 0), // r0 = *(u32 *)(r0 + …)
        insn(0x95, 0, 0, 0, 0),                // return r0
    ]
    .concat();

    let target = Target::new(kernel);
    let mut relocator = Relocator::new(&local, &target);
    for relocation in [&real_parent, &tgid] {
        let applied = relocator.relocate(&mut code, relocation)?;
        println!("{} became {}", applied.patched.before, applied.patched.after);
    }
    Ok(code)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).unwrap_or_else(|| "/sys/kernel/btf/vmlinux".to_owned());
    let kernel = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let code = program(&Btf::parse(&kernel)?)?;
    // A tracer passes it to bpf(BPF_PROG_LOAD).
    println!("{} instructions", code.len() / 8);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loads_have_the_offsets_of_the_kernel() {
        let mut btf = Builder::new(ByteOrder::NATIVE);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let pointer = btf.ptr(TypeId::VOID);
        let task = btf.structure("task_struct", 2048).member("tgid", int, 8 * 1188);
        let task = task.member("real_parent", pointer, 8 * 1200).finish();
        btf.redirect(pointer, task);
        let kernel = btf.finish().unwrap();

        let code = program(&Btf::parse(&kernel).unwrap()).unwrap();
        assert_eq!(code[8..16], insn(0x79, 0, 0, 1200, 0));
        assert_eq!(code[16..24], insn(0x61, 0, 0, 1188, 0));
    }
}
