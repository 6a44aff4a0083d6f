//! Settings of the generated cases.

use std::ops::RangeInclusive;

use crate::types::profile::Profile;

/// The settings of [`case()`](crate::case()).
///
/// ```
/// use btf_types::ByteOrder;
/// use core_reloc_proptest::{CaseProfile, Profile};
///
/// let types = Profile::object().byte_order(ByteOrder::Big).edits(0..=2);
/// let profile = CaseProfile::default().types(types).relocations(1..=4).flaws(0);
/// assert_eq!(profile.flaws, 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseProfile {
    /// The types, and the number of edits.
    pub types: Profile,
    /// The number of relocations in a program.
    pub relocations: RangeInclusive<usize>,
    /// The percentage of relocations that have a [`Flaw`](crate::relocations::Flaw).
    pub flaws: u32,
}

impl Default for CaseProfile {
    fn default() -> Self {
        Self { types: Profile::object(), relocations: 1..=16, flaws: 4 }
    }
}

impl CaseProfile {
    /// Sets the profile of the types. Its [`split`](Profile::split) and
    /// [`pointer_size`](Profile::pointer_size) are ignored: local types are never split on a base,
    /// and pointers have 8 bytes.
    #[must_use]
    pub fn types(self, types: Profile) -> Self {
        Self { types, ..self }
    }

    /// Sets the number of relocations.
    #[must_use]
    pub fn relocations(self, relocations: RangeInclusive<usize>) -> Self {
        Self { relocations, ..self }
    }

    /// Sets the percentage of flawed relocations.
    #[must_use]
    pub fn flaws(self, percent: u32) -> Self {
        Self { flaws: percent, ..self }
    }
}
