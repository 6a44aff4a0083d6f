//! BTF that owns the bytes that it was parsed from.

use alloc::sync::Arc;
use core::fmt;

use self_cell::self_cell;

use crate::{Btf, error::Result};

/// Bytes that several owners share: a vector, a mapped file, or anything else that can be shared between
/// threads.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A [`Btf`] together with its bytes, and with its base if it is split.
///
/// It borrows nothing, so that it can be kept for as long as needed and shared between threads. Cloning
/// it is cheap: all clones share the bytes and what parsing found.
///
/// ```
/// # use btf_types::{ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let bytes = btf.finish()?;
/// use btf_types::{Kind, OwnedBtf};
///
/// let kernel = OwnedBtf::parse(bytes)?;
/// let for_thread = kernel.clone();
/// let size = std::thread::spawn(move || for_thread.btf().find("int", Kind::Int)?.stated_size());
/// assert_eq!(size.join().unwrap(), Some(4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OwnedBtf(Arc<Cell>);

struct Owner {
    bytes: SharedBytes,
    base: Option<OwnedBtf>,
}

self_cell!(
    struct Cell {
        owner: Owner,
        #[covariant]
        dependent: Btf,
    }
);

impl OwnedBtf {
    /// Parses a BTF without a base.
    ///
    /// # Errors
    /// As [`Btf::parse`].
    pub fn parse(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        Self::from_shared(Arc::new(bytes))
    }

    /// Parses a BTF without a base, from bytes that are shared already.
    ///
    /// # Errors
    /// As [`Btf::parse`].
    pub fn from_shared(bytes: SharedBytes) -> Result<Self> {
        Self::build(Owner { bytes, base: None }, |bytes, _| Btf::parse(bytes))
    }

    /// Parses the BTF of a BPF object, whose pointers have 8 bytes.
    ///
    /// # Errors
    /// As [`Btf::parse_object`].
    pub fn parse_object(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        Self::build(Owner { bytes: Arc::new(bytes), base: None }, |bytes, _| {
            Btf::parse_object(bytes)
        })
    }

    /// Parses a split BTF on a base, which it keeps.
    ///
    /// # Errors
    /// As [`Btf::parse_split`].
    pub fn parse_split(
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        base: &OwnedBtf,
    ) -> Result<Self> {
        let owner = Owner { bytes: Arc::new(bytes), base: Some(base.clone()) };
        Self::build(owner, |bytes, base| match base {
            Some(base) => Btf::parse_split(bytes, base.btf()),
            None => Btf::parse(bytes),
        })
    }

    fn build(
        owner: Owner,
        parse: impl for<'a> FnOnce(&'a [u8], Option<&'a OwnedBtf>) -> Result<Btf<'a>>,
    ) -> Result<Self> {
        let cell =
            Cell::try_new(owner, |owner| parse((*owner.bytes).as_ref(), owner.base.as_ref()))?;
        Ok(Self(Arc::new(cell)))
    }

    /// Returns the BTF.
    #[inline]
    pub fn btf(&self) -> &Btf<'_> {
        self.0.borrow_dependent()
    }

    /// Returns the base of a split BTF.
    pub fn base(&self) -> Option<&OwnedBtf> {
        self.0.borrow_owner().base.as_ref()
    }
}

impl fmt::Debug for OwnedBtf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.btf(), f)
    }
}
