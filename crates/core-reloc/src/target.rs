//! The target: a kernel's BTF, its modules', and optionally an index of their names.

use alloc::vec::Vec;

use btf_types::{Btf, Error as BtfError, Type};

use crate::candidates::{Candidate, index::NameIndex};

/// What relocations are resolved against: a main BTF, and the split BTFs of modules on it.
///
/// A target never changes, is `Send` and `Sync`, and can be shared by objects and threads. It keeps only
/// references, unless it is [indexed](Target::indexed).
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
    index: Option<NameIndex<'a>>,
}

/// A kernel module's BTF.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// The module's name, for reports.
    pub name: &'a str,
    /// Its split BTF, parsed on the target's main one.
    pub btf: &'a Btf<'a>,
}

impl<'a> Target<'a> {
    /// A target without modules and without an index: the root types of each object are found in one
    /// pass over the target's types. This is best for a single object.
    pub fn new(main: &'a Btf<'a>) -> Self {
        Self { main, modules: Vec::new(), index: None }
    }

    /// Adds the split BTFs of modules. Only their own types can become candidates, and only of root
    /// types for which the main BTF has no candidate.
    #[must_use]
    pub fn with_modules(mut self, modules: impl IntoIterator<Item = Module<'a>>) -> Self {
        self.modules.extend(modules);
        self
    }

    /// Adds an index of the names of the main BTF's types, about 12 bytes for each type that can be a
    /// root type. It pays when several objects are relocated, or relocations come one by one.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.index = Some(NameIndex::of_type_names(&[self.main]));
        self
    }

    /// The main BTF.
    pub fn main(&self) -> &'a Btf<'a> {
        self.main
    }

    /// The modules.
    pub fn modules(&self) -> &[Module<'a>] {
        &self.modules
    }

    pub(crate) fn index(&self) -> Option<&NameIndex<'a>> {
        self.index.as_ref()
    }

    /// The size of the target's BTF in bytes, the modules' included.
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
        assert!(target.index().is_none());
        assert!(target.indexed().index().is_some());
    }
}
