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
