//! The budget: a bound on the work that hostile input can cause.

use btf_types::Type;

use crate::{error::Cause, limits, side::Side};

/// Counts down the steps of searches and comparisons. A member, a pair of types, a typedef or a modifier
/// takes one step, and so does every [`NAME_BYTES_PER_STEP`](limits::NAME_BYTES_PER_STEP) bytes of a name.
///
/// The budget grows with the size of the input and with the number of relocations, so that the total work
/// is linear in both. The types of real kernels need far less.
#[derive(Debug, Clone)]
pub struct Budget {
    remaining: u64,
}

impl Budget {
    /// Creates the budget for input of a number of bytes: those of the local and the target BTF.
    pub fn for_input(bytes: usize) -> Self {
        let granted = (bytes as u64).saturating_mul(limits::STEPS_PER_BYTE);
        Self { remaining: limits::BASE_STEPS.saturating_add(granted) }
    }

    /// Creates the budget for one relocation by itself.
    pub fn for_relocation() -> Self {
        Self { remaining: limits::STEPS_PER_RELOCATION }
    }

    /// Creates a budget of a number of steps.
    pub fn of(steps: u64) -> Self {
        Self { remaining: steps }
    }

    /// Adds the steps of more input, in bytes.
    pub fn grant_input(&mut self, bytes: usize) {
        let granted = (bytes as u64).saturating_mul(limits::STEPS_PER_BYTE);
        self.remaining = self.remaining.saturating_add(granted);
    }

    /// Adds the steps of one more relocation.
    pub fn grant_relocation(&mut self) {
        self.remaining = self.remaining.saturating_add(limits::STEPS_PER_RELOCATION);
    }

    /// Returns the number of steps that are left.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Charges a number of steps.
    ///
    /// # Errors
    /// [`Cause::TooComplex`] if fewer are left.
    #[inline]
    pub fn spend(&mut self, steps: usize) -> Result<(), Cause> {
        self.remaining = self.remaining.checked_sub(steps as u64).ok_or(Cause::TooComplex)?;
        Ok(())
    }

    /// Charges for comparing every byte of a name.
    ///
    /// # Errors
    /// [`Cause::TooComplex`] if too few steps are left.
    #[inline]
    pub fn spend_name(&mut self, name: &[u8]) -> Result<(), Cause> {
        self.spend(name.len() / limits::NAME_BYTES_PER_STEP)
    }

    /// Strips modifiers and typedefs from a type, and charges a step for each.
    #[inline]
    pub(crate) fn strip<'a>(&mut self, ty: Type<'a>, side: Side) -> Result<Type<'a>, Cause> {
        ty.try_skip_modifiers_and_typedefs(|| self.spend(1), side.cause())
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};

    use super::*;

    #[test]
    fn steps_are_granted_for_bytes_and_relocations_and_charged() {
        let base = 8 * 1024 * 1024;
        let mut budget = Budget::for_input(10);
        assert_eq!(budget.remaining(), base + 10 * 16);
        budget.grant_relocation();
        assert_eq!(budget.remaining(), base + 10 * 16 + 1024);
        assert_eq!(Budget::for_relocation().remaining(), 1024);

        let mut budget = Budget::of(10);
        assert!(budget.spend(0).is_ok() && budget.spend(7).is_ok());
        // Every whole 32 bytes are a step.
        for (len, left) in [(31, 3), (32, 2), (95, 0)] {
            assert!(budget.spend_name(&[b'n'; 95][..len]).is_ok());
            assert_eq!(budget.remaining(), left);
        }
        assert_eq!(budget.spend(1), Err(Cause::TooComplex));
        assert_eq!(budget.spend_name(&[b'n'; 32]), Err(Cause::TooComplex));
        assert_eq!(budget.remaining(), 0);
    }

    #[test]
    fn stripping_a_typedef_or_modifier_takes_a_step() {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let constant = btf.constant(int);
        let id = btf.typedef("t", constant);
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let ty = btf.type_by_id(id).unwrap();

        let mut budget = Budget::of(3);
        assert_eq!(budget.strip(ty, Side::Local).unwrap().id(), int);
        assert_eq!(budget.remaining(), 1);
        assert_eq!(budget.strip(ty, Side::Local).unwrap_err(), Cause::TooComplex);
        // Any other type costs nothing.
        let int = btf.type_by_id(int).unwrap();
        assert_eq!(budget.strip(int, Side::Local).unwrap().id(), int.id());
    }
}
