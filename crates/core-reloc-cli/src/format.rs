//! What several commands print: values, counts, sections, and lines of JSON.

use std::{
    fmt::{self, Display},
    io::{self, Write},
};

use core_reloc::elf::ObjectRelocation;
use core_reloc_tools::definition::DefinitionLine;
use owo_colors::OwoColorize;
use serde::Serialize;

/// The width of text for people, in columns.
pub(crate) const WIDTH: usize = 80;

/// Returns the name of a relocation's kind, or `kind NUMBER` if it is unknown.
pub(crate) fn kind_name(relocation: &ObjectRelocation<'_>) -> String {
    match relocation.kind() {
        Some(kind) => kind.name().to_string(),
        None => format!("kind {}", relocation.record().kind),
    }
}

/// Formats a value: in hexadecimal if it does not fit in an `i64`, since it is most likely a
/// sign-extended negative number.
pub(crate) fn number(value: u64) -> String {
    if i64::try_from(value).is_ok() { value.to_string() } else { format!("{value:#x}") }
}

/// Formats a count: `1 relocation`, `2 relocations`.
pub(crate) fn plural(count: usize, what: impl Display) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Appends similar names to an error about a name: `; did you mean `a` or `b`?`.
pub(crate) fn did_you_mean(similar: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, name) in similar.iter().enumerate() {
        let separator = match position {
            0 => "; did you mean",
            _ if position + 1 == similar.len() => " or",
            _ => ",",
        };
        write!(f, "{separator} `{name}`")?;
    }
    f.write_str(if similar.is_empty() { "" } else { "?" })
}

/// Formats a line of a definition, with the offset and size of its member.
pub(crate) fn definition_line(line: &DefinitionLine) -> String {
    let indent = "  ".repeat(line.depth);
    let text = format!("{indent}{}", line.text);
    match line.layout {
        Some(place) => format!("{text:32} {place}"),
        None => text,
    }
}

/// Prints the name of each section above its first relocation.
#[derive(Default)]
pub(crate) struct SectionHeadings {
    last: Option<String>,
}

impl SectionHeadings {
    /// Prints the name of the relocation's section, unless it was the last one printed.
    pub(crate) fn print(
        &mut self,
        relocation: &ObjectRelocation<'_>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let section = relocation.section().to_string();
        if self.last.as_ref() != Some(&section) {
            writeln!(out, "{}", section.bold())?;
            self.last = Some(section);
        }
        Ok(())
    }
}

/// The JSON keys of a relocation record. Names that are not UTF-8 are escaped, as in all messages.
#[derive(Serialize)]
pub(crate) struct RecordKeys {
    section: String,
    index: usize,
    insn_off: u32,
    kind: Option<&'static str>,
    type_id: u32,
    root: Option<String>,
    access: Option<String>,
}

impl RecordKeys {
    pub(crate) fn of(relocation: &ObjectRelocation<'_>) -> Self {
        Self {
            section: relocation.section().to_string(),
            index: relocation.index(),
            insn_off: relocation.insn_off(),
            kind: relocation.kind().map(|kind| kind.name()),
            type_id: relocation.type_id().0,
            root: relocation.root_name().map(|name| name.to_string()),
            access: relocation.access_string().map(|access| access.to_string()),
        }
    }
}

/// Prints a line of JSON.
pub(crate) fn json_line(line: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
