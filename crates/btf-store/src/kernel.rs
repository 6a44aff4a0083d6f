//! Kernels and modules of a store.

use alloc::{string::String, vec::Vec};
use core::str;

use btf_types::{ByteOrder, Kind, PointerSize};

use crate::{
    cursor::Cursor,
    error::{Error, Result},
    limits::MAX_CHAIN,
    pages::{Block, Pages},
    set,
    store::Store,
};

/// What is known about a kernel besides its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Info<'a> {
    /// The release, as `uname -r` prints it: `6.1.0-50-amd64`.
    pub release: &'a str,
    /// The version string, as `uname -v` prints it; empty if it is not known.
    pub version: &'a str,
    /// The architecture: `amd64`, `arm64`; empty if it is not known.
    pub architecture: &'a str,
    /// The distribution, such as `debian/12`; empty if it is not known.
    pub distribution: &'a str,
    /// Where the types came from: a file's name, a package, an address.
    pub origin: &'a str,
}

impl Info<'_> {
    /// Returns the name of a kernel as archives such as BTFHub have it, without what is not known:
    /// `debian/12/amd64/6.1.0-50-amd64`. Kernels that differ in the version only have the same name.
    ///
    /// ```
    /// use btf_store::Info;
    ///
    /// let info = Info { release: "6.1.0-50-amd64", distribution: "debian/12", ..Info::default() };
    /// assert_eq!(info.name(), "debian/12/6.1.0-50-amd64");
    /// ```
    pub fn name(&self) -> String {
        let mut name = String::new();
        for folder in [self.distribution, self.architecture] {
            if !folder.is_empty() {
                name.push_str(folder);
                name.push('/');
            }
        }
        name.push_str(self.release);
        name
    }
}

/// A kernel of a store.
#[derive(Debug, Clone)]
pub struct Kernel<'s> {
    store: &'s Store<'s>,
    number: u32,
    info: Info<'s>,
    byte_order: ByteOrder,
    pointer_size: Option<PointerSize>,
    has_signed_enum: bool,
    base: Option<u32>,
    /// The differences of its definitions and modules from those of its base.
    lists: Cursor<'s>,
}

impl<'s> Kernel<'s> {
    pub(crate) fn read(store: &'s Store<'s>, number: u32) -> Result<Self> {
        let mut item = item(&store.kernels, number)?;
        let mut text = |what| {
            let mut part = item.part(what)?;
            let (start, len) = (part.at(), part.left());
            let bytes = part.bytes(u32::try_from(len).unwrap_or(u32::MAX), what)?;
            let valid = |error: str::Utf8Error| {
                part.malformed(start, "UTF-8 up to", error.valid_up_to() as u64, len as u64)
            };
            str::from_utf8(bytes).map_err(valid)
        };
        let info = Info {
            release: text("release")?,
            version: text("version")?,
            architecture: text("architecture")?,
            distribution: text("distribution")?,
            origin: text("origin")?,
        };
        let flags = item.number_to(13, "flags")?;
        let byte_order = if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big };
        let has_signed_enum = flags & 8 != 0;
        let pointer_size = match flags >> 1 & 3 {
            0 => None,
            1 => Some(PointerSize::Four),
            2 => Some(PointerSize::Eight),
            size => return Err(item.malformed(item.at(), "size of pointers", size, 2_u32)),
        };
        let base = base(&mut item, number)?;
        Ok(Self {
            store,
            number,
            info,
            byte_order,
            pointer_size,
            has_signed_enum,
            base,
            lists: item,
        })
    }

    /// Returns the number of the kernel in its store. It changes when the store does.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Returns what is known about the kernel besides its types.
    pub fn info(&self) -> Info<'s> {
        self.info
    }

    /// Returns the byte order of its BTF.
    pub fn byte_order(&self) -> ByteOrder {
        self.byte_order
    }

    /// Returns the size of pointers that was given for its BTF; mostly its types state it.
    pub fn pointer_size(&self) -> Option<PointerSize> {
        self.pointer_size
    }

    /// Returns `true` if an enum of the kernel is signed (kind_flag): only then are the others known to be unsigned.
    pub(crate) fn has_signed_enum(&self) -> bool {
        self.has_signed_enum
    }

    pub(crate) fn store(&self) -> &'s Store<'s> {
        self.store
    }

    /// Returns the kernel whose lists this one differs from.
    pub(crate) fn base(&self) -> Option<u32> {
        self.base
    }

    /// Returns the numbers of the definitions in which it differs from its base, in ascending order.
    pub(crate) fn difference(&self) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        let mut lists = self.lists;
        set::read_difference(&mut lists, self.store.definitions.items(), &mut numbers)?;
        Ok(numbers)
    }

    /// Returns the differences of definitions and of modules.
    fn differences(&self) -> Result<[Vec<u32>; 2]> {
        let mut lists = self.lists;
        let [mut definitions, mut modules] = [Vec::new(), Vec::new()];
        set::read_difference(&mut lists, self.store.definitions.items(), &mut definitions)?;
        set::read_difference(&mut lists, self.store.modules.items(), &mut modules)?;
        lists.end("end of a kernel")?;
        Ok([definitions, modules])
    }

    /// Returns the numbers of its definitions and of its modules, in ascending order.
    pub(crate) fn sets(&self) -> Result<[Vec<u32>; 2]> {
        let [mut definitions, mut modules] = [Chain::default(), Chain::default()];
        let mut kernel = self.clone();
        for _ in 0..MAX_CHAIN {
            let [own, modules_own] = kernel.differences()?;
            let Some(base) = kernel.base else {
                return Ok([definitions.end(own), modules.end(modules_own)]);
            };
            definitions.add(own);
            modules.add(modules_own);
            kernel = Self::read(self.store, base)?;
        }
        Err(too_long(&self.lists))
    }

    /// Returns `true` if it has a named type or a declaration of a kind, of its own.
    ///
    /// # Errors
    /// If the store is damaged there.
    pub fn has(&self, kind: Kind) -> Result<bool> {
        let [definitions, _] = self.sets()?;
        let (start, end) = self.store.kind_range(kind);
        let first = definitions.partition_point(|number| *number < start);
        Ok(definitions.get(first).is_some_and(|number| *number < end))
    }

    /// Returns its modules that the store has, sorted by name.
    ///
    /// # Errors
    /// If the store is damaged there.
    pub fn modules(&self) -> Result<Vec<Module<'s>>> {
        // The lists of modules come after the long ones of definitions.
        if self.store.modules.items() == 0 {
            return Ok(Vec::new());
        }
        let [_, modules] = self.sets()?;
        modules.into_iter().map(|number| Module::read(self.store, number)).collect()
    }
}

