//! Checking objects on the kernels of a store.
//!
//! To extract a kernel takes longer than to check many objects on it. A store knows which kernels do not differ in
//! anything that an object asks for by name: one of them answers for all, on BTF with little more than these types.
//! A kernel is only extracted for the objects that need all of its types, such as those with a problem, which is
//! explained by types with similar names.

use std::{cell::LazyCell, collections::HashMap, sync::Arc};

use btf_store::{Group, Selection};
use btf_types::{Btf, Kind, KindSet, LONG};
use core_reloc::{Target, elf::requirements::ExternKind, record::RelocKind};
use core_reloc_targets::KernelStore;
use core_reloc_tools::{
    check::{Checked, Checker, Finding, RelocationVerdict},
    needs::{Answer, OpenReason, Release},
};
use rayon::prelude::*;

use super::{
    super::{
        objects::ObjectInfo,
        rows::{KernelRows, ObjectRow},
        shard::split,
    },
    Collector, FileResults, TargetFile, described, lacks_something,
};
use crate::failure::Failure;

/// The number of objects up to which groups pay. Of many, one needs all types of nearly every kernel.
const MAX_WITH_GROUPS: usize = 8;

/// What an object comes to on a kernel, as far as a group of kernels shows.
#[derive(Clone)]
struct GroupRow {
    row: Arc<ObjectRow>,
    /// Modules may have what the kernel lacks.
    lacks: bool,
}

/// The rows of an object that groups show, by the numbers of the kernels.
type GroupRows = HashMap<u32, GroupRow>;

impl Collector<'_> {
    /// Checks the objects on the kernels of a store.
    pub(super) fn check_store(
        &self,
        kernels: &KernelStore,
        file: &TargetFile,
        in_parallel: bool,
    ) -> FileResults {
        let numbers = 0..u32::try_from(kernels.store().len()).unwrap_or(u32::MAX);
        let is_own = |number: &u32| {
            let has = |shard| split::has(shard, &kernels.path(*number), &file.root);
            file.folder.is_some() || self.shard.is_none_or(has)
        };
        let numbers: Vec<u32> = numbers.filter(is_own).collect();
        // What the user names besides may change any verdict.
        let pays = numbers.len() > 1 && self.checkers.len() <= MAX_WITH_GROUPS;
        let shown: Vec<GroupRows> = if self.given.is_empty() && pays {
            let of_object = |(checker, object)| self.rows_of_groups(kernels, checker, object);
            self.checkers.par_iter().zip(self.objects).map(of_object).collect()
        } else {
            self.checkers.iter().map(|_| GroupRows::new()).collect()
        };
        // Parallel kernels with parallel objects would have waiting workers extract more kernels.
        let in_parallel = in_parallel && numbers.len() == 1;
        let check = |number: &u32| self.check_stored(kernels, file, *number, &shown, in_parallel);
        let parts: Vec<FileResults> = numbers.par_iter().with_max_len(1).map(check).collect();
        let mut results = FileResults::default();
        parts.into_iter().for_each(|part| results.extend(part));
        results
    }

    /// Checks the objects on a kernel, which is only extracted if its groups do not show everything.
    fn check_stored(
        &self,
        kernels: &KernelStore,
        file: &TargetFile,
        number: u32,
        shown: &[GroupRows],
        in_parallel: bool,
    ) -> FileResults {
        let mut results = FileResults::default();
        let has_modules = LazyCell::new(|| {
            let modules = kernels.store().kernel(number).and_then(|kernel| kernel.modules());
            modules.map_or(true, |modules| !modules.is_empty())
        });
        let known = shown.iter().map(|rows| {
            let known = rows.get(&number).filter(|known| !known.lacks || !*has_modules);
            known.map(|known| Arc::clone(&known.row))
        });
        let known: Vec<Option<Arc<ObjectRow>>> = known.collect();
        let all: Option<KernelRows> = known.iter().cloned().collect();
        let checked = match all {
            Some(rows) => Ok((kernels.path(number).display().to_string(), rows)),
            None => kernels.extract(number).map_err(Failure::from).and_then(|kernel| {
                self.check_kernel(&kernel, file, &known, in_parallel, &mut results.warnings)
            }),
        };
        results.add(checked, file, number as usize);
        results
    }

    /// Checks an object on each group of kernels that do not differ for it, as far as that shows what they come to.
    /// What is damaged in the store shows when a kernel is extracted.
    fn rows_of_groups(
        &self,
        kernels: &KernelStore,
        checker: &Checker<'_>,
        object: &ObjectInfo,
    ) -> GroupRows {
        let mut rows = GroupRows::new();
        let Some(selection) = selection(checker) else { return rows };
        for group in kernels.store().groups(&selection).unwrap_or_default() {
            rows.extend(self.rows_of_group(kernels, &group, checker, object).unwrap_or_default());
        }
        rows
    }

    fn rows_of_group(
        &self,
        kernels: &KernelStore,
        group: &Group,
        checker: &Checker<'_>,
        object: &ObjectInfo,
    ) -> Option<GroupRows> {
        let store = kernels.store();
        let extracted = group.extract(store).ok()?;
        let btf = Btf::parse(extracted.as_bytes()).ok()?;
        btf.validate().ok()?;
        let target = Target::new(&btf);
        let mut by_release: HashMap<Option<Release>, Option<GroupRow>> = HashMap::new();
        let mut rows = GroupRows::new();
        for number in group.kernels() {
            let release = store.kernel(*number).ok()?.info().release;
            let row = by_release.entry(self.release(release)).or_insert_with(|| {
                let described = described(&target, release, None, None);
                let checked = checker.check(&described);
                let lacks = lacks_something(checker, &target, &checked);
                let is_shown = is_shown_by_names(&checked);
                is_shown
                    .then(|| GroupRow { row: self.row(checker, object, &target, checked), lacks })
            });
            rows.extend(row.clone().map(|row| (*number, row)));
        }
        Some(rows)
    }
}

/// Returns the names that an object asks a kernel for; `None` if its verdicts depend on more.
fn selection(checker: &Checker<'_>) -> Option<Selection> {
    let mut externs = checker.requirements().externs.iter();
    // Which functions programs may call, the tags of all functions show.
    if externs.any(|symbol| matches!(symbol.kind, ExternKind::Function(_))) {
        return None;
    }
    // One of these states the size of pointers.
    let mut selection = Selection::new().types(LONG);
    for relocation in checker.object().relocations() {
        // Types have other ids in other BTF.
        if relocation.kind().is_none_or(|kind| kind == RelocKind::TypeIdTarget) {
            return None;
        }
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

/// Returns `true` if a result follows from the types with the names that the object asks for. An explanation looks at
/// types with other names, and that there are no functions or variables at all shows in the whole BTF alone.
fn is_shown_by_names(checked: &Checked<'_>) -> bool {
    let is_plain = |finding: &Finding<'_>| {
        matches!(finding.verdict, RelocationVerdict::Unchanged | RelocationVerdict::Changed)
    };
    let depends_on_others =
        |answer: Answer| matches!(answer, Answer::Open(OpenReason::NotInBtf, _));
    checked.findings.iter().all(is_plain)
        && !checked.needs.iter().any(|need| depends_on_others(need.answer))
}
