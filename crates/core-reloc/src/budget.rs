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
