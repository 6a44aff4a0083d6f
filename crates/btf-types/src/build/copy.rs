//! Copying types from another BTF.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Record, Result};
use crate::{Kind, StrOffset, Type, TypeId, layout::Role};

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
        let mut map = |id: TypeId| if id.is_void() { id } else { map(id) };
        let mut words = Vec::new();
        for (role, word) in ty.words() {
            words.push(match role {
                Role::Name => self.name(ty.btf().string(StrOffset(word))?),
                Role::Type => self.word(map(TypeId(word)).0),
                Role::Number => self.word(word),
            });
        }
        let [name_off, size_or_type, trailing @ ..] = words.as_slice() else {
            return Err(cannot_copy());
        };
        let record = Record {
            name_off: *name_off,
            kind: ty.kind(),
            vlen: ty.vlen() as usize,
            kind_flag: ty.kind_flag(),
            size_or_type: size_or_type.get(self.order),
        };
        Ok(self.push(record, trailing.as_bytes()))
    }
}
