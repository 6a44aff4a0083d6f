//! Objects, with what is known of them before any kernel is checked.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use core_reloc::elf::{ObjectRelocation, SourceLine, SourceLines, requirements::Program};
use core_reloc_tools::{
    check::{Checker, RelocationVerdict, relocation_thing},
    paths::Branch,
};

use serde::{Deserialize, Serialize, Serializer};

use crate::{digest::stable_digest, format::kind_name, terminal::Escaped};

/// An object.
#[derive(Serialize, Deserialize)]
pub(super) struct ObjectInfo {
    pub(super) label: String,
    #[serde(serialize_with = "as_text")]
    pub(super) path: PathBuf,
    /// Of the file's bytes.
    pub(super) digest: String,
    pub(super) programs: Vec<ProgramInfo>,
    /// In the order of the records.
    pub(super) relocations: Vec<RelocationInfo>,
    /// The names of all functions, which proofs name.
    #[serde(skip)]
    functions: Vec<String>,
}

/// A program of an object.
#[derive(Serialize, Deserialize)]
pub(super) struct ProgramInfo {
    pub(super) name: String,
    pub(super) section: String,
    #[serde(rename = "optional")]
    pub(super) is_optional: bool,
    /// Where its function starts in the source.
    pub(super) source: Option<SourceLocation>,
    /// The functions that it may call, and its own, by the sections and offsets where they start; sorted.
    functions: Vec<(u32, u64)>,
}

/// A relocation of an object.
#[derive(Serialize, Deserialize)]
pub(super) struct RelocationInfo {
    /// The name of its function, or a placeholder.
    pub(super) function: String,
    /// The section and offset of its function.
    start: Option<(u32, u64)>,
    pub(super) section: String,
    /// The index of its record in the section.
    pub(super) index: usize,
    pub(super) insn_off: u32,
    pub(super) kind: String,
    /// The access in C's notation.
    pub(super) access: String,
    /// What it accesses, in words, and its name without flavors.
    pub(super) what: Cow<'static, str>,
    pub(super) thing: String,
    pub(super) source: Option<SourceLocation>,
}

/// A location in the source, with the text of its line.
#[derive(Serialize, Deserialize)]
pub(super) struct SourceLocation {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) text: String,
}

impl ObjectInfo {
    pub(super) fn of(checker: &Checker<'_>, path: &Path, bytes: &[u8], label: String) -> Self {
        let object = checker.object();
        let requirements = checker.requirements();
        let lines = SourceLines::of(object);
        let start = |function: usize| {
            let function = requirements.functions.get(function)?;
            Some((function.section_index, function.range.start))
        };
        let source = |function: usize| {
            let function = requirements.functions.get(function)?;
            let first = u32::try_from(function.range.start).ok()?;
            lines.at(function.section, function.range.clone(), first).map(SourceLocation::of)
        };
        let program = |(program, functions): (&Program<'_>, BTreeSet<usize>)| {
            let mut functions: Vec<(u32, u64)> = functions.into_iter().filter_map(start).collect();
            functions.sort_unstable();
            ProgramInfo {
                name: program.name.to_string(),
                section: program.section.to_string(),
                is_optional: program.is_optional(),
                source: source(program.function),
                functions,
            }
        };
        let relocation = |relocation: ObjectRelocation<'_>| RelocationInfo::of(&relocation, &lines);
        let programs = requirements.programs.iter().zip(checker.functions_of_programs());
        let functions = requirements.functions.iter().map(|function| function.name.to_string());
        Self {
            label,
            path: path.to_path_buf(),
            digest: stable_digest(bytes),
            functions: functions.collect(),
            programs: programs.map(program).collect(),
            relocations: object.relocations().map(relocation).collect(),
        }
    }

    /// Sorts what is searched, in an object that was read.
    pub(super) fn sort_functions(&mut self) {
        self.programs.iter_mut().for_each(|program| program.functions.sort_unstable());
    }

    /// Says what keeps the verifier from a poisoned instruction, or what question about it does not: with a
    /// kernel's verdict on it.
    pub(super) fn proof(&self, verdict: RelocationVerdict) -> Option<String> {
        let question = |asked: Option<usize>| {
            let question = &self.relocations[asked?];
            Some(format!("{} is 0 here", question.described()))
        };
        match verdict {
            RelocationVerdict::Guarded { branch, asked } => {
                let branch = branch.map(|Branch { function, insn, jumps, .. }| {
                    let never = if jumps { "always" } else { "never" };
                    let function = self.functions.get(function).map_or("?", String::as_str);
                    format!("the jump at instruction {insn} of {function} is {never} taken")
                });
                let parts: Vec<String> = [question(asked), branch].into_iter().flatten().collect();
                match parts.is_empty() {
                    true => Some("no code leads to it".to_string()),
                    false => Some(parts.join(", and ")),
                }
            }
            RelocationVerdict::Poisoned { asked } => {
                Some(format!("{}, but does not protect the access", question(asked)?))
            }
            _ => None,
        }
    }

    /// Returns the programs that have a relocation, in their own code or in a function that they may call.
    pub(super) fn programs_with(&self, relocation: usize) -> impl Iterator<Item = usize> {
        let start = self.relocations[relocation].start;
        let has = move |program: &ProgramInfo| {
            start.is_some_and(|start| program.functions.binary_search(&start).is_ok())
        };
        let programs = self.programs.iter().enumerate();
        programs.filter(move |(_, program)| has(program)).map(|(index, _)| index)
    }
}

/// Serializes a path that may not be UTF-8, which is for people only.
fn as_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Escaped(path.display()))
}

impl RelocationInfo {
    /// Describes the relocation, with its place in the source or in the code.
    pub(super) fn described(&self) -> String {
        let Self { kind, access, function, .. } = self;
        format!("{kind} of {access} in {function} at {}", self.place())
    }

    /// Returns the place in the source, or else in the code.
    pub(super) fn place(&self) -> String {
        match &self.source {
            Some(source) => source.in_file(),
            None => format!("{}+{:#x}", self.section, self.insn_off),
        }
    }

    fn of(relocation: &ObjectRelocation<'_>, lines: &SourceLines<'_>) -> Self {
        let source = lines.written_in(relocation).map(SourceLocation::of);
        let function = match relocation.function() {
            Ok(Some(name)) => name.to_string(),
            Ok(None) => "(without a name)".to_string(),
            Err(_) => "(in no function)".to_string(),
        };
        let (what, thing) = relocation_thing(relocation);
        Self {
            function,
            start: relocation.function_range().map(|(section, range)| (section, range.start)),
            section: relocation.section().to_string(),
            index: relocation.index(),
            insn_off: relocation.insn_off(),
            kind: kind_name(relocation).into_owned(),
            access: relocation.access_in_c(),
            what: what.into(),
            thing,
            source,
        }
    }
}

impl SourceLocation {
    fn of(line: SourceLine<'_>) -> Self {
        Self {
            file: line.file.to_string(),
            line: line.line,
            column: line.column,
            text: line.text.to_string().replace("\\t", " ").trim().to_string(),
        }
    }

    /// Returns `FILE:LINE:COLUMN`.
    pub(super) fn in_file(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}
