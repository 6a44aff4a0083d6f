//! What objects ask for, and the definitions of each kernel that it takes to answer.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use btf_types::{ByteOrder, Kind};
use core_reloc::essential_name;

use crate::{
    error::{Error, Result},
    extract::{self, Extracted, Pick},
    items::{Definitions, Nodes},
    kernel::Kernel,
    record::{Body, Reference, Word},
    store::Store,
};

/// The kinds whose names types have in C.
const TYPES: [Kind; 8] = [
    Kind::Int,
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Fwd,
    Kind::Typedef,
    Kind::Float,
    Kind::Enum64,
];

/// How much is extracted behind pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reach {
    /// What relocations can look at. Structs and unions that are reached through pointers only are there by
    /// name, with no members and the size 0: no relocation follows a pointer to a member, and the comparisons of
    /// types compare the kinds of such structs.
    #[default]
    Relocations,
    /// Everything that is reachable.
    All,
}

/// The names that objects ask for.
///
/// ```
/// use btf_store::Selection;
///
/// let selection = Selection::new().types(["task_struct", "sock___old"]).functions(["do_unlinkat"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    types: BTreeSet<Vec<u8>>,
    declarations: BTreeSet<(u8, Vec<u8>)>,
    reach: Reach,
}

impl Selection {
    /// Returns a selection of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the types with the essential names of these names: all candidates of a relocation whose root type
    /// has one of them.
    #[must_use]
    pub fn types(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.types.extend(names.into_iter().map(|name| essential_name(name.as_ref()).to_vec()));
        self
    }

    /// Adds functions, with what their prototypes refer to and their tags.
    #[must_use]
    pub fn functions(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let key = |name: &[u8]| (Kind::Func.to_raw(), name.to_vec());
        self.declarations.extend(names.into_iter().map(|name| key(name.as_ref())));
        self
    }

    /// Adds variables.
    #[must_use]
    pub fn variables(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let key = |name: &[u8]| (Kind::Var.to_raw(), name.to_vec());
        self.declarations.extend(names.into_iter().map(|name| key(name.as_ref())));
        self
    }

    /// Sets how much is extracted behind pointers.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Returns the numbers of all definitions of a store with the names, of any kernel, as sorted ranges.
    fn candidates(&self, store: &Store<'_>) -> Result<Vec<(u32, u32)>> {
        let mut ranges = Vec::new();
        let mut reader = Definitions::new(store);
        for kind in TYPES {
            let (_, end) = store.kind_range(kind);
            for name in &self.types {
                let mut flavors = name.clone();
                flavors.extend(b"___");
                for (start, is_flavor) in [(name, false), (&flavors, true)] {
                    let mut number = reader.lower_bound(kind, start)?;
                    while number < end {
                        let definition = reader.get(number)?;
                        let found = definition.name.as_slice();
                        if !(if is_flavor { found.starts_with(start) } else { found == start }) {
                            break;
                        }
                        // A hostile store may say that a key ends before this definition.
                        let after = definition.end().max(number.saturating_add(1));
                        if essential_name(found) == name {
                            ranges.push((number, after));
                        }
                        number = after;
                    }
                }
            }
        }
        for (kind, name) in &self.declarations {
            let kind = Kind::from_raw(*kind);
            let (_, end) = store.kind_range(kind);
            let mut number = reader.lower_bound(kind, name)?;
            while number < end {
                let definition = reader.get(number)?;
                if definition.name != *name {
                    break;
                }
                let after = definition.end().max(number.saturating_add(1));
                ranges.push((number, after));
                number = after;
            }
        }
        ranges.sort_unstable();
        Ok(ranges)
    }
}

/// Returns the part of a sorted list that is in a range.
fn within(sorted: &[u32], (from, to): (u32, u32)) -> &[u32] {
    let start = sorted.partition_point(|number| *number < from);
    let rest = sorted.get(start..).unwrap_or_default();
    let end = rest.partition_point(|number| *number < to);
    rest.get(..end).unwrap_or_default()
}

