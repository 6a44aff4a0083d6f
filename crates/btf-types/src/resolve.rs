//! Following references to other types. The views never do this by themselves.

use crate::{
    Kind, Type, TypeId,
    error::{Error, Result},
    limits::{MAX_MODIFIER_CHAIN, MAX_RESOLVE_DEPTH},
};

impl<'a> Type<'a> {
    /// Returns the type with `const`, `volatile`, `restrict` and type tags stripped. Typedefs stay.
    ///
    /// # Errors
    /// [`Error::NoSuchType`], or [`Error::ChainTooLong`] for a cycle.
    pub fn skip_modifiers(self) -> Result<Self> {
        let next = |ty: Self| ty.referenced_id().filter(|_| ty.kind().is_modifier());
        self.follow(next, || Ok(()), |error| error)
    }

    /// Returns the type with modifiers and typedefs stripped: libbpf's `skip_mods_and_typedefs`.
    ///
    /// # Errors
    /// [`Error::NoSuchType`], or [`Error::ChainTooLong`] for a cycle.
    #[inline]
    pub fn skip_modifiers_and_typedefs(self) -> Result<Self> {
        self.try_skip_modifiers_and_typedefs(|| Ok(()), |error| error)
    }

    /// Strips modifiers and typedefs as [`Type::skip_modifiers_and_typedefs`] does, and calls `step`
    /// before it follows each of them. `error` converts the errors.
    #[doc(hidden)]
    #[inline]
    pub fn try_skip_modifiers_and_typedefs<E>(
        self,
        step: impl FnMut() -> Result<(), E>,
        error: impl Fn(Error) -> E,
    ) -> Result<Self, E> {
        // Most types are neither, so this test is inlined and the loop is not.
        if !self.kind().is_modifier_or_typedef() {
            return Ok(self);
        }
        let next = |ty: Self| ty.referenced_id().filter(|_| ty.kind().is_modifier_or_typedef());
        self.follow(next, step, error)
    }

    /// Returns the element type of an array, with all dimensions, modifiers and typedefs stripped. For any
    /// other type, this is [`Type::skip_modifiers_and_typedefs`].
    ///
    /// # Errors
    /// [`Error::NoSuchType`] or [`Error::ChainTooLong`].
    pub fn innermost_element(self) -> Result<Self> {
        let next = |ty: Self| match ty.array() {
            Some(array) => Some(array.element),
            None => ty.referenced_id().filter(|_| ty.kind().is_modifier_or_typedef()),
        };
        self.follow(next, || Ok(()), |error| error)
    }

    /// Follows the ids that `next` returns until it returns none.
    fn follow<E>(
        self,
        next: impl Fn(Self) -> Option<TypeId>,
        mut step: impl FnMut() -> Result<(), E>,
        error: impl Fn(Error) -> E,
    ) -> Result<Self, E> {
        let mut ty = self;
        for _ in 0..MAX_MODIFIER_CHAIN {
            let Some(id) = next(ty) else { return Ok(ty) };
            step()?;
            ty = ty.btf().type_by_id(id).map_err(&error)?;
        }
        Err(error(Error::ChainTooLong { id: self.id(), allowed: MAX_MODIFIER_CHAIN }))
    }

    /// Returns the size in bytes: libbpf's `btf__resolve_size`. Follows modifiers, typedefs, variables and
    /// tags, and multiplies an array's element by its length. A pointer's size is
    /// [`Btf::pointer_size`](crate::Btf::pointer_size).
    ///
    /// # Errors
    /// [`Error::NoSize`] for `void`, functions, forward declarations and unknown kinds,
    /// [`Error::SizeOverflow`], [`Error::NoSuchType`], or [`Error::ChainTooLong`].
    pub fn size(self) -> Result<u32> {
        let mut elements = 1_u32;
        let mut ty = self;
        let overflow = Error::SizeOverflow { id: self.id() };
        for _ in 0..MAX_RESOLVE_DEPTH {
            let stated = match ty.kind() {
                Kind::Ptr => Some(ty.btf().pointer_size().into()),
                _ => ty.stated_size(),
            };
            if let Some(size) = stated {
                return elements.checked_mul(size).ok_or(overflow);
            }
            let next = match ty.kind() {
                Kind::Func | Kind::FuncProto => None,
                Kind::Array => {
                    let array = ty.array();
                    let len = array.map_or(1, |array| array.len);
                    elements = elements.checked_mul(len).ok_or(overflow)?;
                    array.map(|array| array.element)
                }
                _ => ty.referenced_id(),
            };
            let Some(next) = next else {
                return Err(Error::NoSize { id: ty.id(), kind: ty.kind() });
            };
            ty = ty.btf().type_by_id(next)?;
        }
        Err(Error::ChainTooLong { id: self.id(), allowed: MAX_RESOLVE_DEPTH })
    }
}
