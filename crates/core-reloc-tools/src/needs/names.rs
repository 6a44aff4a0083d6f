//! Finding all names that an object needs in one pass over a kernel's types.

use std::collections::BTreeMap;

use btf_types::{Kind, KindSet, Type};
use core_reloc::FoundType;

use super::kernel::Kernel;

/// The names to find.
#[derive(Debug, Default)]
pub(super) struct Wanted(BTreeMap<(String, u8), Kind>);

/// The types that were found.
#[derive(Debug, Default)]
pub(super) struct Names<'t> {
    found: BTreeMap<(String, u8), Vec<FoundType<'t>>>,
    /// The names of the modules, by their indices.
    modules: Vec<&'t str>,
    /// Whether the kernel has any functions.
    has_functions: bool,
    /// Whether it has any declarations of tracepoints.
    has_tracepoints: bool,
    /// Whether it has any variables.
    has_variables: bool,
}

impl Wanted {
    pub(super) fn add(&mut self, name: impl Into<String>, kind: Kind) {
        self.0.insert((name.into(), kind.to_raw()), kind);
    }

    /// Returns the names, each with its kind.
    pub(super) fn into_names(self) -> impl Iterator<Item = (String, Kind)> {
        self.0.into_iter().map(|((name, _), kind)| (name, kind))
    }
}

impl<'t> Names<'t> {
    pub(super) fn find(kernel: &Kernel<'t>, wanted: Wanted) -> Self {
        let target = kernel.target;
        let questions: Vec<(&str, Kind)> =
            wanted.0.iter().map(|((name, _), kind)| (name.as_str(), *kind)).collect();
        let found = target.find_all(&questions);
        let main = target.main();
        let has = |kind| main.own_types_of(KindSet::from_iter([kind])).next().is_some();
        let is_tracepoint =
            |ty: Type<'_>| ty.name().is_ok_and(|name| name.as_bytes().starts_with(b"btf_trace_"));
        let mut typedefs = main.own_types_of(KindSet::from_iter([Kind::Typedef]));
        Self {
            has_functions: has(Kind::Func),
            has_variables: has(Kind::Var),
            has_tracepoints: typedefs.any(is_tracepoint),
            modules: target.modules().iter().map(|module| module.name).collect(),
            found: wanted.0.into_keys().zip(found).collect(),
        }
    }

    /// Returns the types of a name and kind: the kernel's own first, then those of modules.
    pub(super) fn of(&self, name: &str, kind: Kind) -> &[FoundType<'t>] {
        // The key owns its name, so that a name is copied for each question.
        let key = (name.to_owned(), kind.to_raw());
        self.found.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns the first type of a name and kind: the kernel's own, or one of a module whose name starts
    /// with `module`, if that is given.
    pub(super) fn in_module(
        &self,
        name: &str,
        kind: Kind,
        module: Option<&[u8]>,
    ) -> Option<FoundType<'t>> {
        let is_asked = |found: &&FoundType<'t>| match (module, found.module) {
            (None | Some(b"vmlinux"), None) | (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(index)) => {
                let name = usize::try_from(index).ok().and_then(|index| self.modules.get(index));
                name.is_some_and(|name| name.as_bytes().starts_with(wanted))
            }
        };
        self.of(name, kind).iter().find(is_asked).copied()
    }

    /// Returns `true` if the kernel shows which functions it has.
    pub(super) fn has_functions(&self) -> bool {
        self.has_functions
    }

    /// Returns `true` if it shows which variables it has.
    pub(super) fn has_variables(&self) -> bool {
        self.has_variables
    }

    /// Returns `true` if it shows which tracepoints it has.
    pub(super) fn has_tracepoints(&self) -> bool {
        self.has_tracepoints
    }
}
