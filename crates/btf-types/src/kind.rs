//! The kinds of types, and the info word that holds a type's kind, vlen and kind_flag.

use core::fmt;

/// The kind of a type (`BTF_KIND_*` of the kernel's `uapi/linux/btf.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// No type: id 0.
    Void,
    /// An integer, with its size in bits and its encoding.
    Int,
    /// A pointer to another type.
    Ptr,
    /// An array, with its element type and length.
    Array,
    /// A structure with its members.
    Struct,
    /// A union with its members.
    Union,
    /// An enumeration whose values fit 32 bits.
    Enum,
    /// A forward declaration of a structure or a union.
    Fwd,
    /// A name for another type.
    Typedef,
    /// The `volatile` qualifier.
    Volatile,
    /// The `const` qualifier.
    Const,
    /// The `restrict` qualifier.
    Restrict,
    /// A function, which refers to its prototype.
    Func,
    /// A function prototype with its parameters.
    FuncProto,
    /// A variable.
    Var,
    /// A data section with its variables.
    DataSec,
    /// A floating-point number.
    Float,
    /// A tag on a declaration (`btf_decl_tag`).
    DeclTag,
    /// A tag on a type (`btf_type_tag`).
    TypeTag,
    /// An enumeration whose values need 64 bits.
    Enum64,
    /// Where a parameter is at an inline site: a register, a constant, an address.
    LocParam,
    /// The locations of all parameters at an inline site.
    LocProto,
    /// A code section with its inline sites.
    LocSec,
    /// A kind that this library does not know, whose record a layout table describes.
    Unknown(u8),
}

impl Kind {
    /// The known kinds of records, in the order of their numbers, 1 to 22.
    pub const ALL: [Self; 22] = [
        Self::Int,
        Self::Ptr,
        Self::Array,
        Self::Struct,
        Self::Union,
        Self::Enum,
        Self::Fwd,
        Self::Typedef,
        Self::Volatile,
        Self::Const,
        Self::Restrict,
        Self::Func,
        Self::FuncProto,
        Self::Var,
        Self::DataSec,
        Self::Float,
        Self::DeclTag,
        Self::TypeTag,
        Self::Enum64,
        Self::LocParam,
        Self::LocProto,
        Self::LocSec,
    ];

