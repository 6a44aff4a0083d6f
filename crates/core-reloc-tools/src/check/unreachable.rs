//! Poisoned instructions that no path through their function leads to.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{
    finding::{Finding, Guard, Verdict},
    reach::Reach,
};

/// The functions of an object in which a poisoned instruction was looked for.
pub(super) struct Functions {
    /// The sections and offsets of the instructions that relocations have set, sorted.
    relocated: Vec<(u32, u64)>,
    /// By the section and offset of the function.
    reach: BTreeMap<(u32, u64), Reach>,
}

impl Functions {
    pub(super) fn new(findings: &[Finding<'_>]) -> Self {
        let is_relocated = |finding: &&Finding<'_>| {
            matches!(finding.verdict, Verdict::Unchanged | Verdict::Changed)
        };
        let insn = |finding: &Finding<'_>| {
            let relocation = &finding.report.relocation;
            let (section, _) = relocation.function_range()?;
            Some((section, u64::from(relocation.insn_off())))
        };
        let relocated = findings.iter().filter(is_relocated);
        let mut relocated: Vec<_> = relocated.filter_map(insn).collect();
        relocated.sort_unstable();
        Self { relocated, reach: BTreeMap::new() }
    }

    /// Returns the guard of an instruction that cannot be reached. `code` is that of its section.
    pub(super) fn unreachable_guard(
        &mut self,
        finding: &Finding<'_>,
        code: &[u8],
    ) -> Option<Guard> {
        let relocation = &finding.report.relocation;
        let (section, Range { start, end }) = relocation.function_range()?;
        let reach = self.reach.entry((section, start)).or_insert_with(|| {
            let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
            let code = code.get(index(start)..index(end)).unwrap_or_default();
            let is_relocated = |offset: u32| {
                let in_section = start.saturating_add(offset.into());
                self.relocated.binary_search(&(section, in_section)).is_ok()
            };
            Reach::of(code, relocation.byte_order(), is_relocated)
        });
        let insn = usize::try_from(relocation.insn_in_function()?).ok()?;
        (!reach.includes(insn)).then_some(Guard::Unreachable)
    }
}
