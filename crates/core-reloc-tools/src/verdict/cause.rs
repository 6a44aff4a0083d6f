//! Verdicts and their causes.

use std::borrow::Cow;
use std::fmt;

use btf_types::Name;

/// The verdict on one program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramVerdict<'a> {
    /// The index of the program in the object's requirements.
    pub program: usize,
    /// Its name.
    pub name: Name<'a>,
    /// The name of its section.
    pub section: Name<'a>,
    /// Whether loaders skip it unless user space asks for it: its section starts with `?`.
    pub is_optional: bool,
    /// The verdict: the first of its causes', or a good one.
    pub verdict: Verdict,
    /// Everything that keeps the program from loading or attaching, or that it depends on; the worst first.
    pub causes: Vec<Cause<'a>>,
}

/// A reason for a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause<'a> {
    /// The verdict that it leads to.
    pub verdict: Verdict,
    /// What is missing, poisoned, open or assumed.
    pub name: Cow<'a, str>,
}

/// Whether a program loads on a kernel. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// A relocation is broken or ambiguous. No loader accepts the object.
    Failed,
    /// The kernel lacks something that the program or its object cannot load without.
    Missing,
    /// The verifier reaches a poisoned instruction.
    Poisoned,
    /// User space must provide something, or types cannot tell whether the kernel has it.
    LeftOpen,
    /// It loads if read-only data and configuration have the values that its causes name.
    Conditional,
    /// It loads, but what it attaches to is missing.
    NotAttachable,
    /// It has poisoned instructions, none of which the verifier reaches.
    Guarded,
    /// Instructions hold the kernel's values instead of the compiler's.
    Changed,
    /// All instructions already hold the right values.
    Ok,
    /// It asks nothing of the kernel.
    Skipped,
}

impl Verdict {
    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Poisoned => "poisoned",
            Self::LeftOpen => "left_open",
            Self::Conditional => "conditional",
            Self::NotAttachable => "not_attachable",
            Self::Guarded => "guarded",
            Self::Changed => "changed",
            Self::Ok => "ok",
            Self::Skipped => "skipped",
        }
    }

    /// Returns `true` if the program does not load, or cannot be attached.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Failed | Self::Missing | Self::Poisoned | Self::NotAttachable)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
