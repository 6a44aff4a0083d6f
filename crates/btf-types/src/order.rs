//! Byte order, determined from the magic at run time, and words that are read with it.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The byte order of BTF and of the BPF code that it describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The byte order of the target that this code was compiled for.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
}

impl fmt::Display for ByteOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Little => "little endian",
            Self::Big => "big endian",
        })
    }
}

/// Defines a word of alignment 1 whose byte order is chosen at run time.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $int:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, Hash,
            FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
        )]
        #[repr(transparent)]
        pub struct $name([u8; $size]);

        impl $name {
            /// Stores `value` in a byte order.
            #[inline]
            pub const fn new(value: $int, order: ByteOrder) -> Self {
                Self(match order {
                    ByteOrder::Little => value.to_le_bytes(),
                    ByteOrder::Big => value.to_be_bytes(),
                })
            }

            /// Returns the value, read in a byte order.
            #[inline]
            pub const fn get(self, order: ByteOrder) -> $int {
                match order {
                    ByteOrder::Little => $int::from_le_bytes(self.0),
                    ByteOrder::Big => $int::from_be_bytes(self.0),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:02x?}", self.0)
            }
        }
    };
}

word! {
    /// Two bytes in either byte order.
    U16, u16, 2
}
word! {
    /// Four bytes in either byte order.
    U32, u32, 4
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_word_is_read_in_the_order_in_which_it_was_stored() {
        let word = U32::new(0x1122_3344, ByteOrder::Big);
        assert_eq!(word.as_bytes(), [0x11, 0x22, 0x33, 0x44]);
        assert_eq!(word.get(ByteOrder::Big), 0x1122_3344);
        assert_eq!(word.get(ByteOrder::Little), 0x4433_2211);
        assert_eq!(U16::new(0xeb9f, ByteOrder::Little).as_bytes(), [0x9f, 0xeb]);
    }

    #[test]
    fn the_native_order_is_the_targets() {
        let native = U32::new(0x1122_3344, ByteOrder::NATIVE);
        assert_eq!(native.as_bytes(), 0x1122_3344_u32.to_ne_bytes());
    }

    #[test]
    fn orders_and_words_print() {
        assert_eq!(ByteOrder::Little.to_string(), "little endian");
        assert_eq!(ByteOrder::Big.to_string(), "big endian");
        assert_eq!(std::format!("{:?}", U16::new(0x0b16, ByteOrder::Big)), "[0b, 16]");
    }
}
