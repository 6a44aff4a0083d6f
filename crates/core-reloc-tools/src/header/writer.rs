//! The state of a header that is being written.

use std::collections::BTreeSet;

use btf_types::Member;
use core_reloc::enums::EnumReader;

use super::{
    Difference, Reason,
    layout::Layouts,
    names::{Names, Space, TypeName, name_of},
    types::{Key, Node, Types},
    words::identifier,
};
use crate::limits::MAX_HEADER_SIZE;

/// The number of definitions and prototypes within each other.
pub(super) const MAX_DEPTH: usize = 24;

/// What has happened to a type, in bits besides those of the needs that have arisen.
pub(super) const DECLARED: u8 = 8;
pub(super) const DEFINED: u8 = 16;

/// Where a declaration is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// The number of definitions and prototypes around it.
    pub(super) depth: usize,
    /// Whether it is in a prototype, where no type can be defined.
    pub(super) is_in_prototype: bool,
    /// Whether an array without elements may be flexible.
    pub(super) may_be_flexible: bool,
}

impl Context {
    pub(super) fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), may_be_flexible: false, ..self }
    }
}

/// Writes a header.
#[derive(Debug)]
pub(super) struct Writer<'g, 'a> {
    pub(super) types: &'g Types<'a>,
    pub(super) names: &'g Names<'a>,
    pub(super) layouts: &'g Layouts,
    pub(super) enums: &'g [EnumReader<'a>],
    pub(super) out: String,
    /// What has happened to each type, in bits.
    pub(super) states: Vec<u8>,
    /// The names of enumerators.
    pub(super) enumerators: Space<'a>,
    differences: Vec<Difference>,
    /// The types and members among the differences.
    known: BTreeSet<(usize, usize)>,
    /// The structs and unions whose members are being written.
    pub(super) open: Vec<Key>,
    /// The number of bytes that may still be written, about.
    left: usize,
}

impl<'g, 'a> Writer<'g, 'a> {
    pub(super) fn new(
        types: &'g Types<'a>,
        names: &'g Names<'a>,
        layouts: &'g Layouts,
        enums: &'g [EnumReader<'a>],
    ) -> Self {
        Self {
            types,
            names,
            layouts,
            enums,
            out: String::new(),
            states: vec![0; types.len()],
            enumerators: Space::default(),
            differences: Vec::new(),
            known: BTreeSet::new(),
            open: Vec::new(),
            left: MAX_HEADER_SIZE,
        }
    }

    /// Returns the text and the differences.
    pub(super) fn finish(self) -> (String, Vec<Difference>) {
        (self.out, self.differences)
    }

    /// Writes the name of a type, with the number of its flavor.
    pub(super) fn name(&mut self, node: Node<'a>) {
        if let TypeName::Own(flavor) = self.names.of(node)
            && let Some(name) = name_of(node.ty).and_then(identifier)
        {
            self.out.push_str(name);
            if flavor > 1 {
                self.out.push_str(&format!("___{flavor}"));
            }
        }
    }

    /// Sets a bit of a type, and returns `true` if it was set.
    pub(super) fn mark(&mut self, node: Node<'a>, bit: u8) -> bool {
        let Some(state) = self.states.get_mut(node.key.index()) else { return true };
        let was_set = *state & bit > 0;
        *state |= bit;
        was_set
    }

    /// Returns `true` if a bit of a type is set.
    pub(super) fn has(&self, node: Node<'a>, bit: u8) -> bool {
        self.states.get(node.key.index()).is_some_and(|state| state & bit > 0)
    }

    pub(super) fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.out.push('\t');
        }
    }

    /// Returns `true` if the header is not too large yet.
    pub(super) fn may_write_more(&self) -> bool {
        self.left > 0
    }

    /// Takes the size of a line for something with a name.
    pub(super) fn take_line(&mut self, name: &[u8]) {
        /// The size of what is around the name.
        const LINE: usize = 32;
        self.left = self.left.saturating_sub(LINE.saturating_add(name.len()));
    }

    pub(super) fn too_large(&mut self, node: Node<'a>) {
        self.differ(node, None, Reason::TooLarge);
    }

    /// Notes that the header differs from the kernel in a type, or in a member of it.
    pub(super) fn differ(&mut self, node: Node<'a>, member: Option<Member<'a>>, reason: Reason) {
        let part = member.map_or(0, |member| std::ptr::from_ref(member.raw()).addr());
        if !self.known.insert((node.key.index(), part)) {
            return;
        }
        self.differences.push(Difference {
            module: self.types.module(node).map(str::to_string),
            type_id: node.ty.id(),
            ty: core_reloc::type_in_c(node.ty),
            member: member.and_then(|member| member.name().ok()).map(|name| name.to_string()),
            reason,
        });
    }
}
