//! Types taken over from another BTF.

use alloc::vec::Vec;

use zerocopy::{FromBytes, IntoBytes};

use super::{Builder, Error, Record, Result};
use crate::{Kind, StrOffset, Type, TypeId, raw};

/// What a word behind a type's record says.
enum Word {
    Name,
    Id,
    Number,
}

/// The words behind a record of a kind, which repeat with every entry; `None` where the meaning of
/// the bytes is not known.
fn words(kind: Kind) -> Option<&'static [Word]> {
    use Word::{Id, Name, Number};
    Some(match kind {
        Kind::Int | Kind::Var | Kind::DeclTag => &[Number],
        Kind::Array => &[Id, Id, Number],
        Kind::Struct | Kind::Union => &[Name, Id, Number],
        Kind::Enum => &[Name, Number],
        Kind::Enum64 => &[Name, Number, Number],
        Kind::FuncProto => &[Name, Id],
        Kind::DataSec => &[Id, Number, Number],
        Kind::Void
        | Kind::Ptr
        | Kind::Fwd
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::Func
        | Kind::Float
        | Kind::TypeTag => &[],
        Kind::Unknown(_) => return None,
    })
}

impl Builder<'_> {
    /// Adds a copy of a type: its strings are stored here, and every id that it refers to is what
    /// `map` makes of it; `void` stays `void` unasked. The byte orders may differ.
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
    /// // The same types in the other byte order, behind one more.
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
        let roles = words(ty.kind()).ok_or_else(cannot_copy)?;
        let words = <[raw::U32]>::ref_from_bytes(ty.trailing()).map_err(|_| cannot_copy())?;

        let mut map = |id: TypeId| if id.is_void() { id } else { map(id) };
        let order = ty.btf().byte_order();
        let mut trailing = Vec::with_capacity(words.len());
        for (word, role) in words.iter().zip(roles.iter().cycle()) {
            let word = word.get(order);
            let copy = match role {
                Word::Name => self.name(ty.btf().string(StrOffset(word))?),
                Word::Id => self.word(map(TypeId(word)).0),
                Word::Number => self.word(word),
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
