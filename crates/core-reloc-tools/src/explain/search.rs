//! Searches of the target for what may replace a missing type, member or enumerator.

mod likeness;
mod member;
mod user_space;

use std::collections::BTreeSet;

use btf_types::{Btf, Kind, KindSet, Type};
use core_reloc::{
    Target,
    budget::Budget,
    describe::{quote, type_in_c},
    enums::EnumReader,
    essential_name,
};

pub(super) use self::{
    likeness::{LikeOwner, LikeRoot},
    member::MissingMember,
};
use super::suggestion::{Suggestion, SuggestionKind};
use crate::similar::{MAX_SUGGESTIONS, Nearest, STEPS_PER_NAME, STEPS_PER_SIMILAR_NAME, Wanted};

/// A search within a budget. When no steps are left, it ends with what it has found.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) budget: Budget,
}

impl<'a> Search<'a> {
    /// Charges a number of steps; `None` if fewer are left.
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.budget.spend(steps).ok()
    }

    /// Returns the [distance](Wanted::distance) of a name from the wanted one, and charges for comparing it,
    /// and for ranking it if it is similar.
    fn distance(&mut self, wanted: &Wanted<'_>, name: &[u8]) -> Option<usize> {
        self.spend(wanted.steps(name))?;
        let distance = wanted.distance(name)?;
        self.spend(STEPS_PER_SIMILAR_NAME)?;
        Some(distance)
    }

    /// Suggests enumerators that may replace a missing one.
    pub(super) fn enumerator(
        &mut self,
        missing: &str,
        local: Type<'a>,
        within: Type<'a>,
        enums: &EnumReader<'_>,
    ) -> Vec<Suggestion> {
        if self.spend(local.enumerators().len().saturating_mul(STEPS_PER_NAME)).is_none() {
            return Vec::new();
        }
        let known: BTreeSet<_> =
            local.enumerators().iter().filter_map(|known| known.name().ok()).collect();
        let wanted = Wanted::new(essential_name(missing.as_bytes()));
        let mut nearest = Nearest::new();
        for enumerator in within.enumerators() {
            if self.spend(STEPS_PER_NAME).is_none() {
                break;
            }
            let Ok(name) = enumerator.name() else { continue };
            if let Some(distance) = self.distance(&wanted, essential_name(&name))
                && !known.contains(&name)
            {
                nearest.add(distance, (quote(&name), enums.value(enumerator).value));
            }
        }
        let within = type_in_c(within);
        let suggestion = |(name, value)| Suggestion {
            kind: SuggestionKind::SimilarName,
            text: format!("`{within}` has an enumerator with a similar name: `{name}` = {value}"),
            member: Some(name),
            code: None,
        };
        nearest.into_values().map(suggestion).collect()
    }

    /// Suggests types that may replace a missing root type, or modules that may define it.
    pub(super) fn root(&mut self, root: Type<'a>) -> Vec<Suggestion> {
        let Ok(name) = root.name() else { return Vec::new() };
        let tag = tag_of(root);
        let like = LikeRoot::new(root.kind(), &name, tag.as_ref());
        let mut nearest = Nearest::new();
        let mut suggestions = Vec::from_iter(user_space::suggestion(root));
        let modules = self.target.modules().iter().map(|module| module.btf);
        for btf in std::iter::once(self.target.main()).chain(modules) {
            // A pass looks at every type.
            if self.spend(btf.own_types().len()).is_none() {
                break;
            }
            for ty in btf.own_types_of(KindSet::TYPE_NAMES) {
                if !LikeRoot::has_kind(ty.kind()) {
                    continue;
                }
                if self.spend(STEPS_PER_NAME).is_none() {
                    break;
                }
                let Ok(name) = ty.name() else { continue };
                if like.is_same(ty.kind(), &name) && suggestions.len() < MAX_SUGGESTIONS {
                    let text = match ty.kind() {
                        kind if root.kind() == Kind::Typedef && kind != Kind::Typedef => {
                            let (found, root) = (type_in_c(ty), type_in_c(root));
                            format!("the target has `{found}`: name it by its tag, not as `{root}`")
                        }
                        Kind::Typedef => format!("the target has a typedef `{}`", quote(&name)),
                        Kind::Fwd => format!("the target only declares `{}`", type_in_c(ty)),
                        _ => format!("the target has `{}`", type_in_c(ty)),
                    };
                    suggestions.push(Suggestion::new(SuggestionKind::SimilarType, text));
                } else if ty.kind() == root.kind()
                    && let Some(distance) = self.distance(&like.wanted, &name)
                {
                    nearest.add(distance, type_in_c(ty));
                }
            }
        }
        suggestions.extend(nearest.into_values().map(|name| {
            let text = format!("the target has a type with a similar name: `{name}`");
            Suggestion::new(SuggestionKind::SimilarType, text)
        }));
        let text = match self.target.modules().len() {
            0 => "a module may define it, and the target was given without modules".to_string(),
            1 => "a module other than the target's may define it".to_string(),
            count => format!("a module other than the target's {count} may define it"),
        };
        suggestions.push(Suggestion::new(SuggestionKind::Module, text));
        suggestions
    }
}

/// Returns the kind and the name of the tagged type that a typedef stands for.
pub(super) fn tag_of(root: Type<'_>) -> Option<(Kind, Vec<u8>)> {
    if root.kind() != Kind::Typedef {
        return None;
    }
    let tagged = root.skip_modifiers_and_typedefs().ok()?;
    let name = tagged.name().ok().filter(|name| !name.is_empty())?;
    let is_tagged = tagged.kind().is_composite() || tagged.kind().is_enum();
    is_tagged.then(|| (tagged.kind(), name.to_vec()))
}
