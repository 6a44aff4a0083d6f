//! The questions that an object asks about existence, and which of them are about what another relocation
//! needs.
//!
//! Things are the same if their names are, without flavors: a field of the same member names and indices from
//! a struct or union of the same name, or an enumerator of the same name in an enum of the same name. A
//! question about something that contains the field counts as well: about a type on the path, a field at the
//! start of the path, or the rest of the path from a named type on it. For `a.b.c`, where `b` is a `struct b`,
//! those are `a.b.c`, `a.b`, `a`, `b.c` and `b`. The question whether a type *matches* counts for its own flavor
//! only, because it is about that definition. A question in the same function is preferred.

use std::collections::BTreeMap;

use btf_types::{Btf, Kind, Type};
use core_reloc::{
    RelocKind, Relocation,
    elf::{Object, ObjectRelocation},
    essential_name,
    record::Subject,
    spec::{Accessor, LocalSpec},
};
use smallvec::SmallVec;

use super::finding::Finding;

/// The longest name that a kernel has: `KSYM_NAME_LEN`.
const MAX_NAME_LEN: usize = 512;

/// What an object asks about: a tree with types at its roots, and in it the paths from them.
///
/// Names longer than any in a kernel are left out, so that comparing names takes little time.
#[derive(Debug, Default)]
pub(super) struct Questions<'a> {
    nodes: usize,
    roots: BTreeMap<Root<'a>, Node>,
    parts: BTreeMap<(Node, PathPart<'a>), Node>,
    /// The index of each relocation that asks, with what it asks about.
    asked: Vec<(usize, Node)>,
}

type Node = usize;

/// A type that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root<'a> {
    /// Whether it, or something in it, exists: its kind and essential name.
    Named(u8, &'a [u8]),
    /// Whether it matches: its kind and whole name.
    Matching(u8, &'a [u8]),
}

/// A part of the path to a field: a member or an array element; or an enumerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PathPart<'a> {
    Name(&'a [u8]),
    Element(u32),
}

impl<'a> Questions<'a> {
    pub(super) fn of(object: &'a Object<'a>) -> Self {
        let mut questions = Self::default();
        let Some(local) = object.btf() else { return questions };
        for (position, relocation) in object.relocations().enumerate() {
            if !relocation.kind().is_some_and(RelocKind::is_existence) {
                continue;
            }
            let Some(relocation) = relocation.decode().ok() else { continue };
            if let Some(node) = questions.add(local, &relocation) {
                questions.asked.push((position, node));
            }
        }
        questions
    }

    fn add(&mut self, local: &'a Btf<'a>, relocation: &Relocation) -> Option<Node> {
        let spec = LocalSpec::new(local, relocation).ok()?;
        let root = match relocation.kind {
            RelocKind::TypeMatches => root_type(&spec).and_then(Root::matching)?,
            _ => root_type(&spec).and_then(Root::named)?,
        };
        let path: SmallVec<[PathPart<'a>; 4]> =
            path(&spec, relocation.kind).collect::<Option<_>>()?;
        let mut node = *self.roots.entry(root).or_insert_with(|| next(&mut self.nodes));
        for part in path {
            node = *self.parts.entry((node, part)).or_insert_with(|| next(&mut self.nodes));
        }
        Some(node)
    }

    /// Returns what is asked about and a relocation needs.
    fn needed(&self, local: &'a Btf<'a>, relocation: &Relocation) -> Vec<Node> {
        let mut needed = Vec::new();
        let Ok(spec) = LocalSpec::new(local, relocation) else { return needed };
        let mut follow = |ty: Type<'a>, path: &mut dyn Iterator<Item = Option<PathPart<'a>>>| {
            needed.extend(Root::matching(ty).and_then(|root| self.roots.get(&root)));
            let mut node = Root::named(ty).and_then(|root| self.roots.get(&root)).copied();
            while let Some(here) = node {
                needed.push(here);
                let part = path.next().flatten();
                node = part.and_then(|part| self.parts.get(&(here, part))).copied();
            }
        };
        if let Some(root) = root_type(&spec) {
            follow(root, &mut path(&spec, relocation.kind));
        }
        if relocation.kind.subject() == Subject::Field {
            // The rest of the path from every named type on it.
            for (position, accessor) in (1_usize..).zip(spec.accessors().iter().skip(1)) {
                if let Some(ty) = type_after(&spec, accessor) {
                    follow(ty, &mut path(&spec, relocation.kind).skip(position));
                }
            }
        }
        needed
    }
}

fn next(nodes: &mut usize) -> Node {
    let node = *nodes;
    *nodes = nodes.saturating_add(1);
    node
}

/// Returns the type at the start of an access, with modifiers and typedefs stripped.
fn root_type<'a>(spec: &LocalSpec<'a>) -> Option<Type<'a>> {
    spec.spec().btf.type_by_id(spec.spec().root).ok()?.skip_modifiers_and_typedefs().ok()
}

