//! Where in the source an instruction comes from.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{Name, ext::LineInfo};

use super::{
    object::{GroupSection, Object},
    records::ObjectRelocation,
};
use crate::patch::{
    Code,
    insn::{SLOT, SLOT_OFF},
};

/// The source lines of an object's sections, in order: 20 bytes for each record of line_info.
///
/// Reports and listings do without it; whoever wants to show the source makes one of the object.
#[derive(Debug)]
pub struct SourceLines<'a> {
    sections: BTreeMap<Name<'a>, Vec<LineInfo>>,
}

/// A line of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLine<'a> {
    /// The name of the file, as the compiler was given it.
    pub file: Name<'a>,
    /// The number of the line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
    /// The text of the line.
    pub text: Name<'a>,
}

impl<'a> SourceLines<'a> {
    /// Reads the line_info of an object.
    pub fn of(object: &'a Object<'a>) -> Self {
        let mut sections: BTreeMap<Name<'a>, Vec<LineInfo>> = BTreeMap::new();
        let records = object.ext().map(|ext| ext.line_info().sections());
        for section in records.into_iter().flatten() {
            let name = object.btf().and_then(|btf| btf.string(section.name_off()).ok());
            if let Some(name) = name {
                sections.entry(name).or_default().extend(section.records());
            }
        }
        for lines in sections.values_mut() {
            lines.sort_by_key(|line| line.insn_off);
        }
        Self { sections }
    }

    /// The line that the instruction of a relocation comes from: the last that begins at the
    /// instruction or before it, in the same function. None where the compiler did not say.
    ///
    /// It is the line that the verifier's log shows above the instruction.
    pub fn line(&self, relocation: &ObjectRelocation<'a>) -> Option<SourceLine<'a>> {
        let (lines, behind) = self.around(relocation)?;
        Some(source_line(relocation, lines.get(behind.checked_sub(1)?)?))
    }

    /// The line in which a relocation is written, as far as it can be told; else [`line`](Self::line).
    ///
    /// clang gives no line to an instruction that only puts a constant into a register, such as the
    /// answer whether a field exists, so that it counts among those of the statement before. The
    /// line is then that of what follows, up to the next jump or call.
    pub fn written_in(&self, relocation: &ObjectRelocation<'a>) -> Option<SourceLine<'a>> {
        let following = self.following(relocation).map(|line| source_line(relocation, line));
        following.or_else(|| self.line(relocation))
    }

    /// The line of what uses a constant that has none of its own.
    fn following(&self, relocation: &ObjectRelocation<'a>) -> Option<&LineInfo> {
        /// How far the use may be, in bytes.
        const NEAR: u32 = 16 * SLOT_OFF;
        let GroupSection::Code { bytes, .. } = relocation.code_section() else { return None };
        let constant = relocation.insn().filter(Code::sets_constant)?;
        let (lines, behind) = self.around(relocation)?;
        let own = lines.get(behind.checked_sub(1)?)?;
        // At a function's first instruction there is the line of its name, without a column.
        if own.insn_off == relocation.insn_off() && own.column > 0 {
            return None;
        }
        let next = lines.get(behind)?;
        let len = u32::try_from(constant.as_bytes().len()).ok()?;
        let first = relocation.insn_off().checked_add(len)?;
        let is_near = (first..=first.checked_add(NEAR)?).contains(&next.insn_off);
        let function = relocation.function_symbol().ok()?;
        if !is_near || u64::from(next.insn_off) >= function.end {
            return None;
        }
        let mut between = (first..next.insn_off).step_by(SLOT);
        let is_straight = between.all(|at| Code::at(bytes, at).is_some_and(|code| !code.is_jump()));
        is_straight.then_some(next)
    }

    /// The lines of a relocation's section, and how many of them begin at its instruction or before
    /// it. None if none of those is of the same function.
    fn around(&self, relocation: &ObjectRelocation<'a>) -> Option<(&[LineInfo], usize)> {
        let GroupSection::Code { .. } = relocation.code_section() else { return None };
        let lines = self.sections.get(&relocation.section())?;
        let behind = lines.partition_point(|line| line.insn_off <= relocation.insn_off());
        let last = lines.get(behind.checked_sub(1)?)?;
        let function = relocation.function_symbol().ok();
        let is_before = function.is_some_and(|function| u64::from(last.insn_off) < function.start);
        (!is_before).then_some((lines, behind))
    }
}

fn source_line<'a>(relocation: &ObjectRelocation<'a>, line: &LineInfo) -> SourceLine<'a> {
    let string = |offset| relocation.local().string(offset).unwrap_or_default();
    SourceLine {
        file: string(line.file_name_off),
        line: line.line,
        column: line.column,
        text: string(line.line_off),
    }
}
