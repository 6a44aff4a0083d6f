//! What earlier searches have found, so that relocations of one type share it.

use std::collections::BTreeMap;

use btf_types::{Type, TypeId};

use super::{search::MissingMember, suggestion::Suggestion};

/// The maximum number of searches whose results are kept. Few objects lack as many types and members.
const MAX_KNOWN: usize = 256;

/// What a search is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// A replacement of a root type, by its id in the local BTF.
    Root(TypeId),
    /// A replacement of a member or enumerator of a local type.
    Entry {
        /// The local type that has it.
        owner: TypeId,
        /// The names of the member, and of those that the program goes on to, or of the enumerator.
        names: Vec<String>,
        /// The root type in the local BTF, of which a flavor is suggested, and the names that lead from it.
        root: (TypeId, Option<Vec<String>>),
        /// The target type that lacks it: the address of its BTF, which tells modules apart, and its id.
        within: (usize, TypeId),
    },
}

impl Question {
    pub(super) fn member(missing: &MissingMember<'_>, within: Type<'_>) -> Self {
        Self::Entry {
            owner: missing.owner.id(),
            names: missing.names.clone(),
            root: (missing.root.id(), missing.before.clone()),
            within: place(within),
        }
    }

    pub(super) fn enumerator(name: &str, owner: Type<'_>, within: Type<'_>) -> Self {
        let names = Vec::from([name.to_string()]);
        Self::Entry { owner: owner.id(), names, root: (owner.id(), None), within: place(within) }
    }
}

fn place(ty: Type<'_>) -> (usize, TypeId) {
    (std::ptr::from_ref(ty.btf()).addr(), ty.id())
}

/// The results of searches.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<Question, Vec<Suggestion>>);

impl Known {
    pub(super) fn get(&self, question: &Question) -> Option<&Vec<Suggestion>> {
        self.0.get(question)
    }

    /// Keeps a result. If there are too many, the others are dropped; they can be found again.
    pub(super) fn keep(&mut self, question: Question, found: Vec<Suggestion>) {
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(question, found);
    }
}
