//! Reports: the outcome of each relocation of an object.

use alloc::string::{String, ToString};
use core::fmt;

use super::{records::ObjectRelocation, skip::Skip};
use crate::{
    describe::describe_unmatched,
    error::Error,
    patch::{Code, Poison, Status},
    record::RelocKind,
    resolve::Resolution,
    target::Target,
};

/// The outcome of one relocation.
///
/// `Display` writes it in one line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The relocation.
    pub relocation: ObjectRelocation<'a>,
    /// The instruction before; `None` if there is none at the offset.
    pub before: Option<Code>,
    /// The instruction after; the same as before if nothing was done.
    pub after: Option<Code>,
    /// The outcome.
    pub outcome: Outcome,
    pub(super) target: &'a Target<'a>,
}

/// The outcome of a relocation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was resolved, and the resolution was applied.
    Applied {
        /// What was done to the instruction.
        status: Status,
        /// The resolution, with the values that the instruction held and received.
        resolution: Resolution,
    },
    /// It failed.
    Failed(Error),
    /// No function contains its instruction, so no loader applies it.
    Skipped(Skip),
}

impl Outcome {
    /// Returns the outcome in one word: `relocated`, `poisoned`, `kept`, `failed` or `skipped`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied { status: Status::Relocated, .. } => "relocated",
            Self::Applied { status: Status::Poisoned(_), .. } => "poisoned",
            Self::Applied { status: Status::Kept(_), .. } => "kept",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    /// Returns `true` if the relocation failed, so that the object must not be loaded.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Returns the new value of the instruction, if it has one.
    pub fn value(&self) -> Option<u64> {
        match self {
            Self::Applied { status: Status::Relocated, resolution } => resolution.value(),
            Self::Applied { .. } | Self::Failed(_) | Self::Skipped(_) => None,
        }
    }
}

impl Report<'_> {
    /// Returns the reason why the instruction does not hold the target's value; `None` if it does.
    pub fn reason(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Applied { status: Status::Relocated, .. } => None,
            Outcome::Applied {
                status: Status::Poisoned(poison) | Status::Kept(poison),
                resolution,
            } => Some(self.why_poisoned(*poison, resolution)),
            Outcome::Failed(error) => Some(error.to_string()),
            Outcome::Skipped(skip) => Some(skip.to_string()),
        }
    }

    /// Returns the name of the module to whose types the id of a type_id_target belongs; `None` if it is one
    /// of the kernel's, or the value is not an id. Loaders pass such an id together with the module's BTF.
    pub fn id_module(&self) -> Option<&str> {
        let Outcome::Applied { status: Status::Relocated, resolution } = &self.outcome else {
            return None;
        };
        let candidate = resolution.candidate.filter(|_| resolution.kind == RelocKind::TypeIdTarget);
        let module = self.target.modules().get(candidate?.module? as usize)?;
        Some(module.name)
    }

    fn why_poisoned(&self, poison: Poison, resolution: &Resolution) -> String {
        match (poison, &resolution.unmatched, self.relocation.decode()) {
            (Poison::Unresolved, Some(unmatched), Ok(relocation)) => {
                describe_unmatched(self.relocation.local(), self.target, &relocation, unmatched)
            }
            (poison, ..) => poison.to_string(),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relocation = &self.relocation;
        let (section, insn_off) = (relocation.section(), relocation.insn_off());
        write!(f, "{section}+{insn_off:#x}: ")?;
        match relocation.kind() {
            Some(kind) => write!(f, "{kind}")?,
            None => write!(f, "kind {}", relocation.record().kind)?,
        }
        write!(f, " of {}: {}", relocation.access_in_c(), self.outcome.name())?;
        if let Some(value) = self.outcome.value() {
            write!(f, ", {value}")?;
        }
        if let Some(module) = self.id_module() {
            write!(f, " (an id of module {module})")?;
        }
        match &self.outcome {
            // The error names the relocation, which was just named.
            Outcome::Failed(error) => write!(f, ": {}", error.cause),
            _ => self.reason().map_or(Ok(()), |reason| write!(f, ": {reason}")),
        }
    }
}
