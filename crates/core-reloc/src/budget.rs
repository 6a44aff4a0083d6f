//! How much work hostile input may cause.

use btf_types::{Error as BtfError, Kind, Name, Type, limits::MAX_MODIFIER_CHAIN};

use crate::{error::Cause, limits, value::Side};

/// Counts down the steps of searches and tests: a member, a pair of types, a typedef or modifier
/// looked at is a step, and so are some bytes of names.
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

    /// A budget for one relocation alone.
    pub(crate) fn for_relocation() -> Self {
        Self { left: limits::STEPS_PER_RELOCATION }
    }

    /// Adds what one more relocation may take.
    pub(crate) fn grant_relocation(&mut self) {
        self.left = self.left.saturating_add(limits::STEPS_PER_RELOCATION);
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Takes `steps` off.
    #[inline]
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Cause> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Cause::TooComplex)?;
        Ok(())
    }

    /// Takes off what looking at every byte of a name takes.
    #[inline]
    pub(crate) fn spend_name(&mut self, name: Name<'_>) -> Result<(), Cause> {
        self.spend(name.len() / limits::NAME_BYTES_PER_STEP)
    }

    /// The type behind modifiers and typedefs, each of which is a step.
    #[inline]
    pub(crate) fn behind<'a>(&mut self, ty: Type<'a>, side: Side) -> Result<Type<'a>, Cause> {
        if is_passed(ty.kind()) { self.pass(ty, side) } else { Ok(ty) }
    }

    fn pass<'a>(&mut self, ty: Type<'a>, side: Side) -> Result<Type<'a>, Cause> {
        let mut behind = ty;
        for _ in 0..MAX_MODIFIER_CHAIN {
            match behind.referenced_id() {
                Some(id) if is_passed(behind.kind()) => {
                    self.spend(1)?;
                    behind = behind.btf().type_by_id(id).map_err(side.cause())?;
                }
                _ => return Ok(behind),
            }
        }
        let allowed = MAX_MODIFIER_CHAIN;
        Err(side.cause()(BtfError::ChainTooLong { id: ty.id(), allowed }))
    }
}

#[inline]
fn is_passed(kind: Kind) -> bool {
    kind == Kind::Typedef || kind.is_modifier()
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};

    use super::*;

    #[test]
    fn steps_are_granted_for_bytes_and_relocations_and_taken_off() {
        let base = 4 * 1024 * 1024;
        let mut budget = Budget::for_input(10);
        assert_eq!(budget.left(), base + 10 * 16);
        budget.grant_relocation();
        assert_eq!(budget.left(), base + 10 * 16 + 1024);
        assert_eq!(Budget::for_relocation().left(), 1024);

        let mut budget = Budget { left: 10 };
        assert!(budget.spend(0).is_ok() && budget.spend(7).is_ok());
        // Every whole 32 bytes are a step.
        for (len, left) in [(31, 3), (32, 2), (95, 0)] {
            assert!(budget.spend_name(Name::new(&[b'n'; 95][..len])).is_ok());
            assert_eq!(budget.left(), left);
        }
        assert_eq!(budget.spend(1), Err(Cause::TooComplex));
        assert_eq!(budget.spend_name(Name::new(&[b'n'; 32])), Err(Cause::TooComplex));
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn every_typedef_and_modifier_passed_is_a_step() {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let constant = btf.constant(int);
        let id = btf.typedef("t", constant);
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let ty = btf.type_by_id(id).unwrap();

        let mut budget = Budget { left: 3 };
        assert_eq!(budget.behind(ty, Side::Local).unwrap().id(), int);
        assert_eq!(budget.left(), 1);
        assert_eq!(budget.behind(ty, Side::Local).unwrap_err(), Cause::TooComplex);
        // What is none costs nothing.
        let int = btf.type_by_id(int).unwrap();
        assert_eq!(budget.behind(int, Side::Local).unwrap().id(), int.id());
    }
}
