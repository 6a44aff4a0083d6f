//! Writing BTF and `.BTF.ext`: every kind, both byte orders, split BTF, and headers of any length.
//!
//! A [`Builder`] assigns ids in the order in which types are added. Recursive types can be built in two
//! ways: [`Builder::next_id`] returns an id in advance, and [`Builder::redirect`] changes what an earlier
//! type refers to. References are written without checks; [`Btf::validate`](crate::Btf::validate) checks
//! them.
//!
//! Values that cannot be written do not interrupt: the builder stores the first [`Error`], continues to
//! assign ids, and [`Builder::finish`] returns the error.
//!
//! ```
//! use btf_types::build::{Builder, ExtBuilder};
//! use btf_types::{Btf, BtfExt, ByteOrder, IntEncoding, TypeId, ext::CoreReloc};
//!
//! // struct node { struct node *next; int a : 3; };
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! let ptr = btf.ptr(TypeId::VOID);
//! let node = btf.structure("node", 16).member("next", ptr, 0).bitfield("a", int, 64, 3).finish();
//! btf.redirect(ptr, node);
//!
//! let mut ext = ExtBuilder::new(ByteOrder::Little);
//! let reloc =
//!     CoreReloc { insn_off: 0, type_id: node, access_str_off: btf.string("0:1"), kind: 0 };
//! ext.core_relocs(btf.string(".text"), [reloc]);
//!
//! let (btf, ext) = (btf.finish()?, ext.finish()?);
//! let btf = Btf::parse(&btf)?;
//! assert_eq!(btf.type_by_id(ptr)?.referenced()?, Some(btf.type_by_id(node)?));
//! assert_eq!(BtfExt::parse(&ext)?.core_relocs().sections().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copy;
mod entries;
mod error;
mod ext;
mod finish;
mod strings;
mod types;

pub use self::{
    entries::{
        CompositeBuilder, DataSectionBuilder, EnumBuilder, FuncProtoBuilder, LocSectionBuilder,
    },
    error::{Error, Result},
    ext::ExtBuilder,
    finish::HeaderForm,
};

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use self::strings::StringTable;
use crate::{
    Btf, ByteOrder, Info, Kind, StrOffset, TypeId, layout::Layout, limits::MAX_TYPE_ID, raw,
};

/// Writes one BTF. The [module](self) has an example.
///
/// Names are text or bytes. The empty name makes a type, member or parameter anonymous. Equal strings are
/// stored once.
#[derive(Debug)]
pub struct Builder<'a> {
    order: ByteOrder,
    start_id: u32,
    types: Vec<u8>,
    /// The offset of each type's record in `types`.
    offsets: Vec<usize>,
    strings: StringTable<'a>,
    layout: Layout,
    /// `true` if `layout` has kinds that neither this crate nor the base knows.
    layout_needed: bool,
    header: HeaderForm<'a>,
    error: Option<Error>,
}

/// The contents of a type's record.
#[derive(Debug)]
struct Record {
    name_off: raw::U32,
    kind: Kind,
    vlen: usize,
    kind_flag: bool,
    size_or_type: u32,
}

impl<'a> Builder<'a> {
    /// Starts a BTF without a base.
    pub fn new(order: ByteOrder) -> Self {
        Self {
            order,
            start_id: 1,
            types: Vec::new(),
            offsets: Vec::new(),
            strings: StringTable::new(),
            layout: Layout::known(),
            layout_needed: false,
            header: HeaderForm::Shortest,
            error: None,
        }
    }

    /// Starts a split BTF: its ids and string offsets continue those of `base`, whose strings are not
    /// stored again.
    pub fn split(base: &'a Btf<'a>) -> Self {
        Self {
            start_id: base.next_id(),
            strings: StringTable::on(base),
            layout: base.layout().clone(),
            ..Self::new(base.byte_order())
        }
    }

    /// Returns the byte order in which the BTF is written.
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the id that the next type will have.
    pub fn next_id(&self) -> TypeId {
        let count = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        TypeId(self.start_id.saturating_add(count))
    }

    /// Stores a string, such as an access string or a section's name for [`ExtBuilder`], and returns its
    /// offset.
    pub fn string(&mut self, string: impl AsRef<[u8]>) -> StrOffset {
        self.strings.insert(string.as_ref()).unwrap_or_else(|error| {
            self.fail(error);
            StrOffset::EMPTY
        })
    }

    /// Sets the form of the header.
    pub fn set_header(&mut self, form: HeaderForm<'a>) {
        self.header = form;
    }

    /// Stores the first error for [`Builder::finish`].
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Returns a word in the BTF's byte order.
    fn word(&self, value: u32) -> raw::U32 {
        raw::U32::new(value, self.order)
    }

    /// Returns a record without kind_flag and entries.
    fn record(&mut self, name: impl AsRef<[u8]>, kind: Kind, size_or_type: u32) -> Record {
        Record { name_off: self.name(name), kind, vlen: 0, kind_flag: false, size_or_type }
    }

    /// Adds a type: its record, and the bytes that follow.
    fn push(&mut self, record: Record, trailing: &[u8]) -> TypeId {
        let id = self.next_id();
        if id.0 > MAX_TYPE_ID {
            self.fail(Error::TooMany {
                what: "type ids",
                found: id.0.into(),
                allowed: MAX_TYPE_ID,
            });
        }
        let vlen = match u32::try_from(record.vlen) {
            Ok(vlen) if vlen <= Info::MAX_VLEN => vlen,
            _ => {
                self.fail(Error::VlenTooLarge { id, found: record.vlen });
                0
            }
        };
        let record = raw::Type {
            name_off: record.name_off,
            info: self.word(Info::new(record.kind, vlen, record.kind_flag).0),
            size_or_type: self.word(record.size_or_type),
        };
        self.offsets.push(self.types.len());
        self.types.extend_from_slice(record.as_bytes());
        self.types.extend_from_slice(trailing);
        id
    }

    /// Stores a name and returns its offset as a word.
    fn name(&mut self, name: impl AsRef<[u8]>) -> raw::U32 {
        let offset = self.string(name);
        self.word(offset.0)
    }
}
