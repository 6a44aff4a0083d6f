//! Writes BTF and `.BTF.ext`: every kind, both byte orders, split BTF, headers of any length.
//!
//! A [`Builder`] gives out ids in the order in which types are added, so [`Builder::next_id`] tells
//! an id beforehand, and [`Builder::redirect`] changes what a type refers to afterwards: either
//! makes a recursive type. References are written as they are given; whether they lead somewhere
//! is for [`Btf::validate`](crate::Btf::validate) to say.
//!
//! What cannot be written does not interrupt: the builder keeps the first [`Error`], goes on giving
//! out ids, and [`Builder::finish`] returns it.
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

mod composite;
mod copy;
mod data_section;
mod enumeration;
mod error;
mod ext;
mod finish;
mod func_proto;
mod strings;
mod types;

pub use self::{
    composite::CompositeBuilder,
    data_section::DataSectionBuilder,
    enumeration::EnumBuilder,
    error::{Error, Result},
    ext::ExtBuilder,
    finish::HeaderForm,
    func_proto::FuncProtoBuilder,
};

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use self::strings::StringTable;
use crate::{
    Btf, ByteOrder, Info, Kind, StrOffset, TypeId, layout::Layout, limits::MAX_TYPE_ID, raw,
};

/// Writes one BTF. The [module](self) has an example.
///
/// Names are text or bytes; the empty one makes a type, member or parameter anonymous. Strings are
/// stored once.
#[derive(Debug)]
pub struct Builder<'a> {
    order: ByteOrder,
    start_id: u32,
    types: Vec<u8>,
    /// Where each type's record begins in `types`.
    offsets: Vec<usize>,
    strings: StringTable<'a>,
    layout: Layout,
    /// Whether `layout` has kinds that neither this crate nor the base knows.
    layout_needed: bool,
    header: HeaderForm<'a>,
    error: Option<Error>,
}

/// What the record of any type says.
#[derive(Debug)]
struct Record {
    name_off: raw::U32,
    kind: Kind,
    vlen: usize,
    kind_flag: bool,
    size_or_type: u32,
}

impl<'a> Builder<'a> {
    /// Begins a BTF that stands alone.
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

    /// Begins a split BTF: its ids and string offsets go on where those of `base` end, and strings
    /// that the base has are not stored again.
    pub fn split(base: &'a Btf<'a>) -> Self {
        Self {
            start_id: base.next_id(),
            strings: StringTable::on(base),
            layout: base.layout().clone(),
            ..Self::new(base.byte_order())
        }
    }

    /// The byte order that is written.
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// The id that the next type will have.
    pub fn next_id(&self) -> TypeId {
        let count = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        TypeId(self.start_id.saturating_add(count))
    }

    /// Stores a string, such as an access string or a section's name for [`ExtBuilder`].
    pub fn string(&mut self, string: impl AsRef<[u8]>) -> StrOffset {
        self.strings.insert(string.as_ref()).unwrap_or_else(|error| {
            self.fail(error);
            StrOffset::EMPTY
        })
    }

    /// Chooses how long the header is.
    pub fn set_header(&mut self, form: HeaderForm<'a>) {
        self.header = form;
    }

    /// Keeps the first error for [`Builder::finish`].
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// A word in the byte order that is written.
    fn word(&self, value: u32) -> raw::U32 {
        raw::U32::new(value, self.order)
    }

    /// Begins the record of a type that has neither kind_flag nor entries yet.
    fn record(&mut self, name: impl AsRef<[u8]>, kind: Kind, size_or_type: u32) -> Record {
        Record { name_off: self.name(name), kind, vlen: 0, kind_flag: false, size_or_type }
    }

    /// Adds a type: a record, and what follows it.
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

    /// Stores a name for a record.
    fn name(&mut self, name: impl AsRef<[u8]>) -> raw::U32 {
        let offset = self.string(name);
        self.word(offset.0)
    }
}
