//! Checking all references at once. Reading does not need it.

use alloc::{vec, vec::Vec};

use crate::{
    Btf, Kind, StrOffset, Type, TypeId,
    error::{Error, Result},
    limits::MAX_NAME_LEN,
    raw,
};

/// The state of a type in the search for types that contain themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    /// On the path from the root.
    Open,
    /// Searched with all its parts.
    Done,
}

impl<'a> Btf<'a> {
    /// Checks this BTF's own types: every type id and name that they refer to exists, the bits of every
    /// INT fit its size, and no type contains itself except through a pointer or a function. The base is
    /// not checked.
    ///
    /// Takes time and memory linear in the number of types and entries.
    ///
    /// # Errors
    /// The first [`Error::BadReference`], [`Error::NameTooLong`] or [`Error::BadInt`] in the order of ids,
    /// else [`Error::ContainsItself`].
    pub fn validate(&'a self) -> Result<()> {
        let names_end = self.names_end();
        for ty in self.own_types() {
            self.validate_type(ty, names_end)?;
        }
        self.check_containment()
    }

    /// Returns an offset before which every string is short enough for a name.
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
        let at_type = |error| self.bad_reference(ty, error);

        name(ty.name_off()).map_err(at_type)?;
        ty.referenced_id().map_or(Ok(()), reference).map_err(at_type)?;
        if let Some(int) = ty.int() {
            let size = ty.stated_size().unwrap_or(0);
            let (offset, bits) = (int.bit_offset(), int.bits());
            let end = u64::from(offset).saturating_add(u64::from(bits));
            if !matches!(size, 1 | 2 | 4 | 8 | 16) || end > u64::from(size).saturating_mul(8) {
                return Err(Error::BadInt { id: ty.id(), bits, offset, size });
            }
        }
        if let Some(array) = ty.array() {
            reference(array.element).and_then(|()| reference(array.index)).map_err(at_type)?;
        }
        for member in ty.members() {
            name(member.name_off()).map_err(at_type)?;
            reference(member.type_id()).map_err(at_type)?;
        }
        for enumerator in ty.enumerators() {
            name(enumerator.name_off()).map_err(at_type)?;
        }
        for param in ty.params() {
            name(param.name_off()).map_err(at_type)?;
            reference(param.type_id()).map_err(at_type)?;
        }
        for variable in ty.variables() {
            reference(variable.type_id()).map_err(at_type)?;
        }
        for param in ty.loc_params() {
            reference(param.type_id()).map_err(at_type)?;
        }
        for loc in ty.locs() {
            reference(loc.func_id()).and_then(|()| reference(loc.proto_id())).map_err(at_type)?;
        }
        Ok(())
    }

    /// Adds to an error which type has the bad reference.
    #[cold]
    fn bad_reference(&'a self, ty: Type<'a>, error: Error) -> Error {
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

    /// Searches this BTF's own types for a cycle of types that contain each other by value. A base cannot
    /// refer to them. The search is depth-first, without recursion.
    fn check_containment(&'a self) -> Result<()> {
        let first = self.start_id().0;
        let index = |id: TypeId| id.0.checked_sub(first).map(|index| index as usize);
        let mut marks = vec![Mark::Unseen; self.own_types().len()];
        // The path from the root, each type with the number of its parts that have been entered. The
        // elements are small because one path may hold all types.
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
                let ty = self.type_by_id(*id)?;
                let mut parts = (*part..).map_while(|part| Some((part, contained(ty, part)?)));
                // Most parts have been searched before, as parts of another type.
                let next = parts.find(|(_, id)| {
                    let mark = index(*id).and_then(|index| marks.get(index));
                    mark.is_some_and(|mark| *mark != Mark::Done)
                });
                match next {
                    Some((found, next)) => {
                        *part = found.saturating_add(1);
                        path.push((next, 0));
                    }
                    None => {
                        if let Some(mark) = index(*id).and_then(|index| marks.get_mut(index)) {
                            *mark = Mark::Done;
                        }
                        path.pop();
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns `true` if no string is longer than [`MAX_NAME_LEN`]. One NUL byte in every window of that
/// length is enough, so most bytes are never read.
fn all_are_short(mut strings: &[u8]) -> bool {
    while let Some((window, _)) = strings.split_at_checked(MAX_NAME_LEN.saturating_add(1)) {
        let Some(last) = window.iter().rposition(|byte| *byte == 0) else { return false };
        strings = strings.get(last.saturating_add(1)..).unwrap_or_default();
    }
    true
}

/// Returns the part with an index among those that a type contains by value.
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
