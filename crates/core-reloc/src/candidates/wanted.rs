//! What is looked for: a kind and an essential name.

use btf_types::{Kind, Name, Type};

use crate::{compare::field::kinds_are_compatible, essential_name, hash};

/// What a candidate must have. Ordered by hash first, so that names are rarely compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted<'a> {
    /// The hash of the essential name.
    pub(super) hash: u32,
    /// The name without its flavor.
    pub(super) essential: &'a [u8],
    /// The kind; ENUM for both widths of enums.
    pub(super) kind: Kind,
}

impl<'a> Wanted<'a> {
    /// What candidates of a local root type must have.
    pub(super) fn by(root: Type<'a>, name: Name<'a>) -> Self {
        let kind = if root.kind().is_enum() { Kind::Enum } else { root.kind() };
        Self::new(essential_name(name.as_bytes()), kind)
    }

    pub(super) fn new(essential: &'a [u8], kind: Kind) -> Self {
        Self { hash: hash::name(essential), essential, kind }
    }

    /// Whether a type that has the essential name is also of the kind.
    pub(super) fn is_of_kind(&self, kind: Kind) -> bool {
        kinds_are_compatible(self.kind, kind)
    }
}
