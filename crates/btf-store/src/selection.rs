//! What objects ask for.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use btf_types::Kind;
use core_reloc::essential_name;

use crate::{error::Result, graph::Seen, items::Definitions, store::Store};

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

    /// Adds the types with the essential names of these names, and what they and the types in them point to.
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

    /// Adds the types with just these names. Of structs and unions, nothing but the name is extracted, as of those
    /// behind pointers.
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

    /// Adds one declaration with each of these tags, if the kernel has any: it shows that there are such.
    #[must_use]
    pub fn tags(mut self, names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.tags.extend(names.into_iter().map(|name| name.as_ref().to_vec()));
        self
    }

    pub(crate) fn get_tags(&self) -> &BTreeSet<Vec<u8>> {
        &self.tags
    }

    /// Sets how much is extracted behind pointers.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Returns how much is extracted behind pointers.
    pub(crate) fn get_reach(&self) -> Reach {
        self.reach
    }

    /// Returns the numbers of the first definitions with the keys that have the names, of any kernel, in
    /// ascending order, and how each is reached.
    pub(crate) fn candidates(&self, store: &Store<'_>) -> Result<BTreeMap<u32, Seen>> {
        let mut found = Found { reader: Definitions::new(store), firsts: BTreeMap::new() };
        for kind in TYPES {
            for (name, pointers) in &self.types {
                let how = Seen::Whole { pointers: *pointers };
                let mut flavors = name.clone();
                flavors.extend(b"___");
                let is_candidate = |found: &[u8]| essential_name(found) == name;
                found.add(kind, name, how, |found| (found == name).then(|| is_candidate(found)))?;
                found.add(kind, &flavors, how, |found| {
                    found.starts_with(&flavors).then(|| is_candidate(found))
                })?;
            }
            for name in &self.names {
                found.add(kind, name, Seen::Named, |found| (found == name).then_some(true))?;
            }
        }
        for (kind, name) in &self.declarations {
            let how = Seen::Whole { pointers: 0 };
            let kind = Kind::from_raw(*kind);
            found.add(kind, name, how, |found| (found == name).then_some(true))?;
        }
        Ok(found.firsts)
    }
}

/// The definitions that a search has found.
struct Found<'s> {
    reader: Definitions<'s>,
    /// By the numbers of the first definitions with their keys, how they are reached.
    firsts: BTreeMap<u32, Seen>,
}

impl Found<'_> {
    /// Adds the definitions of a kind that have names from `from` on, up to the first that is not in the range of
    /// names; of these, those that are wanted.
    fn add(
        &mut self,
        kind: Kind,
        from: &[u8],
        how: Seen,
        is_wanted: impl Fn(&[u8]) -> Option<bool>,
    ) -> Result<()> {
        let (_, end) = self.reader.store().kind_range(kind);
        let mut number = self.reader.lower_bound(kind, from)?;
        while number < end {
            let definition = self.reader.get(number)?;
            let Some(is_wanted) = is_wanted(&definition.name) else { break };
            if is_wanted {
                let first = self.firsts.entry(definition.first()).or_insert(how);
                *first = how.max(*first);
            }
            // A hostile store may say that a key ends before this definition.
            number = definition.end().max(number.saturating_add(1));
        }
        Ok(())
    }
}
