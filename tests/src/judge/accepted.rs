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
    /// ALU instructions whose immediate is 2³¹ or more.
    LargeImmediate,
    /// ALU instructions that are to hold a value of more than 32 bits.
    WideValue,
    /// Shifts, and bitfields, of fields that no single load can read.
    WideField,
    /// Fields whose offset in bits does not fit 32 bits.
    OffsetOverflow,
    /// Two members of one name, of which the first is of another sort than the local one.
    MemberTwice,
    /// The size of pointers in modules of a kernel whose own BTF does not tell it.
    ModulePointerSize,
    /// Candidates of one root type in several relocations, in the kernel.
    NoNarrowing,
    /// Deep types, in the kernel.
    ShallowKernel,
    /// Enums that became 64 bits wide, or are no longer, in the kernel.
    EnumWidth,
    /// Types of one name and different kinds, in the kernel.
    CachedCandidates,
}

impl Accepted {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::LargeUnsignedEnumerator,
        Self::SignedChar,
        Self::SignExtendingLoad,
        Self::ForeignShift,
        Self::LooseAccessString,
        Self::LargeImmediate,
        Self::WideValue,
        Self::WideField,
        Self::OffsetOverflow,
        Self::MemberTwice,
        Self::ModulePointerSize,
        Self::NoNarrowing,
        Self::ShallowKernel,
        Self::EnumWidth,
        Self::CachedCandidates,
    ];

    /// A short name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LargeUnsignedEnumerator => "large-unsigned-enumerator",
            Self::SignedChar => "signed-char",
            Self::SignExtendingLoad => "sign-extending-load",
            Self::ForeignShift => "foreign-shift",
            Self::LooseAccessString => "loose-access-string",
            Self::LargeImmediate => "large-immediate",
            Self::WideValue => "wide-value",
            Self::WideField => "wide-field",
            Self::OffsetOverflow => "offset-overflow",
            Self::MemberTwice => "member-twice",
            Self::ModulePointerSize => "module-pointer-size",
            Self::NoNarrowing => "no-narrowing",
            Self::ShallowKernel => "shallow-kernel",
            Self::EnumWidth => "enum-width",
            Self::CachedCandidates => "cached-candidates",
        }
    }

    /// Who differs from us. The kernel's code is a copy of libbpf's, with most of its differences.
    pub const fn judges(self) -> &'static [Judge] {
        match self {
            // The kernel takes no program whose types have such integers, or are in the other
            // byte order; it knows the size of its pointers, and has no name twice.
            Self::SignedChar | Self::ForeignShift | Self::ModulePointerSize | Self::MemberTwice => {
                &[Judge::Libbpf]
            }
            Self::LargeUnsignedEnumerator
            | Self::SignExtendingLoad
            | Self::LooseAccessString
            | Self::LargeImmediate
            | Self::WideValue
            | Self::WideField
            | Self::OffsetOverflow => &[Judge::Libbpf, Judge::Kernel],
            Self::NoNarrowing | Self::ShallowKernel | Self::EnumWidth | Self::CachedCandidates => {
                &[Judge::Kernel]
            }
        }
    }

    /// What the judge does, what we do, and why ours is right.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::LargeUnsignedEnumerator => {
                "libbpf extends the values of 32-bit enums by their sign, those of unsigned ones too, \
                 and refuses a 64-bit immediate into which clang wrote the value as it is"
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
            Self::LargeImmediate => {
                "libbpf extends an ALU instruction's immediate by its sign before it compares it, so \
                 that no value from 2³¹ on is the original; the instruction has no \
                 more than 32 bits for it, and either extension is the original value"
            }
            Self::WideValue => {
                "libbpf cuts a value of more than 32 bits off to make it fit an ALU instruction; \
                 the program would compute with a wrong number, so it is an error"
            }
            Self::WideField => {
                "libbpf computes shifts of fields of no or more than 8 bytes, which come out below \
                 zero, and loads of 16 bytes for bitfields; no such load exists, so it is an error"
            }
            Self::OffsetOverflow => {
                "libbpf keeps the offset in bits as 32 bits, and wraps; another field would be \
                 read, so it is an error"
            }
            Self::MemberTwice => {
                "libbpf goes on after a member of the right name and the wrong type in an anonymous \
                 member, and then adds that member's offset to what it finds; no C compiler takes a \
                 name twice, and we find no match"
            }
            Self::ModulePointerSize => {
                "where the kernel's BTF has no `long`, libbpf takes all pointers that a module's types \
                 lead to for as wide as the module's `long`; for us those of the kernel's types have \
                 8 bytes; every kernel has a `long`"
            }
            Self::NoNarrowing => {
                "the kernel looks the candidates up anew for every relocation; as libbpf does, \
                 we keep only those that matched, for the later relocations of the same root type"
            }
            Self::ShallowKernel => {
                "the kernel follows 2 levels of types where libbpf follows 32, because its stack is \
                 small, and refuses the program; our limits are libbpf's"
            }
            Self::EnumWidth => {
                "the kernel looks for candidates of exactly the local type's kind; libbpf and we \
                 take ENUM and ENUM64 for one kind, as an enum grows by a single enumerator"
            }
            Self::CachedCandidates => {
                "the kernel remembers candidates by name alone, and gives those of one kind to the \
                 next who asks for another kind of that name, so that a struct is found as a union, \
                 or not at all; which it is depends on what was loaded before, so it cannot be right"
            }
        }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
