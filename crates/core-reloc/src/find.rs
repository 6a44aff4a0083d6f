//! Finding types and enumerators of a target by name.

use alloc::{vec, vec::Vec};

use btf_types::{Enumerator, Kind, KindSet, StrOffset, Type, TypeId};

use crate::{
    candidates::{EnumeratorNames, Scope},
    names::exact::ExactNames,
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
        let enums = [Kind::Enum, Kind::Enum64].into_iter().collect();
        let mut found = vec![None; names.len()];
        let mut missing = names.iter().filter(|name| !name.is_empty()).count();
        let names = ExactNames::new(names.iter().copied().enumerate());
        for (position, btf) in self.btfs().into_iter().enumerate() {
            let module = position.checked_sub(1).and_then(|module| u32::try_from(module).ok());
            btf.own_types_of(enums).for_each(|ty| {
                if missing == 0 {
                    return;
                }
                for (index, enumerator) in (0..).zip(ty.enumerators()) {
                    let rest = btf.string_and_rest(enumerator.name_off());
                    let Some(rest) = rest.filter(|rest| names.may_have(rest)) else { continue };
                    for question in names.find(rest) {
                        // Only the first enumerator of a name counts.
                        if let Some(slot @ None) = found.get_mut(*question) {
                            *slot = Some(FoundEnumerator { ty, index, enumerator, module });
                            missing = missing.saturating_sub(1);
                        }
                    }
                }
            });
        }
        found
    }
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
