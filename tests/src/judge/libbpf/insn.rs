//! Conversion of instructions for libbpf.

use libbpf_sys::bpf_insn;

/// The size of an instruction in bytes.
pub(super) const SIZE: usize = 8;

/// The opcode of the 64-bit immediate load, which takes two slots.
const LDIMM64: u8 = 0x18;

/// The immediate of the call that replaces an instruction that cannot be relocated.
const POISON: [u8; 4] = 195_896_080_u32.to_ne_bytes();
const CALL: u8 = 0x85;

/// An instruction, or the two slots of a 64-bit immediate load, in the host's byte order and aligned as
/// libbpf requires.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Insn([[u8; SIZE]; 2]);

impl Insn {
    /// Returns the size of the instruction at the start of `code`.
    pub(super) fn size(code: &[u8]) -> usize {
        if code.first() == Some(&LDIMM64) { 2 * SIZE } else { SIZE }
    }

    /// Converts an instruction of one or two slots from an object; `is_foreign` if the object's byte
    /// order is not the host's.
    pub(super) fn from_bytes(bytes: &[u8], is_foreign: bool) -> Self {
        let mut slots = [[0; SIZE]; 2];
        for (slot, bytes) in slots.iter_mut().zip(bytes.chunks_exact(SIZE)) {
            slot.copy_from_slice(bytes);
            if is_foreign {
                swap(slot);
            }
        }
        Self(slots)
    }

    /// Returns the first `size` bytes, in the object's byte order.
    pub(super) fn to_bytes(self, size: usize, is_foreign: bool) -> Vec<u8> {
        let mut slots = self.0;
        if is_foreign {
            slots.iter_mut().for_each(swap);
        }
        slots.as_flattened()[..size].to_vec()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut bpf_insn {
        self.0.as_mut_ptr().cast()
    }

    pub(super) fn is_poisoned(&self) -> bool {
        let [code, _, _, _, immediate @ ..] = self.0[0];
        code == CALL && immediate == POISON
    }
}

/// Swaps the byte order of an instruction's fields. The registers are the halves of one byte, which are
/// swapped as well.
fn swap(slot: &mut [u8; SIZE]) {
    slot[1] = slot[1].rotate_left(4);
    slot[2..4].reverse();
    slot[4..8].reverse();
}

const _: () = assert!(size_of::<bpf_insn>() == SIZE && align_of::<bpf_insn>() <= 8);
