//! Copying types from another BTF.

use alloc::vec::Vec;

use zerocopy::{FromBytes, IntoBytes};

use super::{Builder, Error, Record, Result};
use crate::{
    Kind, StrOffset, Type, TypeId,
    layout::{Parts, Role},
    raw,
};

impl Builder<'_> {
    /// Adds a copy of a type. Its strings are stored in this BTF, and `map` converts every id that it
    /// refers to except `void`. The byte orders may differ.
    ///
    /// ```
    /// use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
    ///
    /// let mut builder = Builder::new(ByteOrder::Little);
    /// let int = builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// builder.ptr(int);
    /// let bytes = builder.finish()?;
    /// let btf = Btf::parse(&bytes)?;
    ///
    /// // The same types in the other byte order, after another type.
    /// let mut copy = Builder::new(ByteOrder::Big);
    /// copy.float("double", 8);
    /// for ty in btf.own_types() {
    ///     copy.copy(ty, |id| TypeId(id.0 + 1));
    /// }
    /// let bytes = copy.finish()?;
    /// let copy = Btf::parse(&bytes)?;
    /// assert_eq!(copy.type_by_id(TypeId(3))?.referenced_id(), Some(TypeId(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn copy(&mut self, ty: Type<'_>, map: impl FnMut(TypeId) -> TypeId) -> TypeId {
        if ty.id().is_void() {
            return TypeId::VOID;
        }
        self.try_copy(ty, map).unwrap_or_else(|error| {
            self.fail(error);
            TypeId::VOID
        })
    }

    fn try_copy(&mut self, ty: Type<'_>, mut map: impl FnMut(TypeId) -> TypeId) -> Result<TypeId> {
        let cannot_copy = || Error::CannotCopy { id: ty.id(), kind: ty.info().raw_kind() };
        if let Kind::Unknown(_) = ty.kind() {
            return Err(cannot_copy());
        }
        let Parts { once, each, .. } = Parts::of(ty.kind());
        let words = <[raw::U32]>::ref_from_bytes(ty.trailing()).map_err(|_| cannot_copy())?;

        let mut map = |id: TypeId| if id.is_void() { id } else { map(id) };
        let order = ty.btf().byte_order();
        let mut trailing = Vec::with_capacity(words.len());
        for (word, role) in words.iter().zip(once.iter().chain(each.iter().cycle())) {
            let word = word.get(order);
            let copy = match role {
                Role::Name => self.name(ty.btf().string(StrOffset(word))?),
                Role::Type => self.word(map(TypeId(word)).0),
                Role::Number => self.word(word),
            };
            trailing.push(copy);
        }
        let record = Record {
            name_off: self.name(ty.name()?),
            kind: ty.kind(),
            vlen: ty.vlen() as usize,
            kind_flag: ty.kind_flag(),
            size_or_type: match ty.referenced_id() {
                Some(id) => map(id).0,
                None => ty.raw().size_or_type.get(order),
            },
        };
        Ok(self.push(record, trailing.as_bytes()))
    }
}
