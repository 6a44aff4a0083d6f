//! The types of two kernels by their names.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use btf_types::{Btf, Kind, Name, Type, TypeId};
use core_reloc::Target;

use super::{class::TypeClass, compare::Comparer};
use crate::explain::spelling;

/// A type of one of the kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) ty: Type<'a>,
    /// The module that defines it.
    pub(super) module: Option<&'a str>,
}

/// The types of one name and class.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    pub(super) old: Vec<Found<'a>>,
    pub(super) new: Vec<Found<'a>>,
}

/// The BTFs of a kernel: its own and those of its modules.
#[derive(Debug)]
pub(super) struct Parts<'a>(Vec<(Option<&'a str>, &'a Btf<'a>)>);

impl<'a> Parts<'a> {
    pub(super) fn of(target: &Target<'a>) -> Self {
        let modules = target.modules().iter().map(|module| (Some(module.name), module.btf));
        Self(std::iter::once((None, target.main())).chain(modules).collect())
    }

    pub(super) fn types(&self) -> impl Iterator<Item = Found<'a>> {
        let found = |(module, btf): &(Option<&'a str>, &'a Btf<'a>)| {
            let module = *module;
            btf.own_types_of(TypeClass::kinds()).map(move |ty| Found { ty, module })
        };
        self.0.iter().flat_map(found)
    }

    /// Returns some types with their modules, those of other BTFs left out.
    pub(super) fn find(&self, types: &[Type<'a>]) -> Vec<Found<'a>> {
        let find = |ty: &Type<'a>| {
            let (module, _) = self.0.iter().find(|(_, btf)| std::ptr::eq(*btf, ty.btf()))?;
            Some(Found { ty: *ty, module: *module })
        };
        types.iter().filter_map(find).collect()
    }

    fn position(&self, btf: &Btf<'_>) -> u32 {
        let found = self.0.iter().position(|(_, other)| std::ptr::eq::<Btf<'_>>(*other, btf));
        found.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX)
    }

    fn at(&self, position: u32, id: TypeId) -> Option<Found<'a>> {
        let (module, btf) = self.0.get(position as usize)?;
        Some(Found { ty: btf.type_by_id(id).ok()?, module: *module })
    }
}

/// The place of a type, in few bytes: a kernel has a hundred thousand of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Of the class and the name.
    hash: u64,
    is_new: bool,
    position: u32,
    id: TypeId,
}

/// Groups types by class and name.
#[derive(Debug)]
pub(super) struct Groups<'p, 'a> {
    parts: [&'p Parts<'a>; 2],
    entries: Vec<Entry>,
    hasher: RandomState,
}

impl<'p, 'a> Groups<'p, 'a> {
    pub(super) fn new(old: &'p Parts<'a>, new: &'p Parts<'a>) -> Self {
        Self { parts: [old, new], entries: Vec::new(), hasher: RandomState::new() }
    }

    /// Adds types of one of the kernels. Types without a name are left out. Returns `None` when no steps are left.
    pub(super) fn add(
        &mut self,
        is_new: bool,
        types: impl IntoIterator<Item = Found<'a>>,
        comparer: &mut Comparer,
    ) -> Option<()> {
        let [of_old, of_new] = self.parts;
        let parts = if is_new { of_new } else { of_old };
        let (mut last, mut position): (Option<&Btf<'_>>, u32) = (None, 0);
        for Found { ty, .. } in types {
            let Some(key) = Key::of(ty, comparer)? else { continue };
            if !last.is_some_and(|last| std::ptr::eq(last, ty.btf())) {
                (last, position) = (Some(ty.btf()), parts.position(ty.btf()));
            }
            let hash = self.hasher.hash_one(&key);
            self.entries.push(Entry { hash, is_new, position, id: ty.id() });
        }
        Some(())
    }

    /// Calls a function with each group, until it returns `None` or no steps are left. The order of the groups is any;
    /// the types of one are in the order of their BTFs and ids.
    pub(super) fn for_each(
        mut self,
        comparer: &mut Comparer,
        mut use_it: impl FnMut(&mut Comparer, TypeClass, Group<'a>) -> Option<()>,
    ) -> Option<()> {
        let [of_old, of_new] = self.parts;
        self.entries.sort_unstable();
        self.entries.dedup();
        for run in self.entries.chunk_by(|one, other| one.hash == other.hash) {
            let mut rest = run.to_vec();
            // Other names may have the same hash.
            while !rest.is_empty() {
                let (mut group, mut key, mut others) = (Group::default(), None, Vec::new());
                for entry in rest {
                    let parts = if entry.is_new { of_new } else { of_old };
                    let Some(found) = parts.at(entry.position, entry.id) else { continue };
                    let Some(of_this) = Key::of(found.ty, comparer)? else { continue };
                    if *key.get_or_insert_with(|| of_this.clone()) != of_this {
                        others.push(entry);
                    } else if entry.is_new {
                        group.new.push(found);
                    } else {
                        group.old.push(found);
                    }
                }
                if let Some(key) = key {
                    use_it(comparer, key.class, group)?;
                }
                rest = others;
            }
        }
        Some(())
    }
}

/// What identifies a type before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key<'a> {
    class: TypeClass,
    name: KeyName<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyName<'a> {
    Plain(&'a [u8]),
    /// The one spelling of an integer that compilers spell differently.
    Number(String),
}

impl<'a> Key<'a> {
    /// Returns the key of a type; the inner value is `None` for types without a class or a name.
    fn of(ty: Type<'a>, comparer: &mut Comparer) -> Option<Option<Self>> {
        let Some(class) = TypeClass::of(ty.kind()) else { return Some(None) };
        let name: Name<'a> = comparer.name(ty.name())?;
        if name.is_empty() {
            return Some(None);
        }
        let name = if ty.kind() == Kind::Int {
            comparer.spend(name.len())?;
            KeyName::Number(spelling::canonical(&name.to_string()))
        } else {
            KeyName::Plain(name.as_bytes())
        };
        Some(Some(Self { class, name }))
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.class.hash(state);
        match &self.name {
            KeyName::Plain(name) => name.hash(state),
            KeyName::Number(name) => name.as_bytes().hash(state),
        }
    }
}
