//! What the definitions with selected names can reach in any kernel of a store: read once, and walked for each
//! kernel that differs in it.

use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;

use btf_types::Kind;

use crate::{
    error::{Error, Result, Section},
    extract::Pick,
    items::{Definitions, Nodes},
    reach::{Reach, Seen},
    record::{Body, Reference, Word},
    selection::Selection,
    store::Store,
};

/// What a type refers to: an index into the nodes or the keys of the graph.
#[derive(Debug, Clone, Copy)]
enum Edge {
    Node(usize),
    Key(usize),
}

#[derive(Debug)]
struct Node {
    number: u32,
    is_pointer: bool,
    /// `None` until it is read.
    edges: Option<Range<usize>>,
}

/// All definitions with one kind, name and ordinal.
#[derive(Debug)]
struct Key {
    /// The number of the first of them in the store.
    first: u32,
    /// Of a struct or union, the name alone may matter.
    is_composite: bool,
    /// Its definitions, as indices. `None` until they are read, which is never if only the name matters.
    definitions: Option<(usize, usize)>,
}

/// A tag of a declaration, which refers to what it is on.
#[derive(Debug)]
struct Tag {
    number: u32,
    on: Edge,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Node(usize),
    Definition(usize),
}

/// Everything that the selected names reach in any kernel.
#[derive(Debug)]
pub(crate) struct Graph<'g> {
    store: &'g Store<'g>,
    /// The definitions to look at, if not all.
    only: Option<&'g [u32]>,
    reach: Reach,
    nodes: Vec<Node>,
    keys: Vec<Key>,
    /// The numbers and edges of definitions. Those of a key follow each other.
    definitions: Vec<(u32, Range<usize>)>,
    edges: Vec<Edge>,
    tags: Vec<Tag>,
    /// The keys that have the names, and how they are reached.
    candidates: Vec<(usize, Seen)>,
    /// For each selected tag, the numbers of its DECL_TAGs and the keys that they are on.
    tagged: Vec<Vec<(u32, usize)>>,
    /// The numbers of all definitions and tags that matter, in ascending order.
    members: Vec<u32>,
    /// The indices in `members` of the definitions, and then of the tags.
    member_of: Vec<usize>,
}

/// What reading a graph has found so far.
struct Reading<'g> {
    graph: Graph<'g>,
    node_of: BTreeMap<u32, usize>,
    key_of: BTreeMap<u32, usize>,
    definition_reader: Definitions<'g>,
    node_reader: Nodes<'g>,
    seen_nodes: Vec<Seen>,
    seen_keys: Vec<Seen>,
    queue: Vec<(Step, Seen)>,
}

impl<'g> Graph<'g> {
    /// Reads what a selection reaches: in any kernel, or with the definitions `only`, which are those of one.
    pub(crate) fn read(
        store: &'g Store<'g>,
        selection: &Selection,
        only: Option<&'g [u32]>,
    ) -> Result<Self> {
        let graph = Self {
            store,
            only,
            reach: selection.selected_reach(),
            nodes: Vec::new(),
            keys: Vec::new(),
            definitions: Vec::new(),
            edges: Vec::new(),
            tags: Vec::new(),
            candidates: Vec::new(),
            tagged: Vec::new(),
            members: Vec::new(),
            member_of: Vec::new(),
        };
        let mut reading = Reading {
            graph,
            node_of: BTreeMap::new(),
            key_of: BTreeMap::new(),
            definition_reader: Definitions::new(store),
            node_reader: Nodes::new(&store.nodes),
            seen_nodes: Vec::new(),
            seen_keys: Vec::new(),
            queue: Vec::new(),
        };
        for (first, how) in selection.candidates(store)? {
            let key = reading.key(first);
            reading.graph.candidates.push((key, how));
            // Which kernels have it matters even if only the name is extracted.
            reading.definitions(key)?;
            reading.visit_key(key, how)?;
        }
        for name in selection.selected_tags() {
            reading.visit_tag(name)?;
        }
        reading.run()?;
        reading.read_tags()?;
        let mut graph = reading.graph;
        let numbers = graph.definitions.iter().map(|(number, _)| *number);
        let numbers: Vec<u32> = numbers.chain(graph.tags.iter().map(|tag| tag.number)).collect();
        graph.members.clone_from(&numbers);
        graph.members.sort_unstable();
        let index_of = |number: &u32| graph.members.partition_point(|member| member < number);
        graph.member_of = numbers.iter().map(index_of).collect();
        Ok(graph)
    }

    /// Returns the numbers of the definitions that matter, in ascending order.
    pub(crate) fn members(&self) -> &[u32] {
        &self.members
    }

