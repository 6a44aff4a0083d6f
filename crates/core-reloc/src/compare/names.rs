//! Comparing names of the local BTF with names of the target's.

use btf_types::{Btf, Name, StrOffset};

use crate::error::Cause;

/// The local and the target BTF, whose strings are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) local: &'a Btf<'a>,
    pub(crate) target: &'a Btf<'a>,
}

impl<'a> Sides<'a> {
    pub(crate) fn local_name(&self, offset: StrOffset) -> Result<Name<'a>, Cause> {
        self.local.string(offset).map_err(Cause::Local)
    }

    /// A local name with its NUL: what a target's string begins with if it is the same.
    pub(crate) fn local_name_with_nul(&self, offset: StrOffset) -> Result<&'a [u8], Cause> {
        let len = self.local_name(offset)?.len();
        let string = self.local.string_and_rest(offset).and_then(|rest| rest.get(..=len));
        Ok(string.unwrap_or_default())
    }

    pub(crate) fn target_name(&self, offset: StrOffset) -> Result<Name<'a>, Cause> {
        self.target.string(offset).map_err(Cause::Target)
    }
}
