//! Where our results differ from a judge's on purpose.
//!
//! A comparer that meets a difference names the one of these that explains it;
//! what none explains is a bug of ours.

use std::fmt;

/// Who differs from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judge {
    /// libbpf 1.7, as [`libbpf`](super) drives it.
    Libbpf,
    /// The running kernel.
    Kernel,
}

/// A difference that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accepted {
    /// Enumerators of unsigned 32-bit enums from 2³¹ on.
    LargeUnsignedEnumerator,
    /// Integers whose encoding has both the signed and the char bit.
    SignedChar,
    /// Sign-extending loads of a field whose size changed.
    SignExtendingLoad,
    /// Shifts for bitfields of objects in the other byte order.
    ForeignShift,
    /// Access strings that are no plain list of numbers.
    LooseAccessString,
    /// Candidates of one root type in several relocations, in the kernel.
    NoNarrowing,
    /// Deep types, in the kernel.
    ShallowKernel,
}

impl Accepted {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LargeUnsignedEnumerator,
        Self::SignedChar,
        Self::SignExtendingLoad,
        Self::ForeignShift,
        Self::LooseAccessString,
        Self::NoNarrowing,
        Self::ShallowKernel,
    ];

    /// A short name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LargeUnsignedEnumerator => "large-unsigned-enumerator",
            Self::SignedChar => "signed-char",
            Self::SignExtendingLoad => "sign-extending-load",
            Self::ForeignShift => "foreign-shift",
            Self::LooseAccessString => "loose-access-string",
            Self::NoNarrowing => "no-narrowing",
            Self::ShallowKernel => "shallow-kernel",
        }
    }

    /// Who differs from us.
    pub const fn judge(self) -> Judge {
        match self {
            Self::LargeUnsignedEnumerator
            | Self::SignedChar
            | Self::SignExtendingLoad
            | Self::ForeignShift
            | Self::LooseAccessString => Judge::Libbpf,
            Self::NoNarrowing | Self::ShallowKernel => Judge::Kernel,
        }
    }

    /// What the judge does, what we do, and why ours is right.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::LargeUnsignedEnumerator => {
                "libbpf compares an ALU instruction's sign-extended immediate with the \
                 zero-extended enumerator and refuses the load; clang writes such a value into \
                 the immediate as it is, so either extension is the original value"
            }
            Self::SignedChar => {
                "libbpf takes an integer for signed only if the encoding is nothing but signed; \
                 the encoding is a set of bits, and a signed char has two of them"
            }
            Self::SignExtendingLoad => {
                "libbpf turns a sign-extending load of a field that changed its size into one \
                 of the new size, eight bytes included, which no such instruction has; we poison"
            }
            Self::ForeignShift => {
                "libbpf computes the left shift for the byte order of the machine that it runs \
                 on; the code runs where the object's byte order is the machine's"
            }
            Self::LooseAccessString => {
                "libbpf reads the numbers with sscanf, so spaces before them, signs and \
                 missing colons pass; no compiler writes them, and a damaged string must not pass for another"
            }
            Self::NoNarrowing => {
                "the kernel looks the candidates up anew for every relocation; as libbpf does, \
                 we keep only those that matched, for the later relocations of the same root type"
            }
            Self::ShallowKernel => {
                "the kernel follows fewer levels of nested types than libbpf's 32 and 64, \
                 because its stack is small; our limits are libbpf's"
            }
        }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
