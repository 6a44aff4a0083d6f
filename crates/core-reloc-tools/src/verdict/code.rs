//! The relocated code of an object, by function.

use std::collections::BTreeMap;

use core_reloc::{
    Options,
    elf::{Object, Report, requirements::Requirements},
};

use crate::needs::Kernel;

/// The relocated code and the outcomes of the relocations of each function.
pub(super) struct RelocatedCode<'a> {
    reports: BTreeMap<usize, Vec<Report<'a>>>,
    functions: Vec<Vec<u8>>,
}

impl<'a> RelocatedCode<'a> {
    /// Relocates an object for a kernel, with the default options.
    pub(super) fn of(
        object: &'a Object<'a>,
        requirements: &Requirements<'a>,
        kernel: &Kernel<'a>,
    ) -> Self {
        let mut functions: Vec<Vec<u8>> =
            requirements.functions.iter().map(|function| function.code.to_vec()).collect();
        let starts: BTreeMap<(u32, u64), usize> = (0..)
            .zip(&requirements.functions)
            .map(|(index, function)| ((function.section_index, function.range.start), index))
            .collect();
        let mut reports: BTreeMap<usize, Vec<Report<'a>>> = BTreeMap::new();
        for report in object.relocate(kernel.target(), Options::default()) {
            let range = report.relocation.function_range();
            let function = range.and_then(|(section, range)| starts.get(&(section, range.start)));
            let Some(index) = function.copied() else { continue };
            if let Some(code) = functions.get_mut(index) {
                write(&report, code);
            }
            reports.entry(index).or_default().push(report);
        }
        Self { reports, functions }
    }

    /// Returns the code of all functions.
    pub(super) fn functions(&self) -> Vec<&[u8]> {
        self.functions.iter().map(Vec::as_slice).collect()
    }

    /// Returns the outcomes of the relocations of a function.
    pub(super) fn reports(&self, function: usize) -> &[Report<'a>] {
        self.reports.get(&function).map_or(&[], Vec::as_slice)
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
