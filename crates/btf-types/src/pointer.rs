//! The size of a pointer, which BTF does not store.

use crate::{Btf, Kind, KindSet, Type, word};

/// The size of a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PointerSize {
    /// 4 bytes: 32-bit kernels.
    Four = 4,
    /// 8 bytes: 64-bit kernels, and BPF itself.
    Eight = 8,
}

impl PointerSize {
    /// Returns the size of this many bytes.
    pub(crate) const fn from_bytes(bytes: u32) -> Option<Self> {
        match bytes {
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }
}

/// The spellings of C's `long` and `unsigned long`, which are as wide as a pointer in the kernel.
const LONG: [&[u8]; 11] = [
    b"long",
    b"long int",
    b"int long",
    b"unsigned long",
    b"long unsigned",
    b"unsigned long int",
    b"unsigned int long",
    b"long unsigned int",
    b"long int unsigned",
    b"int unsigned long",
    b"int long unsigned",
];

/// The length of the longest name in [`LONG`], in bytes.
const LONGEST: usize = 17;

/// Returns `true` if the string at the start of `rest` names `long` or `unsigned long`.
pub(crate) fn begins_with_long(rest: &[u8]) -> bool {
    let window = rest.get(..=LONGEST).unwrap_or(rest);
    let name = word::position(window, 0).and_then(|len| window.get(..len));
    name.is_some_and(|name| LONG.contains(&name))
}

impl<'a> Btf<'a> {
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
