//! Objects, with what is known of their relocations before any kernel is checked.

use core_reloc::elf::{Object, ObjectRelocation, SourceLines};
use indexmap::IndexSet;

use crate::format::kind_name;

/// An object.
pub(super) struct ObjectInfo {
    pub(super) label: String,
    pub(super) programs: Vec<Program>,
    /// In the order of the records.
    pub(super) relocations: Vec<RelocationInfo>,
}

/// A function with relocations, or a placeholder for relocations outside any function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Program {
    pub(super) section: String,
    pub(super) name: String,
}

/// A relocation of an object.
pub(super) struct RelocationInfo {
    /// The index of its program.
    pub(super) program: usize,
    /// The index of its record in the section.
    pub(super) index: usize,
    pub(super) insn_off: u32,
    pub(super) kind: String,
    /// The access in C's notation.
    pub(super) access: String,
    pub(super) source: Option<SourceLocation>,
}

/// A location in the source, with the text of its line.
pub(super) struct SourceLocation {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) text: String,
}

impl ObjectInfo {
    pub(super) fn of(object: &Object<'_>, label: String) -> Self {
        let lines = SourceLines::of(object);
        let mut programs: IndexSet<Program> = IndexSet::new();
        let mut info = |relocation: ObjectRelocation<'_>| {
            let source = lines.written_in(&relocation).map(|line| SourceLocation {
                file: line.file.to_string(),
                line: line.line,
                column: line.column,
                text: line.text.to_string().replace("\\t", " ").trim().to_string(),
            });
            RelocationInfo {
                program: programs.insert_full(Program::of(&relocation)).0,
                index: relocation.index(),
                insn_off: relocation.insn_off(),
                kind: kind_name(&relocation),
                access: relocation.access_in_c(),
                source,
            }
        };
        let relocations = object.relocations().map(&mut info).collect();
        Self { label, programs: programs.into_iter().collect(), relocations }
    }
}

impl Program {
    fn of(relocation: &ObjectRelocation<'_>) -> Self {
        // Baselines contain these names.
        let name = match relocation.function() {
            Ok(Some(name)) => name.to_string(),
            Ok(None) => "(without a name)".to_string(),
            Err(_) => "(in no function)".to_string(),
        };
        Self { section: relocation.section().to_string(), name }
    }
}

impl SourceLocation {
    /// Returns `FILE:LINE:COLUMN`.
    pub(super) fn in_file(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}
