//! Types of a BTF by id, in order, and by name.

use crate::{
    Btf, Kind, KindSet, Type, TypeId,
    error::{Error, Result},
    pointer::{PointerSize, begins_with_long},
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
        self.own_ids(kinds).filter_map(|id| self.own_type(id))
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

    /// Returns the INT that states the size of a pointer: the first `long` of 4 or 8 bytes, preferably
    /// the base's. `None` if there is none, and [`Btf::pointer_size`] is the default or was given.
    ///
    /// ```
    /// use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
    ///
    /// let mut btf = Builder::new(ByteOrder::Little);
    /// btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// let long = btf.int("long", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// let bytes = btf.finish()?;
    /// let btf = Btf::parse(&bytes)?;
    /// assert_eq!(btf.int_of_pointer_size().map(|int| int.id()), Some(long));
    /// assert_eq!(btf.pointer_size(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn int_of_pointer_size(&'a self) -> Option<Type<'a>> {
        let bases = core::iter::successors(Some(self), |btf| btf.base());
        bases.filter_map(Btf::own_int_of_pointer_size).last()
    }

    fn own_int_of_pointer_size(&'a self) -> Option<Type<'a>> {
        let ints = self.own_types_of(KindSet::from_iter([Kind::Int]));
        let mut sized =
            ints.filter(|ty| ty.stated_size().and_then(PointerSize::from_bytes).is_some());
        let is_long =
            |ty: &Type<'_>| self.string_and_rest(ty.name_off()).is_some_and(begins_with_long);
        sized.find(is_long)
    }
}
