//! How much work hostile input may cause.

use crate::{error::Cause, limits};

/// Counts down the steps of searches and tests: a member or a pair of types looked at is a step.
///
/// What is granted grows with the input and with the number of relocations, so that all work
/// together stays linear in both. Kernel types stay below by orders of magnitude.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: u64,
}

impl Budget {
    /// A budget for types of so many bytes of BTF.
    pub(crate) fn for_input(bytes: usize) -> Self {
        let granted = (bytes as u64).saturating_mul(limits::STEPS_PER_BYTE);
        Self { left: limits::BASE_STEPS.saturating_add(granted) }
    }

    /// Adds what one more relocation may take.
    pub(crate) fn grant_relocation(&mut self) {
        self.left = self.left.saturating_add(limits::STEPS_PER_RELOCATION);
    }

    /// Takes `steps` off.
    #[inline]
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Cause> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Cause::TooComplex)?;
        Ok(())
    }
}
