//! Searches for what may replace a missing member.

use btf_types::{Kind, Name, Type, TypeId};
use core_reloc::{
    compare::fields_are_compatible,
    describe::{declaration_in_c, quote, type_in_c},
    essential_name,
};

use super::Search;
use crate::{
    explain::suggestion::{Suggestion, SuggestionKind, flavor, nested},
    limits::STEPS_PER_KEPT_ENTRY,
    similar::{MAX_SUGGESTIONS, Nearest, STEPS_PER_NAME, Wanted},
};

/// A member that the target's type does not have.
#[derive(Debug, Clone, Copy)]
pub(in crate::explain) struct MissingMember<'n, 'a> {
    pub(in crate::explain) name: &'n str,
    /// The local struct that has it.
    pub(in crate::explain) owner: Type<'a>,
    /// Its type there.
    pub(in crate::explain) type_id: TypeId,
}

/// What a search of a type and of the types in it has found.
struct Found {
    /// Members with a similar name and a compatible type: the path and the declaration.
    similar: Nearest<(String, String)>,
    /// Members of the wanted name in nested types.
    deeper: Vec<DeeperMember>,
}

/// A member of the wanted name in a nested type.
struct DeeperMember {
    path: String,
    declaration: String,
    is_through_pointer: bool,
}

/// A type to search.
struct Open<'a> {
    ty: Type<'a>,
    /// The path to its members: empty, or ending in `.` or `->`.
    prefix: String,
    is_through_pointer: bool,
}

/// The depth of types that are searched: a type itself, those in it, and those in them.
const LEVELS: usize = 3;

impl<'a> Search<'a> {
    /// Suggests what may replace a missing member of a target type.
    pub(in crate::explain) fn member(
        &mut self,
        missing: MissingMember<'_, 'a>,
        within: Type<'a>,
    ) -> Vec<Suggestion> {
        let Found { similar, deeper } = self.search_levels(missing, within);
        let type_name = type_in_c(within);
        let mut suggestions = Vec::new();
        for DeeperMember { path, declaration, is_through_pointer } in
            deeper.into_iter().take(MAX_SUGGESTIONS)
        {
            suggestions.push(Suggestion {
                kind: SuggestionKind::Elsewhere,
                text: format!("`{type_name}` has `{}` as `{path}`", missing.name),
                code: (!is_through_pointer).then(|| flavor(within, &nested(&path, &declaration))),
                member: Some(path),
            });
        }
        if suggestions.is_empty() {
            suggestions.extend(self.member_at_same_offset(missing, within));
            for (name, declaration) in similar.into_values() {
                let code = Some(flavor(within, &format!("{declaration};")));
                if suggestions.iter().all(|suggestion| suggestion.code != code) {
                    suggestions.push(Suggestion {
                        kind: SuggestionKind::SimilarName,
                        text: format!("`{type_name}` has a member with a similar name: `{name}`"),
                        member: Some(name),
                        code,
                    });
                }
            }
        }
        if suggestions.is_empty() {
            suggestions.extend(self.other_types(missing, within));
        }
        suggestions
    }

    /// Searches the members of a type, those of its structs, and those of structs that it points to,
    /// level by level, until one has the wanted name.
    fn search_levels(&mut self, missing: MissingMember<'_, 'a>, root: Type<'a>) -> Found {
        let wanted = Wanted::new(missing.name.as_bytes());
        let mut found = Found { similar: Nearest::new(), deeper: Vec::new() };
        let mut level = vec![Open { ty: root, prefix: String::new(), is_through_pointer: false }];
        for depth in 0..LEVELS {
            let mut next = Vec::new();
            for open in level {
                // Out of steps: what was found is kept.
                let _ = self.search_type(&open, missing, &wanted, depth, &mut found, &mut next);
            }
            if !found.deeper.is_empty() {
                break;
            }
            level = next;
        }
        found
    }

