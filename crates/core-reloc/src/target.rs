//! The target: a kernel's BTF, its modules', and optionally an index of their names.

use alloc::vec::Vec;

use btf_types::{Btf, Error as BtfError, Type, TypeId};

use crate::candidates::index::NameIndex;

/// What relocations are resolved against: a main BTF, and split BTFs of modules on top of it.
///
/// A target never changes, is `Send` and `Sync`, and is shared by all objects and threads. It keeps
/// nothing but references, unless it is [indexed](Target::indexed).
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
    /// A target without modules and without an index: each object's root types are looked for in
    /// one pass over the target's types. The best choice for one object.
    pub fn new(main: &'a Btf<'a>) -> Self {
        Self { main, modules: Vec::new(), index: None }
    }

    /// Adds modules' split BTFs. Only their own types can become candidates, and only of root types
    /// that the main BTF has no candidate for.
    #[must_use]
    pub fn with_modules(mut self, modules: impl IntoIterator<Item = Module<'a>>) -> Self {
        self.modules.extend(modules);
        self
    }

    /// Adds an index of the names of the main BTF's types: about 12 bytes for each type that can be a root
    /// type. It pays when several objects are relocated, or relocations come one by one.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.index = Some(NameIndex::ordinary(&[self.main]));
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

    /// The bytes of all the target's BTF.
    pub(crate) fn size(&self) -> usize {
        let modules = self.modules.iter().map(|module| module.btf.as_bytes().len());
        modules.fold(self.main.as_bytes().len(), usize::saturating_add)
    }

    /// The type that a candidate is.
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

/// A target type that has the essential name and the kind of a local root type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// The type.
    pub type_id: TypeId,
    /// The module whose own type it is, as an index of [`Target::modules`]; none for the main BTF.
    pub module: Option<u32>,
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    #[test]
    fn a_target_has_an_index_on_demand_and_the_size_of_all_its_bytes() {
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
