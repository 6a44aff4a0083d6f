//! Where in the source an instruction comes from.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{Name, ext::LineInfo};

use super::{Object, ObjectRelocation, object::Place};

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
    pub fn line(&self, relocation: &ObjectRelocation<'a>) -> Option<SourceLine<'a>> {
        let Place::Code { .. } = relocation.place() else { return None };
        let function = relocation.function_symbol().ok();
        let lines = self.sections.get(&relocation.section())?;
        let behind = lines.partition_point(|line| line.insn_off <= relocation.insn_off());
        let line = lines.get(behind.checked_sub(1)?)?;
        if function.is_some_and(|function| u64::from(line.insn_off) < function.start) {
            return None;
        }
        let string = |offset| relocation.local().string(offset).unwrap_or_default();
        Some(SourceLine {
            file: string(line.file_name_off),
            line: line.line,
            column: line.column,
            text: string(line.line_off),
        })
    }
}
