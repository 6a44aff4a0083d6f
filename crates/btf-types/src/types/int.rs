//! The encoding of an INT.

use core::fmt;

/// The encoding of an INT: the word that follows its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct IntEncoding(pub u32);

impl IntEncoding {
    /// The flag of signed integers: bit 24.
    pub const SIGNED: u32 = 1 << 24;
    /// The flag of characters: bit 25.
    pub const CHAR: u32 = 1 << 25;
    /// The flag of booleans: bit 26.
    pub const BOOL: u32 = 1 << 26;

    /// Returns the encoding of a number of bits without a bit offset.
    pub const fn new(bits: u8, flags: u32) -> Self {
        Self(bits as u32 | flags)
    }

    /// Returns `true` if the integer is signed.
    #[inline]
    pub const fn is_signed(self) -> bool {
        self.0 & Self::SIGNED != 0
    }

    /// Returns `true` if the integer is a character.
    #[inline]
    pub const fn is_char(self) -> bool {
        self.0 & Self::CHAR != 0
    }

    /// Returns `true` if the integer is a boolean.
    #[inline]
    pub const fn is_bool(self) -> bool {
        self.0 & Self::BOOL != 0
    }

    /// Returns the offset in bits, which deprecated bitfields use. Current compilers write 0.
    #[inline]
    pub const fn bit_offset(self) -> u8 {
        ((self.0 >> 16) & 0xff) as u8
    }

    /// Returns the number of bits.
    #[inline]
    pub const fn bits(self) -> u8 {
        (self.0 & 0xff) as u8
    }
}

/// Prints the flags as bpftool does: `SIGNED`, `CHAR`, `BOOL` or `(none)`.
impl fmt::Display for IntEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut empty = true;
        for (set, name) in
            [(self.is_signed(), "SIGNED"), (self.is_char(), "CHAR"), (self.is_bool(), "BOOL")]
        {
            if set {
                if !empty {
                    f.write_str(" ")?;
                }
                f.write_str(name)?;
                empty = false;
            }
        }
        if empty { f.write_str("(none)") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_encoding_has_bits_an_offset_and_flags() {
        let encoding = IntEncoding(0x0318_00fe);
        assert_eq!((encoding.bits(), encoding.bit_offset()), (254, 24));
        assert!(encoding.is_signed() && encoding.is_char() && !encoding.is_bool());
        assert_eq!(IntEncoding::new(255, IntEncoding::BOOL), IntEncoding(0x0400_00ff));
        assert!(IntEncoding(0x0400_0000).is_bool() && !IntEncoding(0x0400_0000).is_signed());
        assert!(!IntEncoding(0xf8ff_ffff).is_char());
    }

    #[test]
    fn encodings_print_as_bpftool_prints_them() {
        let all = IntEncoding::SIGNED | IntEncoding::CHAR | IntEncoding::BOOL;
        for (flags, text) in [
            (0, "(none)"),
            (IntEncoding::SIGNED, "SIGNED"),
            (IntEncoding::CHAR, "CHAR"),
            (IntEncoding::BOOL, "BOOL"),
            (all, "SIGNED CHAR BOOL"),
        ] {
            assert_eq!(IntEncoding::new(32, flags).to_string(), text);
        }
    }
}
