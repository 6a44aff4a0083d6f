//! What earlier searches have found, so that relocations of one type share it.

use std::collections::BTreeMap;

use btf_types::{Btf, Type, TypeId};

use super::suggestion::Suggestion;

/// The maximum number of searches whose results are kept. Few objects lack as many types and members.
const MAX_KNOWN: usize = 256;

/// What a search is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question<'a> {
    /// A replacement of a root type, by its id in the local BTF.
    Root(TypeId),
    /// A replacement of a member or enumerator of a local type.
    Entry {
        /// The local type that has it.
        owner: TypeId,
        name: String,
        /// The target type that lacks it.
        within: (TargetBtf<'a>, TypeId),
    },
}

impl<'a> Question<'a> {
    pub(super) fn entry(name: &str, owner: Type<'_>, within: Type<'a>) -> Self {
        let within = (TargetBtf(within.btf()), within.id());
        Self::Entry { owner: owner.id(), name: name.to_string(), within }
    }
}

/// A BTF of the target. The order is by address, on which no result depends.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetBtf<'a>(&'a Btf<'a>);

impl TargetBtf<'_> {
    fn address(&self) -> *const () {
        std::ptr::from_ref(self.0).cast()
    }
}

impl PartialEq for TargetBtf<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for TargetBtf<'_> {}

impl PartialOrd for TargetBtf<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TargetBtf<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.address().cmp(&other.address())
    }
}

/// The results of searches.
#[derive(Debug, Default)]
pub(super) struct Known<'a>(BTreeMap<Question<'a>, Vec<Suggestion>>);

impl<'a> Known<'a> {
    pub(super) fn get(&self, question: &Question<'a>) -> Option<&Vec<Suggestion>> {
        self.0.get(question)
    }

    /// Keeps a result. If there are too many, the others are dropped; they can be found again.
    pub(super) fn keep(&mut self, question: Question<'a>, found: Vec<Suggestion>) {
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(question, found);
    }
}
