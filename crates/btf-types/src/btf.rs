//! A parsed BTF: its sections, the records of its types and its strings.

use core::{fmt, ops::Range};

use zerocopy::FromBytes;

use crate::{
    ByteOrder, Header, Info, Kind, KindSet, Name, PointerSize, StrOffset, TypeId,
    error::{Error, Result},
    layout::Layout,
    limits::MAX_TYPE_ID,
    offsets::{Marks, Offsets, RecordBytes, Selection},
    pointer::begins_with_long,
    raw,
    strings::Strings,
    walk::{Malformed, walk},
};

/// BTF, borrowed from the bytes that it was parsed from.
///
/// [`Btf::parse`] makes one structural pass over the types, and keeps two bytes and a bit for each. From
/// then on every access is total: on any input it returns a value or an error, in bounded time.
/// References (type ids, string offsets) are checked when they are followed; [`Btf::validate`] checks
/// them all.
///
/// A *split* BTF, such as a kernel module's, continues a *base*: see [`Btf::parse_split`].
///
/// A `Btf` is `Send` and `Sync`; views of it are `Copy` and borrow from it.
///
/// ```
/// use btf_types::{Btf, Kind};
///
/// // A header, an INT of 4 bytes named `int`, and the strings.
/// let bytes = [
///     &[0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0][..],
///     &[1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 32, 0, 0, 1],
///     b"\0int\0",
/// ]
/// .concat();
/// let btf = Btf::parse(&bytes)?;
/// let int = btf.find("int", Kind::Int).expect("it is there");
/// assert_eq!(int.name()?, "int");
/// assert_eq!(int.size()?, 4);
/// # Ok::<(), btf_types::Error>(())
/// ```
#[derive(Clone)]
pub struct Btf<'a> {
    bytes: &'a [u8],
    header: Header,
    types: &'a [u8],
    strings: Strings<'a>,
    layout: Layout,
    base: Option<&'a Btf<'a>>,
    start_id: u32,
    offsets: Offsets,
    /// The size that was given, or that a `long` states.
    pointer_size: Option<PointerSize>,
}