    /// Returns which edges something has, and how they are followed if it was reached in a way.
    fn follow(&self, step: Step, how: Seen) -> (Range<usize>, Seen) {
        match step {
            Step::Definition(index) => match self.definitions.get(index) {
                Some((_, edges)) => (edges.clone(), how),
                None => (0..0, how),
            },
            Step::Node(index) => match self.nodes.get(index) {
                Some(Node { is_pointer, edges: Some(edges), .. }) => {
                    let is_pointee = *is_pointer && self.reach == Reach::Relocations;
                    (edges.clone(), if is_pointee { how.through_pointer() } else { how })
                }
                _ => (0..0, how),
            },
        }
    }

    /// Returns the definitions that a kernel needs, which has some of the members.
    pub(crate) fn walk(&self, kernel: u32, members: &Members) -> Result<Vec<Pick>> {
        let mut walk = Walk {
            graph: self,
            kernel,
            members,
            nodes: alloc::vec![Seen::Not; self.nodes.len()],
            definitions: alloc::vec![Seen::Not; self.definitions.len()],
            keys: alloc::vec![Seen::Not; self.keys.len()],
            queue: Vec::new(),
        };
        for (key, how) in &self.candidates {
            walk.visit_candidate(*key, *how);
        }
        for tags in &self.tagged {
            walk.visit_first(tags);
        }
        walk.run()?;
        Ok(walk.picks())
    }
}

/// Which of a graph's members a kernel has.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Members(Vec<u64>);

impl Members {
    pub(crate) fn none(graph: &Graph<'_>) -> Self {
        Self(alloc::vec![0; graph.members.len().div_ceil(64)])
    }

    pub(crate) fn all(graph: &Graph<'_>) -> Self {
        Self(alloc::vec![u64::MAX; graph.members.len().div_ceil(64)])
    }

    pub(crate) fn toggle(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word ^= 1_u64.rotate_left(u32::try_from(index % 64).unwrap_or(0));
        }
    }

    fn contains(&self, index: usize) -> bool {
        let word = self.0.get(index / 64).copied().unwrap_or(0);
        word & 1_u64.rotate_left(u32::try_from(index % 64).unwrap_or(0)) != 0
    }
}

impl<'g> Reading<'g> {
    fn key(&mut self, first: u32) -> usize {
        let (graph, seen) = (&mut self.graph, &mut self.seen_keys);
        *self.key_of.entry(first).or_insert_with(|| {
            let is_composite = matches!(graph.store.kind_of(first), Kind::Struct | Kind::Union);
            graph.keys.push(Key { first, is_composite, definitions: None });
            seen.push(Seen::Not);
            graph.keys.len().saturating_sub(1)
        })
    }

    fn visit_key(&mut self, index: usize, how: Seen) -> Result<()> {
        let seen = self.seen_keys.get_mut(index).filter(|seen| **seen < how);
        let (Some(seen), Some(key)) = (seen, self.graph.keys.get(index)) else { return Ok(()) };
        *seen = how;
        if key.is_composite && how == Seen::Named {
            return Ok(());
        }
        let (start, end) = self.definitions(index)?;
        self.queue.extend((start..end).map(|index| (Step::Definition(index), how)));
        Ok(())
    }

    /// Returns the definitions of a key, which are read if they were not yet.
    fn definitions(&mut self, key: usize) -> Result<(usize, usize)> {
        let first = match self.graph.keys.get(key) {
            Some(Key { definitions: Some(range), .. }) => return Ok(*range),
            Some(key) => key.first,
            None => return Ok((0, 0)),
        };
        let end = self.definition_reader.get(first)?.end();
        let start = self.graph.definitions.len();
        match self.graph.only {
            Some(only) => {
                for number in within(only, first, end) {
                    self.add_definition(*number, first, end)?;
                }
            }
            None => {
                for number in first..end {
                    self.add_definition(number, first, end)?;
                }
            }
        }
        let range = (start, self.graph.definitions.len());
        if let Some(key) = self.graph.keys.get_mut(key) {
            key.definitions = Some(range);
        }
        Ok(range)
    }

    fn add_definition(&mut self, number: u32, first: u32, end: u32) -> Result<()> {
        let definition = self.definition_reader.get(number)?;
        // So that each definition belongs to one key, also in a hostile store.
        if (definition.first(), definition.end()) != (first, end) {
            return Err(Error::Malformed {
                section: Section::Definitions,
                page: 0,
                offset: 0,
                what: "first definition of those with one key",
                found: definition.first().into(),
                allowed: first.into(),
            });
        }
        let body = definition.body()?;
        let edges = self.read_edges(body)?;
        self.graph.definitions.push((number, edges));
        Ok(())
    }

