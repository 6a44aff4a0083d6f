//! Finding types and enumerators of a target by name.

use alloc::{vec, vec::Vec};

use btf_types::{Enumerator, Kind, KindSet, StrOffset, Type, TypeId};

use crate::{
    candidates::{NameKey, Scope},
    names::{essential::essential_name, exact::ExactNames},
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
        let mut found = vec![Vec::new(); questions.len()];
        find_types(&self.main_scope(), questions, |question, _, ty| {
            add(&mut found, question, FoundType { ty, module: None });
        });
        find_types(&self.module_scope(), questions, |question, position, ty| {
            add(&mut found, question, FoundType { ty, module: u32::try_from(position).ok() });
        });
        found
    }

    /// Finds the candidates of root types, each given by its name and kind: the types with the same
    /// essential name and kind (the two kinds of enums count as one), those of the main BTF or, if it has
    /// none, those of the modules. They are what a relocation of such a root type chooses from, in its
    /// order.
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, build::Builder};
    /// # let mut btf = Builder::new(ByteOrder::Little);
    /// # btf.structure("nf_conn", 8).finish();
    /// # btf.structure("nf_conn___init", 16).finish();
    /// # let bytes = btf.finish()?;
    /// use btf_types::Kind;
    /// use core_reloc::Target;
    ///
    /// let kernel = Btf::parse(&bytes)?;
    /// let found = Target::new(&kernel).find_candidates(&[("nf_conn", Kind::Struct)]);
    /// let sizes: Vec<_> = found[0].iter().map(|found| found.ty.stated_size()).collect();
    /// assert_eq!(sizes, [Some(8), Some(16)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find_candidates(&self, roots: &[(&str, Kind)]) -> Vec<Vec<FoundType<'a>>> {
        let keys: Vec<NameKey<'_>> = roots.iter().map(|(name, kind)| key(name, *kind)).collect();
        // Types without a name are no candidates.
        let named = (0..).zip(&keys).filter(|(_, key)| !key.essential.is_empty());
        let mut open: Vec<u32> = named.map(|(position, _)| position).collect();
        let mut found = vec![Vec::new(); roots.len()];
        self.main_scope().find(&keys, open.iter().copied(), |question, _, id| {
            let ty = self.main().type_by_id(id);
            ty.into_iter().for_each(|ty| {
                add(&mut found, question as usize, FoundType { ty, module: None });
            });
        });
        open.retain(|question| found.get(*question as usize).is_some_and(Vec::is_empty));
        if self.modules().is_empty() {
            return found;
        }
        self.module_scope().find(&keys, open.into_iter(), |question, position, id| {
            let module = self.modules().get(position);
            let ty = module.and_then(|module| module.btf.type_by_id(id).ok());
            ty.into_iter().for_each(|ty| {
                let module = u32::try_from(position).ok();
                add(&mut found, question as usize, FoundType { ty, module });
            });
        });
        found
    }

    /// Finds the first enumerator with exactly each name, in the enums of the main BTF and then of the
    /// modules. This takes one pass over the enums unless the target is
    /// [indexed](Target::indexed_for_queries).
    pub fn find_enumerators(&self, names: &[&str]) -> Vec<Option<FoundEnumerator<'a>>> {
        match self.enumerators() {
            Some(index) => {
                let find = |name: &&str| {
                    let (position, ty, index) = index.find(name.as_bytes()).next()?;
                    found_at(position, ty, index)
                };
                names.iter().map(find).collect()
            }
            None => self.scan_first_enumerators(names),
        }
    }

    /// Finds all enumerators with exactly each name: those of the main BTF or, if it has none, those of the
    /// modules. Several enums may have an enumerator of a name, with different values. This takes one pass
    /// over the enums unless the target is [indexed](Target::indexed_for_queries).
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, build::Builder};
    /// # let mut btf = Builder::new(ByteOrder::Little);
    /// # btf.enumeration("state", 4).enumerator("RUNNING", 0).enumerator("STOPPED", 1).finish();
    /// # btf.enumeration("", 4).enumerator("STOPPED", 4).finish();
    /// # let bytes = btf.finish()?;
    /// use core_reloc::Target;
    ///
    /// let kernel = Btf::parse(&bytes)?;
    /// let found = Target::new(&kernel).find_all_enumerators(&["STOPPED"]);
    /// let values: Vec<i128> = found[0].iter().map(|found| found.enumerator.value()).collect();
    /// assert_eq!(values, [1, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find_all_enumerators(&self, names: &[&str]) -> Vec<Vec<FoundEnumerator<'a>>> {
        let mut all = match self.enumerators() {
            Some(index) => {
                let find = |name: &&str| {
                    let found = index.find(name.as_bytes());
                    found
                        .filter_map(|(position, ty, index)| found_at(position, ty, index))
                        .collect()
                };
                names.iter().map(find).collect()
            }
            None => self.scan_all_enumerators(names),
        };
        for found in &mut all {
            if found.first().is_some_and(|first: &FoundEnumerator<'_>| first.module.is_none()) {
                found.retain(|found| found.module.is_none());
            }
        }
        all
    }

    fn scan_all_enumerators(&self, names: &[&str]) -> Vec<Vec<FoundEnumerator<'a>>> {
        let mut all = vec![Vec::new(); names.len()];
        self.scan_enumerators(names, |question, found| {
            if let Some(all) = all.get_mut(question) {
                all.push(found);
            }
            true
        });
        all
    }

    /// Searches the enums for the first enumerator of each name, until all are found.
    fn scan_first_enumerators(&self, names: &[&str]) -> Vec<Option<FoundEnumerator<'a>>> {
        let mut first = vec![None; names.len()];
        let mut missing = names.iter().filter(|name| !name.is_empty()).count();
        self.scan_enumerators(names, |question, found| {
            if let Some(slot @ None) = first.get_mut(question) {
                *slot = Some(found);
                missing = missing.saturating_sub(1);
            }
            missing > 0
        });
        first
    }

    /// Searches the enums for names, and reports each enumerator that has one with the number of the name,
    /// until `found` returns `false`.
    fn scan_enumerators(
        &self,
        names: &[&str],
        mut found: impl FnMut(usize, FoundEnumerator<'a>) -> bool,
    ) {
        let enums = [Kind::Enum, Kind::Enum64].into_iter().collect();
        let names = ExactNames::new(names.iter().copied().enumerate());
        let mut goes_on = !names.is_empty();
        for (position, btf) in self.btfs().into_iter().enumerate() {
            btf.own_types_of(enums).for_each(|ty| {
                if !goes_on {
                    return;
                }
                for (index, enumerator) in (0..).zip(ty.enumerators()) {
                    let rest = btf.string_and_rest(enumerator.name_off());
                    let Some(rest) = rest.filter(|rest| names.may_have(rest)) else { continue };
                    for question in names.find(rest) {
                        if let Some(one) = found_at(position, ty, index) {
                            goes_on &= found(*question, one);
                        }
                    }
                }
            });
        }
    }
}

