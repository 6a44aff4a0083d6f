//! The two sides of a relocation: the object's own types, and the target's.

use btf_types::{Btf, Error as BtfError, Name, StrOffset};

use crate::error::Cause;

/// The side that a type or a spec belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Local,
    Target,
}

impl Side {
    /// Returns the constructor of the cause for an error in the BTF of this side.
    pub(crate) fn cause(self) -> fn(BtfError) -> Cause {
        match self {
            Self::Local => Cause::Local,
            Self::Target => Cause::Target,
        }
    }
}

/// The local and the target BTF of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) local: &'a Btf<'a>,
    pub(crate) target: &'a Btf<'a>,
}

impl<'a> Sides<'a> {
    pub(crate) fn local_name(&self, offset: StrOffset) -> Result<Name<'a>, Cause> {
        self.local.string(offset).map_err(Cause::Local)
    }

    /// Returns a local name with its NUL: the target's string starts with it if the names are equal.
    pub(crate) fn local_name_with_nul(&self, offset: StrOffset) -> Result<&'a [u8], Cause> {
        let len = self.local_name(offset)?.len();
        let string = self.local.string_and_rest(offset).and_then(|rest| rest.get(..=len));
        Ok(string.unwrap_or_default())
    }

    pub(crate) fn target_name(&self, offset: StrOffset) -> Result<Name<'a>, Cause> {
        self.target.string(offset).map_err(Cause::Target)
    }
}
