//! Which of several types of one name in the old kernel is which in the new one.

use std::collections::{HashSet, VecDeque};

use btf_types::{Kind, Type};

use super::{
    class::TypeClass,
    compare::{Bodies, Comparer},
    groups::{Found, Group},
};
use crate::enums::EnumReaders;

/// The most types of one name that are compared with each other.
const MAX_COMPARED: usize = 16;

/// A type of both kernels, or of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) old: Option<Found<'a>>,
    pub(super) new: Option<Found<'a>>,
    /// Whether both kernels have it, and define it alike.
    pub(super) is_equal: bool,
}

impl<'a> Pair<'a> {
    /// Returns what no other pair of the class has, to order pairs by: first the name.
    pub(super) fn key(&self) -> impl Ord + use<'a> {
        let id = |found: Option<Found<'a>>| found.map(|found| (found.module, found.ty.id()));
        let name = self.new.or(self.old).and_then(|found| found.ty.name().ok());
        (name.map(|name| name.as_bytes()), id(self.new), id(self.old))
    }

    /// Returns `true` for enums without a name.
    pub(super) fn is_anonymous_enum(&self) -> bool {
        let is_one = |found: Found<'_>| is_anonymous(found.ty) && found.ty.kind().is_enum();
        self.old.or(self.new).is_some_and(is_one)
    }
}

/// Compares types of one class and pairs them.
#[derive(Debug)]
pub(super) struct Pairing<'p, 'a> {
    pub(super) class: TypeClass,
    pub(super) comparer: &'p mut Comparer,
    pub(super) enums: &'p mut EnumReaders<'a>,
}

impl<'a> Pairing<'_, 'a> {
    /// Pairs the types of a name. The equal ones are pairs first, then those with the most members of the same names;
    /// what has no members, or is one of very many, in the order of ids. Returns `None` when no steps are left.
    pub(super) fn pair(&mut self, group: Group<'a>) -> Option<Vec<Pair<'a>>> {
        let Group { old, new } = group;
        let (mut old, new) = (VecDeque::from(defined(old)), defined(new));
        let (mut pairs, mut rest) = (Vec::new(), Vec::new());
        for of_new in new {
            let mut equal = None;
            for (at, of_old) in old.iter().enumerate().take(MAX_COMPARED) {
                if self.are_equal(of_old.ty, of_new.ty)? {
                    equal = Some(at);
                    break;
                }
            }
            match equal {
                Some(at) => {
                    let of_old = old.remove(at);
                    pairs.push(Pair { old: of_old, new: Some(of_new), is_equal: true });
                }
                None => rest.push(of_new),
            }
        }
        for (at, of_new) in rest.into_iter().enumerate() {
            let of_old = if old.len() > 1 && at < MAX_COMPARED {
                self.most_similar(&old, of_new)?.and_then(|at| old.remove(at))
            } else {
                old.pop_front()
            };
            pairs.push(Pair { old: of_old, new: Some(of_new), is_equal: false });
        }
        pairs.extend(old.into_iter().map(|of_old| Pair {
            old: Some(of_old),
            new: None,
            is_equal: false,
        }));
        Some(pairs)
    }

    /// Returns the index of the type that has the most members of another in common.
    fn most_similar(
        &mut self,
        all: &VecDeque<Found<'a>>,
        with: Found<'a>,
    ) -> Option<Option<usize>> {
        let mut names = HashSet::new();
        for member in with.ty.members() {
            names.insert(self.comparer.name(member.name())?);
        }
        let (mut most, mut best) = (0, None);
        for (at, found) in all.iter().enumerate().take(MAX_COMPARED) {
            let mut shared = 0_usize;
            for member in found.ty.members() {
                let name = self.comparer.name(member.name())?;
                shared = shared.saturating_add(usize::from(names.contains(&name)));
            }
            if best.is_none() && names.is_empty() || shared > most {
                (most, best) = (shared, Some(at));
            }
        }
        Some(best)
    }

    /// Returns `true` if two types of the class are defined alike.
    pub(super) fn are_equal(&mut self, old: Type<'a>, new: Type<'a>) -> Option<bool> {
        let comparer = &mut *self.comparer;
        match self.class {
            TypeClass::Composite => {
                let are_declared = old.kind() == Kind::Fwd && new.kind() == Kind::Fwd;
                Some(are_declared || comparer.is_same_body(old, new, 0)?)
            }
            TypeClass::Enum => self.are_equal_enums(old, new),
            TypeClass::Function => comparer.is_same_function(old, new),
            TypeClass::Number => comparer.is_same_number(old, new),
            TypeClass::Typedef | TypeClass::Variable => {
                let (Ok(Some(to_old)), Ok(Some(to_new))) = (old.referenced(), new.referenced())
                else {
                    return Some(true);
                };
                if let Some((old, new)) = anonymous_enums(to_old, to_new) {
                    return self.are_equal_enums(old, new);
                }
                let is_same = comparer.is_same_type(to_old, to_new, Bodies::Compared, 0)?;
                // The size of a typedef is that of what it names, and no difference of its own.
                let is_variable = self.class == TypeClass::Variable;
                Some(is_same && (!is_variable || old.size().ok() == new.size().ok()))
            }
        }
    }

    fn are_equal_enums(&mut self, old: Type<'a>, new: Type<'a>) -> Option<bool> {
        // Reading the values takes one reader for each BTF.
        let of_old = self.enums.of(old.btf()).clone();
        let of_new = self.enums.of(new.btf()).clone();
        self.comparer.is_same_enum((old, &of_old), (new, &of_new))
    }
}

/// Returns the types that are defined, or one declaration if none is.
fn defined(mut all: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let is_declared = |found: &Found<'_>| found.ty.kind() == Kind::Fwd;
    if all.iter().all(is_declared) {
        all.truncate(1);
    } else {
        all.retain(|found| !is_declared(found));
    }
    all
}

/// Returns two types that are enums without a name.
pub(super) fn anonymous_enums<'a>(old: Type<'a>, new: Type<'a>) -> Option<(Type<'a>, Type<'a>)> {
    let is_one = |ty: Type<'_>| ty.kind().is_enum() && is_anonymous(ty);
    (is_one(old) && is_one(new)).then_some((old, new))
}

/// Returns `true` for two types that are structs or unions without a name.
pub(super) fn are_anonymous_bodies(old: Type<'_>, new: Type<'_>) -> bool {
    let is_one = |ty: Type<'_>| ty.kind().is_composite() && is_anonymous(ty);
    is_one(old) && is_one(new)
}

fn is_anonymous(ty: Type<'_>) -> bool {
    ty.name().is_ok_and(|name| name.is_empty())
}
