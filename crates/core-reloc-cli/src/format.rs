//! What several commands print: values, counts, sections, and lines of JSON.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    io::{self, Write},
};

use core_reloc::elf::ObjectRelocation;
use core_reloc_tools::definition::DefinitionLine;
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::terminal::{Printer, columns};

/// Returns the name of a relocation's kind, or `kind NUMBER` if it is unknown.
pub(crate) fn kind_name(relocation: &ObjectRelocation<'_>) -> Cow<'static, str> {
    match relocation.kind() {
        Some(kind) => kind.name().into(),
        None => format!("kind {}", relocation.record().kind).into(),
    }
}

/// Formats a value: in hexadecimal if it does not fit in an `i64`, since it is most likely a
/// sign-extended negative number.
pub(crate) fn number(value: u64) -> String {
    if i64::try_from(value).is_ok() { value.to_string() } else { format!("{value:#x}") }
}

/// Appends a value, as [`number`] formats it.
pub(crate) fn push_number(text: &mut Vec<u8>, value: u64) {
    if i64::try_from(value).is_ok() {
        text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    } else {
        text.extend_from_slice(number(value).as_bytes());
    }
}

/// Appends a number in hexadecimal, right-aligned: `    0x1f`.
pub(crate) fn push_hex(text: &mut Vec<u8>, number: u32, width: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (u32::BITS - number.leading_zeros()).div_ceil(4).max(1);
    push_spaces(text, width.saturating_sub(digits as usize + 2));
    text.extend_from_slice(b"0x");
    text.extend((0..digits).rev().map(|digit| DIGITS[(number >> (4 * digit) & 0xf) as usize]));
}

/// Appends a word, left-aligned.
pub(crate) fn push_padded(text: &mut Vec<u8>, word: &str, width: usize) {
    text.extend_from_slice(word.as_bytes());
    push_spaces(text, width.saturating_sub(word.len()));
}

fn push_spaces(text: &mut Vec<u8>, count: usize) {
    text.resize(text.len() + count, b' ');
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

/// Formats a line of a definition as one line, or as two if one would have more than `room` columns: the second
/// has the offset and size of its member.
pub(crate) fn definition_lines(line: &DefinitionLine, room: usize) -> Vec<String> {
    let whole = definition_line(line);
    match line.layout {
        Some(place) if columns(&whole) > room => {
            let (indent, place) = ("  ".repeat(line.depth), place.to_string());
            let margin = TEXT_WIDTH.min(room.saturating_sub(columns(&place) + 1));
            Vec::from([format!("{indent}{}", line.text), format!("{:margin$} {place}", "")])
        }
        _ => Vec::from([whole]),
    }
}

/// Formats a line of a definition, with the offset and size of its member.
pub(crate) fn definition_line(line: &DefinitionLine) -> String {
    let indent = "  ".repeat(line.depth);
    let text = format!("{indent}{}", line.text);
    match line.layout {
        Some(place) => format!("{text:TEXT_WIDTH$} {place}"),
        None => text,
    }
}

/// The width of a member's declaration, after which its offset and size follow.
const TEXT_WIDTH: usize = 32;

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
        out: &mut Printer,
    ) -> io::Result<()> {
        let section = relocation.section();
        if self.last.as_ref().is_some_and(|last| section == last.as_str()) {
            return Ok(());
        }
        let style = out.if_colored(Style::new().bold());
        writeln!(out, "{}", section.style(style))?;
        self.last = Some(section.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_aligned_as_the_standard_library_aligns_them() {
        let mut text = Vec::new();
        for number in [0, 1, 0xf, 0x10, 0xfedc, 0x98_7654, 0x1234_5678, u32::MAX] {
            text.clear();
            push_hex(&mut text, number, 8);
            assert_eq!(text, format!("{number:>#8x}").as_bytes());
        }
        for word in ["", "kept", "relocated", "a longer word"] {
            text.clear();
            push_padded(&mut text, word, 9);
            assert_eq!(text, format!("{word:9}").as_bytes());
        }
        for value in [0, 10, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
            text.clear();
            push_number(&mut text, value);
            assert_eq!(text, number(value).as_bytes());
        }
    }
}