/// Returns the key of the candidates of a root type.
fn key(name: &str, kind: Kind) -> NameKey<'_> {
    let kind = if kind.is_enum() { Kind::Enum } else { kind };
    NameKey::new(essential_name(name.as_bytes()), kind)
}

/// Returns an enumerator by its index in an enum of the BTF at a position: 0 is the main BTF.
fn found_at(position: usize, ty: Type<'_>, index: u32) -> Option<FoundEnumerator<'_>> {
    let enumerator = ty.enumerators().get(index as usize)?;
    let module = position.checked_sub(1).and_then(|module| u32::try_from(module).ok());
    Some(FoundEnumerator { ty, index, enumerator, module })
}

/// Finds all types of each name and kind in a scope, and reports each: the number of its question, the
/// position of its BTF, and the type. Those of one question come in the order of BTFs and ids.
fn find_types<'a>(
    scope: &Scope<'a>,
    questions: &[(&str, Kind)],
    mut found: impl FnMut(usize, usize, Type<'a>),
) {
    let mut kinds = KindSet::default();
    let mut without_index = Vec::new();
    for (number, (name, kind)) in questions.iter().enumerate() {
        let Some(index) = scope.known_index(*kind) else {
            kinds.insert(*kind);
            without_index.push((number, *name));
            continue;
        };
        for (position, ty) in index.find_exactly(name, *kind) {
            found(number, position, ty);
        }
    }
    let names = ExactNames::new(without_index.into_iter());
    if names.is_empty() {
        return;
    }
    // The processor cannot predict which of these a type is; looking at all of them is faster.
    if kinds.is_subset(KindSet::TYPE_NAMES) {
        kinds = KindSet::TYPE_NAMES;
    }
    for (position, btf) in scope.btfs().iter().enumerate() {
        let order = btf.byte_order();
        // Few types get here, and the loop is faster without this.
        let mut add = Rarely(|id: TypeId, rest: &[u8]| {
            for number in names.find(rest) {
                let Ok(ty) = btf.type_by_id(id) else { return };
                if questions.get(*number).is_some_and(|(_, kind)| ty.kind() == *kind) {
                    found(*number, position, ty);
                }
            }
        });
        btf.named_records(kinds).for_each(|(id, record)| {
            let rest = btf.string_and_rest(StrOffset(record.name_off.get(order)));
            let Some(rest) = rest.filter(|rest| names.may_have(rest)) else { return };
            add.call(id, rest);
        });
    }
}

/// A function that is not inlined.
struct Rarely<F>(F);

impl<F: FnMut(TypeId, &[u8])> Rarely<F> {
    #[cold]
    #[inline(never)]
    fn call(&mut self, id: TypeId, rest: &[u8]) {
        (self.0)(id, rest);
    }
}

fn add<'a>(found: &mut [Vec<FoundType<'a>>], question: usize, ty: FoundType<'a>) {
    if let Some(types) = found.get_mut(question) {
        types.push(ty);
    }
}
