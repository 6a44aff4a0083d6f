//! Checking an object on groups of kernels.
//!
//! A store knows which kernels do not differ in anything that an object asks for by name: one of them answers for all,
//! on BTF with little more than these types. To explain what is missing, `check` looks at more types, such as those
//! with similar names. Kernels for which there is something to explain are divided into groups once more, by these
//! types as well.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use btf_store::{Group, Kernel, Selection, Store};
use btf_types::{Btf, Kind};
use core_reloc::{
    RelocKind, Target,
    elf::requirements::{ExternKind, Requirements},
};
use core_reloc_tools::{
    check::{Checked, Checker, Finding, RelocationVerdict},
    explain::{Explainer, Scope},
    needs::{Answer, Need, OpenReason, Release, Subject},
};
use rayon::prelude::*;

use super::{
    super::{
        super::{objects::ObjectInfo, rows::ObjectRow},
        Collector, TypeIds, described, lacks_something,
    },
    selection::{ScopeNamesCache, selection_of},
};

/// How many objects are divided into groups at once, so that what is known of their groups takes little memory.
const MAX_AT_ONCE: usize = 16;

/// What an object comes to on a kernel, as far as a group of kernels shows.
#[derive(Clone)]
pub(super) struct GroupRow {
    pub(super) row: Arc<ObjectRow>,
    /// Modules may have what the kernel lacks.
    pub(super) lacks: bool,
}

/// The rows of an object that groups show, by the numbers of the kernels.
pub(super) type GroupRows = HashMap<u32, GroupRow>;

/// Checks all objects on the groups of kernels that do not differ for them, as far as that shows what they come to.
/// What is damaged in the store shows when a kernel is extracted.
pub(super) fn rows(collector: &Collector<'_>, store: &Store<'_>) -> Vec<GroupRows> {
    let names = ScopeNamesCache::new(store);
    let checks = collector.checkers.iter().zip(collector.objects);
    let checks = checks.map(|(checker, object)| GroupChecks { collector, store, checker, object });
    let checks: Vec<GroupChecks<'_>> = checks.collect();
    checks.chunks(MAX_AT_ONCE).flat_map(|chunk| rows_of_chunk(chunk, &names, store)).collect()
}

