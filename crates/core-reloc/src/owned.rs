//! A target that owns its BTF.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

use btf_types::OwnedBtf;
use self_cell::self_cell;

use crate::target::{Module, Target};

/// A [`Target`] that owns its BTF, its modules and an index of their names.
///
/// It borrows nothing, so an agent can keep a kernel's types for as long as it runs and share them between
/// threads. Cloning it is cheap. It never changes: adding a module returns a new target, which shares as
/// much as it can with the old one.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # fn types(name: &str, at: u32) -> Vec<u8> {
/// #     let mut btf = Builder::new(ByteOrder::Little);
/// #     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// #     btf.structure(name, at + 4).member("pid", int, 8 * at).finish();
/// #     btf.finish().unwrap()
/// # }
/// # fn module(kernel: &OwnedBtf) -> Vec<u8> {
/// #     let mut btf = Builder::split(kernel.btf());
/// #     let int = btf_types::TypeId(1);
/// #     btf.structure("conn", 68).member("pid", int, 8 * 64).finish();
/// #     btf.finish().unwrap()
/// # }
/// use btf_types::OwnedBtf;
/// use core_reloc::{OwnedTarget, RelocKind, Relocator, generate::field_relocation};
///
/// // An agent loads the kernel's types once.
/// let kernel = OwnedBtf::parse(types("task", 32))?;
/// let mut target = OwnedTarget::new(&kernel);
///
/// /// Resolves the offset of `pid` in a struct of an object's types.
/// fn relocate(target: &OwnedTarget, object: &[u8], name: &str) -> Option<u64> {
///     let local = btf_types::Btf::parse_object(object).ok()?;
///     let relocation =
///         field_relocation(&local, 0, name, "pid", RelocKind::FieldByteOffset).ok()?;
///     Relocator::new(&local, target.target()).resolve(&relocation).ok()?.value()
/// }
///
/// // It relocates objects on four threads.
/// let threads: Vec<_> = (0..4)
///     .map(|_| {
///         let target = target.clone();
///         std::thread::spawn(move || relocate(&target, &types("task", 0), "task"))
///     })
///     .collect();
/// for thread in threads {
///     assert_eq!(thread.join().unwrap(), Some(32));
/// }
///
/// // Later a module is loaded.
/// assert_eq!(relocate(&target, &types("conn", 0), "conn"), None);
/// target = target.with_module("nf_conntrack", OwnedBtf::parse_split(module(&kernel), &kernel)?);
/// assert_eq!(relocate(&target, &types("conn", 0), "conn"), Some(64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OwnedTarget(Arc<Cell>);

#[derive(Clone)]
struct Owner {
    main: OwnedBtf,
    modules: Vec<(Box<str>, OwnedBtf)>,
}

self_cell!(
    struct Cell {
        owner: Owner,
        #[covariant]
        dependent: Target,
    }
);

impl Owner {
    /// Returns the target of these BTFs, without an index.
    fn target(&self) -> Target<'_> {
        let modules = self.modules.iter();
        let modules = modules.map(|(name, module)| Module { name, btf: module.btf() });
        Target::new(self.main.btf()).with_modules(modules)
    }
}

impl OwnedTarget {
    /// Creates a target without modules, with an [index](Target::indexed) of its types.
    pub fn new(main: &OwnedBtf) -> Self {
        let owner = Owner { main: main.clone(), modules: Vec::new() };
        Self::build(owner, |owner| owner.target().indexed())
    }

    /// Returns this target with one more module.
    #[must_use]
    pub fn with_module(&self, name: &str, module: OwnedBtf) -> Self {
        self.with_modules([(name, module)])
    }

    /// Returns this target with more modules: split BTF on its main BTF, or BTF without a base.
    #[must_use]
    pub fn with_modules<'n>(&self, modules: impl IntoIterator<Item = (&'n str, OwnedBtf)>) -> Self {
        let mut owner = self.0.borrow_owner().clone();
        owner.modules.extend(modules.into_iter().map(|(name, btf)| (name.into(), btf)));
        Self::build(owner, |owner| owner.target().with_indexes_of(self.target()))
    }

    /// Returns this target with [indexes of all names](Target::indexed_for_queries).
    #[must_use]
    pub fn indexed_for_queries(&self) -> Self {
        Self::build(self.0.borrow_owner().clone(), |owner| owner.target().indexed_for_queries())
    }

    fn build(owner: Owner, target: impl for<'a> FnOnce(&'a Owner) -> Target<'a>) -> Self {
        Self(Arc::new(Cell::new(owner, target)))
    }

    /// Returns the target.
    #[inline]
    pub fn target(&self) -> &Target<'_> {
        self.0.borrow_dependent()
    }

    /// Returns the main BTF.
    pub fn main(&self) -> &OwnedBtf {
        &self.0.borrow_owner().main
    }
}

impl fmt::Debug for OwnedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.target(), f)
    }
}
