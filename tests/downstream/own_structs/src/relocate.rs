//! Relocating programs that are linked already.

use std::collections::BTreeMap;

use btf_types::{Btf, BtfExt};
use core_reloc::{
    OnUnresolved, Relocation, Relocator, Resolution, Status, Target, patch::patch_insn,
};

use crate::{
    Function, Input, Linked, Result,
    insn::{encode, instruction, replace},
};

/// The relocations of an object, resolved once for all programs that its functions end up in.
pub struct Records(BTreeMap<String, Vec<(Relocation, Resolution)>>);

impl Records {
    /// Resolves all relocations, in the order of the records: each may narrow the candidates of the next.
    pub fn resolve(input: &Input, target: &Target<'_>) -> Result<Self> {
        let local = Btf::parse_object(&input.btf)?;
        let records = BtfExt::parse_core_relocs(&input.btf_ext)?;
        let mut relocator = Relocator::new(&local, target);
        relocator.prepare_for(&records);
        let mut sections: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (section, record) in records.records() {
            let relocation = relocator.decode(&record)?;
            let resolution = relocator.resolve(&relocation)?;
            let name = local.string(section.name_off())?.to_str()?.to_owned();
            sections.entry(name).or_default().push((relocation, resolution));
        }
        Ok(Self(sections))
    }

    /// The relocations of a function: the index of the instruction in the function, and the resolution.
    fn of<'r>(&'r self, function: &Function) -> impl Iterator<Item = (usize, &'r Resolution)> {
        let section = self.0.get(&function.section).into_iter().flatten();
        let (start, len) = (function.start, function.code.len());
        section.filter_map(move |(relocation, resolution)| {
            let index = (relocation.insn_off.checked_sub(start)? / 8) as usize;
            (index < len).then_some((index, resolution))
        })
    }
}

/// Relocates a program, and returns the number of poisoned instructions.
pub fn relocate(program: &mut Linked, records: &Records) -> Result<usize> {
    let mut poisoned = 0;
    for (start, function) in &program.functions {
        for (index, resolution) in records.of(function) {
            let index = start + index;
            let insn = instruction(&program.code, index).ok_or("half an instruction")?;
            let patched = patch_insn(insn, resolution, OnUnresolved::Poison)?;
            replace(&mut program.code, index, &patched.after);
            poisoned += usize::from(matches!(patched.status, Status::Poisoned(_)));
        }
    }
    Ok(poisoned)
}

/// Relocates a program of bytes; the result is the same. The resolutions are moved to where the
/// instructions are now.
pub fn relocate_bytes(code: &mut [u8], program: &Linked, records: &Records) -> Result<()> {
    for (start, function) in &program.functions {
        for (index, resolution) in records.of(function) {
            let moved = resolution.clone().moved_to(u32::try_from((start + index) * 8)?);
            core_reloc::patch(code, &moved, OnUnresolved::Poison)?;
        }
    }
    Ok(())
}

/// Relocates the bytes of one function alone, which was cut out of its section. Returns them, and why any of
/// them were poisoned: the verifier's log will not say that.
pub fn relocate_function(
    input: &Input,
    function: &Function,
    target: &Target<'_>,
) -> Result<(Vec<u8>, Vec<String>)> {
    let mut code = encode(&function.code);
    let local = Btf::parse_object(&input.btf)?;
    let records = BtfExt::parse_core_relocs(&input.btf_ext)?;
    let mut relocator = Relocator::new(&local, target);
    let mut reasons = Vec::new();
    if let Some(records) = records.section(&local, &function.section) {
        let range = function.start..function.start + u32::try_from(code.len())?;
        for record in records.records().filter(|record| range.contains(&record.insn_off)) {
            let relocation = relocator.decode(&record)?;
            let applied = relocator.relocate_at(&mut code, function.start, &relocation)?;
            reasons.extend(relocator.reason(&relocation, &applied).map(String::from));
        }
    }
    Ok((code, reasons))
}
