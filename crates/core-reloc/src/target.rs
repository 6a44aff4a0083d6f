//! The target: the BTF of a kernel and its modules, and optionally indexes of their names.

use alloc::{vec, vec::Vec};

use btf_types::{Btf, Error as BtfError, Type};

use crate::candidates::{Candidate, EnumeratorNames, NameIndex, Scope};

/// What relocations are resolved against: a main BTF, the BTFs of modules, and optionally indexes of
/// their names.
///
/// A target never changes, is `Send` and `Sync`, and can be shared by objects and threads. Cloning it is
/// cheap: clones share its indexes. `OwnedTarget` (feature `owned`) also owns the BTFs.
///
/// ```
/// # fn f(kernel: &[u8]) -> btf_types::Result<()> {
/// use btf_types::Btf;
/// use core_reloc::Target;
///
/// let kernel = Btf::parse(kernel)?;
/// let target = Target::new(&kernel);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Target<'a> {
    main: &'a Btf<'a>,
    modules: Vec<Module<'a>>,
    /// Indexes of the main BTF, each of other kinds of types.
    main_indexes: Vec<NameIndex<'a>>,
    /// Indexes of all modules, each of other kinds of types.
    module_indexes: Vec<NameIndex<'a>>,
    enumerators: Option<EnumeratorNames<'a>>,
}

/// A kernel module's BTF, or other types that are searched after the main BTF.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// The module's name, for reports.
    pub name: &'a str,
    /// Its BTF: split BTF that was parsed with the target's main BTF as its base, or BTF without a base,
    /// such as the types of another tool.
    pub btf: &'a Btf<'a>,
}

impl<'a> Target<'a> {
    /// Creates a target without modules and without an index: the root types of each object are found in one
    /// pass over the target's types. This is best for a single object.
    pub fn new(main: &'a Btf<'a>) -> Self {
        Self {
            main,
            modules: Vec::new(),
            main_indexes: Vec::new(),
            module_indexes: Vec::new(),
            enumerators: None,
        }
    }

    /// Adds modules. Only their own types can become candidates, and only of root types for which the
    /// main BTF has no candidate.
    ///
    /// Any indexes of modules and enumerators are dropped, so call [`Target::indexed_for_queries`] after
    /// all modules have been added.
    #[must_use]
    pub fn with_modules(mut self, modules: impl IntoIterator<Item = Module<'a>>) -> Self {
        self.modules.extend(modules);
        self.module_indexes.clear();
        self.enumerators = None;
        self
    }

    /// Adds a module, which no index covers.
    pub(crate) fn add_module(&mut self, module: Module<'a>) {
        self.modules.push(module);
        self.module_indexes.clear();
        self.enumerators = None;
    }

    /// Adds an index of the names of the main BTF's types, about 12 bytes for each type that can be a
    /// root type. It pays off when several objects are relocated, or relocations are resolved one by one.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.main_indexes = vec![NameIndex::of_type_names(&[self.main])];
        self
    }

    /// Adds indexes of all names: of types, functions, variables and enumerators, of the main BTF and of
    /// the modules; about 12 bytes for each. No search then needs a pass over the types.
    #[must_use]
    pub fn indexed_for_queries(mut self) -> Self {
        let modules: Vec<&Btf<'_>> = self.modules.iter().map(|module| module.btf).collect();
        let all = |btfs: &[&'a Btf<'a>]| {
            vec![NameIndex::of_type_names(btfs), NameIndex::of_other_names(btfs)]
        };
        self.main_indexes = all(&[self.main]);
        self.module_indexes = all(&modules);
        self.enumerators = Some(EnumeratorNames::of(&self.btfs()));
        self
    }

    /// Adds the indexes of a target that has the same main BTF, elsewhere in memory.
    #[cfg(feature = "owned")]
    pub(crate) fn with_indexes_of(mut self, other: &Target<'_>) -> Self {
        let same = |index: &NameIndex<'_>| index.of_same(&[self.main]);
        self.main_indexes = other.main_indexes.iter().map(same).collect();
        if self.modules.len() == other.modules.len() {
            let btfs: Vec<&Btf<'_>> = self.modules.iter().map(|module| module.btf).collect();
            let same = |index: &NameIndex<'_>| index.of_same(&btfs);
            self.module_indexes = other.module_indexes.iter().map(same).collect();
            let all = self.btfs();
            self.enumerators = other.enumerators.as_ref().map(|names| names.of_same(&all));
        }
        self
    }

    /// Returns the main BTF.
    pub fn main(&self) -> &'a Btf<'a> {
        self.main
    }

    /// Returns the modules.
    pub fn modules(&self) -> &[Module<'a>] {
        &self.modules
    }

    /// Returns the main BTF and those of the modules.
    pub(crate) fn btfs(&self) -> Vec<&'a Btf<'a>> {
        let modules = self.modules.iter().map(|module| module.btf);
        core::iter::once(self.main).chain(modules).collect()
    }

    pub(crate) fn enumerators(&self) -> Option<&EnumeratorNames<'a>> {
        self.enumerators.as_ref()
    }

    /// Returns the main BTF, to be searched for names.
    pub(crate) fn main_scope(&self) -> Scope<'a> {
        Scope::new([self.main].into(), self.main_indexes.clone())
    }

    /// Returns the modules, to be searched for names.
    pub(crate) fn module_scope(&self) -> Scope<'a> {
        let btfs = self.modules.iter().map(|module| module.btf).collect();
        Scope::new(btfs, self.module_indexes.clone())
    }

    /// Returns the size of the target's BTF in bytes, including that of the modules.
    pub fn size(&self) -> usize {
        let modules = self.modules.iter().map(|module| module.btf.as_bytes().len());
        modules.fold(self.main.as_bytes().len(), usize::saturating_add)
    }

    /// Returns the type of a candidate.
    ///
    /// # Errors
    /// [`BtfError::NoSuchType`] for a candidate of another target.
    pub fn candidate(&self, candidate: Candidate) -> Result<Type<'a>, BtfError> {
        let btf = match candidate.module {
            None => self.main,
            Some(module) => {
                let none = BtfError::NoSuchType { id: candidate.type_id, last: 0 };
                self.modules.get(module as usize).ok_or(none)?.btf
            }
        };
        btf.type_by_id(candidate.type_id)
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    #[test]
    fn a_target_counts_all_its_bytes_and_is_indexed_on_request() {
        let bytes = Builder::new(ByteOrder::Little).finish().unwrap();
        let main = Btf::parse(&bytes).unwrap();
        let mut builder = Builder::split(&main);
        builder.structure("s", 8).finish();
        let split = builder.finish().unwrap();
        let btf = &Btf::parse_split(&split, &main).unwrap();
        let modules = ["one", "two"].map(|name| Module { name, btf });

        let target = Target::new(&main).with_modules(modules);
        assert_eq!(target.size(), bytes.len() + 2 * split.len());
        assert!(target.main_indexes.is_empty());
        assert_eq!(target.indexed().main_indexes.len(), 1);
    }
}
