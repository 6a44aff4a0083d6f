//! What objects ask for.

use alloc::{collections::BTreeSet, vec::Vec};

use btf_types::Kind;
use core_reloc::essential_name;

use crate::{error::Result, items::Definitions, store::Store};

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

    /// Returns how much is extracted behind pointers.
    pub(crate) fn get_reach(&self) -> Reach {
        self.reach
    }

    /// Returns the numbers of the first definitions with the keys that have the names, of any kernel, in
    /// ascending order.
    pub(crate) fn candidates(&self, store: &Store<'_>) -> Result<Vec<u32>> {
        let mut firsts = Vec::new();
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
                            firsts.push(definition.first());
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
                firsts.push(definition.first());
                number = after;
            }
        }
        firsts.sort_unstable();
        firsts.dedup();
        Ok(firsts)
    }
}
