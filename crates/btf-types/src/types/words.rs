//! All words of a type's record, with their roles.

use zerocopy::FromBytes;

use super::Type;
use crate::{
    layout::{Parts, Role, SizeOrType},
    raw,
};

impl<'a> Type<'a> {
    /// Returns the words of the record except the info word, in their order: the name, the size or type, and
    /// the words that follow. Those that follow a type of an unknown kind are not included.
    #[inline]
    pub(crate) fn words(&self) -> impl Iterator<Item = (Role, u32)> + use<'a> {
        let order = self.btf().byte_order();
        let parts = Parts::of(self.kind());
        let size_or_type = match parts.size_or_type {
            SizeOrType::Type => Role::Type,
            SizeOrType::Size | SizeOrType::Unused => Role::Number,
        };
        let first = [(Role::Name, self.raw().name_off), (size_or_type, self.raw().size_or_type)];
        let words = <[raw::U32]>::ref_from_bytes(self.trailing()).unwrap_or_default();
        let roles = parts.once.iter().chain(parts.each.iter().cycle());
        let trailing = roles.copied().zip(words.iter().copied());
        first.into_iter().chain(trailing).map(move |(role, word)| (role, word.get(order)))
    }
}
