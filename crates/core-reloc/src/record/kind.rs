//! The kinds of CO-RE relocations.

use core::fmt;

/// The kind of a relocation: what it asks about a field, a type or an enumerator (`enum
/// bpf_core_relo_kind` of the kernel's `uapi/linux/bpf.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum RelocKind {
    /// The offset of a field, in bytes.
    FieldByteOffset = 0,
    /// The size of a field, in bytes.
    FieldByteSize = 1,
    /// Whether a field exists.
    FieldExists = 2,
    /// Whether a field is signed.
    FieldSigned = 3,
    /// The left shift, in bits, that extracts a field from the 64 bits that it was loaded into.
    FieldLshiftU64 = 4,
    /// The right shift that follows the left shift, in bits.
    FieldRshiftU64 = 5,
    /// The id of a type in the object's own BTF.
    TypeIdLocal = 6,
    /// The id of a type in the target's BTF.
    TypeIdTarget = 7,
    /// Whether a type exists.
    TypeExists = 8,
    /// The size of a type, in bytes.
    TypeSize = 9,
    /// Whether an enumerator exists.
    EnumvalExists = 10,
    /// The value of an enumerator.
    EnumvalValue = 11,
    /// Whether the target has a type that matches the local one, member by member.
    TypeMatches = 12,
}

impl RelocKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::FieldByteOffset,
        Self::FieldByteSize,
        Self::FieldExists,
        Self::FieldSigned,
        Self::FieldLshiftU64,
        Self::FieldRshiftU64,
        Self::TypeIdLocal,
        Self::TypeIdTarget,
        Self::TypeExists,
        Self::TypeSize,
        Self::EnumvalExists,
        Self::EnumvalValue,
        Self::TypeMatches,
    ];

    /// Returns the kind with a number, as records store it.
    ///
    /// ```
    /// use core_reloc::RelocKind;
    ///
    /// assert_eq!(RelocKind::from_raw(2), Some(RelocKind::FieldExists));
    /// assert_eq!(RelocKind::from_raw(13), None);
    /// ```
    #[inline]
    pub fn from_raw(raw: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(raw).ok()?).copied()
    }

    /// Returns the number, as records store it.
    #[inline]
    pub const fn to_raw(self) -> u32 {
        self as u32
    }

    /// Returns the kind with a name, as [`RelocKind::name`] returns it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the name, such as `field_byte_offset`: the kernel's enumerator in lower case, without its
    /// prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FieldByteOffset => "field_byte_offset",
            Self::FieldByteSize => "field_byte_size",
            Self::FieldExists => "field_exists",
            Self::FieldSigned => "field_signed",
            Self::FieldLshiftU64 => "field_lshift_u64",
            Self::FieldRshiftU64 => "field_rshift_u64",
            Self::TypeIdLocal => "type_id_local",
            Self::TypeIdTarget => "type_id_target",
            Self::TypeExists => "type_exists",
            Self::TypeSize => "type_size",
            Self::EnumvalExists => "enumval_exists",
            Self::EnumvalValue => "enumval_value",
            Self::TypeMatches => "type_matches",
        }
    }

    /// Returns what the access string leads to.
    #[inline]
    pub const fn subject(self) -> Subject {
        match self {
            Self::FieldByteOffset
            | Self::FieldByteSize
            | Self::FieldExists
            | Self::FieldSigned
            | Self::FieldLshiftU64
            | Self::FieldRshiftU64 => Subject::Field,
            Self::TypeIdLocal
            | Self::TypeIdTarget
            | Self::TypeExists
            | Self::TypeSize
            | Self::TypeMatches => Subject::Type,
            Self::EnumvalExists | Self::EnumvalValue => Subject::Enumerator,
        }
    }

    /// Returns `true` if the kind asks whether something exists: 0 is then an answer, not a failure.
    #[inline]
    pub const fn is_existence(self) -> bool {
        match self {
            Self::FieldExists | Self::TypeExists | Self::EnumvalExists | Self::TypeMatches => true,
            Self::FieldByteOffset
            | Self::FieldByteSize
            | Self::FieldSigned
            | Self::FieldLshiftU64
            | Self::FieldRshiftU64
            | Self::TypeIdLocal
            | Self::TypeIdTarget
            | Self::TypeSize
            | Self::EnumvalValue => false,
        }
    }
}

impl fmt::Display for RelocKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The subject of a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A field: the access string leads from the root type to it.
    Field,
    /// The root type itself: the access string is `0`.
    Type,
    /// An enumerator of the root type: the access string is its index.
    Enumerator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_convert_back_to_their_kind() {
        for (number, kind) in (0..).zip(RelocKind::ALL) {
            assert_eq!(kind.to_raw(), number);
            assert_eq!(RelocKind::from_raw(number), Some(kind));
            assert_eq!(RelocKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(RelocKind::from_raw(u32::MAX), None);
        assert_eq!(RelocKind::from_name("byte_off"), None);
    }
}
