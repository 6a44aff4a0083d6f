//! What distinguishes one candidate from all others: a member that only it has.
//!
//! Candidates narrow: once a program has asked whether a type has a member, the candidates without it are not
//! tried for the later accesses of that type.

use std::collections::BTreeSet;

use btf_types::Type;
use core_reloc::{Candidate, budget::Budget, describe::type_in_c, spec::LocalSpec};

use super::{
    flavor::{Declared, flavor_with},
    subject::names,
    suggestion::{Suggestion, SuggestionKind},
};
use crate::{
    definition::{Definition, DefinitionLine},
    similar::STEPS_PER_NAME,
};

/// The number of anonymous members within each other that are searched.
const MAX_DEPTH: usize = 16;

/// Returns the first member of a candidate that none of the others has.
pub(super) fn member(of: Candidate, all: &[(Candidate, Definition)]) -> Option<String> {
    // Code cannot check for enumerators of anonymous enums, or for what a member points to.
    let can_be_checked = |line: &&DefinitionLine| {
        (line.layout.is_some() || line.depth == 0) && !line.name.contains(['-', '[', '('])
    };
    let names = |is_own: bool| {
        let definitions = all.iter().filter(move |(one, _)| (*one == of) == is_own);
        let lines = definitions.flat_map(|(_, definition)| definition.lines.iter());
        lines.filter(can_be_checked).map(|line| line.name.as_str())
    };
    let others: BTreeSet<&str> = names(false).collect();
    let mut own = names(true).filter(|name| !name.is_empty() && !others.contains(name));
    own.next().map(str::to_string)
}

/// Defines a flavor with the member that distinguishes a candidate and with what the program accesses, so that
/// asking for the one chooses the candidate of the other. There is none for enums, elements and members that the
/// program cannot declare.
pub(super) fn flavor(
    root: Type<'_>,
    spec: Option<&LocalSpec<'_>>,
    member: &str,
    candidate: Type<'_>,
    budget: &mut Budget,
) -> Option<String> {
    let question: Vec<&str> = member.split('.').collect();
    let asked = Declared { ty: member_type(candidate, &question, budget)?, bits: None };
    let accessors = spec?.accessors().get(1..)?;
    let accessed = names(spec?, 1..spec?.accessors().len())?;
    let accessed: Vec<&str> = accessed.iter().map(String::as_str).collect();
    // A type as a whole has no member.
    let Some(last) = accessors.last() else {
        return flavor_with(root.btf(), root, &[(&question, asked)], budget);
    };
    if question.first() == accessed.first() {
        return None;
    }
    let ty = root.btf().type_by_id(last.member_type).ok()?;
    let access = Declared { ty, bits: None };
    flavor_with(root.btf(), root, &[(&question, asked), (&accessed, access)], budget)
}

/// Suggests to ask for the member that only one candidate has.
pub(super) fn suggestion(
    title: &str,
    root: Option<Type<'_>>,
    name: String,
    code: Option<String>,
) -> Suggestion {
    let text = match &code {
        Some(_) => format!(
            "only {title} has `{name}`: if you mean that one, use a flavor that has `{name}`, and ask \
             bpf_core_field_exists for it first; later accesses of the flavor then use the same candidate"
        ),
        None => {
            let asked = root
                .map_or_else(|| "the type".to_string(), |root| format!("`{}`", type_in_c(root)));
            format!(
                "only {title} has `{name}`: if you mean that one, declare `{name}` in the program's \
                 {asked} and ask bpf_core_field_exists for it first; later accesses of {asked} then \
                 use the same candidate"
            )
        }
    };
    Suggestion { member: Some(name), code, ..Suggestion::new(SuggestionKind::Access, text) }
}

/// Returns the type of a member that a path of names leads to.
fn member_type<'a>(ty: Type<'a>, path: &[&str], budget: &mut Budget) -> Option<Type<'a>> {
    let mut ty = ty;
    for name in path {
        ty = find(ty.skip_modifiers_and_typedefs().ok()?, name, 0, budget)?;
    }
    Some(ty)
}

/// Finds a member of a type or of its anonymous members.
fn find<'a>(ty: Type<'a>, wanted: &str, depth: usize, budget: &mut Budget) -> Option<Type<'a>> {
    budget.spend(ty.members().len().saturating_mul(STEPS_PER_NAME)).ok()?;
    ty.members().iter().find_map(|member| {
        let (name, ty) = (member.name().ok()?, member.ty().ok()?);
        if name.is_empty() && depth < MAX_DEPTH {
            let within = ty.skip_modifiers_and_typedefs().ok()?;
            return find(within, wanted, depth.saturating_add(1), budget);
        }
        (name == wanted).then_some(ty)
    })
}
