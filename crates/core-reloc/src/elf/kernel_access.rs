//! Whether code reads memory of the kernel, as far as single instructions tell.

use btf_types::{ByteOrder, Name};

use crate::patch::insn::{Class, Insn, SLOT};

/// `BPF_JMP | BPF_CALL`.
const CALL: u8 = 0x85;
/// `BPF_JMP | BPF_EXIT`.
const EXIT: u8 = 0x95;
/// `BPF_ALU64 | BPF_MOV | BPF_X`: a copy of a register.
const COPY: u8 = 0xbf;
/// `BPF_LDX | BPF_MEM | BPF_DW`: a load of 8 bytes, such as a pointer.
const LOAD_POINTER: u8 = 0x79;
/// The numbers of the helpers `bpf_probe_read` and `bpf_probe_read_kernel`.
const PROBE_READ: [i32; 2] = [4, 113];

/// The number of the helper `bpf_get_current_task_btf`.
const CURRENT_TASK: i32 = 158;
/// The registers that a call overwrites, 0 to 5.
const CALLED: u16 = 0x3f;

/// The starts of the names of sections whose programs may load through the pointers in their context.
const TRACING: [&[u8]; 7] =
    [b"fentry", b"fexit", b"fmod_ret", b"tp_btf", b"lsm", b"iter", b"struct_ops"];

/// Returns `true` if a section's code calls a helper that reads memory of the kernel, or loads through the
/// current task, or is for tracing and loads through a pointer in its context.
///
/// Jumps are not followed: most programs load what they need of their context at the start.
pub(super) fn reads_kernel(section: Name<'_>, code: &[u8], order: ByteOrder) -> bool {
    let is_tracing = TRACING.iter().any(|start| section.starts_with(start));
    let mut registers = Registers::at_entry(is_tracing);
    let (slots, _) = code.as_chunks::<SLOT>();
    slots.iter().any(|slot| {
        let insn = Insn::decode(*slot, order);
        if insn.code == EXIT {
            // What follows may be the next function.
            registers = Registers::at_entry(is_tracing);
        }
        calls_probe_read(insn, order) || registers.load_from_kernel(insn, order)
    })
}

fn calls_probe_read(insn: Insn, order: ByteOrder) -> bool {
    insn.code == CALL && insn.src_reg(order) == 0 && PROBE_READ.contains(&insn.imm)
}

/// What registers hold, each a bit of a set.
struct Registers {
    /// The registers with the context of a tracing program.
    context: u16,
    /// The registers with a pointer to memory of the kernel.
    kernel: u16,
}

impl Registers {
    /// A program gets its context in register 1.
    fn at_entry(is_tracing: bool) -> Self {
        Self { context: if is_tracing { 1 << 1 } else { 0 }, kernel: 0 }
    }

    /// Follows one instruction; returns `true` if it loads memory of the kernel.
    fn load_from_kernel(&mut self, insn: Insn, order: ByteOrder) -> bool {
        let (destination, source) = (1 << insn.dst_reg(order), 1 << insn.src_reg(order));
        let (from_context, from_kernel) = (self.context & source != 0, self.kernel & source != 0);
        let (has_context, has_kernel) = match insn.class() {
            Class::Ldx if from_kernel => return true,
            Class::Ldx => (false, insn.code == LOAD_POINTER && from_context),
            _ if insn.code == COPY => (from_context, from_kernel),
            Class::Alu | Class::Alu64 | Class::Ld => (false, false),
            Class::Jump if insn.code == CALL => {
                self.context &= !CALLED;
                self.kernel &= !CALLED;
                let is_task = insn.src_reg(order) == 0 && insn.imm == CURRENT_TASK;
                self.kernel |= u16::from(is_task);
                return false;
            }
            Class::Jump | Class::St | Class::Stx => return false,
        };
        set(&mut self.context, destination, has_context);
        set(&mut self.kernel, destination, has_kernel);
        false
    }
}

fn set(registers: &mut u16, register: u16, is_in: bool) {
    *registers = if is_in { *registers | register } else { *registers & !register };
}
