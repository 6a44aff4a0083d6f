//! The accepted differences between our results and a judge's.
//!
//! A comparison looks for the entry that explains a difference. A difference without one is a bug of
//! ours.

use std::fmt;

/// A judge that differs from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judge {
    /// libbpf 1.7.
    Libbpf,
    /// The running kernel.
    Kernel,
}

/// An accepted difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accepted {
    /// Enumerators of unsigned 32-bit enums whose value is at least 2³¹, and zero-extended in the
    /// instruction.
    LargeUnsignedEnumerator,
    /// Integers whose encoding has both the signed and the char bit.
    SignedChar,
    /// Sign-extending loads of a field whose size has changed.
    SignExtendingLoad,
    /// Left shifts in objects of the other byte order.
    ForeignShift,
    /// Access strings that are not a plain list of numbers.
    LooseAccessString,
    /// ALU instructions whose immediate is at least 2³¹.
    LargeImmediate,
    /// ALU instructions whose new value needs more than 32 bits.
    WideValue,
    /// Shifts and bitfields of fields that no single load can read.
    WideField,
    /// Fields whose offset in bits does not fit in 32 bits.
    OffsetOverflow,
    /// Two members with the same name, the first of which is incompatible.
    MemberTwice,
    /// Pointers of modules of a kernel whose own BTF does not determine their size.
    ModulePointerSize,
    /// Types of a distilled base whose name stands for a type of another kind.
    DistilledKind,
    /// Several relocations of one root type, in the kernel.
    NoNarrowing,
    /// Deeply nested types, in the kernel.
    ShallowKernel,
    /// Enums whose width changed between 32 and 64 bits, in the kernel.
    EnumWidth,
    /// Types with the same name and different kinds, in the kernel.
    CachedCandidates,
}

impl Accepted {
    /// All accepted differences.
    pub const ALL: [Self; 16] = [
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
        Self::DistilledKind,
        Self::NoNarrowing,
        Self::ShallowKernel,
        Self::EnumWidth,
        Self::CachedCandidates,
    ];

    /// Returns the short name for reports.
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
            Self::DistilledKind => "distilled-kind",
            Self::NoNarrowing => "no-narrowing",
            Self::ShallowKernel => "shallow-kernel",
            Self::EnumWidth => "enum-width",
            Self::CachedCandidates => "cached-candidates",
        }
    }

    /// Returns the judges that differ from us. The kernel's code is a copy of libbpf's and shares most
    /// of its differences.
    pub const fn judges(self) -> &'static [Judge] {
        match self {
            // The kernel rejects programs whose types have such integers or the other byte order.
            // Its own types determine the size of its pointers, and have no member name twice.
            // No out-of-tree module is loaded into it.
            Self::SignedChar
            | Self::ForeignShift
            | Self::ModulePointerSize
            | Self::MemberTwice
            | Self::DistilledKind => &[Judge::Libbpf],
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

    /// Returns what the judge does, what we do, and why ours is right.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::LargeUnsignedEnumerator => {
                "libbpf sign-extends the values of all 32-bit enums, and so rejects a 64-bit immediate \
                 that holds the zero-extended value that clang writes for an unsigned one; we accept it \
                 unless the local enum states that it is signed, and then zero-extend the new value; an \
                 unsigned 64-bit enum of the object shows as well that one of 32 bits is unsigned"
            }
            Self::SignedChar => {
                "libbpf treats an integer as signed only if its encoding is exactly `signed`; the \
                 encoding is a set of bits, and a signed char has two of them"
            }
            Self::SignExtendingLoad => {
                "libbpf resizes a sign-extending load of a field whose size has changed, even to 8 \
                 bytes, which no such instruction can load; we poison it"
            }
            Self::ForeignShift => {
                "libbpf computes the left shift for the byte order of the machine that it runs on; the \
                 code will run on a machine with the byte order of the object"
            }
            Self::LooseAccessString => {
                "libbpf reads the numbers with sscanf, which accepts leading spaces, signs and missing \
                 colons; no compiler writes them, and a damaged string must not be taken for another"
            }
            Self::LargeImmediate => {
                "libbpf sign-extends an ALU instruction's immediate before it compares it with the \
                 original value, so that no original of 2³¹ or more is accepted; the instruction has \
                 only 32 bits for it, and we accept either extension"
            }
            Self::WideValue => {
                "libbpf truncates a value of more than 32 bits to fit an ALU instruction; the program \
                 would compute with a wrong number, so it is an error"
            }
            Self::WideField => {
                "libbpf computes negative shifts for fields of 0 bytes or more than 8, and loads of 16 \
                 bytes for bitfields; no such load exists, so it is an error"
            }
            Self::OffsetOverflow => {
                "libbpf stores the offset in bits in 32 bits, where it wraps around; the program would \
                 read another field, so it is an error"
            }
            Self::MemberTwice => {
                "after a member with the right name and an incompatible type in an anonymous member, \
                 libbpf continues its search, but adds that member's offset to the next match; C does \
                 not allow a name twice, and we report that nothing matches"
            }
            Self::ModulePointerSize => {
                "where the kernel's BTF has no `long`, libbpf gives all pointers that a module's types \
                 refer to the size of the module's `long`; ours have 8 bytes if they belong to the \
                 kernel's types; every real kernel has a `long`"
            }
            Self::DistilledKind => {
                "libbpf maps a FWD of a distilled base by the kind_flag of the kernel's type, which for a \
                 composite means bitfields, maps a composite to a type of any kind with its name, and \
                 finds a contained one ambiguous if the kernel also declares it; the kind determines \
                 which types can stand for one"
            }
            Self::NoNarrowing => {
                "the kernel considers all candidates for each relocation; like libbpf, we keep only \
                 those that matched for the later relocations of the same root type"
            }
            Self::ShallowKernel => {
                "the kernel compares types to a depth of 2 levels, because its stack is small, and \
                 rejects the program beyond that; libbpf's limit, and ours, is 32"
            }
            Self::EnumWidth => {
                "the kernel finds only candidates of exactly the local type's kind; libbpf and we treat \
                 ENUM and ENUM64 as one kind, since a single new enumerator can widen an enum"
            }
            Self::CachedCandidates => {
                "the kernel caches candidates by name alone and reuses them for another kind with that \
                 name, so that it finds a struct for a union, or no type at all; the result depends on \
                 what was loaded before, so it cannot be right"
            }
        }
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
