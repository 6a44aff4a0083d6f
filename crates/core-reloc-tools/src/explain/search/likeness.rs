//! Which types are looked at by their names, whatever the kernel. Searches suggest no type that `includes` rejects:
//! [`Scope`](crate::explain::Scope) depends on it.

use btf_types::Kind;
use core_reloc::essential_name;

use crate::similar::Wanted;

/// The names that may be meant by that of a missing root type.
#[derive(Debug)]
pub(in crate::explain) struct LikeRoot<'n> {
    kind: Kind,
    /// Its essential name.
    name: &'n [u8],
    /// The kind and the essential name of the tagged type that it stands for, if it is a typedef.
    tag: Option<(Kind, &'n [u8])>,
    pub(super) wanted: Wanted<'n>,
}

impl<'n> LikeRoot<'n> {
    /// `tag` has the kind and the name of the tagged type that a typedef stands for.
    pub(in crate::explain) fn new(
        kind: Kind,
        name: &'n [u8],
        tag: Option<&'n (Kind, Vec<u8>)>,
    ) -> Self {
        let name = essential_name(name);
        let tag = tag.map(|(kind, name)| (*kind, essential_name(name)));
        Self { kind, name, tag, wanted: Wanted::new(name) }
    }

    /// Returns `true` for kinds of types that can be suggested.
    pub(super) fn has_kind(kind: Kind) -> bool {
        kind.is_composite() || kind.is_enum() || matches!(kind, Kind::Typedef | Kind::Fwd)
    }

    /// Returns `true` if a type has the name, or the tag.
    pub(super) fn is_same(&self, kind: Kind, name: &[u8]) -> bool {
        let name = essential_name(name);
        (!self.name.is_empty() && name == self.name) || self.tag == Some((kind, name))
    }

    /// Returns `true` if a type may be suggested.
    pub(in crate::explain) fn includes(&self, kind: Kind, name: &[u8]) -> bool {
        let is_near = || kind == self.kind && self.wanted.distance(name).is_some();
        Self::has_kind(kind) && (self.is_same(kind, name) || is_near())
    }
}

/// The names of structs and unions that may have a member which one of a similar name lacks.
#[derive(Debug)]
pub(in crate::explain) struct LikeOwner<'n> {
    /// Its essential name.
    stem: &'n [u8],
    pub(super) wanted: Wanted<'n>,
}

impl<'n> LikeOwner<'n> {
    pub(in crate::explain) fn new(name: &'n [u8]) -> Self {
        let stem = essential_name(name);
        Self { stem, wanted: Wanted::new(stem) }
    }

    /// Returns `true` if a name starts with the owner's.
    pub(super) fn starts(&self, name: &[u8]) -> bool {
        !self.stem.is_empty() && name.starts_with(self.stem)
    }

    /// Returns `true` if it is the owner's own name.
    pub(super) fn is_same(&self, name: &[u8]) -> bool {
        essential_name(name) == self.stem
    }

    /// Returns `true` if a type may be suggested.
    pub(in crate::explain) fn includes(&self, kind: Kind, name: &[u8]) -> bool {
        let is_similar = || self.starts(name) || self.wanted.distance(name).is_some();
        kind.is_composite() && !self.is_same(name) && is_similar()
    }
}
