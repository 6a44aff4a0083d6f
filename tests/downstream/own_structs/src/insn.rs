//! The loader's instructions.

use core_reloc::Code;

/// `BPF_JMP | BPF_CALL`.
const CALL: u8 = 0x85;
/// The source register of a call to another function of the program.
pub const PSEUDO_CALL: u8 = 1;

/// One slot of code; a 64-bit immediate takes two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insn {
    pub code: u8,
    pub dst: u8,
    pub src: u8,
    pub offset: i16,
    pub immediate: i32,
}

impl Insn {
    pub fn decode(slot: [u8; 8]) -> Self {
        let [code, registers, o0, o1, i0, i1, i2, i3] = slot;
        Self {
            code,
            dst: registers & 0xf,
            src: registers >> 4,
            offset: i16::from_le_bytes([o0, o1]),
            immediate: i32::from_le_bytes([i0, i1, i2, i3]),
        }
    }

    pub fn encode(self) -> [u8; 8] {
        let ([o0, o1], [i0, i1, i2, i3]) =
            (self.offset.to_le_bytes(), self.immediate.to_le_bytes());
        [self.code, self.src << 4 | self.dst, o0, o1, i0, i1, i2, i3]
    }

    /// Whether it calls another function of the program: the immediate is the distance in slots.
    pub fn calls_function(self) -> bool {
        self.code == CALL && self.src == PSEUDO_CALL
    }
}

/// Decodes all slots of some code.
pub fn decode(code: &[u8]) -> Vec<Insn> {
    code.as_chunks().0.iter().copied().map(Insn::decode).collect()
}

/// Encodes all slots, for the system call.
pub fn encode(program: &[Insn]) -> Vec<u8> {
    program.iter().flat_map(|insn| insn.encode()).collect()
}

/// Takes the instruction at an index out of a program; a 64-bit immediate with both slots.
pub fn instruction(program: &[Insn], index: usize) -> Option<Code> {
    let first = program.get(index)?.encode();
    let Some(second) = program.get(index + 1).map(|insn| insn.encode()) else {
        return Code::at(&first, 0);
    };
    // The code of the first slot decides whether the second one belongs to it.
    Code::at([first, second].as_flattened(), 0)
}

/// Puts an instruction into a program.
pub fn replace(program: &mut [Insn], index: usize, code: &Code) {
    let (first, second) = code.slots();
    for (insn, slot) in program[index..].iter_mut().zip([Some(first), second].into_iter().flatten())
    {
        *insn = Insn::decode(slot);
    }
}
