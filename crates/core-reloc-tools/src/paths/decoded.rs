//! The decoded instructions of a function.

use btf_types::ByteOrder;
use core_reloc::patch::insn::{Class, Insn, SLOT};

use super::evaluate::Jump;
use crate::insn::jump_target;

/// The decoded instructions of a function.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) insns: Vec<Insn>,
    /// Whether paths may meet at each instruction: where jumps lead, where functions start, and where calls return.
    /// All loops go through one of these.
    joins: Vec<bool>,
}

impl Decoded {
    pub(super) fn of(code: &[u8], order: ByteOrder) -> Self {
        let (slots, _) = code.as_chunks::<SLOT>();
        let insns: Vec<Insn> = slots.iter().map(|slot| Insn::decode(*slot, order)).collect();
        let mut joins = vec![false; insns.len()];
        let mut join = |at: usize| {
            if let Some(join) = joins.get_mut(at) {
                *join = true;
            }
        };
        join(0);
        let mut is_indirect = false;
        for (at, insn) in insns.iter().enumerate() {
            if insn.class() == Class::Jump {
                match Jump::of(*insn) {
                    Jump::Exit => {}
                    Jump::Call => join(at.saturating_add(1)),
                    Jump::Indirect => is_indirect = true,
                    Jump::Always | Jump::Perhaps | Jump::If => join(jump_target(*insn, at)),
                }
            }
        }
        if is_indirect {
            joins.fill(true);
        }
        Self { insns, joins }
    }

    /// Returns `true` if paths may meet at an instruction.
    pub(super) fn is_join(&self, at: usize) -> bool {
        self.joins.get(at).copied().unwrap_or(true)
    }
}
