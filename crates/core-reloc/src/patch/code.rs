//! The bytes of one instruction.

use core::fmt;

use btf_types::ByteOrder;

use super::insn::{Class, Insn, SLOT};

/// The bytes of an instruction: 8, or 16 for a 64-bit immediate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    bytes: [u8; 2 * SLOT],
    len: u8,
}

impl Code {
    /// Returns the instruction at an offset in bytes; `None` if it is not entirely within the code.
    pub fn at(code: &[u8], insn_off: u32) -> Option<Self> {
        let rest = code.get(usize::try_from(insn_off).ok()?..)?;
        let (first, rest) = rest.split_first_chunk::<SLOT>()?;
        // The first byte is the same in both byte orders.
        if Insn::decode(*first, ByteOrder::Little).is_ldimm64() {
            Some(Self::new(*first, Some(*rest.first_chunk()?)))
        } else {
            Some(Self::new(*first, None))
        }
    }

    #[inline]
    pub(super) fn new(first: [u8; SLOT], second: Option<[u8; SLOT]>) -> Self {
        let mut bytes = [0; 2 * SLOT];
        let (slots, _) = bytes.as_chunks_mut::<SLOT>();
        let len = if second.is_some() { 16 } else { 8 };
        for (slot, bytes) in slots.iter_mut().zip([first, second.unwrap_or_default()]) {
            *slot = bytes;
        }
        Self { bytes, len }
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    pub(super) fn as_bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..usize::from(self.len)).unwrap_or_default()
    }

    /// Returns the first slot, and the second one of a 64-bit immediate.
    pub fn slots(&self) -> ([u8; SLOT], Option<[u8; SLOT]>) {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.bytes;
        let second = usize::from(self.len) > SLOT;
        ([a, b, c, d, e, f, g, h], second.then_some([i, j, k, l, m, n, o, p]))
    }

    /// Returns `true` if the instruction only loads a constant into a register.
    pub fn sets_constant(&self) -> bool {
        self.first().is_ldimm64() || self.first().is_move_of_immediate()
    }

    /// Returns `true` if the instruction is a jump, a call or an exit.
    pub fn is_jump(&self) -> bool {
        self.first().class() == Class::Jump
    }

    /// Decodes the first slot. Only its code may be used, because the byte order is unknown.
    fn first(&self) -> Insn {
        Insn::decode(self.slots().0, ByteOrder::Little)
    }
}

/// The bytes of an instruction of one slot.
impl From<[u8; SLOT]> for Code {
    fn from(slot: [u8; SLOT]) -> Self {
        Self::new(slot, None)
    }
}

/// The bytes of a 64-bit immediate, which has two slots.
impl From<[u8; 2 * SLOT]> for Code {
    fn from(bytes: [u8; 2 * SLOT]) -> Self {
        Self { bytes, len: 16 }
    }
}

/// Displays the bytes in hexadecimal, without spaces.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_distinguishes_constants_and_jumps() {
        let code = |first: u8| Code::new([first, 0x21, 0, 0, 0, 0, 0, 0], None);
        // rX = imm, of 32 and 64 bits, and a 64-bit immediate.
        for first in [0xb4, 0xb7, 0x18] {
            assert!(code(first).sets_constant() && !code(first).is_jump(), "{first:#x}");
        }
        // Jumps of 64 and 32 bits, one of them with the operation's bits of a move; call; exit.
        for first in [0x05, 0x15, 0xb5, 0x16, 0xb6, 0x85, 0x95] {
            assert!(code(first).is_jump() && !code(first).sets_constant(), "{first:#x}");
        }
        // A move of a register, other operations, loads and stores.
        for first in [0xbc, 0xbf, 0x04, 0x07, 0xa7, 0xd4, 0x61, 0xb1, 0x62, 0x7b, 0x20] {
            assert!(!code(first).is_jump() && !code(first).sets_constant(), "{first:#x}");
        }
    }
}
