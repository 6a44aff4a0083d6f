//! Explaining what became of the relocations of an object.

use super::{Explainer, Explanation, Problem, plain};
use core_reloc::{
    Status,
    elf::{Outcome, Report},
};

impl Explainer<'_> {
    /// Explains a relocation that did not find what it asks for; none if it did.
    ///
    /// A question for existence that was answered with "no" is explained too.
    pub fn report(&mut self, report: &Report<'_>) -> Option<Explanation> {
        let decoded = report.relocation.decode();
        let relocation = decoded.as_ref().ok();
        match &report.outcome {
            Outcome::Failed(error) => Some(self.failed(relocation, error)),
            Outcome::Skipped(skip) => Some(plain(Problem::Invalid, format!("{skip}"), [].into())),
            Outcome::Applied {
                status: Status::Poisoned(poison) | Status::Kept(poison),
                resolution,
            } => Some(self.poisoned(relocation?, resolution, *poison)),
            Outcome::Applied { status: Status::Relocated, resolution } => {
                let unmatched = resolution.unmatched.as_ref()?;
                Some(self.unmatched(relocation?, unmatched))
            }
        }
    }
}