/// Returns the type that an accessor leads to, with modifiers and typedefs stripped.
fn type_after<'a>(spec: &LocalSpec<'a>, accessor: &Accessor) -> Option<Type<'a>> {
    spec.spec().btf.type_by_id(accessor.stripped_type).ok()
}

/// Returns the parts of the path from the root; `None` for a name that no kernel has.
fn path<'s, 'a: 's>(
    spec: &'s LocalSpec<'a>,
    kind: RelocKind,
) -> impl Iterator<Item = Option<PathPart<'a>>> + 's {
    // A field's first accessor is the root as an array element.
    let first = usize::from(kind.subject() == Subject::Field);
    spec.accessors().iter().skip(first).map(move |accessor| match accessor.name_off {
        None => Some(PathPart::Element(accessor.index)),
        Some(name_off) => {
            let name = kernel_name(spec.spec().btf.string(name_off).ok()?.as_bytes())?;
            let is_enumerator = kind.subject() == Subject::Enumerator;
            Some(PathPart::Name(if is_enumerator { essential_name(name) } else { name }))
        }
    })
}

/// Returns a name that a kernel may have: neither empty nor too long.
fn kernel_name(name: &[u8]) -> Option<&[u8]> {
    (!name.is_empty() && name.len() <= MAX_NAME_LEN).then_some(name)
}

impl<'a> Root<'a> {
    fn named(ty: Type<'a>) -> Option<Self> {
        let name = kernel_name(ty.name().ok()?.as_bytes())?;
        Some(Self::Named(kind_number(ty), essential_name(name)))
    }

    fn matching(ty: Type<'a>) -> Option<Self> {
        Some(Self::Matching(kind_number(ty), kernel_name(ty.name().ok()?.as_bytes())?))
    }
}

/// Returns the number of a type's kind, ENUM and ENUM64 counting as one.
fn kind_number(ty: Type<'_>) -> u8 {
    match ty.kind() {
        Kind::Enum64 => Kind::Enum.to_raw(),
        kind => kind.to_raw(),
    }
}

/// The questions that a kernel answers with no: the first relocation of each function, and the first of all,
/// that asks about a thing.
pub(super) struct FailedQuestions {
    in_function: BTreeMap<(Node, FunctionKey), usize>,
    anywhere: BTreeMap<Node, usize>,
}

/// The section of a function, and its offset in it.
type FunctionKey = (u32, u64);

fn function_of(relocation: &ObjectRelocation<'_>) -> Option<FunctionKey> {
    relocation.function_range().map(|(section, range)| (section, range.start))
}

impl FailedQuestions {
    pub(super) fn new(questions: &Questions<'_>, findings: &[Finding<'_>]) -> Self {
        let mut failed = Self { in_function: BTreeMap::new(), anywhere: BTreeMap::new() };
        for (position, node) in &questions.asked {
            let Some(Finding { report, .. }) = findings.get(*position) else { continue };
            let Some(function) = function_of(&report.relocation) else { continue };
            if report.outcome.value() == Some(0) {
                failed.in_function.entry((*node, function)).or_insert(*position);
                failed.anywhere.entry(*node).or_insert(*position);
            }
        }
        failed
    }

    /// Returns the index of a relocation that asks about what another one needs.
    pub(super) fn about(
        &self,
        questions: &Questions<'_>,
        relocation: &ObjectRelocation<'_>,
    ) -> Option<usize> {
        if self.anywhere.is_empty() {
            return None;
        }
        let decoded = relocation.decode().ok()?;
        let needed = questions.needed(relocation.local(), &decoded);
        let function = function_of(relocation)?;
        let here = needed.iter().find_map(|node| self.in_function.get(&(*node, function)));
        here.or_else(|| needed.iter().find_map(|node| self.anywhere.get(node))).copied()
    }
}
