//! Making stores.

mod canonical;
mod encode;
mod finish;
mod import;
mod model;
mod pages;

use btf_types::{Btf, Kind, KindSet, PointerSize, TypeId};
use thiserror::Error;

use self::{
    model::{Identity, Kernel, Model, Module},
    pages::Form,
};
use crate::{error, kernel::Info, store::Store};

/// A kernel or store that cannot be added, or a store that would be too large.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Two kernels have the same release, version, architecture and distribution, and other types.
    #[error(
        "two kernels {release} of the same version, architecture and distribution have different types"
    )]
    Conflict {
        /// The release.
        release: String,
    },

    /// There is more than the format can represent.
    #[error("{what} would be more than {allowed}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The largest allowed.
        allowed: u32,
    },

    /// A type is of a kind that is not known.
    #[error("type {id} is of the unknown kind {kind}")]
    UnknownKind {
        /// The type.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
    },

    /// A type refers to a type that there is not.
    #[error("type {id} refers to type {found}, the last is {last}")]
    BadReference {
        /// The type that refers to it.
        id: TypeId,
        /// The id that it refers to.
        found: TypeId,
        /// The last id.
        last: TypeId,
    },

    /// A type refers to a tag of a declaration, which is no type.
    #[error("type {id} refers to a DECL_TAG")]
    RefersToTag {
        /// The type.
        id: TypeId,
    },

    /// BTF cannot be read.
    #[error(transparent)]
    Btf(#[from] btf_types::Error),

    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] error::Error),
}

/// Makes a store of kernels, and of other stores.
///
/// The result depends on the kernels only, not on the order in which they were added, to the byte.
///
/// ```
/// use btf_store::{Info, Store, Writer};
/// use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
///
/// let mut builder = Builder::new(ByteOrder::Little);
/// builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// let bytes = builder.finish()?;
///
/// let mut writer = Writer::new();
/// for release in ["6.1.0-50-amd64", "6.1.0-57-amd64"] {
///     let info = Info { release, architecture: "amd64", ..Info::default() };
///     writer.add(info, &Btf::parse(&bytes)?, &[])?;
/// }
/// let store = writer.finish()?;
///
/// let store = Store::open(&store)?;
/// assert_eq!((store.len(), store.definition_count()), (2, 1));
/// let kernel = store.find("6.1.0-57-amd64")?.next().unwrap()?;
/// assert_eq!(kernel.extract()?.as_bytes(), bytes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Writer {
    model: Model,
}

impl Writer {
    /// Returns a writer without kernels.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kernel with modules, which are split BTF on the kernel's. The pointer size that was set for the
    /// BTF is kept, too.
    ///
    /// A kernel that is there already is left alone; of two origins that which comes first in the alphabet
    /// stays.
    ///
    /// # Errors
    /// If there is a kernel with the same release, version, architecture and distribution and other types; if
    /// the BTF has types of unknown kinds or cannot be read; if the store would be too large. The kernel is not
    /// added then.
    pub fn add(
        &mut self,
        info: Info<'_>,
        btf: &Btf<'_>,
        modules: &[(&str, &Btf<'_>)],
    ) -> Result<(), WriteError> {
        self.add_with_pointers(info, btf, modules, None)
    }

    /// Adds a kernel as [`Writer::add`] does, and notes the size of its pointers, for BTF whose types do not
    /// state it.
    ///
    /// # Errors
    /// Those of [`Writer::add`].
    pub fn add_with_pointers(
        &mut self,
        info: Info<'_>,
        btf: &Btf<'_>,
        modules: &[(&str, &Btf<'_>)],
        pointer_size: Option<PointerSize>,
    ) -> Result<(), WriteError> {
        let main = canonical::convert(&mut self.model, btf, None)?;
        let mut numbers = model::Set::default();
        for (name, module) in modules {
            let converted = canonical::convert(&mut self.model, module, Some(&main))?;
            let (name, definitions) = ((*name).into(), converted.definitions);
            numbers.insert(self.model.module(Module { name, definitions })?);
        }
        let identity = Identity::of(&info);
        let kernel = Kernel {
            origin: info.origin.into(),
            byte_order: btf.byte_order(),
            pointer_size,
            has_signed_enum: has_signed_enum(btf),
            definitions: main.definitions,
            modules: numbers,
        };
        self.model.kernel(identity, kernel)
    }

    /// Adds all kernels of a store.
    ///
    /// # Errors
    /// If the store is damaged, or has a kernel with the name and not the types of one that is there already.
    pub fn add_store(&mut self, store: &Store<'_>) -> Result<(), WriteError> {
        import::import(&mut self.model, store)
    }

    /// Keeps the kernels for which a function returns `true`. Definitions that no kernel has any more are not
    /// written.
    pub fn retain(&mut self, mut is_kept: impl FnMut(Info<'_>) -> bool) {
        self.model.kernels.retain(|identity, kernel| is_kept(info(identity, kernel)));
    }

    /// Returns the number of kernels.
    pub fn len(&self) -> usize {
        self.model.kernels.len()
    }

    /// Returns `true` if there is no kernel.
    pub fn is_empty(&self) -> bool {
        self.model.kernels.is_empty()
    }

    /// Returns the store, for use in place: nothing is packed.
    ///
    /// # Errors
    /// If it would be too large: 4 GiB.
    pub fn finish(&self) -> Result<Vec<u8>, WriteError> {
        finish::sections(&self.model)?.to_file(Form { page: 16 << 10, is_packed: false })
    }

    /// Returns the store with its pages packed: a third of the size, and each page that is used is unpacked.
    ///
    /// # Errors
    /// If it would be too large: 4 GiB.
    #[cfg(feature = "packed")]
    pub fn finish_packed(&self) -> Result<Vec<u8>, WriteError> {
        finish::sections(&self.model)?.to_file(Form { page: 256 << 10, is_packed: true })
    }

    /// Returns the bytes of each section before they are divided into pages, for measurements.
    ///
    /// # Errors
    /// Those of [`Writer::finish`].
    #[doc(hidden)]
    pub fn sections(&self) -> Result<Vec<(&'static str, Vec<u8>)>, WriteError> {
        let sections = finish::sections(&self.model)?;
        Ok(sections.all().iter().map(|(name, items)| (*name, items.bytes().to_vec())).collect())
    }
}

fn info<'m>(identity: &'m Identity, kernel: &'m Kernel) -> Info<'m> {
    Info {
        release: &identity.release,
        version: &identity.version,
        architecture: &identity.architecture,
        distribution: &identity.distribution,
        origin: &kernel.origin,
    }
}

/// Returns `true` if an enum is signed.
fn has_signed_enum(btf: &Btf<'_>) -> bool {
    let mut enums = btf.own_types_of(KindSet::from_iter([Kind::Enum, Kind::Enum64]));
    enums.any(|ty| ty.kind_flag())
}
