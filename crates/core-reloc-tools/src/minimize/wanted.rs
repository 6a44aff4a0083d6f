//! What relocations ask of the candidates of a root type, merged by name.
//!
//! Many relocations of one root type, or of its flavors, ask for the same members. Merged, they are asked
//! of each candidate at once, so that the work does not grow with the product of relocations and
//! candidates.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::TypeId;
use core_reloc::{Cause, RelocKind, essential_name, record::Subject, spec::LocalSpec};

/// What some relocations ask of each of their candidates.
#[derive(Debug)]
pub(super) struct Wanted<'l> {
    /// The fields, as a tree. The first node is the root type.
    nodes: Vec<Node<'l>>,
    /// The essential names of enumerators.
    pub(super) enumerators: BTreeSet<&'l [u8]>,
    /// Whether a candidate is tested for compatibility.
    pub(super) is_compared: bool,
    /// The local types that a candidate is tested to match.
    pub(super) matching: BTreeSet<TypeId>,
}

/// The members and elements that are accessed in a type.
#[derive(Debug, Default)]
pub(super) struct Node<'l> {
    /// The nodes of members, by name.
    pub(super) members: BTreeMap<&'l [u8], NodeId>,
    /// The node of the elements, of an array.
    pub(super) element: Option<NodeId>,
}

/// The position of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(usize);

impl NodeId {
    pub(super) const ROOT: Self = Self(0);
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            enumerators: BTreeSet::new(),
            is_compared: false,
            matching: BTreeSet::new(),
        }
    }
}

impl<'l> Wanted<'l> {
    /// Adds what a relocation asks.
    pub(super) fn add(&mut self, kind: RelocKind, local: &LocalSpec<'l>) -> Result<(), Cause> {
        let btf = local.spec().btf;
        match kind.subject() {
            Subject::Type if kind == RelocKind::TypeMatches => {
                self.matching.insert(local.spec().root);
            }
            Subject::Type => self.is_compared = true,
            Subject::Enumerator => {
                let enumerator = local.accessors().first().and_then(|accessor| accessor.name_off);
                let name = btf.string(enumerator.unwrap_or_default()).map_err(Cause::Local)?;
                self.enumerators.insert(essential_name(name.as_bytes()));
            }
            Subject::Field => {
                let mut at = NodeId::ROOT;
                // The first accessor indexes the root type, which needs only its size.
                for accessor in local.accessors().iter().skip(1) {
                    at = match accessor.name_off {
                        None => self.element(at),
                        Some(name_off) => {
                            let name = btf.string(name_off).map_err(Cause::Local)?;
                            self.member(at, name.as_bytes())
                        }
                    };
                }
            }
        }
        Ok(())
    }

    /// Returns a node.
    pub(super) fn node(&self, at: NodeId) -> Option<&Node<'l>> {
        self.nodes.get(at.0)
    }

    fn member(&mut self, at: NodeId, name: &'l [u8]) -> NodeId {
        let new = NodeId(self.nodes.len());
        let Some(node) = self.nodes.get_mut(at.0) else { return at };
        let child = *node.members.entry(name).or_insert(new);
        self.push_if_new(child, new)
    }

    fn element(&mut self, at: NodeId) -> NodeId {
        let new = NodeId(self.nodes.len());
        let Some(node) = self.nodes.get_mut(at.0) else { return at };
        let child = *node.element.get_or_insert(new);
        self.push_if_new(child, new)
    }

    fn push_if_new(&mut self, child: NodeId, new: NodeId) -> NodeId {
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }
}
