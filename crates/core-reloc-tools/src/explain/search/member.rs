//! Searches for what may replace a missing member.

use std::cmp::Reverse;

use btf_types::{Type, TypeId};
use core_reloc::{
    Relocation,
    describe::{declaration_in_c, type_in_c},
    spec::LocalSpec,
};

use super::{LikeOwner, Search};
use crate::{
    explain::{
        flavor::{Declared, flavor},
        subject::{Subject, names},
        suggestion::{Suggestion, SuggestionKind},
    },
    replacement::{Lost, Relation, Replacement, Sameness, search},
    similar::{MAX_SUGGESTIONS, STEPS_PER_NAME},
};

/// A member that the target's type does not have.
#[derive(Debug, Clone)]
pub(in crate::explain) struct MissingMember<'a> {
    /// The root type in the program.
    pub(in crate::explain) root: Type<'a>,
    /// The members that lead from it to the missing one; `None` if there is an element among them.
    pub(in crate::explain) before: Option<Vec<String>>,
    /// The missing one's name, and those of the members that the program goes on to.
    pub(in crate::explain) names: Vec<String>,
    /// The local struct that has it.
    pub(in crate::explain) owner: Type<'a>,
    /// Its type there.
    pub(in crate::explain) type_id: TypeId,
    /// The type of the last of the names.
    pub(in crate::explain) leaf: TypeId,
}

impl<'a> MissingMember<'a> {
    /// Describes the member that a target type lacks, with what the program reads in it.
    pub(in crate::explain) fn of(
        spec: &LocalSpec<'a>,
        relocation: &Relocation,
        subject: &Subject<'a>,
    ) -> Option<Self> {
        let at = subject.accessor;
        let type_id = spec.accessors().get(at)?.member_type;
        // An element of an array belongs to the member before it.
        let after = spec.accessors().get(at..)?;
        let after = after.iter().take_while(|accessor| accessor.name_off.is_some()).count();
        let end = at.saturating_add(after);
        Some(Self {
            root: spec.spec().btf.type_by_id(relocation.type_id).ok()?,
            before: names(spec, 1..at),
            names: names(spec, at..end)?,
            owner: subject.local,
            type_id,
            leaf: spec.accessors().get(end.checked_sub(1)?)?.member_type,
        })
    }
}

impl<'a> Search<'a> {
    /// Suggests what may replace a missing member of a target type, which is in the type `root`.
    pub(in crate::explain) fn member(
        &mut self,
        missing: &MissingMember<'a>,
        within: Type<'a>,
        root: Type<'a>,
    ) -> Vec<Suggestion> {
        let ty = |id| self.local.type_by_id(id).ok();
        let lost = Lost {
            names: &missing.names,
            owner: Some(missing.owner),
            member: ty(missing.type_id),
            leaf: ty(missing.leaf),
        };
        let found = search(lost, within, &mut self.budget);
        let is_in_doubt = found.iter().all(|found| found.is_in_doubt);
        let before = missing.before.clone();
        let mut all: Vec<_> = found.into_iter().map(|one| (one, within, before.clone())).collect();
        if is_in_doubt && root.id() != within.id() {
            // It may have been moved out of the struct.
            let owner = missing.root.skip_modifiers_and_typedefs().ok();
            let found = search(Lost { owner, ..lost }, root, &mut self.budget);
            all.extend(found.into_iter().map(|one| (one, root, Some(Vec::new()))));
            all.sort_by_key(|(one, ..)| Reverse(one.points));
            all.truncate(MAX_SUGGESTIONS);
        }
        let mut suggestions = Vec::new();
        for (found, within, before) in all {
            suggestions.push(self.replace(missing, before, within, &found));
        }
        if suggestions.is_empty() {
            suggestions.extend(self.other_types(missing, within));
        }
        suggestions
    }

    /// Suggests a replacement for a missing member, in the type that `before` leads to.
    fn replace(
        &mut self,
        missing: &MissingMember<'a>,
        before: Option<Vec<String>>,
        within: Type<'a>,
        found: &Replacement<'a>,
    ) -> Suggestion {
        let Replacement { path, ty, bits, relation, sameness, is_in_doubt, .. } = found;
        let name = missing.names.first().map_or("", String::as_str);
        let type_name = type_in_c(within);
        let is_near = found.is_near();
        let mut text = match relation {
            Relation::Moved if path.ends_with(name) => {
                format!("`{type_name}` has `{name}` as `{path}`")
            }
            Relation::Moved => format!("`{type_name}` has `{path}` for `{name}`"),
            Relation::Renamed if is_near => {
                format!("`{type_name}` has a member with a similar name: `{path}`")
            }
            Relation::Renamed => {
                format!("`{type_name}` leads to a member with a similar name: `{path}`")
            }
            Relation::InPlace => {
                format!("`{type_name}` has `{path}`, of the same type, where `{name}` was")
            }
            Relation::Replaced => format!("`{type_name}` has `{path}` where `{name}` was"),
            Relation::OfType if sameness.is_same() => {
                format!("`{type_name}` has few members of that type, among them `{path}`")
            }
            Relation::OfType => {
                format!("`{type_name}` has few members of such a type, among them `{path}`")
            }
        };
        if matches!(sameness, Sameness::Akin | Sameness::Retyped | Sameness::Incompatible) {
            text.push_str(&format!(", of another type: `{}`", declaration_in_c(*ty, "")));
        }
        if *is_in_doubt {
            text.push_str(": it may be the same renamed, or another one");
        }
        let kind = match relation {
            Relation::Renamed | Relation::InPlace | Relation::Replaced | Relation::OfType
                if is_near =>
            {
                SuggestionKind::SimilarName
            }
            _ => SuggestionKind::Elsewhere,
        };
        // What reads another quantity should not be a copy away.
        let is_sure = found.is_within() && !is_in_doubt;
        let code = before.filter(|_| is_sure).and_then(|before| {
            let before = before.iter().map(String::as_str);
            let path: Vec<&str> = before.chain(path.split('.')).collect();
            let declared = Declared { ty: *ty, bits: *bits };
            flavor(self.local, missing.root, &path, declared, &mut self.budget)
        });
        Suggestion { kind, text, member: Some(path.clone()), code }
    }

    /// Returns `true` if a type has a member of a name, and enough steps are left to search for it.
    fn has_member(&mut self, ty: Type<'_>, wanted: &str) -> bool {
        self.spend(ty.members().len().saturating_mul(STEPS_PER_NAME)).is_some()
            && ty.members().iter().any(|member| member.name().is_ok_and(|name| name == wanted))
    }

    /// Suggests structs and unions that have the member, and whose name is similar to its owner's or
    /// starts with it.
    fn other_types(&mut self, missing: &MissingMember<'a>, within: Type<'a>) -> Vec<Suggestion> {
        let mut found = Vec::new();
        let Ok(owner) = missing.owner.name() else { return found };
        let missing = missing.names.first().map_or("", String::as_str);
        let like = LikeOwner::new(&owner);
        for ty in within.btf().own_types().filter(|ty| ty.kind().is_composite()) {
            if self.spend(STEPS_PER_NAME).is_none() || found.len() >= MAX_SUGGESTIONS {
                break;
            }
            let Ok(name) = ty.name() else { continue };
            let is_similar = like.starts(&name) || self.distance(&like.wanted, &name).is_some();
            if is_similar && !like.is_same(&name) && self.has_member(ty, missing) {
                let text = format!("`{}` has a member `{missing}`", type_in_c(ty));
                found.push(Suggestion::new(SuggestionKind::OtherType, text));
            }
        }
        found
    }
}
