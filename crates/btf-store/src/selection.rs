//! What objects ask for.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use core::ops::ControlFlow;

use btf_types::Kind;
use core_reloc::essential_name;

use crate::{
    error::Result,
    items::Definitions,
    reach::{Reach, Seen},
    store::Store,
};

/// The kinds whose names types have in C.
pub(crate) const TYPES: [Kind; 8] = [
    Kind::Int,
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Fwd,
    Kind::Typedef,
    Kind::Float,
    Kind::Enum64,
];

/// The names that objects ask for.
///
/// ```
/// use btf_store::Selection;
///
/// let selection = Selection::new().types(["task_struct", "sock___old"]).functions(["do_unlinkat"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// By essential name, the number of pointers behind which types are extracted whole.
    types: BTreeMap<Vec<u8>, u8>,
    names: BTreeSet<Vec<u8>>,
    declarations: BTreeSet<(u8, Vec<u8>)>,
    tags: BTreeSet<Vec<u8>>,
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
    pub fn types(self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.types_with_pointers(names, 0)
    }

    /// Adds the types with the essential names of these names, and the types that they and their members point to.
    #[must_use]
    pub fn types_with_pointees(self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.types_with_pointers(names, 1)
    }

    fn types_with_pointers(
        mut self,
        names: impl IntoIterator<Item = impl AsRef<[u8]>>,
        pointers: u8,
    ) -> Self {
        for name in names {
            let known = self.types.entry(essential_name(name.as_ref()).to_vec()).or_default();
            *known = pointers.max(*known);
        }
        self
    }

    /// Adds the types with exactly these names. Structs and unions are extracted without members.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.names.extend(names.into_iter().map(|name| name.as_ref().to_vec()));
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

    /// For each of these tags, adds one declaration that has it, if the kernel has any.
    #[must_use]
    pub fn tags(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.tags.extend(names.into_iter().map(|name| name.as_ref().to_vec()));
        self
    }

    pub(crate) fn selected_tags(&self) -> &BTreeSet<Vec<u8>> {
        &self.tags
    }

    /// Sets how much is extracted behind pointers.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Returns how much is extracted behind pointers.
    pub(crate) fn selected_reach(&self) -> Reach {
        self.reach
    }

    /// Returns the first definitions with the keys that have the names, of any kernel, by number, and how each is
    /// reached.
    pub(crate) fn candidates(&self, store: &Store<'_>) -> Result<BTreeMap<u32, Seen>> {
        let mut search = Search { reader: Definitions::new(store), found: BTreeMap::new() };
        for kind in TYPES {
            for (name, pointers) in &self.types {
                let how = Seen::Whole { pointers: *pointers };
                let flavors = [name, &b"___"[..]].concat();
                let is_candidate = |found: &[u8]| essential_name(found) == name;
                search.add(kind, name, |found| found == name, is_candidate, how)?;
                search.add(kind, &flavors, |it| it.starts_with(&flavors), is_candidate, how)?;
            }
            for name in &self.names {
                search.add(kind, name, |found| found == name, |_| true, Seen::Named)?;
            }
        }
        for (kind, name) in &self.declarations {
            let (kind, how) = (Kind::from_raw(*kind), Seen::Whole { pointers: 0 });
            search.add(kind, name, |found| found == name, |_| true, how)?;
        }
        Ok(search.found)
    }
}

/// A search for the definitions with some names.
struct Search<'s> {
    reader: Definitions<'s>,
    found: BTreeMap<u32, Seen>,
}

impl Search<'_> {
    /// Adds what is wanted among the definitions of a kind that have names from `start` on, up to the first name that
    /// is not in the range.
    fn add(
        &mut self,
        kind: Kind,
        start: &[u8],
        is_in_range: impl Fn(&[u8]) -> bool,
        is_wanted: impl Fn(&[u8]) -> bool,
        how: Seen,
    ) -> Result<()> {
        let Self { reader, found } = self;
        reader.for_each_key(kind, start, |definition| {
            if !is_in_range(&definition.name) {
                return ControlFlow::Break(());
            }
            if is_wanted(&definition.name) {
                let found = found.entry(definition.first()).or_insert(how);
                *found = how.max(*found);
            }
            ControlFlow::Continue(())
        })
    }
}