/// Checks as many objects as are divided into groups at once.
fn rows_of_chunk(
    checks: &[GroupChecks<'_>],
    names: &ScopeNamesCache<'_>,
    store: &Store<'_>,
) -> Vec<GroupRows> {
    let asked: Vec<_> = checks.iter().map(|it| selection_of(it.checker)).collect();
    let groups = divide(store, &asked);
    let check = |(checks, groups): (&GroupChecks<'_>, &Vec<Group>)| checks.first(groups);
    let mut shown: Vec<Shown> = checks.par_iter().zip(&groups).map(check).collect();

    let with_scopes = |(asked, shown): (Option<Selection>, &Shown)| {
        let asked = asked.filter(|_| !shown.unexplained.is_empty())?;
        names.with_scopes(asked, &shown.scopes).ok()
    };
    let explained: Vec<_> = asked.into_par_iter().zip(&shown).map(with_scopes).collect();
    let groups = divide(store, &explained);
    let explain = |((checks, groups), shown): ((&GroupChecks<'_>, &Vec<Group>), &mut Shown)| {
        shown.rows.extend(checks.explained(groups, &shown.unexplained));
    };
    checks.par_iter().zip(&groups).zip(&mut shown).for_each(explain);
    shown.into_iter().map(|shown| shown.rows).collect()
}

/// Returns the groups of kernels that do not differ in each selection; none without a selection.
fn divide(store: &Store<'_>, selections: &[Option<Selection>]) -> Vec<Vec<Group>> {
    let chunk = selections.len().div_ceil(rayon::current_num_threads()).max(1);
    let of_chunk = |chunk: &[Option<Selection>]| {
        let wanted: Vec<Selection> = chunk.iter().flatten().cloned().collect();
        let mut groups = store.groups_of(&wanted).unwrap_or_default().into_iter();
        let of_selection = |one: &Option<_>| one.as_ref().and_then(|_| groups.next());
        let groups = chunk.iter().map(of_selection);
        groups.map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    selections.par_chunks(chunk).flat_map_iter(of_chunk).collect()
}

/// The checks of an object on groups of kernels.
struct GroupChecks<'g> {
    collector: &'g Collector<'g>,
    store: &'g Store<'g>,
    checker: &'g Checker<'g>,
    object: &'g ObjectInfo,
}

/// What the groups do not differ in.
#[derive(Clone, Copy)]
enum Pass {
    /// What the object asks for.
    First,
    /// What explanations look at, too.
    Explained,
}

/// What groups of kernels show.
#[derive(Default)]
struct Shown {
    rows: GroupRows,
    /// The kernels for which more types have to be looked at.
    unexplained: BTreeSet<u32>,
    /// These types.
    scopes: BTreeSet<Scope>,
}

impl GroupChecks<'_> {
    /// Checks the object on groups that do not differ in what it asks for.
    fn first(&self, groups: &[Group]) -> Shown {
        let check =
            |group: &Group| self.check(group, group.kernels(), Pass::First).unwrap_or_default();
        groups.par_iter().map(check).reduce(Shown::default, Shown::and)
    }

    /// Checks the object on those of some kernels that are in groups which do not differ in what explanations look
    /// at, either.
    fn explained(&self, groups: &[Group], kernels: &BTreeSet<u32>) -> GroupRows {
        let check = |group: &Group| {
            let kernels = group.kernels().iter().copied().filter(|it| kernels.contains(it));
            let kernels: Vec<u32> = kernels.collect();
            let shown = (!kernels.is_empty()).then(|| self.check(group, &kernels, Pass::Explained));
            shown.flatten().unwrap_or_default()
        };
        groups.par_iter().map(check).reduce(Shown::default, Shown::and).rows
    }

    /// Checks the object on some kernels of a group. In the first pass, kernels whose explanations look at more types
    /// are only noted, with these types.
    fn check(&self, group: &Group, kernels: &[u32], pass: Pass) -> Option<Shown> {
        let Self { store, .. } = self;
        let extracted = group.extract(store).ok()?;
        let btf = Btf::parse(extracted.as_bytes()).ok()?;
        btf.validate().ok()?;
        let target = Target::new(&btf);
        let local = self.checker.object().btf();
        let mut explanations = self.collector.explanations.on(local, &target);
        let mut shown = Shown::default();
        let mut by_release: HashMap<Option<Release>, Option<(GroupRow, Condition)>> =
            HashMap::new();
        for number in kernels {
            let kernel = store.kernel(*number).ok()?;
            let release = kernel.info().release;
            let key = self.collector.release(release);
            let found = by_release.entry(key).or_insert_with(|| {
                let described = described(&target, release, None, None);
                let checked = self.checker.check(&described);
                let condition = Condition::of(&checked, self.checker.requirements())?;
                let has_comparisons = self.collector.explanations.have_comparisons();
                if has_comparisons && checked.findings.iter().any(is_explained) {
                    // Definitions show what is in structs without names behind any number of pointers.
                    return None;
                }
                let scopes = match pass {
                    Pass::First => self.scopes(&target, &checked),
                    Pass::Explained => BTreeSet::new(),
                };
                if !scopes.is_empty() {
                    shown.scopes.extend(scopes);
                    shown.unexplained.extend(kernels);
                    return None;
                }
                let lacks = lacks_something(self.checker, &target, &checked);
                let row =
                    self.collector.row(self.object, &mut explanations, checked, TypeIds::Store);
                Some((GroupRow { row, lacks }, condition))
            });
            if let Some((row, condition)) = found
                && condition.holds(&kernel).ok()?
            {
                shown.rows.insert(*number, row.clone());
            }
        }
        Some(shown)
    }

    /// Returns what the explanations of the findings look at besides the types that the object asks for.
    fn scopes(&self, target: &Target<'_>, checked: &Checked<'_>) -> BTreeSet<Scope> {
        let Some(local) = self.checker.object().btf() else { return BTreeSet::new() };
        let mut explainer = Explainer::new(local, target);
        let explained = checked.findings.iter().filter(|finding| is_explained(finding));
        explained.flat_map(|finding| explainer.scopes(&finding.report)).collect()
    }
}

impl Shown {
    fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.unexplained.extend(other.unexplained);
        self.scopes.extend(other.scopes);
        self
    }
}

/// Returns `true` if a report explains a relocation.
fn is_explained(finding: &Finding<'_>) -> bool {
    !matches!(finding.verdict, RelocationVerdict::Unchanged | RelocationVerdict::Changed)
}

/// What the results depend on besides the selected types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Nothing,
    /// The BTF has no variables at all, as that of older encoders: whether the kernel has one is not known then.
    NoVariables,
}

impl Condition {
    /// Returns `None` if only the whole BTF answers: whether there are functions at all, or which ids types have.
    fn of(checked: &Checked<'_>, requirements: &Requirements<'_>) -> Option<Self> {
        let has_stored_id = |finding: &Finding<'_>| {
            finding.report.relocation.kind() == Some(RelocKind::TypeIdTarget)
                && finding.verdict == RelocationVerdict::Unchanged
        };
        if checked.findings.iter().any(has_stored_id) {
            return None;
        }
        let is_variable = |index: usize| {
            let symbol = requirements.externs.get(index);
            symbol.is_some_and(|symbol| matches!(symbol.kind, ExternKind::Variable(_)))
        };
        let mut condition = Self::Nothing;
        let is_open =
            |need: &&Need<'_>| matches!(need.answer, Answer::Open(OpenReason::NotInBtf, _));
        for need in checked.needs.iter().filter(is_open) {
            match need.subject {
                Subject::Extern(index) if is_variable(index) => condition = Self::NoVariables,
                Subject::Extern(_) | Subject::Hook(_) | Subject::StructOps(_) => return None,
                // Whether an enum is there shows in what was selected.
                _ => {}
            }
        }
        Some(condition)
    }

    fn holds(self, kernel: &Kernel<'_>) -> btf_store::Result<bool> {
        Ok(match self {
            Self::Nothing => true,
            Self::NoVariables => !kernel.has(Kind::Var)?,
        })
    }
}
