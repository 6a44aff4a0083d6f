//! Following types through others, when it is asked for: nothing in the views does it by itself.

use crate::{
    Kind, Type,
    error::{Error, Result},
    limits::{MAX_MODIFIER_CHAIN, MAX_RESOLVE_DEPTH},
};

impl<'a> Type<'a> {
    /// The type behind `const`, `volatile`, `restrict` and type tags. Typedefs stay.
    ///
    /// # Errors
    /// [`Error::NoSuchType`], or [`Error::ChainTooLong`] for a circle.
    pub fn skip_modifiers(self) -> Result<Self> {
        self.follow(Kind::is_modifier)
    }

    /// The type behind modifiers and typedefs: libbpf's `skip_mods_and_typedefs`.
    ///
    /// # Errors
    /// [`Error::NoSuchType`], or [`Error::ChainTooLong`] for a circle.
    #[inline]
    pub fn skip_modifiers_and_typedefs(self) -> Result<Self> {
        let skipped = |kind: Kind| kind == Kind::Typedef || kind.is_modifier();
        if skipped(self.kind()) { self.follow(skipped) } else { Ok(self) }
    }

    fn follow(self, skipped: impl Fn(Kind) -> bool) -> Result<Self> {
        let mut ty = self;
        for _ in 0..MAX_MODIFIER_CHAIN {
            match ty.referenced_id() {
                Some(id) if skipped(ty.kind()) => ty = ty.btf().type_by_id(id)?,
                _ => return Ok(ty),
            }
        }
        Err(Error::ChainTooLong { id: self.id(), allowed: MAX_MODIFIER_CHAIN })
    }

    /// The size in bytes: through modifiers, typedefs, variables and tags; arrays multiplied out; a
    /// pointer's from [`Btf::pointer_size`](crate::Btf::pointer_size). libbpf's
    /// `btf__resolve_size`.
    ///
    /// # Errors
    /// [`Error::NoSize`] for `void`, functions, forward declarations and unknown kinds,
    /// [`Error::SizeOverflow`], [`Error::NoSuchType`], or [`Error::ChainTooLong`].
    pub fn size(self) -> Result<u32> {
        let mut elements = 1_u32;
        let mut ty = self;
        let overflow = Error::SizeOverflow { id: self.id() };
        for _ in 0..MAX_RESOLVE_DEPTH {
            let next = match ty.kind() {
                Kind::Ptr => {
                    let size = u32::from(ty.btf().pointer_size());
                    return elements.checked_mul(size).ok_or(overflow);
                }
                Kind::Typedef
                | Kind::Volatile
                | Kind::Const
                | Kind::Restrict
                | Kind::TypeTag
                | Kind::Var
                | Kind::DeclTag => ty.referenced_id(),
                Kind::Array => match ty.array() {
                    Some(array) => {
                        elements = elements.checked_mul(array.len).ok_or(overflow)?;
                        Some(array.element)
                    }
                    None => None,
                },
                _ => match ty.stated_size() {
                    Some(size) => return elements.checked_mul(size).ok_or(overflow),
                    None => None,
                },
            };
            ty = ty.btf().type_by_id(next.ok_or(ty.no_size())?)?;
        }
        Err(Error::ChainTooLong { id: self.id(), allowed: MAX_RESOLVE_DEPTH })
    }

    /// The element type of an array, through all its dimensions, modifiers and typedefs; of what is
    /// no array, the type behind modifiers and typedefs.
    ///
    /// # Errors
    /// [`Error::NoSuchType`] or [`Error::ChainTooLong`].
    pub fn innermost_element(self) -> Result<Self> {
        let skipped = |kind: Kind| kind == Kind::Typedef || kind.is_modifier();
        let mut ty = self;
        for _ in 0..MAX_MODIFIER_CHAIN {
            let next = match ty.array() {
                Some(array) => Some(array.element),
                None => ty.referenced_id().filter(|_| skipped(ty.kind())),
            };
            match next {
                Some(id) => ty = ty.btf().type_by_id(id)?,
                None => return Ok(ty),
            }
        }
        Err(Error::ChainTooLong { id: self.id(), allowed: MAX_MODIFIER_CHAIN })
    }
}
