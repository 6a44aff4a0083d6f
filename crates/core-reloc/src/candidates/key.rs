//! The key of candidates: a kind and an essential name.

use btf_types::{Kind, Name, Type};

use crate::{
    compare::kinds_are_compatible,
    names::essential::{HashedName, essential_name},
};

/// The key by which candidates are found. Keys are ordered by hash first, so that names are rarely
/// compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameKey<'a> {
    /// The hash of the essential name.
    pub(crate) hash: u32,
    /// The name without its flavor.
    pub(crate) essential: &'a [u8],
    /// The kind; ENUM for both widths of enums.
    pub(crate) kind: Kind,
}

impl<'a> NameKey<'a> {
    /// Returns the key of a local root type's candidates.
    pub(crate) fn of_root(root: Type<'a>, name: Name<'a>) -> Self {
        let kind = if root.kind().is_enum() { Kind::Enum } else { root.kind() };
        Self::new(essential_name(name.as_bytes()), kind)
    }

    pub(crate) fn new(essential: &'a [u8], kind: Kind) -> Self {
        let HashedName { name: essential, hash } = HashedName::whole(essential);
        Self { hash, essential, kind }
    }

    /// Returns the essential name with its hash.
    pub(crate) fn name(&self) -> HashedName<'a> {
        HashedName { name: self.essential, hash: self.hash }
    }

    /// Returns `true` if a type of this kind, whose essential name is equal, is a candidate.
    pub(crate) fn is_of_kind(&self, kind: Kind) -> bool {
        kinds_are_compatible(self.kind, kind)
    }
}
