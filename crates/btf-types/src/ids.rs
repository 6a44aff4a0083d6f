//! Newtypes for the numbers that BTF refers by.

use core::fmt;

/// The number of a type. Zero is `void`; a split BTF's own types go on after its base's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct TypeId(pub u32);

impl TypeId {
    /// The type `void`, which has no record.
    pub const VOID: Self = Self(0);

    /// Whether this is `void`.
    #[inline]
    pub const fn is_void(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Written as bpftool does: `[42]`.
impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// Where a string begins: bytes from the start of the string section, or, in a split BTF, of its
/// base's string section, after which its own goes on. Zero is the empty string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct StrOffset(pub u32);

impl StrOffset {
    /// The empty string, which names what is anonymous.
    pub const EMPTY: Self = Self(0);
}

impl fmt::Debug for StrOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StrOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn ids_print_as_bpftool_prints_them_and_offsets_in_hex() {
        assert_eq!(format!("{} {:?}", TypeId(42), TypeId(42)), "[42] [42]");
        assert_eq!(format!("{} {:?}", StrOffset(42), StrOffset(42)), "0x2a 0x2a");
    }

    #[test]
    fn zero_is_void_and_the_empty_string() {
        assert!(TypeId::VOID.is_void() && TypeId::default().is_void() && !TypeId(1).is_void());
        assert_eq!((TypeId::VOID.0, StrOffset::EMPTY.0), (0, 0));
    }
}