impl PartialEq for Kernel<'_> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.store, other.store) && self.number == other.number
    }
}

impl Eq for Kernel<'_> {}

/// The lists of a chain of differences.
#[derive(Default)]
struct Chain(Vec<u32>);

impl Chain {
    fn add(&mut self, difference: Vec<u32>) {
        self.0.extend(difference);
    }

    fn end(self, root: Vec<u32>) -> Vec<u32> {
        set::combine(root, self.0)
    }
}

fn too_long(cursor: &Cursor<'_>) -> Error {
    let chain = u64::from(MAX_CHAIN).saturating_add(1);
    cursor.malformed(cursor.at(), "number of bases of each other", chain, MAX_CHAIN)
}

/// Returns an item of kernels or modules.
fn item<'s>(pages: &'s Pages<'_>, number: u32) -> Result<Cursor<'s>> {
    let Block { mut cursor, first, .. } = pages.block(number)?;
    for _ in first..number {
        cursor.part("length of an item")?;
    }
    cursor.part("length of an item")
}

/// Reads the number of the base, which is smaller than that of the item: the distance, or 0 for none.
fn base(cursor: &mut Cursor<'_>, number: u32) -> Result<Option<u32>> {
    let distance = cursor.number_to(number, "distance to the base")?;
    Ok(if distance == 0 { None } else { number.checked_sub(distance) })
}

/// A build of a module: its own types, which refer to those of its kernel.
#[derive(Debug, Clone)]
pub struct Module<'s> {
    store: &'s Store<'s>,
    name: &'s str,
    base: Option<u32>,
    list: Cursor<'s>,
}

impl<'s> Module<'s> {
    pub(crate) fn read(store: &'s Store<'s>, number: u32) -> Result<Self> {
        let mut item = item(&store.modules, number)?;
        let start = item.at();
        let len = item.number("length of a module's name")?;
        let name = item.bytes(len, "length of a module's name")?;
        let name = str::from_utf8(name);
        let name = name.map_err(|error| {
            item.malformed(start, "UTF-8 up to", error.valid_up_to() as u64, len)
        })?;
        let base = base(&mut item, number)?;
        Ok(Self { store, name, base, list: item })
    }

    pub(crate) fn store(&self) -> &'s Store<'s> {
        self.store
    }

    /// Returns the name of the module.
    pub fn name(&self) -> &'s str {
        self.name
    }

    /// Returns the numbers of its own definitions, in ascending order.
    pub(crate) fn set(&self) -> Result<Vec<u32>> {
        let mut chain = Chain::default();
        let mut module = self.clone();
        for _ in 0..MAX_CHAIN {
            let mut own = Vec::new();
            set::read_difference(&mut module.list, self.store.definitions.items(), &mut own)?;
            module.list.end("end of a module")?;
            let Some(base) = module.base else { return Ok(chain.end(own)) };
            chain.add(own);
            module = Self::read(self.store, base)?;
        }
        Err(too_long(&self.list))
    }
}
