//! Findings: the outcome of a relocation on a kernel, and its verdict.

use core_reloc::{
    Status,
    elf::{Outcome, Report},
};

/// The outcome of one relocation, and the verdict on it.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The outcome.
    pub report: Report<'a>,
    /// The verdict.
    pub verdict: Verdict,
}

/// What the outcome of a relocation means for the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The instruction already holds the right value.
    Unchanged,
    /// The instruction holds the kernel's value instead of the compiler's.
    Changed,
    /// The instruction is poisoned.
    Poisoned {
        /// Why it does no harm; `None` if the program may reach it.
        guard: Option<Guard>,
    },
    /// The relocation is broken or ambiguous. No loader accepts the object.
    Failed,
    /// The instruction belongs to no function. Loaders ignore it.
    Skipped,
}

/// Why a poisoned instruction does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// The object checks whether the type, field or enumerator exists, and on this kernel it does not.
    Existence {
        /// The index of the relocation that checks it, among all relocations of the object.
        relocation: usize,
        /// Whether that relocation is in the same function.
        in_function: bool,
    },
    /// No path leads to the instruction on this kernel.
    Unreachable,
}

impl Verdict {
    /// Returns the verdict on a report, before guards are looked for.
    pub(super) fn without_guard(report: &Report<'_>) -> Self {
        match &report.outcome {
            Outcome::Applied { status: Status::Relocated, .. } if report.before == report.after => {
                Self::Unchanged
            }
            Outcome::Applied { status: Status::Relocated, .. } => Self::Changed,
            Outcome::Applied { .. } => Self::Poisoned { guard: None },
            Outcome::Failed(_) => Self::Failed,
            Outcome::Skipped(_) => Self::Skipped,
            // An outcome that is not known here must not pass for a good one.
            _ => Self::Failed,
        }
    }

    /// Returns the name: `unchanged`, `changed`, `guarded`, `poisoned`, `failed` or `skipped`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Poisoned { guard: Some(_) } => "guarded",
            Self::Poisoned { guard: None } => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Returns `true` if the object may fail to load or to work because of the relocation.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Poisoned { guard: None } | Self::Failed)
    }
}
