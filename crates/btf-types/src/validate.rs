//! Checking everything at once, which reading does not need.

use alloc::{vec, vec::Vec};

use crate::{
    Btf, Kind, StrOffset, Type, TypeId,
    error::{Error, Result},
    limits::MAX_NAME_LEN,
    raw,
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
        let names_end = self.names_end();
        for ty in self.own_types() {
            self.validate_type(ty, names_end)?;
        }
        self.check_containment()
    }

    /// Below this offset every string is a name, whose end need not be looked for any more.
    fn names_end(&self) -> u32 {
        let mut end = self.end_str_offset().0;
        let mut next = Some(self);
        while let Some(btf) = next {
            if !all_are_short(btf.string_bytes()) {
                end = btf.start_str_offset().0;
            }
            next = btf.base();
        }
        end
    }

    fn validate_type(&'a self, ty: Type<'a>, names_end: u32) -> Result<()> {
        let name = |offset: StrOffset| {
            if offset.0 < names_end { Ok(()) } else { self.string(offset).map(drop) }
        };
        let reference = |id: TypeId| {
            let last = u32::try_from(self.len()).unwrap_or(u32::MAX);
            if id.0 <= last { Ok(()) } else { Err(Error::NoSuchType { id, last }) }
        };
        let place = |error| self.place(ty, error);

        name(ty.name_off()).map_err(place)?;
        ty.referenced_id().map_or(Ok(()), reference).map_err(place)?;
        if let Some(int) = ty.int() {
            let size = ty.stated_size().unwrap_or(0);
            let (offset, bits) = (int.bit_offset(), int.bits());
            let end = u64::from(offset).saturating_add(u64::from(bits));
            if !matches!(size, 1 | 2 | 4 | 8 | 16) || end > u64::from(size).saturating_mul(8) {
                return Err(Error::BadInt { id: ty.id(), bits, offset, size });
            }
        }
        if let Some(array) = ty.array() {
            reference(array.element).and_then(|()| reference(array.index)).map_err(place)?;
        }
        for member in ty.members() {
            name(member.name_off()).map_err(place)?;
            reference(member.type_id()).map_err(place)?;
        }
        for enumerator in ty.enumerators() {
            name(enumerator.name_off()).map_err(place)?;
        }
        for param in ty.params() {
            name(param.name_off()).map_err(place)?;
            reference(param.type_id()).map_err(place)?;
        }
        for variable in ty.variables() {
            reference(variable.type_id()).map_err(place)?;
        }
        Ok(())
    }

    /// Says which type it is that refers to nothing.
    #[cold]
    fn place(&'a self, ty: Type<'a>, error: Error) -> Error {
        let (what, found, last) = match error {
            Error::NoSuchType { id, last } => ("type id", id.0, last),
            Error::NoSuchString { offset, end } => {
                ("string offset", offset.0, end.saturating_sub(1))
            }
            other => return other,
        };
        let before = self.own_types().take_while(|other| other.id() != ty.id());
        let len = |ty: Type<'_>| size_of::<raw::Type>().saturating_add(ty.trailing().len());
        let offset = before.map(len).fold(self.header().types().start, usize::saturating_add);
        Error::BadReference { id: ty.id(), kind: ty.kind(), offset, what, found, last }
    }

    /// Looks for a circle among the types that hold each other by value: depth first, without
    /// recursion, over this BTF's own types (a base cannot refer to them).
    fn check_containment(&'a self) -> Result<()> {
        let first = self.start_id().0;
        let index = |id: TypeId| id.0.checked_sub(first).map(|index| index as usize);
        let mut marks = vec![Mark::Unseen; self.own_types().len()];
        // The types on the way from a root, each with how many of its parts have been entered: of
        // few bytes, since a chain of all types may be one way.
        let mut path: Vec<(TypeId, u32)> = Vec::new();

        for root in self.own_types() {
            path.push((root.id(), 0));
            while let Some((id, part)) = path.last_mut() {
                let Some(mark) = index(*id).and_then(|index| marks.get_mut(index)) else {
                    path.pop();
                    continue;
                };
                if *part == 0 {
                    match *mark {
                        Mark::Unseen => *mark = Mark::Open,
                        Mark::Open => return Err(Error::ContainsItself { id: *id }),
                        Mark::Done => {
                            path.pop();
                            continue;
                        }
                    }
                }
                match contained(self.type_by_id(*id)?, *part) {
                    Some(next) => {
                        *part = part.saturating_add(1);
                        // Most parts have been looked at before, as another type's.
                        let seen = index(next).and_then(|index| marks.get(index));
                        if seen.is_some_and(|mark| *mark != Mark::Done) {
                            path.push((next, 0));
                        }
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

/// Whether no string is longer than a name may be. It looks for one NUL byte in every window of
/// that size, so that most bytes are never seen.
fn all_are_short(mut strings: &[u8]) -> bool {
    while let Some((window, _)) = strings.split_at_checked(MAX_NAME_LEN.saturating_add(1)) {
        let Some(last) = window.iter().rposition(|byte| *byte == 0) else { return false };
        strings = strings.get(last.saturating_add(1)..).unwrap_or_default();
    }
    true
}

/// The part of an index among those that a type holds by value.
fn contained(ty: Type<'_>, part: u32) -> Option<TypeId> {
    let part = part as usize;
    match ty.kind() {
        Kind::Struct | Kind::Union => ty.members().get(part).map(|member| member.type_id()),
        Kind::DataSec => ty.variables().get(part).map(|variable| variable.type_id()),
        Kind::Array => ty.array().map(|array| array.element).filter(|_| part == 0),
        Kind::Ptr | Kind::FuncProto => None,
        _ => ty.referenced_id().filter(|_| part == 0),
    }
}
