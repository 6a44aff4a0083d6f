//! A parsed BTF: its types by id, its strings by offset.

use core::{
    fmt,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use zerocopy::FromBytes;

use crate::{
    ByteOrder, Header, Info, Kind, KindSet, Name, StrOffset, Type, TypeId,
    error::{Error, Result},
    layout::{Layout, Stopped, walk},
    limits::MAX_TYPE_ID,
    offsets::{Among, Offsets},
    pointer::UNASKED,
    raw,
    strings::Strings,
};

/// BTF, borrowed from the bytes that it was parsed from.
///
/// [`Btf::parse`] does one structural walk, and keeps two bytes and a bit for each type. From then on every
/// access is total: on any input it gives a value or an error, in bounded time. References (type
/// ids, name offsets) are checked when they are followed; [`Btf::validate`] checks them all.
///
/// A *split* BTF, as each kernel module has one, continues a *base*: see [`Btf::parse_split`].
///
/// A `Btf` is `Send` and `Sync`; views of it are `Copy` and borrow from it.
///
/// ```
/// use btf_types::{Btf, Kind};
///
/// // A header, one INT of 4 bytes that is called `int`, and the strings.
/// let bytes = [
///     &[0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0][..],
///     &[1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 32, 0, 0, 1],
///     b"\0int\0",
/// ]
/// .concat();
/// let btf = Btf::parse(&bytes)?;
/// let int = btf.find("int", Kind::Int).expect("there is one");
/// assert_eq!(int.name()?, "int");
/// assert_eq!(int.size()?, 4);
/// # Ok::<(), btf_types::Error>(())
/// ```
pub struct Btf<'a> {
    bytes: &'a [u8],
    header: Header,
    types: &'a [u8],
    strings: Strings<'a>,
    layout: Layout,
    base: Option<&'a Btf<'a>>,
    start_id: u32,
    offsets: Offsets,
    /// 4 or 8 once something told it; see `pointer.rs`. Of this width because BPF has no narrower atomics.
    pointer_size: AtomicUsize,
}

