//! The relocated code of an object, by function.

use std::collections::BTreeMap;

use core_reloc::elf::{Report, requirements::Requirements};

use super::finding::Finding;

/// The relocated code and the relocations of each function.
pub(super) struct RelocatedCode {
    /// The indices of the relocations, by function.
    relocations: BTreeMap<usize, Vec<usize>>,
    functions: Vec<Vec<u8>>,
}

impl RelocatedCode {
    pub(super) fn of(requirements: &Requirements<'_>, findings: &[Finding<'_>]) -> Self {
        let mut functions: Vec<Vec<u8>> =
            requirements.functions.iter().map(|function| function.code.to_vec()).collect();
        let starts: BTreeMap<(u32, u64), usize> = (0..)
            .zip(&requirements.functions)
            .map(|(index, function)| ((function.section_index, function.range.start), index))
            .collect();
        let mut relocations: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, Finding { report, .. }) in findings.iter().enumerate() {
            let range = report.relocation.function_range();
            let function = range.and_then(|(section, range)| starts.get(&(section, range.start)));
            let Some(index) = function.copied() else { continue };
            if let Some(code) = functions.get_mut(index) {
                write(report, code);
            }
            relocations.entry(index).or_default().push(position);
        }
        Self { relocations, functions }
    }

    /// Returns the code of all functions.
    pub(super) fn functions(&self) -> Vec<&[u8]> {
        self.functions.iter().map(Vec::as_slice).collect()
    }

    /// Returns the relocations of a function, as indices of the findings.
    pub(super) fn relocations(&self, function: usize) -> &[usize] {
        self.relocations.get(&function).map_or(&[], Vec::as_slice)
    }
}

/// Writes a relocated instruction into the code of its function.
fn write(report: &Report<'_>, code: &mut [u8]) {
    let Some(after) = &report.after else { return };
    let at = report.relocation.insn_in_function().and_then(|insn| insn.checked_mul(8));
    let start = at.and_then(|at| usize::try_from(at).ok());
    let place = start.and_then(|start| code.get_mut(start..)?.get_mut(..after.as_bytes().len()));
    if let Some(place) = place {
        place.copy_from_slice(after.as_bytes());
    }
}
