//! Types of a BTF by id, in order, and by name.

use crate::{
    Btf, Kind, KindSet, Type, TypeId,
    error::{Error, Result},
};

impl<'a> Btf<'a> {
    /// Returns the type with an id, which may be one of the base's.
    ///
    /// # Errors
    /// [`Error::NoSuchType`].
    #[inline]
    pub fn type_by_id(&'a self, id: TypeId) -> Result<Type<'a>> {
        match self.own_type(id) {
            Some(ty) => Ok(ty),
            None => self.foreign_type(id),
        }
    }

    /// Returns `void` or a type of the base.
    fn foreign_type(&'a self, id: TypeId) -> Result<Type<'a>> {
        let mut btf = self;
        while let Some(base) = btf.base()
            && id < btf.start_id()
        {
            btf = base;
        }
        if id.is_void() {
            return Ok(Type::void(btf));
        }
        btf.own_type(id).ok_or(Error::NoSuchType { id, last: self.next_id().saturating_sub(1) })
    }

    #[inline]
    fn own_type(&'a self, id: TypeId) -> Option<Type<'a>> {
        let (record, rest) = self.own_record(id)?;
        Some(Type::new(self, id, record, rest))
    }

    /// Returns this BTF's own types in the order of their ids, without `void` and the base's.
    pub fn own_types(&'a self) -> impl DoubleEndedIterator<Item = Type<'a>> + ExactSizeIterator {
        (self.start_id().0..self.next_id()).map(|id| {
            // The walk found a record for each of these ids, so there is always one.
            self.own_type(TypeId(id)).unwrap_or_else(|| Type::void(self))
        })
    }

    /// Returns those of this BTF's own types that have one of the given kinds, in the order of their ids.
    ///
    /// A pass that needs few of the types is faster with this than with [`Btf::own_types`], since it builds
    /// no views of the others.
    #[inline]
    pub fn own_types_of(&'a self, kinds: KindSet) -> impl Iterator<Item = Type<'a>> {
        self.own_records(kinds).map(|(id, record, rest)| Type::new(self, id, record, rest))
    }

    /// Returns all types in the order of their ids, the base's first, without `void`.
    pub fn types(&'a self) -> impl Iterator<Item = Type<'a>> {
        (1..self.next_id()).filter_map(|id| self.type_by_id(TypeId(id)).ok())
    }

    /// Returns the first type with a name and kind, in the order of ids, the base's first.
    ///
    /// This compares the types one by one, and skips those whose name cannot be read.
    pub fn find(&'a self, name: &str, kind: Kind) -> Option<Type<'a>> {
        self.find_all(name, kind).next()
    }

    /// Returns every type with a name and kind: BTF may define several.
    pub fn find_all(&'a self, name: &str, kind: Kind) -> impl Iterator<Item = Type<'a>> {
        self.types().filter(move |ty| ty.kind() == kind && ty.is_named(name.as_bytes()))
    }
}
