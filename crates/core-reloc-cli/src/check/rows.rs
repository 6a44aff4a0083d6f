//! The results of objects on kernels.
//!
//! Most kernels answer alike. What is kept of one more kernel is hardly more than its name: rows that are equal
//! are shared, and so are the results in rows that differ.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use core_reloc_tools::check::{RelocationVerdict, Verdict};
use serde::{Deserialize, Serialize};

use super::{
    explanations::SharedExplanation, interner::Interner, kernel_set::KernelSet, shard::verdict,
};

/// A row for each object.
pub(super) type KernelRows = Arc<[Arc<ObjectRow>]>;

/// The results of an object on one kernel.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectRow {
    /// In the order of the object's programs.
    pub(super) programs: Vec<Arc<ProgramResult>>,
    /// Those that are not unchanged, in the order of the records.
    pub(super) relocations: Vec<Arc<RelocationResult>>,
    /// What user space must provide, and programs are not refused for.
    pub(super) open: Vec<OpenResult>,
    pub(super) notes: Vec<NoteResult>,
}

/// The result of a program.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ProgramResult {
    #[serde(with = "verdict")]
    pub(super) verdict: Verdict,
    pub(super) causes: Vec<CauseResult>,
}

/// A cause of a verdict.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct CauseResult {
    #[serde(with = "verdict")]
    pub(super) verdict: Verdict,
    pub(super) what: Cow<'static, str>,
    pub(super) name: String,
    pub(super) relocations: Vec<usize>,
}

/// The result of a relocation on one kernel.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RelocationResult {
    /// The index of the relocation in its object.
    pub(super) relocation: usize,
    pub(super) verdict: RelocationStatus,
    pub(super) value: Option<u64>,
    /// What keeps the verifier from a poisoned instruction, or which question about it does not.
    pub(super) proof: Option<String>,
    /// `None` if the instruction has the kernel's value.
    pub(super) explanation: Option<Arc<SharedExplanation>>,
}

/// The verdict on a relocation that is not unchanged, without what proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RelocationStatus {
    Changed,
    Guarded,
    Conditional,
    Poisoned,
    Failed,
    Skipped,
}

impl RelocationStatus {
    /// Returns `None` if the relocation is unchanged.
    pub(super) fn of(verdict: RelocationVerdict) -> Option<Self> {
        Some(match verdict {
            RelocationVerdict::Unchanged => return None,
            RelocationVerdict::Changed => Self::Changed,
            RelocationVerdict::Guarded { .. } => Self::Guarded,
            RelocationVerdict::Conditional => Self::Conditional,
            RelocationVerdict::Poisoned { .. } => Self::Poisoned,
            RelocationVerdict::Skipped => Self::Skipped,
            // A verdict that is not known here must not pass for a good one.
            _ => Self::Failed,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Guarded => "guarded",
            Self::Conditional => "conditional",
            Self::Poisoned => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Something that an object leaves open.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct OpenResult {
    pub(super) what: Cow<'static, str>,
    pub(super) name: String,
}

/// Something that does not keep a program from loading, but may give it a wrong value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct NoteResult {
    /// `local copy` or `size`.
    pub(super) what: Cow<'static, str>,
    /// The index of the relocation in its object.
    pub(super) relocation: usize,
    pub(super) text: String,
}

impl ObjectRow {
    /// Returns the result of a relocation that is not unchanged.
    pub(super) fn relocation(&self, index: usize) -> Option<&RelocationResult> {
        let found = self.relocations.binary_search_by_key(&index, |result| result.relocation);
        found.ok().map(|found| &*self.relocations[found])
    }

    /// Returns `false` if the object is for another architecture than the kernel.
    pub(super) fn has_architecture(&self) -> bool {
        !self.programs.iter().any(|program| program.verdict == Verdict::OtherArchitecture)
    }
}

/// All distinct rows of a check, and the distinct results in them.
#[derive(Default)]
pub(super) struct Rows {
    rows: Interner<ObjectRow>,
    programs: Interner<ProgramResult>,
    relocations: Interner<RelocationResult>,
}

impl Rows {
    /// Returns the shared row with these results.
    pub(super) fn share(
        &self,
        programs: impl IntoIterator<Item = ProgramResult>,
        relocations: impl IntoIterator<Item = RelocationResult>,
        open: Vec<OpenResult>,
        notes: Vec<NoteResult>,
    ) -> Arc<ObjectRow> {
        let programs = programs.into_iter().map(|result| self.programs.intern(result));
        let relocations = relocations.into_iter().map(|result| self.relocations.intern(result));
        let (programs, relocations) = (programs.collect(), relocations.collect());
        self.rows.intern(ObjectRow { programs, relocations, open, notes })
    }
}

/// A row, and the kernels that have it.
pub(super) struct Alike<'r> {
    pub(super) row: &'r ObjectRow,
    pub(super) kernels: KernelSet,
}

impl Alike<'_> {
    /// Returns the distinct rows among those of all kernels, in the order of their first kernels.
    pub(super) fn of<'r>(rows: impl Iterator<Item = &'r Arc<ObjectRow>>) -> Vec<Alike<'r>> {
        let mut all: Vec<Alike<'r>> = Vec::new();
        // Equal rows are shared, so that the address identifies each.
        let mut known: HashMap<*const ObjectRow, usize> = HashMap::new();
        for (kernel, row) in rows.enumerate() {
            let at = *known.entry(Arc::as_ptr(row)).or_insert_with(|| {
                all.push(Alike { row, kernels: KernelSet::default() });
                all.len() - 1
            });
            all[at].kernels.insert(kernel);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a row of two programs and two changed relocations, the second with a value.
    fn row(rows: &Rows, value: u64) -> Arc<ObjectRow> {
        let program = |_| ProgramResult { verdict: Verdict::Changed, causes: Vec::new() };
        let relocation = |(relocation, value)| RelocationResult {
            relocation,
            verdict: RelocationStatus::Changed,
            value: Some(value),
            proof: None,
            explanation: None,
        };
        let relocations = [(0, 8), (1, value)].map(relocation);
        rows.share([0, 1].map(program), relocations, Vec::new(), Vec::new())
    }

    #[test]
    fn of_a_thousand_kernels_only_what_differs_is_kept() {
        let rows = Rows::default();
        let all: Vec<_> = (0..1000).map(|kernel| row(&rows, kernel % 3)).collect();
        // The first relocation is the same on all kernels.
        assert_eq!([rows.rows.len(), rows.programs.len(), rows.relocations.len()], [3, 1, 4]);
        let alike = Alike::of(all.iter());
        assert_eq!(alike.len(), 3);
        for (first, Alike { row, kernels }) in alike.iter().enumerate() {
            assert_eq!(row.relocations[1].value, Some(first as u64));
            let expected: Vec<usize> = (first..1000).step_by(3).collect();
            assert_eq!(kernels.iter().collect::<Vec<_>>(), expected);
        }
    }
}
