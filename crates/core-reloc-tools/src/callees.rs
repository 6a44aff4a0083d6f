//! The functions that a program may call, within a budget: many programs may call the same many functions.

use std::collections::BTreeSet;

use core_reloc::{
    elf::requirements::{Requirements, Used},
    patch::insn::SLOT,
};

/// Returns the indices of a function and of all that it may call, directly or through others, callbacks included;
/// `None` if that takes too many steps. Each function takes one, and so does each of its instructions and of their
/// uses.
pub(crate) fn callees(
    requirements: &Requirements<'_>,
    function: usize,
    steps: &mut u64,
) -> Option<BTreeSet<usize>> {
    let mut found = BTreeSet::from([function]);
    let mut pending = vec![function];
    while let Some(index) = pending.pop() {
        let Some(function) = requirements.functions.get(index) else { continue };
        let slots = function.code.len().checked_div(SLOT).unwrap_or(0);
        let cost = slots.saturating_add(function.uses.len()).saturating_add(1);
        let Some(left) = steps.checked_sub(u64::try_from(cost).ok()?) else {
            *steps = 0;
            return None;
        };
        *steps = left;
        for used in &function.uses {
            if let Used::Function(other) | Used::Callback(other) = used.what
                && found.insert(other)
            {
                pending.push(other);
            }
        }
    }
    Some(found)
}