    /// Returns the kind with this number in the format. Numbers above 22 give [`Kind::Unknown`].
    #[inline]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            0 => Self::Void,
            1 => Self::Int,
            2 => Self::Ptr,
            3 => Self::Array,
            4 => Self::Struct,
            5 => Self::Union,
            6 => Self::Enum,
            7 => Self::Fwd,
            8 => Self::Typedef,
            9 => Self::Volatile,
            10 => Self::Const,
            11 => Self::Restrict,
            12 => Self::Func,
            13 => Self::FuncProto,
            14 => Self::Var,
            15 => Self::DataSec,
            16 => Self::Float,
            17 => Self::DeclTag,
            18 => Self::TypeTag,
            19 => Self::Enum64,
            20 => Self::LocParam,
            21 => Self::LocProto,
            22 => Self::LocSec,
            raw => Self::Unknown(raw),
        }
    }

    /// Returns the number that the format stores for this kind.
    #[inline]
    pub const fn to_raw(self) -> u8 {
        match self {
            Self::Void => 0,
            Self::Int => 1,
            Self::Ptr => 2,
            Self::Array => 3,
            Self::Struct => 4,
            Self::Union => 5,
            Self::Enum => 6,
            Self::Fwd => 7,
            Self::Typedef => 8,
            Self::Volatile => 9,
            Self::Const => 10,
            Self::Restrict => 11,
            Self::Func => 12,
            Self::FuncProto => 13,
            Self::Var => 14,
            Self::DataSec => 15,
            Self::Float => 16,
            Self::DeclTag => 17,
            Self::TypeTag => 18,
            Self::Enum64 => 19,
            Self::LocParam => 20,
            Self::LocProto => 21,
            Self::LocSec => 22,
            Self::Unknown(raw) => raw,
        }
    }

    /// Returns `true` if the kind has members: a structure or a union.
    #[inline]
    pub const fn is_composite(self) -> bool {
        matches!(self, Self::Struct | Self::Union)
    }

    /// Returns `true` if the kind has enumerators, of 32 or 64 bits.
    #[inline]
    pub const fn is_enum(self) -> bool {
        matches!(self, Self::Enum | Self::Enum64)
    }

    /// Returns `true` if the kind only qualifies another type: `const`, `volatile`, `restrict` or a type
    /// tag. A typedef is not a modifier.
    #[inline]
    pub const fn is_modifier(self) -> bool {
        matches!(self, Self::Const | Self::Volatile | Self::Restrict | Self::TypeTag)
    }

    /// Returns `true` for the kinds that libbpf's `skip_mods_and_typedefs` skips.
    #[inline]
    pub(crate) const fn is_modifier_or_typedef(self) -> bool {
        matches!(self, Self::Typedef) || self.is_modifier()
    }

    /// Returns the kind's name as bpftool prints it, such as `STRUCT` or `FUNC_PROTO`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Void => "VOID",
            Self::Int => "INT",
            Self::Ptr => "PTR",
            Self::Array => "ARRAY",
            Self::Struct => "STRUCT",
            Self::Union => "UNION",
            Self::Enum => "ENUM",
            Self::Fwd => "FWD",
            Self::Typedef => "TYPEDEF",
            Self::Volatile => "VOLATILE",
            Self::Const => "CONST",
            Self::Restrict => "RESTRICT",
            Self::Func => "FUNC",
            Self::FuncProto => "FUNC_PROTO",
            Self::Var => "VAR",
            Self::DataSec => "DATASEC",
            Self::Float => "FLOAT",
            Self::DeclTag => "DECL_TAG",
            Self::TypeTag => "TYPE_TAG",
            Self::Enum64 => "ENUM64",
            Self::LocParam => "LOC_PARAM",
            Self::LocProto => "LOC_PROTO",
            Self::LocSec => "LOCSEC",
            Self::Unknown(_) => "UNKNOWN",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(raw) => write!(f, "UNKNOWN({raw})"),
            known => f.write_str(known.name()),
        }
    }
}

/// A set of kinds, for passes over all types that look at types of a few kinds.
///
/// ```
/// use btf_types::{Kind, KindSet};
///
/// let composites: KindSet = [Kind::Struct, Kind::Union].into_iter().collect();
/// assert!(composites.contains(Kind::Union));
/// assert!(!composites.contains(Kind::Enum));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KindSet(u128);

impl KindSet {
    /// Returns the set of some kinds.
    pub(crate) const fn of(kinds: &[Kind]) -> Self {
        let (mut set, mut rest) = (0, kinds);
        while let [kind, more @ ..] = rest {
            set |= Self::bit(kind.to_raw());
            rest = more;
        }
        Self(set)
    }

    /// Adds a kind.
    pub fn insert(&mut self, kind: Kind) {
        self.0 |= Self::bit(kind.to_raw());
    }

