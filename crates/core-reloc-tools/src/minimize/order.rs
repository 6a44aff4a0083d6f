//! The order of types in minimized BTF.

use std::collections::BTreeSet;

use btf_types::{Kind, Type, TypeId};
use core_reloc::essential_name;

use super::kept::{KeptBtf, KeptType, strip};

/// Sorts kept types by their content rather than by the ids that they have in the kernel, which differ from build to
/// build. An archive of many kernels is then half as large.
///
/// Named types are sorted by their essential name, and types without names come before the first that needs them.
/// Candidates for the same relocations keep their order, in which errors list them. `first`, if it has a name, comes
/// before all others.
pub(super) fn by_content(
    part: &KeptBtf<'_>,
    ids: impl Iterator<Item = TypeId>,
    first: Option<TypeId>,
) -> Vec<TypeId> {
    let mut named = Vec::new();
    let mut unnamed = BTreeSet::new();
    for (ty, _) in ids.filter_map(|id| part.own_type(id)) {
        match ty.name() {
            Ok(name) if !name.is_empty() => {
                let kind = if ty.kind() == Kind::Enum64 { Kind::Enum } else { ty.kind() };
                named.push(((essential_name(name.as_bytes()), kind), ty));
            }
            _ => {
                unnamed.insert(ty.id());
            }
        }
    }
    named.sort_by_key(|(key, ty)| (Some(ty.id()) != first, *key));

    let mut order = Order { part, unnamed, sorted: Vec::new() };
    for (_, ty) in named {
        order.add(ty.id());
    }
    // What is left is needed by no named type.
    while let Some(first) = order.unnamed.first().copied() {
        order.add(first);
    }
    order.sorted
}

/// The types so far, and those without names that are not among them yet.
struct Order<'k, 'a> {
    part: &'k KeptBtf<'a>,
    unnamed: BTreeSet<TypeId>,
    sorted: Vec<TypeId>,
}

/// A type whose turn has come.
enum Step {
    /// What it needs comes first.
    Needs(TypeId),
    Add(TypeId),
}

impl Order<'_, '_> {
    /// Adds a type after the types without names that it needs.
    fn add(&mut self, id: TypeId) {
        self.unnamed.remove(&id);
        let mut open = vec![Step::Add(id)];
        self.open_needed(id, &mut open);
        while let Some(step) = open.pop() {
            match step {
                Step::Needs(id) if self.unnamed.remove(&id) => {
                    open.push(Step::Add(id));
                    self.open_needed(id, &mut open);
                }
                Step::Needs(_) => {}
                Step::Add(id) => self.sorted.push(id),
            }
        }
    }

    /// Opens the types that a type needs, the first one last.
    fn open_needed(&self, id: TypeId, open: &mut Vec<Step>) {
        let Some((ty, kept)) = self.part.own_type(id) else { return };
        for needed in references(ty, kept).into_iter().rev() {
            let needed = self.part.btf.type_by_id(needed).ok().and_then(strip);
            open.extend(needed.map(|needed| Step::Needs(needed.id())));
        }
    }
}

/// Returns the ids of the types that what is kept of a type refers to.
fn references(ty: Type<'_>, kept: &KeptType) -> Vec<TypeId> {
    match ty.kind() {
        Kind::Struct | Kind::Union => {
            let members = kept.entries.iter().map(|index| ty.members().get(*index as usize));
            members.flatten().map(|member| member.type_id()).collect()
        }
        Kind::Array => ty.array().map(|array| vec![array.element, array.index]).unwrap_or_default(),
        _ => {
            let params = ty.params();
            ty.referenced_id().into_iter().chain(params.iter().map(|it| it.type_id())).collect()
        }
    }
}
