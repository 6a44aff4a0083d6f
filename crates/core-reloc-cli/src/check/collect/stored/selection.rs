//! The types of kernels that the verdicts on an object, and their explanations, depend on.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use btf_store::{Selection, Store};
use btf_types::{Kind, KindSet, LONG};
use core_reloc::elf::requirements::ExternKind;
use core_reloc_tools::{check::Checker, explain::Scope, needs::KFUNC_TAG};

// What nearly all kernels have. If one is found, BTF has this kind of declaration, and others that are not found do not
// exist. If none is found, only the whole BTF shows whether it has any.
const FUNCTIONS: [&str; 1] = ["schedule"];
const VARIABLES: [&str; 1] = ["ksoftirqd"];
const TRACEPOINTS: [&str; 1] = ["btf_trace_sched_switch"];

/// Returns the names that an object asks a kernel for; `None` if its verdicts depend on more.
pub(super) fn selection_of(checker: &Checker<'_>) -> Option<Selection> {
    // One of `LONG` states the size of pointers.
    let mut selection =
        Selection::new().types(LONG).functions(FUNCTIONS).variables(VARIABLES).names(TRACEPOINTS);
    let mut externs = checker.requirements().externs.iter();
    if externs.any(|symbol| matches!(symbol.kind, ExternKind::Function(_))) {
        // Programs may call just the functions that have it, if any has.
        selection = selection.tags([KFUNC_TAG]);
    }
    for relocation in checker.object().relocations() {
        let root = checker.object().btf()?.type_by_id(relocation.type_id()).ok()?;
        let name = root.name().ok()?;
        if !name.is_empty() && !KindSet::TYPE_NAMES.contains(root.kind()) {
            return None;
        }
        selection = selection.types([name.as_bytes()]);
    }
    for (name, kind) in checker.named_types() {
        selection = match kind {
            Kind::Func => selection.functions([name]),
            Kind::Var => selection.variables([name]),
            _ => selection.types([name]),
        };
    }
    Some(selection)
}

/// The names in a store that each scope includes, found once for all objects.
pub(super) struct ScopeNamesCache<'s> {
    store: &'s Store<'s>,
    known: Mutex<HashMap<Scope, Names>>,
}

type Names = Arc<Vec<Vec<u8>>>;

impl<'s> ScopeNamesCache<'s> {
    pub(super) fn new(store: &'s Store<'s>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Adds what explanations look at to a selection.
    pub(super) fn with_scopes(
        &self,
        mut selection: Selection,
        scopes: &BTreeSet<Scope>,
    ) -> btf_store::Result<Selection> {
        for scope in scopes {
            selection = match scope {
                Scope::Pointees { root } => selection.types_with_pointees([root]),
                Scope::LikeRoot { .. } => selection.names(&*self.names(scope)?),
                _ => selection.types(&*self.names(scope)?),
            };
        }
        Ok(selection)
    }

    /// Returns the names that an explanation looks at.
    fn names(&self, scope: &Scope) -> btf_store::Result<Names> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = known().get(scope) {
            return Ok(Arc::clone(names));
        }
        let wanted = scope.names();
        let mut names = Vec::new();
        self.store.type_names(|kind, name| {
            if wanted.includes(kind, name) {
                names.push(name.to_vec());
            }
        })?;
        let names = Arc::new(names);
        known().insert(scope.clone(), Arc::clone(&names));
        Ok(names)
    }
}