    fn read_edges(&mut self, body: Body<'g>) -> Result<Range<usize>> {
        let start = self.graph.edges.len();
        for word in body.words() {
            if let Word::Type(reference) = word?
                && let Some(edge) = self.edge(reference)
            {
                self.graph.edges.push(edge);
            }
        }
        Ok(start..self.graph.edges.len())
    }

    fn edge(&mut self, reference: Reference) -> Option<Edge> {
        match reference {
            Reference::Void => None,
            Reference::Key(first) => Some(Edge::Key(self.key(first))),
            Reference::Node(number) => Some(Edge::Node(self.node(number))),
        }
    }

    fn node(&mut self, number: u32) -> usize {
        let (nodes, seen) = (&mut self.graph.nodes, &mut self.seen_nodes);
        *self.node_of.entry(number).or_insert_with(|| {
            nodes.push(Node { number, is_pointer: false, edges: None });
            seen.push(Seen::Not);
            nodes.len().saturating_sub(1)
        })
    }

    fn visit_node(&mut self, index: usize, how: Seen) -> Result<()> {
        let seen = self.seen_nodes.get_mut(index).filter(|seen| **seen < how);
        let (Some(seen), Some(node)) = (seen, self.graph.nodes.get(index)) else { return Ok(()) };
        *seen = how;
        if node.edges.is_none() {
            let read = self.node_reader.get(node.number)?;
            let edges = self.read_edges(read.body)?;
            if let Some(node) = self.graph.nodes.get_mut(index) {
                (node.is_pointer, node.edges) = (read.body.kind == Kind::Ptr, Some(edges));
            }
        }
        self.queue.push((Step::Node(index), how));
        Ok(())
    }

    /// Visits all declarations with a tag.
    fn visit_tag(&mut self, name: &[u8]) -> Result<()> {
        let mut tagged = Vec::new();
        for number in self.tag_numbers() {
            let tag = self.definition_reader.get(number)?;
            if tag.name != name {
                continue;
            }
            let body = tag.body()?;
            if let Some(Word::Type(Reference::Key(first))) = body.words().next().transpose()? {
                let key = self.key(first);
                self.visit_key(key, Seen::Whole { pointers: 0 })?;
                tagged.push((number, key));
            }
        }
        self.graph.tagged.push(tagged);
        Ok(())
    }

