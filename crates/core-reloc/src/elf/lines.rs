//! The source lines of instructions.

use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;

use btf_types::{Btf, Name, ext::LineInfo};

use super::{
    object::{GroupSection, Object},
    records::ObjectRelocation,
};
use crate::patch::{
    Code,
    insn::{SLOT, SLOT_OFF},
};

/// The source lines of an object's sections, in order. They take 20 bytes for each record of line_info.
///
/// They are read on request, because only output for people needs them.
#[derive(Debug)]
pub struct SourceLines<'a> {
    sections: BTreeMap<Name<'a>, SectionLines>,
    /// The types, which have the texts.
    btf: Option<&'a Btf<'a>>,
}

/// The lines of a section, in the order of their first instructions.
#[derive(Debug, Default)]
struct SectionLines {
    lines: Vec<LineInfo>,
    /// Where instructions start that belong to no line. The compiler gives them the line 0.
    without: Vec<u32>,
}

/// A line of source code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLine<'a> {
    /// The path of the file, as passed to the compiler.
    pub file: Name<'a>,
    /// The number of the line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is unknown.
    pub column: u32,
    /// The text of the line.
    pub text: Name<'a>,
}

impl<'a> SourceLines<'a> {
    /// Reads the line_info of an object.
    pub fn of(object: &'a Object<'a>) -> Self {
        let mut sections: BTreeMap<Name<'a>, SectionLines> = BTreeMap::new();
        let records = object.ext().map(|ext| ext.line_info().sections());
        for section in records.into_iter().flatten() {
            let name = object.btf().and_then(|btf| btf.string(section.name_off()).ok());
            if let Some(name) = name {
                let SectionLines { lines, without } = sections.entry(name).or_default();
                for line in section.records() {
                    match line.line {
                        0 => without.push(line.insn_off),
                        _ => lines.push(line),
                    }
                }
            }
        }
        for SectionLines { lines, without } in sections.values_mut() {
            lines.sort_by_key(|line| line.insn_off);
            without.sort_unstable();
        }
        Self { sections, btf: object.btf() }
    }

    /// Returns the line of an instruction, given by its section, the range of its function there, and its own
    /// offset, all in bytes: the last one that starts at or before it in the function; `None` if the
    /// compiler recorded none.
    pub fn at(
        &self,
        section: Name<'_>,
        function: Range<u64>,
        insn_off: u32,
    ) -> Option<SourceLine<'a>> {
        let SectionLines { lines, .. } = self.sections.get(&section)?;
        let at = lines.partition_point(|line| line.insn_off <= insn_off);
        let line = lines.get(at.checked_sub(1)?)?;
        let is_in_function = function.contains(&line.insn_off.into());
        self.btf.filter(|_| is_in_function).map(|btf| source_line(btf, line))
    }

    /// Returns the line of a relocation's instruction: the last one that starts at or before the
    /// instruction, in the same function; `None` if the compiler recorded none.
    ///
    /// The verifier's log shows the same line above the instruction. An instruction that belongs to no line
    /// has the nearest line of the function.
    pub fn line(&self, relocation: &ObjectRelocation<'a>) -> Option<SourceLine<'a>> {
        let GroupSection::Code { .. } = relocation.code_section() else { return None };
        let own = relocation.insn_off();
        let SectionLines { lines, without } = self.sections.get(&relocation.section())?;
        let function = relocation.function_symbol().ok();
        let start = function.map_or(0, |function| function.start);
        let at = lines.partition_point(|line| line.insn_off <= own);
        let before = at.checked_sub(1).and_then(|at| lines.get(at));
        let before = before.filter(|line| u64::from(line.insn_off) >= start);
        let after = lines.get(at).filter(|line| {
            function.is_some_and(|function| u64::from(line.insn_off) < function.end)
        });
        // The first instruction without a line, between the line before and the relocation's.
        let since = before.map_or(start, |line| u64::from(line.insn_off));
        let first = without.partition_point(|at| u64::from(*at) < since);
        let first = without.get(first).filter(|first| **first <= own);
        let nearest = match (before, after, first) {
            (None, after, Some(_)) => after,
            (Some(before), Some(after), Some(first)) => {
                let last_of_before = first.saturating_sub(SLOT_OFF);
                let to_before = own.saturating_sub(last_of_before);
                let to_after = after.insn_off.saturating_sub(own);
                Some(if to_after < to_before { after } else { before })
            }
            (before, ..) => before,
        };
        Some(source_line(relocation.local(), nearest?))
    }

    /// Returns the line of the source code that a relocation was written in, if it can be determined;
    /// otherwise that of [`line`](Self::line).
    ///
    /// clang records no line for an instruction that only loads a constant into a register, such as the
    /// result of an existence check, so it seems to belong to the statement before. The line is then that
    /// of the following instructions, up to the next jump or call.
    pub fn written_in(&self, relocation: &ObjectRelocation<'a>) -> Option<SourceLine<'a>> {
        let following =
            self.following(relocation).map(|line| source_line(relocation.local(), line));
        following.or_else(|| self.line(relocation))
    }

    /// Returns the line of the instruction that uses a constant without a line of its own.
    fn following(&self, relocation: &ObjectRelocation<'a>) -> Option<&LineInfo> {
        /// The largest distance to the use, in bytes.
        const NEAR: u32 = 16 * SLOT_OFF;
        let GroupSection::Code { bytes, .. } = relocation.code_section() else { return None };
        let constant = relocation.insn().filter(Code::sets_constant)?;
        let (lines, before) = self.around(relocation)?;
        let own = lines.get(before.checked_sub(1)?)?;
        // The first instruction of a function has the line of the function's name, without a column.
        if own.insn_off == relocation.insn_off() && own.column > 0 {
            return None;
        }
        let next = lines.get(before)?;
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

    /// Returns the lines of a relocation's section, and the number of those that start at or before its
    /// instruction; `None` if none of these belongs to the same function.
    fn around(&self, relocation: &ObjectRelocation<'a>) -> Option<(&[LineInfo], usize)> {
        let GroupSection::Code { .. } = relocation.code_section() else { return None };
        let lines = &self.sections.get(&relocation.section())?.lines;
        let before = lines.partition_point(|line| line.insn_off <= relocation.insn_off());
        let last = lines.get(before.checked_sub(1)?)?;
        let function = relocation.function_symbol().ok();
        let is_before = function.is_some_and(|function| u64::from(last.insn_off) < function.start);
        (!is_before).then_some((lines, before))
    }
}

fn source_line<'a>(btf: &'a Btf<'a>, line: &LineInfo) -> SourceLine<'a> {
    let string = |offset| btf.string(offset).unwrap_or_default();
    SourceLine {
        file: string(line.file_name_off),
        line: line.line,
        column: line.column,
        text: string(line.line_off),
    }
}