/// The definitions that a kernel's types with the selected names need.
struct Walk<'w> {
    store: &'w Store<'w>,
    /// The number of the kernel.
    kernel: u32,
    /// The kernel's definitions.
    set: &'w [u32],
    reach: Reach,
    reader: Definitions<'w>,
    node_reader: Nodes<'w>,
    /// The definitions, and whether they are only reached through pointers.
    definitions: BTreeMap<u32, bool>,
    nodes: BTreeMap<u32, bool>,
    /// The numbers of definitions that would take the place of one that was reached.
    watched: BTreeSet<(u32, u32)>,
    queue: Vec<(Item, bool)>,
}

#[derive(Debug, Clone, Copy)]
enum Item {
    Definition(u32),
    Node(u32),
}

impl<'w> Walk<'w> {
    fn new(kernel: &Kernel<'w>, set: &'w [u32], reach: Reach) -> Self {
        let store = kernel.store();
        Self {
            store,
            kernel: kernel.number(),
            set,
            reach,
            reader: Definitions::new(store),
            node_reader: Nodes::new(&store.nodes),
            definitions: BTreeMap::new(),
            nodes: BTreeMap::new(),
            watched: BTreeSet::new(),
            queue: Vec::new(),
        }
    }

    fn run(&mut self, candidates: &[(u32, u32)]) -> Result<()> {
        for range in candidates {
            for number in within(self.set, *range) {
                self.visit(Item::Definition(*number), false);
            }
        }
        self.drain()?;
        // Tags are on what they refer to, which does not refer to them.
        for number in within(self.set, self.store.kind_range(Kind::DeclTag)) {
            let body = self.reader.get(*number)?.body()?;
            let is_reached = match body.words().next().transpose()? {
                Some(Word::Type(Reference::Key(first))) => {
                    let end = self.reader.get(first)?.end();
                    self.definitions.range(first..end.max(first)).next().is_some()
                }
                Some(Word::Type(Reference::Node(node))) => self.nodes.contains_key(&node),
                _ => false,
            };
            if is_reached {
                self.definitions.insert(*number, false);
            }
        }
        Ok(())
    }

    /// Notes that something is reached. It is looked at again if it was only reached through pointers before.
    fn visit(&mut self, item: Item, is_behind: bool) {
        let (seen, number) = match item {
            Item::Definition(number) => (&mut self.definitions, number),
            Item::Node(number) => (&mut self.nodes, number),
        };
        match seen.get_mut(&number) {
            Some(known) if !*known || is_behind => return,
            Some(known) => *known = false,
            None => _ = seen.insert(number, is_behind),
        }
        self.queue.push((item, is_behind));
    }

    fn drain(&mut self) -> Result<()> {
        while let Some((item, is_behind)) = self.queue.pop() {
            match item {
                Item::Definition(number) => {
                    let definition = self.reader.get(number)?;
                    let is_composite = matches!(definition.kind, Kind::Struct | Kind::Union);
                    let range = (definition.first(), definition.end());
                    let body = definition.body()?;
                    // Of a struct behind a pointer only the name matters.
                    if !(is_composite && is_behind) {
                        self.watched.insert(range);
                        self.follow(body, is_behind)?;
                    }
                }
                Item::Node(number) => {
                    let node = self.node_reader.get(number)?;
                    let is_pointer =
                        node.body.kind == Kind::Ptr && self.reach == Reach::Relocations;
                    self.follow(node.body, is_behind || is_pointer)?;
                }
            }
        }
        Ok(())
    }

