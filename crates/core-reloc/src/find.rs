//! Finding types and enumerators of a target by name.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use btf_types::{Enumerator, Kind, Type};

use crate::{
    candidates::{EnumeratorNames, NameKey},
    names::{bits::Starts, essential::essential_name},
    target::Target,
};

/// A type of a target that was found by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundType<'a> {
    /// The type.
    pub ty: Type<'a>,
    /// The module that defines it, as an index of [`Target::modules`]; `None` for the main BTF.
    pub module: Option<u32>,
}

/// An enumerator of a target that was found by its name.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FoundEnumerator<'a> {
    /// The enum.
    pub ty: Type<'a>,
    /// The index of the enumerator in it.
    pub index: u32,
    /// The enumerator.
    pub enumerator: Enumerator<'a>,
    /// The module that defines the enum, as an index of [`Target::modules`]; `None` for the main BTF.
    pub module: Option<u32>,
}

impl<'a> Target<'a> {
    /// Finds the first type with exactly this name and kind (FUNC, VAR, TYPEDEF, STRUCT or any other), in
    /// the main BTF and then in the modules.
    ///
    /// An [indexed](Target::indexed_for_queries) target looks the name up; any other makes one pass over
    /// the types. [`Target::find_all`] finds many types in one pass.
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, IntEncoding, Linkage, build::Builder};
    /// # let mut btf = Builder::new(ByteOrder::Little);
    /// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// # let proto = btf.func_proto(int).finish();
    /// # btf.func("vfs_read", proto, Linkage::Static);
    /// # let bytes = btf.finish()?;
    /// use btf_types::Kind;
    /// use core_reloc::Target;
    ///
    /// let kernel = Btf::parse(&bytes)?;
    /// let target = Target::new(&kernel).indexed_for_queries();
    /// assert!(target.find("vfs_read", Kind::Func).is_some());
    /// assert!(target.find("vfs_write", Kind::Func).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find(&self, name: &str, kind: Kind) -> Option<FoundType<'a>> {
        self.find_all(&[(name, kind)]).into_iter().next()?.first().copied()
    }

    /// Finds all types with each name and kind, in one pass over the types unless the target is
    /// [indexed](Target::indexed_for_queries). For each question, the types of the main BTF come first, in
    /// the order of their ids, then those of the modules.
    pub fn find_all(&self, questions: &[(&str, Kind)]) -> Vec<Vec<FoundType<'a>>> {
        // Keys are unique and sorted; several questions may share one.
        let mut keys: BTreeMap<NameKey<'_>, Vec<usize>> = BTreeMap::new();
        for (question, (name, kind)) in questions.iter().enumerate() {
            let of_enums = if kind.is_enum() { Kind::Enum } else { *kind };
            let key = NameKey::new(essential_name(name.as_bytes()), of_enums);
            keys.entry(key).or_default().push(question);
        }
        let (keys, of_key): (Vec<NameKey<'_>>, Vec<Vec<usize>>) = keys.into_iter().unzip();
        let mut found = vec![Vec::new(); questions.len()];
        let positions = || 0..u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let modules = self.modules().iter().map(|module| module.btf).collect::<Vec<_>>();
        let mut add = |position: u32, module: Option<u32>, ty: Type<'a>| {
            for question in of_key.get(position as usize).into_iter().flatten() {
                let is_it = questions.get(*question).is_some_and(|(name, kind)| {
                    ty.kind() == *kind && ty.name().is_ok_and(|found| found == *name)
                });
                if let Some(types) = found.get_mut(*question).filter(|_| is_it) {
                    types.push(FoundType { ty, module });
                }
            }
        };
        self.main_scope().find(&keys, positions(), |position, _, id| {
            if let Ok(ty) = self.main().type_by_id(id) {
                add(position, None, ty);
            }
        });
        if !modules.is_empty() {
            self.module_scope().find(&keys, positions(), |position, module, id| {
                let btf = modules.get(module).copied();
                if let Some(ty) = btf.and_then(|btf| btf.type_by_id(id).ok()) {
                    add(position, u32::try_from(module).ok(), ty);
                }
            });
        }
        found
    }

    /// Finds the first enumerator with exactly each name, in the enums of the main BTF and then of the
    /// modules. This takes one pass over the enums unless the target is
    /// [indexed](Target::indexed_for_queries).
    pub fn find_enumerators(&self, names: &[&str]) -> Vec<Option<FoundEnumerator<'a>>> {
        let find = |index: &EnumeratorNames<'a>, name: &str| {
            let (position, ty, index) = index.find(name.as_bytes()).next()?;
            let enumerator = ty.enumerators().get(index as usize)?;
            let module = position.checked_sub(1).and_then(|module| u32::try_from(module).ok());
            Some(FoundEnumerator { ty, index, enumerator, module })
        };
        match self.enumerators() {
            Some(index) => names.iter().map(|name| find(index, name)).collect(),
            None => self.scan_enumerators(names),
        }
    }

    /// Searches the enums for names, until all are found.
    fn scan_enumerators(&self, names: &[&str]) -> Vec<Option<FoundEnumerator<'a>>> {
        let mut wanted: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (position, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            wanted.entry(name.as_bytes()).or_default().push(position);
        }
        let starts = Starts::new(wanted.len(), wanted.keys().copied());
        let enums = [Kind::Enum, Kind::Enum64].into_iter().collect();
        let mut found = vec![None; names.len()];
        for (position, btf) in self.btfs().into_iter().enumerate() {
            let module = position.checked_sub(1).and_then(|module| u32::try_from(module).ok());
            for ty in btf.own_types_of(enums) {
                if wanted.is_empty() {
                    return found;
                }
                for (index, enumerator) in (0..).zip(ty.enumerators()) {
                    let string = btf.string_and_rest(enumerator.name_off());
                    if !string.is_some_and(|string| starts.may_match(string)) {
                        continue;
                    }
                    let Ok(name) = enumerator.name() else { continue };
                    // Only the first enumerator of a name counts.
                    for question in wanted.remove(name.as_bytes()).into_iter().flatten() {
                        if let Some(slot) = found.get_mut(question) {
                            *slot = Some(FoundEnumerator { ty, index, enumerator, module });
                        }
                    }
                }
            }
        }
        found
    }
}
