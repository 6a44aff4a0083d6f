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

use btf_store::{Group, Kernel, Selection};
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
    selection::{LikeNames, asked},
};

/// What an object comes to on a kernel, as far as a group of kernels shows.
#[derive(Clone)]
pub(super) struct GroupRow {
    pub(super) row: Arc<ObjectRow>,
    /// Modules may have what the kernel lacks.
    pub(super) lacks: bool,
}

/// The rows of an object that groups show, by the numbers of the kernels.
pub(super) type GroupRows = HashMap<u32, GroupRow>;

/// The groups of kernels that do not differ for an object.
pub(super) struct Groups<'g> {
    pub(super) collector: &'g Collector<'g>,
    pub(super) names: &'g LikeNames<'g>,
    pub(super) checker: &'g Checker<'g>,
    pub(super) object: &'g ObjectInfo,
}

/// What a group of kernels shows.
#[derive(Default)]
struct Shown {
    rows: GroupRows,
    /// The kernels for which more types have to be looked at.
    unexplained: BTreeSet<u32>,
    /// These types.
    scopes: BTreeSet<Scope>,
}

impl Groups<'_> {
    /// Checks the object on each group of kernels, as far as that shows what they come to. What is damaged in the
    /// store shows when a kernel is extracted.
    pub(super) fn rows(&self) -> GroupRows {
        let Some(selection) = asked(self.checker) else { return GroupRows::new() };
        let Shown { mut rows, unexplained, scopes } = self.check(&selection, |_| true, true);
        if !unexplained.is_empty()
            && let Ok(selection) = self.names.with_scopes(selection, &scopes)
        {
            rows.extend(self.check(&selection, |kernel| unexplained.contains(&kernel), false).rows);
        }
        rows
    }

    /// Checks the object on the groups that do not differ in a selection. With `is_first`, only types that it asks
    /// for are selected.
    fn check(
        &self,
        selection: &Selection,
        is_wanted: impl Fn(u32) -> bool + Sync,
        is_first: bool,
    ) -> Shown {
        let groups = self.names.store().groups(selection).unwrap_or_default();
        let check = |group: &Group| {
            let kernels = group.kernels().iter().copied().filter(|kernel| is_wanted(*kernel));
            let kernels: Vec<u32> = kernels.collect();
            let shown = (!kernels.is_empty()).then(|| self.check_group(group, &kernels, is_first));
            shown.flatten().unwrap_or_default()
        };
        groups.par_iter().map(check).reduce(Shown::default, Shown::and)
    }

    fn check_group(&self, group: &Group, kernels: &[u32], is_first: bool) -> Option<Shown> {
        let store = self.names.store();
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
                let scopes =
                    if is_first { self.scopes(&target, &checked) } else { BTreeSet::new() };
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

/// On what else the results depend than the types that were selected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Nothing,
    /// The kernel has no variables at all, as BTF of older encoders, so that it does not show whether it has one.
    NoVariables,
}

impl Condition {
    /// Returns `None` if the results depend on more than a store tells: that there are no functions at all, or which
    /// ids types have.
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
