//! The relocations that have to do with an instruction.

use std::collections::BTreeSet;

use btf_types::ByteOrder;
use core_reloc::{
    elf::{
        Object, ObjectError, SourceLines,
        requirements::{Requirements, Used},
    },
    patch::insn::{Class, Insn, SLOT, SLOT_OFF},
};

use super::{
    Rejection,
    line::{opcode, value},
    narrow,
};
use crate::{
    flow::{Flow, Functions, State, What, World},
    insn::{CALL, EXIT},
    limits::MAX_FLOW_STEPS,
};

/// A relocation that has to do with the instruction that the verifier complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Involved {
    /// The relocation, by its index among all relocations of the object.
    pub relocation: usize,
    /// What it has to do with the instruction.
    pub role: Role,
}

/// What a relocation has to do with an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It changes the instruction.
    Instruction,
    /// It changes one before, from which the instruction has an operand: an address, or a number.
    Operand,
}

/// The number of instructions that are considered if the log leaves several.
const MAX_PLACES: usize = 16;

/// An instruction of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    function: usize,
    insn: usize,
}

impl Rejection {
    /// Returns the number in the instruction that relocating may have written, as the log shows it: the offset
    /// of a load or store, or the immediate.
    pub fn value(&self) -> Option<i64> {
        self.insn.and_then(|_| value(&self.text))
    }

    /// Finds the relocations of the instruction, and those that its operands come from. There are none if the
    /// complaint is not about relocations, or if the log shows too little to find the instruction. If it could be
    /// one of several, those of all are returned.
    ///
    /// Without an index of the instruction, as in a summary, there are none.
    ///
    /// # Errors
    /// As [`Object::requirements`].
    pub fn involved<'a>(
        &self,
        object: &'a Object<'a>,
        lines: &SourceLines<'a>,
    ) -> Result<Vec<Involved>, ObjectError> {
        let requirements = object.requirements()?;
        let functions = Functions::of(object, &requirements);
        let mut found: Vec<Involved> = Vec::new();
        let mut add = |relocation, role| {
            if found.iter().all(|known| known.relocation != relocation) {
                found.push(Involved { relocation, role });
            }
        };
        let mut steps = MAX_FLOW_STEPS;
        for place in self.places(&requirements, &functions, lines) {
            let Some(flow) = functions.flow(place.function, &mut steps) else { continue };
            for relocation in flow.relocations(place.insn) {
                add(*relocation, Role::Instruction);
            }
            for relocation in operands(&flow, place.insn, &mut steps) {
                add(relocation, Role::Operand);
            }
        }
        Ok(found)
    }

    /// Finds the instruction in the object: one, if the log has enough details.
    fn places<'a>(
        &self,
        requirements: &Requirements<'a>,
        functions: &Functions<'_, 'a>,
        lines: &SourceLines<'a>,
    ) -> Vec<Place> {
        let Some(index) = self.insn else { return Vec::new() };
        let code = opcode(&self.text);
        // Relocating may change the size of a load or store, but no class.
        let fits = |place: &Place| {
            let insn = functions.insn(place.function, place.insn);
            insn.is_some_and(|insn| code.is_none_or(|code| insn.code & 7 == code & 7))
        };
        let is_of_source = |place: &Place| {
            let function = requirements.functions.get(place.function);
            let line = function.and_then(|function| {
                let offset = u32::try_from(place.insn).ok()?.checked_mul(SLOT_OFF)?;
                let at = u32::try_from(function.range.start).ok()?.checked_add(offset)?;
                lines.at(function.section, function.range.clone(), at)
            });
            self.source.as_ref().zip(line).is_some_and(|(source, line)| source.is(&line))
        };
        let named = |function: usize| {
            let function = requirements.functions.get(function);
            function.zip(self.program.as_deref()).is_some_and(|(it, name)| it.name == name)
        };
        let all = 0..requirements.functions.len();
        let insn = usize::try_from(index.saturating_sub(self.subprogram)).unwrap_or(usize::MAX);
        let main = all.clone().find(|function| named(*function)).filter(|_| self.subprogram == 0);
        if let Some(main) = main {
            let loaded = loaded(requirements, main, insn).filter(fits);
            let is_shown = |place: &Place| self.source.is_none() || is_of_source(place);
            if let Some(place) = loaded.filter(|place| place.function == main || is_shown(place)) {
                return vec![place];
            }
            // Only the source tells which instruction of a subprogram it is.
            let insns = all.flat_map(|function| {
                (0..len(requirements, function)).map(move |insn| Place { function, insn })
            });
            return insns.filter(fits).filter(is_of_source).take(MAX_PLACES).collect();
        }
        let places = all.map(|function| Place { function, insn }).filter(fits);
        let mut places: Vec<Place> = places.collect();
        narrow(&mut places, is_of_source);
        places.truncate(MAX_PLACES);
        places
    }
}

/// Returns the number of slots of a function.
fn len(requirements: &Requirements<'_>, function: usize) -> usize {
    requirements.functions.get(function).map_or(0, |function| function.code.len() / SLOT)
}

/// Returns the instruction with an index in a loaded program: loaders append each function to the program where
/// it is called first.
fn loaded(requirements: &Requirements<'_>, main: usize, mut index: usize) -> Option<Place> {
    let mut pending = vec![main];
    let mut appended = BTreeSet::new();
    while let Some(function) = pending.pop() {
        if !appended.insert(function) {
            continue;
        }
        match index.checked_sub(len(requirements, function)) {
            None => return Some(Place { function, insn: index }),
            Some(rest) => index = rest,
        }
        let uses = requirements.functions.get(function).map_or(&[][..], |it| &it.uses);
        pending.extend(uses.iter().rev().filter_map(|used| match used.what {
            Used::Function(callee) | Used::Callback(callee) => Some(callee),
            _ => None,
        }));
    }
    None
}

/// Returns the relocations that the operands of an instruction come from.
fn operands(flow: &Flow<'_>, at: usize, steps: &mut u64) -> Vec<usize> {
    let Some(values) = flow.values(World::OPEN, steps) else { return Vec::new() };
    let mut found = Vec::new();
    values.visit(|visited, insn, state: &State| {
        if visited != at {
            return;
        }
        for register in registers(insn, flow.order()) {
            match state.register(register).what {
                What::Answer(relocation) | What::Field { relocation, .. } => found.push(relocation),
                _ => {}
            }
        }
    });
    found
}

/// Returns the registers that an instruction uses.
fn registers(insn: Insn, order: ByteOrder) -> Vec<u8> {
    let (dst, src) = (insn.dst_reg(order), insn.src_reg(order));
    match insn.class() {
        Class::Ldx => vec![src],
        Class::St => vec![dst],
        Class::Stx => vec![dst, src],
        Class::Jump if insn.operation() == CALL => (1..=5).collect(),
        Class::Jump if insn.operation() == EXIT => vec![0],
        Class::Alu | Class::Alu64 | Class::Jump if insn.takes_immediate() => vec![dst],
        Class::Alu | Class::Alu64 | Class::Jump => vec![dst, src],
        Class::Ld => Vec::new(),
    }
}