    fn follow(&mut self, body: Body<'w>, is_behind: bool) -> Result<()> {
        for word in body.words() {
            match word? {
                Word::Type(Reference::Node(number)) => self.visit(Item::Node(number), is_behind),
                Word::Type(Reference::Key(first)) => {
                    let definition = self.reader.get(first)?;
                    let range = (definition.first(), definition.end());
                    match within(self.set, range) {
                        [number] => self.visit(Item::Definition(*number), is_behind),
                        other => {
                            let found = u32::try_from(other.len()).unwrap_or(u32::MAX);
                            let (kind, name) = (definition.kind, definition.name.clone());
                            return Err(Error::Unresolved {
                                kernel: self.kernel,
                                kind,
                                name,
                                found,
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn picks(&mut self) -> Result<Vec<Pick>> {
        let pick = |(number, is_behind): (&u32, &bool)| {
            let is_shell =
                *is_behind && matches!(self.store.kind_of(*number), Kind::Struct | Kind::Union);
            // Kernels whose definitions differ have the same shell.
            let number = if is_shell { self.reader.get(*number)?.first() } else { *number };
            Ok(Pick { number, is_shell })
        };
        self.definitions.iter().map(pick).collect()
    }
}

impl<'s> Kernel<'s> {
    /// Extracts what the selected names need: the candidates, and what they refer to.
    ///
    /// Questions about the selected names have the same answers as with the whole BTF; questions about other
    /// names do not.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn extract_selected(&self, selection: &Selection) -> Result<Extracted<'s>> {
        let candidates = selection.candidates(self.store())?;
        let [set, _] = self.sets()?;
        let mut walk = Walk::new(self, &set, selection.reach);
        walk.run(&candidates)?;
        extract::extract(self, &walk.picks()?)
    }
}

/// Kernels that do not differ in anything that a selection needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    kernels: Vec<u32>,
    picks: Vec<Pick>,
    /// The definitions that would change the group if a kernel had them, as sorted ranges that do not overlap.
    watched: Vec<(u32, u32)>,
}

impl Group {
    /// Returns the numbers of the kernels.
    pub fn kernels(&self) -> &[u32] {
        &self.kernels
    }

    /// Extracts the BTF that answers for all kernels of the group, as [`Kernel::extract_selected`] does for
    /// one.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn extract<'s>(&self, store: &'s Store<'s>) -> Result<Extracted<'s>> {
        let first = self.kernels.first().copied().unwrap_or(u32::MAX);
        extract::extract(&store.kernel(first)?, &self.picks)
    }

    /// Returns `true` if a difference changes nothing that the selection needs.
    fn is_same_after(&self, difference: &[u32]) -> bool {
        difference.iter().all(|number| {
            let after = self.watched.partition_point(|(from, _)| from <= number);
            let range = after.checked_sub(1).and_then(|index| self.watched.get(index));
            range.is_none_or(|(_, to)| number >= to)
        })
    }
}

impl Store<'_> {
    /// Divides all kernels into groups that do not differ in anything that a selection needs, so that each
    /// group takes one extraction and one relocation.
    ///
    /// A kernel is in the group of the kernel that it is written as the difference from, unless the difference
    /// has a definition that matters. This takes a look at the few definitions in which they differ.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn groups(&self, selection: &Selection) -> Result<Vec<Group>> {
        let candidates = selection.candidates(self)?;
        let mut groups: Vec<Group> = Vec::new();
        let mut known: BTreeMap<(Vec<Pick>, bool, Option<u8>), usize> = BTreeMap::new();
        let mut group_of: Vec<usize> = Vec::new();
        let mut forms = Vec::new();
        for kernel in self.kernels() {
            let kernel = kernel?;
            let form = (
                kernel.byte_order() == ByteOrder::Big,
                kernel.pointer_size().map(|size| size as u8),
            );
            forms.push(form);
            let base = kernel.base().map(|base| base as usize);
            let base = base.filter(|base| forms.get(*base) == Some(&form));
            let before = base.and_then(|base| group_of.get(base).copied());
            let is_same = match before.and_then(|index| groups.get(index)) {
                Some(group) => group.is_same_after(&kernel.difference()?),
                None => false,
            };
            let index = match before.filter(|_| is_same) {
                Some(index) => index,
                None => {
                    let [set, _] = kernel.sets()?;
                    let mut walk = Walk::new(&kernel, &set, selection.reach);
                    walk.run(&candidates)?;
                    let picks = walk.picks()?;
                    let next = groups.len();
                    let index = *known.entry((picks.clone(), form.0, form.1)).or_insert(next);
                    if index == next {
                        let mut watched: Vec<_> = walk.watched.into_iter().collect();
                        watched.extend(&candidates);
                        watched.push(self.kind_range(Kind::DeclTag));
                        let watched = merge(watched);
                        groups.push(Group { kernels: Vec::new(), picks, watched });
                    }
                    index
                }
            };
            group_of.push(index);
            if let Some(group) = groups.get_mut(index) {
                group.kernels.push(kernel.number());
            }
        }
        Ok(groups)
    }
}

/// Merges ranges that overlap.
fn merge(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.retain(|(from, to)| from < to);
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::new();
    for (from, to) in ranges {
        match merged.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