    /// Returns `true` if the set contains `kind`.
    #[inline]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind.to_raw()) != 0
    }

    /// The kinds whose names are type names in C, which most searches by name look for.
    pub const TYPE_NAMES: Self = Self(
        1 << Kind::Int.to_raw()
            | 1 << Kind::Struct.to_raw()
            | 1 << Kind::Union.to_raw()
            | 1 << Kind::Enum.to_raw()
            | 1 << Kind::Fwd.to_raw()
            | 1 << Kind::Typedef.to_raw()
            | 1 << Kind::Float.to_raw()
            | 1 << Kind::Enum64.to_raw(),
    );

    /// Returns `true` if `of` contains every kind of this set.
    #[inline]
    pub const fn is_subset(self, of: Self) -> bool {
        self.0 & !of.0 == 0
    }

    /// Returns `true` if the numbers of all kinds of this set are below 32.
    #[inline]
    pub(crate) const fn is_below_32(self) -> bool {
        self.0 >> 32 == 0
    }

    /// Returns the set folded to 32 bits: if the bit of a kind's number modulo 32 is clear, the set does
    /// not contain the kind.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves are folded into each other")]
    pub(crate) fn folded(self) -> u32 {
        let half = (self.0 >> 64) as u64 | self.0 as u64;
        (half >> 32) as u32 | half as u32
    }

    /// Returns the bit of a kind's number; no kind has a number above 127.
    #[inline]
    const fn bit(raw: u8) -> u128 {
        match 1_u128.checked_shl(raw as u32) {
            Some(bit) => bit,
            None => 0,
        }
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

/// The second word of a type record: vlen in bits 0–23, kind in bits 24–30, kind_flag in bit 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Info(pub u32);

impl Info {
    /// The largest vlen that the word can hold.
    pub const MAX_VLEN: u32 = 0x00ff_ffff;

    /// Packs the three parts. Bits of a part that do not fit are discarded.
    #[inline]
    pub const fn new(kind: Kind, vlen: u32, kind_flag: bool) -> Self {
        let kind = ((kind.to_raw() & 0x7f) as u32) << 24;
        Self((vlen & Self::MAX_VLEN) | kind | ((kind_flag as u32) << 31))
    }

    /// Returns vlen: the number of members, enumerators, parameters, variables or other entries.
    #[inline]
    pub const fn vlen(self) -> u32 {
        self.0 & Self::MAX_VLEN
    }

    /// Returns the number of the kind, 0 to 127.
    #[inline]
    pub const fn raw_kind(self) -> u8 {
        ((self.0 >> 24) & 0x7f) as u8
    }

    /// Returns the kind.
    #[inline]
    pub const fn kind(self) -> Kind {
        Kind::from_raw(self.raw_kind())
    }

    /// Returns kind_flag, whose meaning depends on the kind.
    #[inline]
    pub const fn kind_flag(self) -> bool {
        self.0 >> 31 != 0
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn kinds_keep_their_number() {
        for raw in 0..=127 {
            assert_eq!(Kind::from_raw(raw).to_raw(), raw);
        }
        for (index, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(usize::from(kind.to_raw()), index + 1);
        }
    }

    #[test]
    fn kinds_print_as_bpftool_prints_them() {
        assert_eq!(Kind::FuncProto.to_string(), "FUNC_PROTO");
        assert_eq!(Kind::Enum64.name(), "ENUM64");
        assert_eq!((Kind::Void.name(), Kind::Unknown(23).name()), ("VOID", "UNKNOWN"));
        assert_eq!(Kind::Unknown(23).to_string(), "UNKNOWN(23)");
        let location = [Kind::LocParam, Kind::LocProto, Kind::LocSec].map(Kind::name);
        assert_eq!(location, ["LOC_PARAM", "LOC_PROTO", "LOCSEC"]);
    }

    #[test]
    fn kinds_fall_into_groups() {
        let group = |of: fn(Kind) -> bool| -> std::vec::Vec<u8> {
            (0..=127).filter(|raw| of(Kind::from_raw(*raw))).collect()
        };
        assert_eq!(group(Kind::is_composite), [4, 5]);
        assert_eq!(group(Kind::is_enum), [6, 19]);
        assert_eq!(group(Kind::is_modifier), [9, 10, 11, 18]);
        assert_eq!(group(Kind::is_modifier_or_typedef), [8, 9, 10, 11, 18]);
    }

    #[test]
    fn info_discards_bits_that_do_not_fit() {
        let info = Info::new(Kind::Unknown(0xff), 0x0100_0001, false);
        assert_eq!((info.raw_kind(), info.vlen(), info.kind_flag()), (0x7f, 1, false));
    }

    #[test]
    fn info_packs_three_parts() {
        let info = Info::new(Kind::Enum64, 0xff_fffe, true);
        assert_eq!(info.0, 0x93ff_fffe);
        assert_eq!((info.kind(), info.vlen(), info.kind_flag()), (Kind::Enum64, 0xff_fffe, true));
        let plain = Info(0x0400_0003);
        assert_eq!((plain.kind(), plain.vlen(), plain.kind_flag()), (Kind::Struct, 3, false));
    }
}
