//! What there is to say of an object's relocations on any kernel.

use core_reloc::elf::{Object, ObjectRelocation, SourceLines};
use indexmap::IndexSet;

use crate::text::kind;

/// An object.
pub(crate) struct ObjectFacts {
    pub(crate) label: String,
    pub(crate) programs: Vec<Program>,
    /// In the order of the records.
    pub(crate) relocations: Vec<RelocationFacts>,
}

/// A function with relocations; or what relocations that are part of no function are shown under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Program {
    pub(crate) section: String,
    pub(crate) name: String,
}

/// A relocation.
pub(crate) struct RelocationFacts {
    /// Which of the object's programs it is of.
    pub(crate) program: usize,
    /// The number of the record in its section.
    pub(crate) index: usize,
    pub(crate) insn_off: u32,
    pub(crate) kind: String,
    /// The access as C writes it.
    pub(crate) access: String,
    pub(crate) line: Option<Line>,
}

/// Where it is in the source.
pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) text: String,
}

impl ObjectFacts {
    pub(crate) fn of(object: &Object<'_>, label: String) -> Self {
        let lines = SourceLines::of(object);
        let mut programs: IndexSet<Program> = IndexSet::new();
        let mut fact = |relocation: ObjectRelocation<'_>| {
            let line = lines.written_in(&relocation).map(|line| Line {
                file: line.file.to_string(),
                line: line.line,
                column: line.column,
                text: line.text.to_string().replace("\\t", " ").trim().to_string(),
            });
            RelocationFacts {
                program: programs.insert_full(program(&relocation)).0,
                index: relocation.index(),
                insn_off: relocation.insn_off(),
                kind: kind(&relocation),
                access: relocation.access_in_c(),
                line,
            }
        };
        let relocations = object.relocations().map(&mut fact).collect();
        Self { label, programs: programs.into_iter().collect(), relocations }
    }
}

fn program(relocation: &ObjectRelocation<'_>) -> Program {
    let name = match relocation.function() {
        Ok(Some(name)) => name.to_string(),
        Ok(None) => "(without a name)".to_string(),
        Err(_) => "(in no function)".to_string(),
    };
    Program { section: relocation.section().to_string(), name }
}
