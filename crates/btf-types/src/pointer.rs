//! The size of a pointer, which BTF does not store.

use crate::word;

/// The size of a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PointerSize {
    /// 4 bytes: 32-bit kernels.
    Four = 4,
    /// 8 bytes: 64-bit kernels, and BPF itself.
    Eight = 8,
}

impl PointerSize {
    /// Returns the size of this many bytes.
    pub(crate) const fn from_bytes(bytes: u32) -> Option<Self> {
        match bytes {
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }
}

/// The spellings of C's `long` and `unsigned long`, which are as wide as a pointer in the kernel.
pub const LONG: [&[u8]; 11] = [
    b"long",
    b"long int",
    b"int long",
    b"unsigned long",
    b"long unsigned",
    b"unsigned long int",
    b"unsigned int long",
    b"long unsigned int",
    b"long int unsigned",
    b"int unsigned long",
    b"int long unsigned",
];

/// The length of the longest name in [`LONG`], in bytes.
const LONGEST: usize = 17;

/// Returns `true` if the string at the start of `rest` names `long` or `unsigned long`.
pub(crate) fn begins_with_long(rest: &[u8]) -> bool {
    let window = rest.get(..=LONGEST).unwrap_or(rest);
    let name = word::position(window, 0).and_then(|len| window.get(..len));
    name.is_some_and(|name| LONG.contains(&name))
}
