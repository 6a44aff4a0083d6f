//! The entries of a type: records of equal length, iterated over as views.

use core::{fmt, iter::FusedIterator, marker::PhantomData, slice::ChunksExact};

use crate::{Kind, Type, layout::Parts};

mod sealed {
    pub trait Sealed {}
}

pub(crate) use sealed::Sealed;

/// An entry of a type: a member, enumerator, parameter, variable or inline site. Only this crate's views implement it.
pub trait Entry<'a>: Sealed + Copy + fmt::Debug {
    #[doc(hidden)]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self>;
}

/// The members, enumerators, parameters, variables or inline sites of a type, in the order in which they are stored.
///
/// ```
/// # fn offsets(ty: btf_types::Type<'_>) -> btf_types::Result<()> {
/// for member in ty.members() {
///     println!("{} at bit {}", member.name()?, member.bit_offset());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Entries<'a, E> {
    owner: Type<'a>,
    records: &'a [u8],
    entry: PhantomData<E>,
}

/// Returns the length in bytes of an entry of a kind; at least 1, so that it can divide.
#[inline]
fn entry_len(kind: Kind) -> usize {
    usize::from(Parts::of(kind).element_size()).max(1)
}

impl<'a, E: Entry<'a>> Entries<'a, E> {
    /// Returns the entries of `owner`, or none if entries of this type do not apply to its kind.
    #[inline]
    pub(crate) fn new(owner: Type<'a>, applies: bool) -> Self {
        let len =
            if applies { (owner.vlen() as usize).wrapping_mul(entry_len(owner.kind())) } else { 0 };
        // The walk has checked that all records are in the section.
        let records = owner.rest().get(..len).unwrap_or_default();
        Self { owner, records, entry: PhantomData }
    }

    /// Returns the number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Returns `true` if there are no entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the entry at an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<E> {
        let len = entry_len(self.owner.kind());
        let start = index.checked_mul(len)?;
        E::read(self.owner, self.records.get(start..start.checked_add(len)?)?)
    }

    /// Iterates over the entries.
    #[inline]
    pub fn iter(&self) -> Iter<'a, E> {
        Iter {
            owner: self.owner,
            records: self.records.chunks_exact(entry_len(self.owner.kind())),
            entry: PhantomData,
        }
    }
}

impl<'a, E: Entry<'a>> IntoIterator for Entries<'a, E> {
    type Item = E;
    type IntoIter = Iter<'a, E>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, E: Entry<'a>> fmt::Debug for Entries<'a, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over [`Entries`].
#[derive(Clone)]
pub struct Iter<'a, E> {
    owner: Type<'a>,
    records: ChunksExact<'a, u8>,
    entry: PhantomData<E>,
}

impl<'a, E: Entry<'a>> Iterator for Iter<'a, E> {
    type Item = E;

    #[inline]
    fn next(&mut self) -> Option<E> {
        E::read(self.owner, self.records.next()?)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl<'a, E: Entry<'a>> DoubleEndedIterator for Iter<'a, E> {
    #[inline]
    fn next_back(&mut self) -> Option<E> {
        E::read(self.owner, self.records.next_back()?)
    }
}

impl<'a, E: Entry<'a>> ExactSizeIterator for Iter<'a, E> {}
impl<'a, E: Entry<'a>> FusedIterator for Iter<'a, E> {}

impl<'a, E: Entry<'a>> fmt::Debug for Iter<'a, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
