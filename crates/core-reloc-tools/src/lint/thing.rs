//! What an object asks for and uses: a type, a field or an enumerator.

use btf_types::{Kind, Type};
use core_reloc::{
    RelocKind, elf::ObjectRelocation, essential_name, record::Subject, spec::LocalSpec,
};

/// A type, or a field or enumerator of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing<'a> {
    /// The kind of the root type; ENUM for both kinds of enums.
    kind: Kind,
    /// The essential name of the root type.
    name: &'a [u8],
    path: Vec<Step<'a>>,
}

/// A member or element on the path to a field, or an enumerator.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step<'a> {
    part: Part<'a>,
    /// The kind of the type that it leads to. A field of another kind is another field.
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    Name(&'a [u8]),
    Element(u32),
}

impl<'a> Thing<'a> {
    /// Returns what a relocation asks for.
    pub(super) fn asked(relocation: &ObjectRelocation<'a>) -> Option<Self> {
        let is_question = matches!(
            relocation.kind()?,
            RelocKind::FieldExists | RelocKind::TypeExists | RelocKind::EnumvalExists
        );
        is_question.then(|| Self::of(relocation)).flatten()
    }

    /// Returns what a relocation has no value without.
    pub(super) fn used(relocation: &ObjectRelocation<'a>) -> Option<Self> {
        let is_use = matches!(
            relocation.kind()?,
            RelocKind::FieldByteOffset
                | RelocKind::FieldByteSize
                | RelocKind::FieldSigned
                | RelocKind::FieldLshiftU64
                | RelocKind::FieldRshiftU64
                | RelocKind::EnumvalValue
        );
        is_use.then(|| Self::of(relocation)).flatten()
    }

    fn of(relocation: &ObjectRelocation<'a>) -> Option<Self> {
        let local = relocation.local();
        let decoded = relocation.decode().ok()?;
        let spec = LocalSpec::new(local, &decoded).ok()?;
        let root = stripped(local.type_by_id(decoded.type_id).ok()?)?;
        let name = root.name().ok()?.as_bytes();
        // A field's first accessor is the root as an array element.
        let first = usize::from(decoded.kind.subject() == Subject::Field);
        let steps = spec.accessors().iter().skip(first).map(|accessor| {
            let part = match accessor.name_off {
                None => Part::Element(accessor.index),
                Some(name_off) => {
                    let name = local.string(name_off).ok()?.as_bytes();
                    let is_enumerator = decoded.kind.subject() == Subject::Enumerator;
                    Part::Name(if is_enumerator { essential_name(name) } else { name })
                }
            };
            let kind = local.type_by_id(accessor.stripped_type).ok()?.kind();
            Some(Step { part, kind })
        });
        let path = steps.collect::<Option<_>>()?;
        let kind = if root.kind().is_enum() { Kind::Enum } else { root.kind() };
        (!name.is_empty()).then(|| Self { kind, name: essential_name(name), path })
    }

    /// Returns the length of the path.
    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    /// Returns `true` if this is the other thing or contains it: without this, the other does not exist.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && other.path.starts_with(&self.path)
    }
}

fn stripped(ty: Type<'_>) -> Option<Type<'_>> {
    ty.skip_modifiers_and_typedefs().ok()
}
