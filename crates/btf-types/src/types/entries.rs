//! The entries behind a type: a slice of equal records, given out as views.

use core::{fmt, iter::FusedIterator, marker::PhantomData, slice::ChunksExact};

use crate::{Kind, Type, raw};

mod sealed {
    pub trait Sealed {}
}

pub(crate) use sealed::Sealed;

/// What a type can have several of. Implemented by this crate's views only.
pub trait Entry<'a>: Sealed + Copy + fmt::Debug {
    #[doc(hidden)]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self>;
}

/// Members, enumerators, parameters or variables, in the order in which they are stored.
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

/// Bytes of each record behind a type of a kind; at least 1, so that it can divide.
#[inline]
const fn stride(kind: Kind) -> usize {
    match kind {
        Kind::Struct | Kind::Union => size_of::<raw::Member>(),
        Kind::Enum => size_of::<raw::Enumerator>(),
        Kind::Enum64 => size_of::<raw::Enumerator64>(),
        Kind::FuncProto => size_of::<raw::Param>(),
        Kind::DataSec => size_of::<raw::VarSecInfo>(),
        _ => 1,
    }
}

impl<'a, E: Entry<'a>> Entries<'a, E> {
    /// The entries of `owner`, or none if it is of a kind that has none of this sort.
    #[inline]
    pub(crate) fn new(owner: Type<'a>, applies: bool) -> Self {
        let len =
            if applies { (owner.vlen() as usize).wrapping_mul(stride(owner.kind())) } else { 0 };
        // The walk made sure that all records are there.
        let records = owner.behind().get(..len).unwrap_or_default();
        Self { owner, records, entry: PhantomData }
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The entry at an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<E> {
        let stride = stride(self.owner.kind());
        let start = index.checked_mul(stride)?;
        E::read(self.owner, self.records.get(start..start.checked_add(stride)?)?)
    }

    /// The entries, one after the other.
    #[inline]
    pub fn iter(&self) -> Iter<'a, E> {
        Iter {
            owner: self.owner,
            records: self.records.chunks_exact(stride(self.owner.kind())),
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
