//! Makes a BPF program at run time, relocates it for the running kernel, and runs it.
//!
//! The program tells the number of the caller's parent: `current->real_parent->tgid`. Where the two
//! fields are, differs from kernel to kernel. No compiler takes part: the program brings a description
//! of the types that it means, and relocations are made from names.
//!
//! `cargo run -p core-reloc-tests --example generate`, as root.

mod bpf;

use std::error::Error;

use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
use core_reloc::{
    RelocKind, Relocator, Target,
    generate::{field_relocation, local_value},
};

/// `struct task_struct { struct task_struct *real_parent; int tgid; }`: just what the program means.
/// Names and types count; where the members are, the kernel knows.
fn types() -> Result<Vec<u8>, btf_types::build::Error> {
    let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    let mut btf = Builder::new(order);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let pointer = btf.ptr(TypeId::VOID);
    let task = btf.structure("task_struct", 16);
    let task = task.member("real_parent", pointer, 0).member("tgid", int, 64).finish();
    btf.redirect(pointer, task);
    btf.finish()
}

/// `get_current_task_btf`: a pointer that the verifier lets us load through.
const GET_CURRENT_TASK: i32 = 158;

/// An instruction: opcode, destination and source register, offset, immediate.
fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
    let registers = if cfg!(target_endian = "big") { (dst << 4) | src } else { (src << 4) | dst };
    let ([o0, o1], [i0, i1, i2, i3]) = (off.to_ne_bytes(), imm.to_ne_bytes());
    [code, registers, o0, o1, i0, i1, i2, i3]
}

/// The number of the caller's parent, as the kernel knows it.
fn parent() -> Result<u32, Box<dyn Error>> {
    let bytes = types()?;
    let local = Btf::parse(&bytes)?;

    // The offset in bytes of the instruction that each belongs to comes first.
    let kind = RelocKind::FieldByteOffset;
    let real_parent = field_relocation(&local, 8, "task_struct", "real_parent", kind)?;
    let tgid = field_relocation(&local, 16, "task_struct", "tgid", kind)?;
    // An instruction holds what the local types say, as if a compiler had made it: that is checked.
    let offset_of = |relocation| -> Result<i16, Box<dyn Error>> {
        Ok(i16::try_from(local_value(&local, relocation)?)?)
    };
    let mut code = [
        insn(0x85, 0, 0, 0, GET_CURRENT_TASK),
        insn(0x79, 0, 0, offset_of(&real_parent)?, 0), // r0 = *(u64 *)(r0 + …)
        insn(0x61, 0, 0, offset_of(&tgid)?, 0),        // r0 = *(u32 *)(r0 + …)
        insn(0x95, 0, 0, 0, 0),                        // return r0
    ]
    .concat();

    let kernel = core_reloc_sys::kernel_btf()?;
    let kernel = kernel.parse()?;
    let target = Target::new(&kernel);
    let mut relocator = Relocator::new(&local, &target);
    for relocation in [&real_parent, &tgid] {
        let patched = relocator.relocate(&mut code, relocation)?;
        println!("{} became {}", patched.before, patched.after);
    }

    let program = bpf::load(&code, c"GPL")?;
    Ok(bpf::run(&program, &mut [])?)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("the kernel says that our parent is process {}", parent()?);
    println!("getppid(2) says {}", std::os::unix::process::parent_id());
    Ok(())
}

#[cfg(test)]
mod tests {
    use core_reloc_tests::judge::{kernel::loads_programs, skipped};

    #[test]
    fn the_kernel_and_the_system_call_name_one_parent() {
        if let Err(why) = loads_programs() {
            return why.skip();
        }
        if let Err(why) = core_reloc_sys::kernel_btf() {
            return skipped(&why.to_string());
        }
        assert_eq!(super::parent().unwrap(), std::os::unix::process::parent_id());
    }
}