    /// Searches the members of one type, and adds the types in it to `next`. Returns `None` when no
    /// steps are left.
    fn search_type(
        &mut self,
        open: &Open<'a>,
        missing: MissingMember<'_, 'a>,
        wanted: &Wanted<'_>,
        depth: usize,
        found: &mut Found,
        next: &mut Vec<Open<'a>>,
    ) -> Option<()> {
        // The type, and its anonymous members.
        let mut types = vec![open.ty];
        while let Some(ty) = types.pop() {
            for member in ty.members() {
                self.spend(STEPS_PER_NAME)?;
                let (Ok(name), Ok(declared)) = (member.name(), member.ty()) else { continue };
                let Ok(ty) = declared.skip_modifiers_and_typedefs() else { continue };
                if name.is_empty() {
                    self.spend_kept("")?;
                    types.push(ty);
                    continue;
                }
                let path = || format!("{}{}", open.prefix, quote(&name));
                if depth > 0 && name == missing.name {
                    let path = path();
                    self.spend_kept(&path)?;
                    found.deeper.push(DeeperMember {
                        path,
                        declaration: declaration_in_c(declared, missing.name),
                        is_through_pointer: open.is_through_pointer,
                    });
                } else if depth == 0
                    && let Some(distance) = self.distance(wanted, &name)
                    // A member that the object has too is not the missing one's new name.
                    && !self.has_member(missing.owner, &quote(&name))
                    && self.is_replacement(missing, declared)
                {
                    let path = path();
                    if self.spend_kept(&path).is_some() {
                        let declaration = declaration_in_c(declared, &quote(&name));
                        found.similar.add(distance, (path, declaration));
                    }
                }
                if let Some((ty, joint, is_pointer)) = nested_type(ty, depth) {
                    let path = path();
                    self.spend_kept(&path)?;
                    next.push(Open {
                        ty,
                        prefix: format!("{path}{joint}"),
                        is_through_pointer: open.is_through_pointer || is_pointer,
                    });
                }
            }
        }
        Some(())
    }

    /// Charges for keeping an entry with a path.
    fn spend_kept(&mut self, path: &str) -> Option<()> {
        self.spend(STEPS_PER_KEPT_ENTRY.saturating_add(path.len()))
    }

    /// Suggests the member at the missing one's offset if it could replace it: most likely it is the
    /// same one renamed.
    fn member_at_same_offset(
        &mut self,
        missing: MissingMember<'_, 'a>,
        within: Type<'a>,
    ) -> Option<Suggestion> {
        let is_missing = |name: Name<'_>| name == missing.name;
        let mut members = missing.owner.members().iter();
        let old = members.find(|member| member.name().is_ok_and(is_missing))?;
        for member in within.members() {
            self.spend(STEPS_PER_NAME)?;
            if member.bit_offset() != old.bit_offset()
                || !member.ty().is_ok_and(|ty| self.is_replacement(missing, ty))
            {
                continue;
            }
            let name = quote(&member.name().ok().filter(|name| !name.is_empty())?);
            if self.has_member(missing.owner, &name) {
                continue;
            }
            let declaration = declaration_in_c(member.ty().ok()?, &name);
            return Some(Suggestion {
                kind: SuggestionKind::SimilarName,
                text: format!(
                    "`{}` has a compatible member at the same offset: `{name}`",
                    type_in_c(within)
                ),
                code: Some(flavor(within, &format!("{declaration};"))),
                member: Some(name),
            });
        }
        None
    }

    /// Returns `true` if a target member of this type can be read in place of the missing one.
    fn is_replacement(&self, missing: MissingMember<'_, 'a>, ty: Type<'_>) -> bool {
        let old = self.local.type_by_id(missing.type_id);
        old.is_ok_and(|old| fields_are_compatible(old, ty).unwrap_or(false))
    }

    /// Returns `true` if a type has a member of a name, and enough steps are left to search for it.
    fn has_member(&mut self, ty: Type<'_>, wanted: &str) -> bool {
        self.spend(ty.members().len().saturating_mul(STEPS_PER_NAME)).is_some()
            && ty.members().iter().any(|member| member.name().is_ok_and(|name| name == wanted))
    }

    /// Suggests structs and unions that have the member, and whose name is similar to its owner's or
    /// starts with it.
    fn other_types(&mut self, missing: MissingMember<'_, 'a>, within: Type<'a>) -> Vec<Suggestion> {
        let mut found = Vec::new();
        let Ok(owner) = missing.owner.name() else { return found };
        let stem = essential_name(&owner);
        let wanted = Wanted::new(stem);
        for ty in within.btf().own_types().filter(|ty| ty.kind().is_composite()) {
            if self.spend(STEPS_PER_NAME).is_none() || found.len() >= MAX_SUGGESTIONS {
                break;
            }
            let Ok(name) = ty.name() else { continue };
            let is_similar = !stem.is_empty()
                && (name.starts_with(stem) || self.distance(&wanted, &name).is_some())
                && essential_name(&name) != stem;
            if is_similar && self.has_member(ty, missing.name) {
                let text = format!("`{}` has a member `{}`", type_in_c(ty), missing.name);
                found.push(Suggestion::new(SuggestionKind::OtherType, text));
            }
        }
        found
    }
}

/// Returns the struct or union that a member contains or, at the first level, points to; the operator
/// that accesses its members; and `true` for a pointer.
fn nested_type(ty: Type<'_>, depth: usize) -> Option<(Type<'_>, &'static str, bool)> {
    if ty.kind().is_composite() {
        return Some((ty, ".", false));
    }
    if ty.kind() != Kind::Ptr || depth > 0 {
        return None;
    }
    let to = ty.referenced().ok()??.skip_modifiers_and_typedefs().ok()?;
    to.kind().is_composite().then_some((to, "->", true))
}
