//! Newtypes for the references of BTF: type ids and string offsets.

use core::fmt;

/// The id of a type. Zero is `void`. The ids of a split BTF's own types continue those of its base.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct TypeId(pub u32);

impl TypeId {
    /// The id of `void`, which has no record.
    pub const VOID: Self = Self(0);

    /// Returns `true` if this is the id of `void`.
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

/// Prints the id as bpftool does: `[42]`.
impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// The offset of a string in bytes from the start of the string section. The offsets of a split BTF's
/// own strings continue those of its base. Zero is the empty string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct StrOffset(pub u32);

impl StrOffset {
    /// The offset of the empty string, the name of everything anonymous.
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
