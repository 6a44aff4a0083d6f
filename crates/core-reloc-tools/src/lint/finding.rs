//! Findings: where an object breaks a rule.

use std::ops::Range;

use btf_types::Name;
use core_reloc::elf::{ObjectRelocation, SourceLine, SourceLines};

use super::{Code, rule::Rule};

/// A place where an object breaks a rule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LintFinding<'a> {
    /// The rule.
    pub rule: Rule,
    /// What breaks it.
    pub message: String,
    /// The name of the section.
    pub section: Name<'a>,
    /// The number of the section.
    pub section_index: u32,
    /// The offset of the instruction in the section, in bytes.
    pub insn_off: u32,
    /// The name of the function.
    pub function: Name<'a>,
    /// Where the function is in its section, in bytes.
    pub function_range: Range<u64>,
    /// The relocation that it is about, if there is one. It may be of an earlier instruction.
    pub relocation: Option<ObjectRelocation<'a>>,
}

impl<'a> LintFinding<'a> {
    /// Returns the source line, if the compiler recorded one. `lines` are those of the object.
    pub fn source_line(&self, lines: &SourceLines<'a>) -> Option<SourceLine<'a>> {
        let relocation = self.relocation.filter(|it| it.insn_off() == self.insn_off);
        match relocation {
            Some(relocation) => lines.written_in(&relocation),
            None => lines.at(self.section, self.function_range.clone(), self.insn_off),
        }
    }
}

impl<'a> Code<'_, 'a> {
    /// Makes a finding about an instruction of a function. The relocation is given by its index.
    pub(super) fn finding(
        &self,
        rule: Rule,
        (function, insn): (usize, usize),
        relocation: Option<usize>,
        message: String,
    ) -> Option<LintFinding<'a>> {
        let function = self.functions.requirements.functions.get(function)?;
        let start = function.range.start;
        let insn_off = u64::try_from(insn.checked_mul(8)?).ok()?.checked_add(start)?;
        Some(LintFinding {
            rule,
            message,
            section: function.section,
            section_index: function.section_index,
            insn_off: u32::try_from(insn_off).ok()?,
            function: function.name,
            function_range: function.range.clone(),
            relocation: relocation.and_then(|index| self.relocations.get(index).copied()),
        })
    }
}