    /// Returns the numbers of all tags, in ascending order.
    fn tag_numbers(&self) -> impl Iterator<Item = u32> + use<'g> {
        let (start, end) = self.graph.store.kind_range(Kind::DeclTag);
        let (all, only) = match self.graph.only {
            Some(only) => (0..0, within(only, start, end)),
            None => (start..end, &[][..]),
        };
        all.chain(only.iter().copied())
    }

    fn run(&mut self) -> Result<()> {
        while let Some((step, how)) = self.queue.pop() {
            let (edges, how) = self.graph.follow(step, how);
            for edge in edges {
                match self.graph.edges.get(edge).copied() {
                    Some(Edge::Node(index)) => self.visit_node(index, how)?,
                    Some(Edge::Key(index)) => self.visit_key(index, how)?,
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Reads the tags of what is reached, which does not refer to them.
    fn read_tags(&mut self) -> Result<()> {
        for number in self.tag_numbers() {
            let body = self.definition_reader.get(number)?.body()?;
            let on = match body.words().next().transpose()? {
                Some(Word::Type(Reference::Key(first))) => {
                    self.key_of.get(&first).copied().map(Edge::Key)
                }
                Some(Word::Type(Reference::Node(node))) => {
                    self.node_of.get(&node).copied().map(Edge::Node)
                }
                _ => None,
            };
            self.graph.tags.extend(on.map(|on| Tag { number, on }));
        }
        Ok(())
    }
}

/// A walk over what one kernel has.
struct Walk<'w, 'g> {
    graph: &'w Graph<'g>,
    kernel: u32,
    members: &'w Members,
    nodes: Vec<Seen>,
    definitions: Vec<Seen>,
    /// By key, how it is reached.
    keys: Vec<Seen>,
    queue: Vec<(Step, Seen)>,
}

impl Walk<'_, '_> {
    /// Returns the kernel's definitions with a key.
    fn definitions_of(&self, key: usize) -> impl Iterator<Item = usize> {
        let range = self.graph.keys.get(key).and_then(|key| key.definitions);
        let (start, end) = range.unwrap_or_default();
        (start..end).filter(|index| self.has_member(*index))
    }

    /// Returns `true` if the kernel has a definition or, after these, a tag.
    fn has_member(&self, index: usize) -> bool {
        let member = self.graph.member_of.get(index);
        member.is_some_and(|member| self.members.contains(*member))
    }

    fn visit(&mut self, step: Step, how: Seen) {
        let seen = match step {
            Step::Node(index) => self.nodes.get_mut(index),
            Step::Definition(index) => self.definitions.get_mut(index),
        };
        if let Some(seen) = seen.filter(|seen| **seen < how) {
            *seen = how;
            self.queue.push((step, how));
        }
    }

    /// Visits what the kernel has with a selected name: nothing, one definition, or several.
    fn visit_candidate(&mut self, index: usize, how: Seen) {
        let found: Vec<usize> = self.definitions_of(index).collect();
        let is_composite = self.graph.keys.get(index).is_some_and(|key| key.is_composite);
        if !is_composite || how > Seen::Named {
            found.into_iter().for_each(|index| self.visit(Step::Definition(index), how));
        } else if let Some(seen) = self.keys.get_mut(index).filter(|_| !found.is_empty()) {
            *seen = how.max(*seen);
        }
    }

    /// Visits the declaration of the first of these tags that the kernel has.
    fn visit_first(&mut self, tags: &[(u32, usize)]) {
        let has = |number: &u32| {
            let index = self.graph.members.binary_search(number);
            index.is_ok_and(|index| self.members.contains(index))
        };
        if let Some((_, key)) = tags.iter().find(|(number, _)| has(number)) {
            self.visit_candidate(*key, Seen::Whole { pointers: 0 });
        }
    }

    fn visit_key(&mut self, index: usize, how: Seen) -> Result<()> {
        let seen = self.keys.get_mut(index).filter(|seen| **seen < how);
        let (Some(seen), Some(key)) = (seen, self.graph.keys.get(index)) else { return Ok(()) };
        *seen = how;
        if key.is_composite && how == Seen::Named {
            return Ok(());
        }
        let mut found = self.definitions_of(index);
        let (one, other) = (found.next(), found.next());
        drop(found);
        match (one, other) {
            (Some(definition), None) => {
                self.visit(Step::Definition(definition), how);
                Ok(())
            }
            (one, _) => {
                let definition = Definitions::new(self.graph.store).get(key.first)?.clone();
                Err(Error::Unresolved {
                    kernel: self.kernel,
                    kind: definition.kind,
                    name: definition.name,
                    found: if one.is_some() { 2 } else { 0 },
                })
            }
        }
    }

    fn run(&mut self) -> Result<()> {
        let graph = self.graph;
        while let Some((step, how)) = self.queue.pop() {
            let (edges, how) = graph.follow(step, how);
            for edge in graph.edges.get(edges).unwrap_or_default() {
                match edge {
                    Edge::Node(index) => self.visit(Step::Node(*index), how),
                    Edge::Key(index) => self.visit_key(*index, how)?,
                }
            }
        }
        Ok(())
    }

    fn is_whole(&self, key: usize) -> bool {
        let mut found = self.definitions_of(key);
        found.any(|index| self.definitions.get(index).is_some_and(|seen| *seen != Seen::Not))
    }

    /// Returns what was reached, sorted by number.
    fn picks(&self) -> Vec<Pick> {
        let whole = |number| Pick { number, is_shell: false };
        let definitions = self.graph.definitions.iter().zip(&self.definitions);
        let reached = definitions.filter(|(_, seen)| **seen != Seen::Not);
        let mut picks: Vec<Pick> = reached.map(|((number, _), _)| whole(*number)).collect();
        let is_whole: Vec<bool> =
            (0..self.graph.keys.len()).map(|key| self.is_whole(key)).collect();
        let is_whole = |key: usize| is_whole.get(key) == Some(&true);
        for (index, (key, seen)) in self.graph.keys.iter().zip(&self.keys).enumerate() {
            // Kernels whose definitions differ have the same name.
            if key.is_composite && *seen == Seen::Named && !is_whole(index) {
                picks.push(Pick { number: key.first, is_shell: true });
            }
        }
        for (index, tag) in (self.definitions.len()..).zip(&self.graph.tags) {
            let is_reached = self.has_member(index)
                && match tag.on {
                    Edge::Key(key) => is_whole(key),
                    Edge::Node(node) => self.nodes.get(node).is_some_and(|seen| *seen != Seen::Not),
                };
            picks.extend(is_reached.then(|| whole(tag.number)));
        }
        picks.sort_unstable();
        picks
    }
}

/// Returns the part of a sorted list from one number to before another.
fn within(sorted: &[u32], from: u32, to: u32) -> &[u32] {
    let start = sorted.partition_point(|number| *number < from);
    let end = sorted.partition_point(|number| *number < to);
    sorted.get(start..end).unwrap_or_default()
}
