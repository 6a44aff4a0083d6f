//! Verdicts.

use std::fmt;

/// Whether a program loads on a kernel. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The object was compiled for another architecture: its byte order or its registers are others.
    OtherArchitecture,
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
    /// All verdicts, the worst first.
    pub const ALL: [Self; 11] = [
        Self::OtherArchitecture,
        Self::Failed,
        Self::Missing,
        Self::Poisoned,
        Self::LeftOpen,
        Self::Conditional,
        Self::NotAttachable,
        Self::Guarded,
        Self::Changed,
        Self::Ok,
        Self::Skipped,
    ];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherArchitecture => "other_architecture",
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
        matches!(
            self,
            Self::OtherArchitecture
                | Self::Failed
                | Self::Missing
                | Self::Poisoned
                | Self::NotAttachable
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