impl<'a> Btf<'a> {
    /// Parses a BTF that stands alone.
    ///
    /// # Errors
    /// What [`Header::parse`] finds, a string section that is not one ([`Error::BadStrings`]), a
    /// type whose record runs past the section ([`Error::TypeTruncated`]) or whose kind is unknown
    /// while no layout table gives its size ([`Error::UnknownKind`]).
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        Self::parse_on(bytes, None)
    }

    /// Parses a split BTF, whose type ids and string offsets go on where those of `base` end. The
    /// base may be split itself.
    ///
    /// # Errors
    /// As [`Btf::parse`], and [`Error::TooMany`] when ids or offsets run out.
    pub fn parse_split(bytes: &'a [u8], base: &'a Btf<'a>) -> Result<Self> {
        Self::parse_on(bytes, Some(base))
    }

    fn parse_on(bytes: &'a [u8], base: Option<&'a Btf<'a>>) -> Result<Self> {
        let header = Header::parse(bytes)?;
        let slice = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        let start_str = base.map_or(0, |base| base.strings.end());
        let strings = Strings::parse(
            slice(header.strings()),
            header.strings().start,
            start_str,
            base.is_some(),
        )?;
        // A split BTF without a table of its own uses its base's.
        let mut layout = base.map_or_else(Layout::known, |base| base.layout.clone());
        layout.extend(slice(header.layout()));

        let types = slice(header.types());
        let start_id = base.map_or(1, Btf::next_id);
        let mut btf = Self {
            bytes,
            types,
            strings,
            layout,
            base,
            start_id,
            offsets: Offsets::default(),
            header,
            pointer_size: AtomicUsize::new(UNASKED),
        };
        let walked = walk(types, btf.byte_order(), &btf.layout);
        btf.offsets = walked.map_err(|stopped| btf.malformed_type(stopped))?;
        let last = u64::from(start_id).saturating_add(btf.offsets.len() as u64).saturating_sub(1);
        if last > u64::from(MAX_TYPE_ID) {
            return Err(Error::TooMany { what: "type ids", found: last, allowed: MAX_TYPE_ID });
        }
        Ok(btf)
    }

    /// Says why the walk could not pass the type at `at` of the type section.
    #[cold]
    fn malformed_type(&self, at: Stopped) -> Error {
        let id = TypeId(self.start_id.saturating_add(u32::try_from(at.index).unwrap_or(u32::MAX)));
        let offset = self.header.types().start.saturating_add(at.offset);
        let rest = self.types.get(at.offset..).unwrap_or_default();
        let available = rest.len();
        let Ok((record, _)) = raw::Type::ref_from_prefix(rest) else {
            let needed = size_of::<raw::Type>();
            return Error::Truncated { what: "type record", offset, needed, available };
        };
        let info = Info(record.info.get(self.byte_order()));
        match self.layout.trailing_len(info) {
            None => Error::UnknownKind { id, kind: info.raw_kind(), offset },
            Some(trailing) => Error::TypeTruncated {
                id,
                kind: info.kind(),
                vlen: info.vlen(),
                offset,
                needed: size_of::<raw::Type>().saturating_add(trailing as usize),
                available,
            },
        }
    }

    /// The bytes that this was parsed from.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The byte order, as the magic tells it.
    #[inline]
    pub fn byte_order(&self) -> ByteOrder {
        self.header.byte_order()
    }

    /// The base, of a split BTF.
    pub fn base(&self) -> Option<&'a Btf<'a>> {
        self.base
    }

    /// The first id of this BTF's own types: 1, or the one behind the base's last.
    #[inline]
    pub fn start_id(&self) -> TypeId {
        TypeId(self.start_id)
    }

    /// The id behind the last type: how many types there are, `void` and a base's included.
    #[inline]
    pub(crate) fn next_id(&self) -> u32 {
        self.start_id.saturating_add(u32::try_from(self.offsets.len()).unwrap_or(u32::MAX))
    }

    /// How many types there are, a base's included and `void` not.
    pub fn len(&self) -> usize {
        (self.next_id() as usize).saturating_sub(1)
    }

    /// Whether there are no types, in a base neither.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The offset of the first string of this BTF's own.
    pub fn start_str_offset(&self) -> StrOffset {
        StrOffset(self.strings.start())
    }

    /// The offset behind the last string: where a split BTF's own go on.
    pub(crate) fn end_str_offset(&self) -> StrOffset {
        StrOffset(self.strings.end())
    }

    /// The bytes of this BTF's own string section.
    pub fn string_bytes(&self) -> &'a [u8] {
        self.strings.bytes()
    }

    /// The type of an id; a base's ids give the base's types.
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

    /// The type of an id that is not one of this BTF's own: `void`, a base's, or none at all.
    fn foreign_type(&'a self, id: TypeId) -> Result<Type<'a>> {
        let mut btf = self;
        while let Some(base) = btf.base
            && id.0 < btf.start_id
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
        let index = id.0.checked_sub(self.start_id)? as usize;
        let offset = self.offsets.get(index)?;
        let (record, behind) = raw::Type::ref_from_prefix(self.types.get(offset..)?).ok()?;
        Some(Type::new(self, id, record, behind))
    }

    /// This BTF's own types, in the order of their ids: without `void` and without a base's.
    pub fn own_types(&'a self) -> impl DoubleEndedIterator<Item = Type<'a>> + ExactSizeIterator {
        (self.start_id..self.next_id()).map(|id| {
            // The walk put a record at every offset, so the fallback is never taken.
            self.own_type(TypeId(id)).unwrap_or_else(|| Type::void(self))
        })
    }

    /// The records of this BTF's own types that are of some kinds and have a name, with their ids: the
    /// floor below [`Btf::own_types`], for passes over all types that look at few of them.
    #[inline]
    pub fn named_records(&self, kinds: KindSet) -> impl Iterator<Item = (TypeId, &'a raw::Type)> {
        let types = self.types;
        let order = self.byte_order();
        let folded = kinds.folded();
        let kind_at = match order {
            ByteOrder::Little => 7,
            ByteOrder::Big => 4,
        };
        let among = if kinds.is_subset(KindSet::INT) {
            Among::MarkedNearInts
        } else if kinds.is_subset(KindSet::TYPE_NAMES) {
            Among::Marked
        } else {
            Among::All
        };
        self.offsets.iter(among).filter_map(move |(index, offset)| {
            let record = types.get(offset..)?.first_chunk::<{ size_of::<raw::Type>() }>()?;
            // Most others are passed over by one bit test of the byte that has the kind.
            if folded & (1 << (record.get(kind_at)? & 31)) == 0 {
                return None;
            }
            let record = raw::Type::ref_from_bytes(record).ok()?;
            let id = TypeId(self.start_id.saturating_add(index));
            // What is marked has a name, and a kind that needs only this test.
            let is_one = among != Among::All
                || StrOffset(record.name_off.get(order)) != StrOffset::EMPTY
                    && kinds.contains(Info(record.info.get(order)).kind());
            is_one.then_some((id, record))
        })
    }

    /// All types in the order of their ids, a base's first; without `void`.
    pub fn types(&'a self) -> impl Iterator<Item = Type<'a>> {
        (1..self.next_id()).filter_map(|id| self.type_by_id(TypeId(id)).ok())
    }

    /// The string at an offset; a base's offsets give the base's strings.
    ///
    /// # Errors
    /// [`Error::NoSuchString`], or [`Error::NameTooLong`] above
    /// [`limits::MAX_NAME_LEN`](crate::limits::MAX_NAME_LEN).
    #[inline]
    pub fn string(&self, offset: StrOffset) -> Result<Name<'a>> {
        let strings = self.strings_of(offset);
        strings.get(offset).map_err(|error| match error {
            Error::NoSuchString { offset, .. } => {
                Error::NoSuchString { offset, end: self.strings.end() }
            }
            other => other,
        })
    }

    /// Everything from a string's first byte to the end of its section, the string's own NUL and
    /// all strings behind it included: for comparing without looking for the end first. None where
    /// the offset is outside.
    #[inline]
    pub fn string_and_rest(&self, offset: StrOffset) -> Option<&'a [u8]> {
        if offset.0 >= self.strings.start() {
            return self.strings.from(offset);
        }
        self.strings_of(offset).from(offset)
    }

    #[inline]
    fn strings_of(&self, offset: StrOffset) -> &Strings<'a> {
        let mut btf = self;
        while let Some(base) = btf.base
            && offset.0 < btf.strings.start()
        {
            btf = base;
        }
        &btf.strings
    }

    /// The first type of a name and kind, in the order of ids, a base's first.
    ///
    /// This looks at one type after the other. Types whose name cannot be read are passed over.
    pub fn find(&'a self, name: &str, kind: Kind) -> Option<Type<'a>> {
        self.find_all(name, kind).next()
    }

    /// Every type of a name and kind: BTF may hold several.
    pub fn find_all(&'a self, name: &str, kind: Kind) -> impl Iterator<Item = Type<'a>> {
        self.types().filter(move |ty| ty.kind() == kind && ty.is_named(name.as_bytes()))
    }

    #[inline]
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn pointer_size_cell(&self) -> &AtomicUsize {
        &self.pointer_size
    }
}

impl fmt::Debug for Btf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Btf")
            .field("byte_order", &self.byte_order())
            .field("start_id", &self.start_id())
            .field("own_types", &self.offsets.len())
            .field("string_bytes", &self.strings.bytes().len())
            .finish_non_exhaustive()
    }
}

impl Clone for Btf<'_> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes,
            header: self.header.clone(),
            types: self.types,
            strings: self.strings,
            layout: self.layout.clone(),
            base: self.base,
            start_id: self.start_id,
            offsets: self.offsets.clone(),
            pointer_size: AtomicUsize::new(self.pointer_size.load(Ordering::Relaxed)),
        }
    }
}
