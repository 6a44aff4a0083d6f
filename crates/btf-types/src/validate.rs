//! Checking everything at once, which reading does not need.

use alloc::{vec, vec::Vec};

use crate::{
    Btf, Kind, Type, TypeId,
    error::{Error, Result},
};

/// How far the search for types that contain themselves has come with a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    Open,
    Done,
}

impl<'a> Btf<'a> {
    /// Checks every reference and every number of this BTF's own types: names and strings exist,
    /// type ids exist, an INT's bits fit into its size, and no type contains itself but through a
    /// pointer or a function.
    ///
    /// Takes time and memory linear in the number of types and entries. A base is not checked
    /// again.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of ids.
    pub fn validate(&'a self) -> Result<()> {
        for ty in self.own_types() {
            self.validate_type(ty)?;
        }
        self.check_containment()
    }

    fn validate_type(&'a self, ty: Type<'a>) -> Result<()> {
        ty.name()?;
        ty.referenced()?;
        if let Some(int) = ty.int() {
            let size = ty.stated_size().unwrap_or(0);
            let (offset, bits) = (int.bit_offset(), int.bits());
            let end = u64::from(offset).saturating_add(u64::from(bits));
            if !matches!(size, 1 | 2 | 4 | 8 | 16) || end > u64::from(size).saturating_mul(8) {
                return Err(Error::BadInt { id: ty.id(), bits, offset, size });
            }
        }
        if let Some(array) = ty.array() {
            self.type_by_id(array.element)?;
            self.type_by_id(array.index)?;
        }
        for member in ty.members() {
            member.name()?;
            member.ty()?;
        }
        for enumerator in ty.enumerators() {
            enumerator.name()?;
        }
        for param in ty.params() {
            param.name()?;
            param.ty()?;
        }
        for variable in ty.variables() {
            variable.ty()?;
        }
        Ok(())
    }

    /// Looks for a circle among the types that hold each other by value: depth first, without
    /// recursion, over this BTF's own types (a base cannot refer to them).
    fn check_containment(&'a self) -> Result<()> {
        let first = self.start_id().0;
        let index = |id: TypeId| id.0.checked_sub(first).map(|index| index as usize);
        let mut marks = vec![Mark::Unseen; self.own_types().len()];
        // The types on the way from a root, each with how many of its parts have been entered.
        let mut path: Vec<(Type<'a>, usize)> = Vec::new();

        for root in self.own_types() {
            path.push((root, 0));
            while let Some((ty, part)) = path.last_mut() {
                let Some(mark) = index(ty.id()).and_then(|index| marks.get_mut(index)) else {
                    path.pop();
                    continue;
                };
                if *part == 0 {
                    match *mark {
                        Mark::Unseen => *mark = Mark::Open,
                        Mark::Open => return Err(Error::ContainsItself { id: ty.id() }),
                        Mark::Done => {
                            path.pop();
                            continue;
                        }
                    }
                }
                match contained(*ty, *part) {
                    Some(next) => {
                        *part = part.saturating_add(1);
                        path.push((self.type_by_id(next)?, 0));
                    }
                    None => {
                        *mark = Mark::Done;
                        path.pop();
                    }
                }
            }
        }
        Ok(())
    }
}

/// The part of an index among those that a type holds by value.
fn contained(ty: Type<'_>, part: usize) -> Option<TypeId> {
    match ty.kind() {
        Kind::Struct | Kind::Union => ty.members().get(part).map(|member| member.type_id()),
        Kind::DataSec => ty.variables().get(part).map(|variable| variable.type_id()),
        Kind::Array => ty.array().map(|array| array.element).filter(|_| part == 0),
        Kind::Ptr | Kind::FuncProto => None,
        _ => ty.referenced_id().filter(|_| part == 0),
    }
}
