//! An opened store.

use btf_types::Kind;

use crate::{
    error::Result,
    header::{Header, KINDS, ORDER},
    pages::Pages,
};

/// A store of the types of many kernels, in bytes that were read or mapped.
///
/// Opening checks the header only, and takes the same time for one kernel and for thousands. Everything else
/// is found, checked and, if it is packed, unpacked when it is first needed.
///
/// A store can be used by several threads at once.
///
/// ```
/// # #[cfg(feature = "write")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use btf_store::{Store, Writer};
/// # let bytes = Writer::new().finish()?;
///
/// let store = Store::open(&bytes)?;
/// for kernel in store.kernels() {
///     let kernel = kernel?;
///     println!("{} {}", kernel.info().release, kernel.info().architecture);
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "write"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Store<'a> {
    bytes: &'a [u8],
    header: Header,
    pub(crate) strings: Pages<'a>,
    pub(crate) nodes: Pages<'a>,
    pub(crate) definitions: Pages<'a>,
    pub(crate) modules: Pages<'a>,
    pub(crate) kernels: Pages<'a>,
}

impl<'a> Store<'a> {
    /// Opens a store.
    ///
    /// # Errors
    /// If the bytes are not a store, of another version, truncated, or the header is damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let header = Header::read(bytes)?;
        let [strings, nodes, definitions, modules, kernels] = header.sections;
        let [first, second, third, fourth, fifth] = ORDER;
        Ok(Self {
            bytes,
            header,
            strings: Pages::new(bytes, first, strings)?,
            nodes: Pages::new(bytes, second, nodes)?,
            definitions: Pages::new(bytes, third, definitions)?,
            modules: Pages::new(bytes, fourth, modules)?,
            kernels: Pages::new(bytes, fifth, kernels)?,
        })
    }

    /// Returns the bytes of the store.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of distinct definitions, of all kernels and modules.
    pub fn definition_count(&self) -> usize {
        self.definitions.items() as usize
    }

    /// Returns the numbers of a kind's first definition and of the one after its last.
    pub(crate) fn kind_range(&self, kind: Kind) -> (u32, u32) {
        let index = usize::from(kind.to_raw());
        let at = |index: usize| self.header.kinds.get(index).copied().unwrap_or_default();
        if index.saturating_add(1) < KINDS {
            (at(index), at(index.saturating_add(1)))
        } else {
            (0, 0)
        }
    }

    /// Returns the kind of a definition.
    pub(crate) fn kind_of(&self, number: u32) -> Kind {
        let after = self.header.kinds.partition_point(|first| *first <= number);
        Kind::from_raw(u8::try_from(after.saturating_sub(1)).unwrap_or(u8::MAX))
    }
}
