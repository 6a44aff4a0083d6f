//! Findings: the outcome of a relocation on a kernel, and the verdict on it.

use core_reloc::{
    Status,
    elf::{Outcome, Report},
};

use super::reach::Reach;
use crate::paths::Branch;

/// The outcome of one relocation, and the verdict on it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding<'a> {
    /// The outcome.
    pub report: Report<'a>,
    /// The verdict.
    pub verdict: RelocationVerdict,
}

/// What the outcome of a relocation means for the programs that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RelocationVerdict {
    /// The instruction already holds the right value.
    Unchanged,
    /// The instruction holds the kernel's value instead of the compiler's.
    Changed,
    /// The instruction is poisoned, and the verifier reaches it in no program.
    Guarded {
        /// The branch that keeps the verifier from it in the last program that has it; `None` if no code leads
        /// to it, or no program calls its function.
        branch: Option<Branch>,
        /// As in [`Poisoned`](Self::Poisoned): a relocation that asks whether the thing exists.
        asked: Option<usize>,
    },
    /// The instruction is poisoned, and whether the verifier reaches it depends on read-only data or on the
    /// kernel's configuration. With the values that are known, it does not.
    Conditional,
    /// The instruction is poisoned, and the verifier may reach it.
    Poisoned {
        /// A relocation that asks whether the thing exists, and gets the answer that it does not: its index
        /// among all relocations of the object. The answer does not protect the instruction.
        asked: Option<usize>,
    },
    /// The relocation is broken or ambiguous. No loader accepts the object.
    Failed,
    /// The instruction belongs to no function. Loaders ignore it.
    Skipped,
}

impl<'a> Finding<'a> {
    /// Returns a finding whose instruction counts as reached.
    pub(super) fn new(report: Report<'a>) -> Self {
        let verdict = match &report.outcome {
            Outcome::Applied { status: Status::Relocated, .. } if report.before == report.after => {
                RelocationVerdict::Unchanged
            }
            Outcome::Applied { status: Status::Relocated, .. } => RelocationVerdict::Changed,
            Outcome::Applied { .. } => RelocationVerdict::Poisoned { asked: None },
            Outcome::Failed(_) => RelocationVerdict::Failed,
            Outcome::Skipped(_) => RelocationVerdict::Skipped,
            // An outcome that is not known here must not pass for a good one.
            _ => RelocationVerdict::Failed,
        };
        Self { report, verdict }
    }

    /// Returns `true` if the instruction is poisoned, whether it is reached or not.
    pub fn has_poison(&self) -> bool {
        matches!(self.report.outcome, Outcome::Applied { status: Status::Poisoned(_), .. })
    }
}

impl RelocationVerdict {
    /// Returns the name: `unchanged`, `changed`, `guarded`, `conditional`, `poisoned`, `failed` or `skipped`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Guarded { .. } => "guarded",
            Self::Conditional => "conditional",
            Self::Poisoned { .. } => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Returns `true` if a program may fail to load or to work because of the relocation.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Poisoned { .. } | Self::Failed)
    }
}

impl From<Reach> for RelocationVerdict {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Never(branch) => Self::Guarded { branch, asked: None },
            Reach::NotAsKnown => Self::Conditional,
            Reach::Perhaps => Self::Poisoned { asked: None },
        }
    }
}