impl<'a> Btf<'a> {
    /// Parses a BTF without a base.
    ///
    /// # Errors
    /// As [`Header::parse`]; [`Error::BadStrings`] if the string section is malformed;
    /// [`Error::TypeTruncated`] if a type's record runs past the section; [`Error::UnknownKind`] if
    /// neither this crate nor a layout table knows a type's kind.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        Self::parse_on(bytes, None)
    }

    /// Parses the BTF of a BPF object, whose pointers always have 8 bytes.
    ///
    /// A kernel's BTF states the size of its pointers by its `long`; an object's need not name one.
    ///
    /// # Errors
    /// As [`Btf::parse`].
    pub fn parse_object(bytes: &'a [u8]) -> Result<Self> {
        Ok(Self::parse(bytes)?.with_pointer_size(PointerSize::Eight))
    }

    /// Parses a split BTF, whose type ids and string offsets continue those of `base`. The base may
    /// itself be split.
    ///
    /// # Errors
    /// As [`Btf::parse`], and [`Error::TooMany`] if type ids or string offsets exceed their limit.
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
        // A split BTF without a layout table uses its base's.
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
            pointer_size: base.and_then(|base| base.pointer_size),
        };
        let walked = walk(types, btf.byte_order(), &btf.layout);
        let walked = walked.map_err(|malformed| btf.malformed_type(malformed))?;
        btf.offsets = walked.offsets;
        btf.pointer_size = btf.pointer_size.or_else(|| btf.size_of_long(&walked.ints));
        let last = u64::from(start_id).saturating_add(btf.offsets.len() as u64).saturating_sub(1);
        if last > u64::from(MAX_TYPE_ID) {
            return Err(Error::TooMany { what: "type ids", found: last, allowed: MAX_TYPE_ID });
        }
        Ok(btf)
    }

    /// Returns the error for a type whose end the walk cannot find.
    #[cold]
    fn malformed_type(&self, at: Malformed) -> Error {
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

    /// Returns the size of the first `long` of 4 or 8 bytes, given where the INTs' records start.
    fn size_of_long(&self, ints: &[u32]) -> Option<PointerSize> {
        let order = self.byte_order();
        ints.iter().find_map(|offset| {
            let (record, _) = self.record_at(*offset as usize)?;
            let size = PointerSize::from_bytes(record.size_or_type.get(order))?;
            let name = self.string_and_rest(StrOffset(record.name_off.get(order)))?;
            begins_with_long(name).then_some(size)
        })
    }

    /// Returns the bytes that this BTF was parsed from.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the byte order, which the magic determines.
    #[inline]
    pub fn byte_order(&self) -> ByteOrder {
        self.header.byte_order()
    }

    /// Returns the base of a split BTF.
    pub fn base(&self) -> Option<&'a Btf<'a>> {
        self.base
    }

    /// Returns the first id of this BTF's own types: 1, or the one after the base's last.
    #[inline]
    pub fn start_id(&self) -> TypeId {
        TypeId(self.start_id)
    }

    /// Returns the id one past the last type.
    #[inline]
    pub(crate) fn next_id(&self) -> u32 {
        self.start_id.saturating_add(u32::try_from(self.offsets.len()).unwrap_or(u32::MAX))
    }

    /// Returns the number of types, including the base's but not `void`.
    pub fn len(&self) -> usize {
        (self.next_id() as usize).saturating_sub(1)
    }

    /// Returns `true` if neither this BTF nor its bases define a type.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the record of one of this BTF's own types, and the bytes from its end to the end of the
    /// section.
    #[inline]
    pub(crate) fn own_record(&self, id: TypeId) -> Option<(&'a raw::Type, &'a [u8])> {
        let index = id.0.checked_sub(self.start_id)? as usize;
        self.record_at(self.offsets.get(index)?)
    }

    #[inline]
    fn record_at(&self, offset: usize) -> Option<(&'a raw::Type, &'a [u8])> {
        raw::Type::ref_from_prefix(self.types.get(offset..)?).ok()
    }

    /// Returns the ids and records of those of this BTF's own types that have a name and one of the given
    /// kinds.
    ///
    /// This is for passes over all types that look at few of them: it builds no views, and does not read
    /// the records of types that cannot match.
    #[inline]
    pub fn named_records(&self, kinds: KindSet) -> impl Iterator<Item = (TypeId, &'a raw::Type)> {
        let selection = selection(kinds);
        self.records_of(kinds, selection).filter_map(move |(id, record)| {
            let record = raw::Type::ref_from_bytes(record).ok()?;
            // The types in `Selection::Named` have a name.
            let is_named = selection == Selection::Named || record.name_off != raw::U32::default();
            is_named.then_some((id, record))
        })
    }

    /// Returns the ids of those of this BTF's own types that have one of the given kinds.
    #[inline]
    pub(crate) fn own_ids(&self, kinds: KindSet) -> impl Iterator<Item = TypeId> {
        self.records_of(kinds, Selection::All).map(|(id, _)| id)
    }

    /// Returns the ids and records of those of the selected types that have one of the given kinds.
    #[inline]
    fn records_of(
        &self,
        kinds: KindSet,
        selection: Selection,
    ) -> impl Iterator<Item = (TypeId, &'a RecordBytes)> {
        // The index of the byte with the kind in a record.
        let kind_at = match self.byte_order() {
            ByteOrder::Little => 7,
            ByteOrder::Big => 4,
        };
        let is_exact = kinds.is_below_32();
        // Passes over most of the others.
        let has_all = selection == Selection::Named && kinds == KindSet::TYPE_NAMES;
        let bits = if has_all { u32::MAX } else { kinds.folded() };
        let marks = Marks { at: kind_at, bits };
        self.offsets.records(self.types, selection, marks).filter_map(move |(index, record)| {
            // Of the types in `Selection::Named`, exactly those that match are marked. Of the others, those
            // whose kind folds onto one of the set are, too.
            let matches = selection == Selection::Named || {
                let kind = Kind::from_raw(record.get(kind_at)? & 0x7f);
                is_exact && kind.to_raw() < 32 || kinds.contains(kind)
            };
            // Cannot overflow: parsing has checked the last id.
            matches.then_some((TypeId(self.start_id.wrapping_add(index)), record))
        })
    }

    /// Returns the offset of the first of this BTF's own strings.
    pub fn start_str_offset(&self) -> StrOffset {
        StrOffset(self.strings.start())
    }

    /// Returns the offset one past the last string.
    pub(crate) fn end_str_offset(&self) -> StrOffset {
        StrOffset(self.strings.end())
    }

    /// Returns the bytes of this BTF's own string section.
    pub fn string_bytes(&self) -> &'a [u8] {
        self.strings.bytes()
    }

    /// Returns the string at an offset, which may be one of the base's.
    ///
    /// # Errors
    /// [`Error::NoSuchString`], or [`Error::NameTooLong`] for a string of more than
    /// [`limits::MAX_NAME_LEN`](crate::limits::MAX_NAME_LEN) bytes.
    #[inline]
    pub fn string(&self, offset: StrOffset) -> Result<Name<'a>> {
        let strings = self.strings_at(offset);
        strings.get(offset).map_err(|error| match error {
            Error::NoSuchString { offset, .. } => {
                Error::NoSuchString { offset, end: self.strings.end() }
            }
            other => other,
        })
    }

    /// Returns the bytes from a string's first to the end of its section, including the string's NUL byte
    /// and all strings that follow. Comparing these needs no search for the end first.
    ///
    /// Returns `None` if there is no such string.
    #[inline]
    pub fn string_and_rest(&self, offset: StrOffset) -> Option<&'a [u8]> {
        if offset.0 >= self.strings.start() {
            return self.strings.from(offset);
        }
        self.strings_at(offset).from(offset)
    }

    /// Returns the strings, this BTF's or a base's, that an offset refers to.
    #[inline]
    fn strings_at(&self, offset: StrOffset) -> &Strings<'a> {
        let mut btf = self;
        while let Some(base) = btf.base
            && offset.0 < btf.strings.start()
        {
            btf = base;
        }
        &btf.strings
    }

    /// Returns the size of a pointer in bytes: the one given to [`Btf::with_pointer_size`], else the
    /// base's, else that of the first INT named `long` or `unsigned long`, else 8.
    ///
    /// libbpf determines it in the same way (`determine_ptr_size`): a 32-bit kernel's `long` has 4 bytes.
    pub fn pointer_size(&self) -> u8 {
        self.pointer_size.unwrap_or(PointerSize::Eight) as u8
    }

    /// Sets the size of a pointer. In BPF objects, whose BTF may define no `long`, it is 8.
    #[must_use]
    pub fn with_pointer_size(self, size: PointerSize) -> Self {
        Self { pointer_size: Some(size), ..self }
    }

    /// Returns the layout of type records, the base's included.
    #[inline]
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// Returns the smallest selection of types that includes those of the given kinds with a name.
#[inline]
fn selection(kinds: KindSet) -> Selection {
    if kinds.is_subset(KindSet::TYPE_NAMES) { Selection::Named } else { Selection::All }
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
