//! Accesses that leave a local copy.

use std::fmt;

/// A relocated access of a local copy that does not stay within it on a kernel.
///
/// `Display` describes it in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CopyFinding {
    /// The function, by its index in [`Requirements::functions`](core_reloc::elf::requirements::Requirements).
    pub function: usize,
    /// The index of the load or store in the function, in 8-byte slots.
    pub insn: usize,
    /// The relocation whose offset it has, by its index among all relocations of the object.
    pub relocation: usize,
    /// Where the copied struct starts in the stack, in bytes from its end: -24 for `fp-24`.
    pub base: i64,
    /// The number of bytes that the program has written from there on; `None` if it is not known.
    pub copied: Option<u32>,
    /// The number of bytes that the access needs from there on.
    pub needed: u64,
    /// The offset of the field on the kernel, in bytes.
    pub kernel_offset: u64,
    /// The number of bytes that are accessed.
    pub size: u32,
    /// What is wrong.
    pub harm: CopyHarm,
    /// What follows.
    pub effect: CopyEffect,
}

/// What is wrong with an access of a local copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CopyHarm {
    /// It leaves the stack.
    OutsideOfStack,
    /// It is in the stack, but at an offset that is no multiple of its size.
    Misaligned,
    /// It is past the end of the copy, where nothing is written.
    Unwritten,
    /// It is past the end of the copy, where something else is.
    OtherData,
}

/// What follows from an access that leaves a local copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CopyEffect {
    /// The verifier rejects the program if it reaches the access.
    Refused,
    /// The verifier may reject the program: only some paths are known to lead out of the stack, or the
    /// kernel's release does not tell whether it accepts loads of what nothing has written. Kernels since
    /// Linux 6.3 do, for callers with `CAP_PERFMON`.
    MayBeRefused,
    /// The program loads, and gets other data than the field.
    WrongValue,
}

impl CopyFinding {
    /// Returns `true` if the kernel refuses the program, as far as the access is reached.
    pub fn is_refused(&self) -> bool {
        self.effect == CopyEffect::Refused
    }
}

impl fmt::Display for CopyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, kernel_offset, .. } = self;
        write!(f, "accesses {size} bytes at offset {kernel_offset} of a local copy")?;
        if let Some(copied) = self.copied {
            write!(f, " of {copied} bytes")?;
        }
        f.write_str(match self.harm {
            CopyHarm::OutsideOfStack => ", which is outside of the stack",
            CopyHarm::Misaligned => ", which is not aligned in the stack",
            CopyHarm::Unwritten => ", where nothing was copied",
            CopyHarm::OtherData => ", where another variable is",
        })
    }
}
