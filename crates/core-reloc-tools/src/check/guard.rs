//! Which existence relocations ask about what another relocation needs.

use std::collections::BTreeMap;

use btf_types::{Btf, Kind, Type};
use smallvec::SmallVec;

use super::{Finding, Guard};
use core_reloc::{
    RelocKind, Relocation,
    elf::{Object, ObjectRelocation},
    essential_name,
    record::Subject,
    spec::{Accessor, LocalSpec},
};

/// The longest name that a kernel has: `KSYM_NAME_LEN`.
const LONGEST_NAME: usize = 512;

/// What an object asks the existence of: types, and the ways from them, each a node of a tree.
///
/// Longer names than a kernel's are left out, so that comparing them takes no time.
#[derive(Debug, Default)]
pub(super) struct Questions<'a> {
    nodes: usize,
    roots: BTreeMap<Root<'a>, Node>,
    steps: BTreeMap<(Node, Step<'a>), Node>,
    /// What each existence relocation asks for, by its position.
    asked: Vec<(usize, Node)>,
}

type Node = usize;

/// A type that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root<'a> {
    /// Its existence, or something of it: its kind and essential name.
    Named(u8, &'a [u8]),
    /// Whether it matches: with its whole name.
    Matching(u8, &'a [u8]),
}

/// A step on the way to a field, or an enumerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step<'a> {
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
        let spec = spec(local, relocation)?;
        let root = match relocation.kind {
            RelocKind::TypeMatches => root_type(&spec).and_then(Root::matching)?,
            _ => root_type(&spec).and_then(Root::named)?,
        };
        let steps: SmallVec<[Step<'a>; 4]> =
            steps(&spec, relocation.kind).collect::<Option<_>>()?;
        let mut node = *self.roots.entry(root).or_insert_with(|| next(&mut self.nodes));
        for step in steps {
            node = *self.steps.entry((node, step)).or_insert_with(|| next(&mut self.nodes));
        }
        Some(node)
    }

    /// What a relocation needs, of what is asked for.
    fn needed(&self, local: &'a Btf<'a>, relocation: &Relocation) -> Vec<Node> {
        let mut needed = Vec::new();
        let Some(spec) = spec(local, relocation) else { return needed };
        let mut from = |ty: Type<'a>, way: &mut dyn Iterator<Item = Option<Step<'a>>>| {
            needed.extend(Root::matching(ty).and_then(|root| self.roots.get(&root)));
            let mut node = Root::named(ty).and_then(|root| self.roots.get(&root)).copied();
            while let Some(here) = node {
                needed.push(here);
                let step = way.next().flatten();
                node = step.and_then(|step| self.steps.get(&(here, step))).copied();
            }
        };
        if let Some(root) = root_type(&spec) {
            from(root, &mut steps(&spec, relocation.kind));
        }
        if relocation.kind.subject() == Subject::Field {
            // From every named type on the way.
            for (position, accessor) in (1_usize..).zip(spec.accessors().iter().skip(1)) {
                if let Some(ty) = led_to(&spec, accessor) {
                    from(ty, &mut steps(&spec, relocation.kind).skip(position));
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

fn spec<'a>(local: &'a Btf<'a>, relocation: &Relocation) -> Option<LocalSpec<'a>> {
    LocalSpec::new(local, relocation).ok()
}

/// The type that an access begins at, typedefs behind.
fn root_type<'a>(spec: &LocalSpec<'a>) -> Option<Type<'a>> {
    spec.spec().btf.type_by_id(spec.spec().root).ok()?.skip_modifiers_and_typedefs().ok()
}

/// The type that a step leads to, typedefs behind.
fn led_to<'a>(spec: &LocalSpec<'a>, accessor: &Accessor) -> Option<Type<'a>> {
    spec.spec().btf.type_by_id(accessor.stripped_type).ok()
}

/// The steps from the root on; none in place of a name that is no kernel's.
fn steps<'s, 'a: 's>(
    spec: &'s LocalSpec<'a>,
    kind: RelocKind,
) -> impl Iterator<Item = Option<Step<'a>>> + 's {
    // A field's first accessor is the root as an element of an array.
    let behind = usize::from(kind.subject() == Subject::Field);
    spec.accessors().iter().skip(behind).map(move |accessor| match accessor.name_off {
        None => Some(Step::Element(accessor.index)),
        Some(name_off) => {
            let name = short(spec.spec().btf.string(name_off).ok()?.as_bytes())?;
            let is_enumerator = kind.subject() == Subject::Enumerator;
            Some(Step::Name(if is_enumerator { essential_name(name) } else { name }))
        }
    })
}

fn short(name: &[u8]) -> Option<&[u8]> {
    (!name.is_empty() && name.len() <= LONGEST_NAME).then_some(name)
}

impl<'a> Root<'a> {
    fn named(ty: Type<'a>) -> Option<Self> {
        Some(Self::Named(kind(ty), essential_name(short(ty.name().ok()?.as_bytes())?)))
    }

    fn matching(ty: Type<'a>) -> Option<Self> {
        Some(Self::Matching(kind(ty), short(ty.name().ok()?.as_bytes())?))
    }
}

/// The kind of a type, both sorts of enums being one.
fn kind(ty: Type<'_>) -> u8 {
    match ty.kind() {
        Kind::Enum64 => Kind::Enum.to_raw(),
        kind => kind.to_raw(),
    }
}

/// What a kernel says does not exist: the relocation that asks, first of each function, then of all.
pub(super) struct Answers {
    in_function: BTreeMap<(Node, Place), usize>,
    anywhere: BTreeMap<Node, usize>,
}

/// A function: its section, and where it begins.
type Place = (u32, u64);

fn place(relocation: &ObjectRelocation<'_>) -> Option<Place> {
    relocation.function_range().map(|(section, range)| (section, range.start))
}

impl Answers {
    pub(super) fn new(questions: &Questions<'_>, findings: &[Finding<'_>]) -> Self {
        let mut answers = Self { in_function: BTreeMap::new(), anywhere: BTreeMap::new() };
        for (position, node) in &questions.asked {
            let Some(Finding { report, .. }) = findings.get(*position) else { continue };
            let Some(place) = place(&report.relocation) else { continue };
            if report.outcome.value() == Some(0) {
                answers.in_function.entry((*node, place)).or_insert(*position);
                answers.anywhere.entry(*node).or_insert(*position);
            }
        }
        answers
    }

    /// What guards a relocation.
    pub(super) fn guard(
        &self,
        questions: &Questions<'_>,
        relocation: &ObjectRelocation<'_>,
    ) -> Option<Guard> {
        if self.anywhere.is_empty() {
            return None;
        }
        let decoded = relocation.decode().ok()?;
        let needed = questions.needed(relocation.local(), &decoded);
        let place = place(relocation)?;
        let here = needed.iter().find_map(|node| self.in_function.get(&(*node, place)));
        let guard = |in_function| {
            move |relocation: &usize| Guard::Existence { relocation: *relocation, in_function }
        };
        let elsewhere = || needed.iter().find_map(|node| self.anywhere.get(node));
        here.map(guard(true)).or_else(|| elsewhere().map(guard(false)))
    }
}
