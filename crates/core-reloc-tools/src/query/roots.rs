//! The types and enumerators that questions name.

use std::collections::BTreeSet;

use btf_types::{Kind, TypeId};
use core_reloc::{FoundEnumerator, FoundType, Target, generate::RootName};

use super::question::{Question, Reading, Rest};

/// A type or an enumerator that the root of a question names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Root<'a> {
    Type {
        found: FoundType<'a>,
        /// Whether it has exactly the name, and not another flavor of it.
        is_exact: bool,
    },
    Enumerator(FoundEnumerator<'a>),
}

/// The roots of a question, each with the reading of the question that it is a root of.
pub(super) type Roots<'q, 'a> = Vec<(Reading<'q>, Root<'a>)>;

impl Root<'_> {
    fn module(&self) -> Option<u32> {
        match self {
            Self::Type { found, .. } => found.module,
            Self::Enumerator(found) => found.module,
        }
    }
}

/// Finds the roots of each question.
///
/// All questions together take one pass over the named types, and one over the enums for those that are
/// no type of the main BTF.
pub(super) fn find<'q, 'a>(target: &Target<'a>, questions: &[Question<'q>]) -> Vec<Roots<'q, 'a>> {
    let readings = || questions.iter().flat_map(Question::readings);
    let names: Vec<(&str, Kind)> = readings().flat_map(|reading| reading.roots()).collect();
    let mut found = target.find_candidates(&names).into_iter();
    let mut all: Vec<Roots<'q, 'a>> = Vec::with_capacity(questions.len());
    for question in questions {
        let mut roots = Roots::new();
        for reading in question.readings() {
            let types = found.by_ref().take(reading.roots().count()).flatten();
            let types = distinct(reading, types.collect());
            roots.extend(types.into_iter().map(|root| (reading, root)));
        }
        all.push(roots);
    }

    let mut open: Vec<(Reading<'q>, &mut Roots<'q, 'a>)> = Vec::new();
    for (question, roots) in questions.iter().zip(&mut all) {
        let name_alone = question.readings().find(|reading| matches!(reading.rest, Rest::Nothing));
        if let Some(reading) = name_alone.filter(|_| !has_type_in_main(roots)) {
            open.push((reading, roots));
        }
    }
    if !open.is_empty() {
        let names: Vec<&str> = open.iter().map(|(reading, _)| reading.root).collect();
        for ((reading, roots), found) in open.into_iter().zip(target.find_all_enumerators(&names)) {
            // Enumerators of the main BTF precede types of modules.
            if found.first().is_some_and(|found| found.module.is_none()) {
                roots.clear();
            }
            roots.extend(found.into_iter().map(|found| (reading, Root::Enumerator(found))));
            roots.sort_by_key(|(_, root)| root.module());
        }
    }
    all
}

fn has_type_in_main(roots: &[(Reading<'_>, Root<'_>)]) -> bool {
    roots.iter().any(|(_, root)| matches!(root, Root::Type { .. }) && root.module().is_none())
}

/// Returns the types that a reading means, without those that add nothing: a typedef of another one of them,
/// and a declaration of a type that is defined. Those of exactly the name come first.
///
/// Which of several that are one is kept does not depend on the order of the types, which differs between the BTF of
/// builds with the same types.
fn distinct<'a>(reading: Reading<'_>, types: Vec<FoundType<'a>>) -> Vec<Root<'a>> {
    let name = RootName::parse(reading.root).name;
    let is_exact = |found: &FoundType<'_>| found.ty.name().is_ok_and(|own| own == name);
    let is_declaration = |found: &FoundType<'_>| found.ty.kind() == Kind::Fwd;
    let mut types: Vec<(usize, FoundType<'a>)> = types.into_iter().enumerate().collect();
    types.sort_by_key(|(_, found)| {
        let ty = found.ty;
        (is_declaration(found), !is_exact(found), ty.kind() == Kind::Typedef, ty.fwd_is_union())
    });
    let mut known = BTreeSet::new();
    types.retain(|(_, found)| {
        let adds = !is_declaration(found) || known.is_empty();
        adds && known.insert(identity(*found))
    });
    types.sort_by_key(|(index, found)| (!is_exact(found), *index));
    let root = |(_, found)| Root::Type { found, is_exact: is_exact(&found) };
    types.into_iter().map(root).collect()
}

/// Identifies what a type is with typedefs stripped: by its id, and the module that defines it.
fn identity(FoundType { ty, module, .. }: FoundType<'_>) -> (Option<u32>, TypeId) {
    let ty = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
    let is_of_base = ty.btf().base().is_some() && ty.id() < ty.btf().start_id();
    (module.filter(|_| !is_of_base), ty.id())
}
