//! `core-reloc inspect`.

use std::io::{self, Write};

use core_reloc::elf::{ObjectRelocation, SourceLine, SourceLines};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Inspect},
    failure::Failure,
    format::{RecordKeys, SectionHeadings, json_line, kind_name, plural},
    inputs::{kept_object, parse_object},
    kept::kept,
    terminal::stdout,
};

/// The column of what is accessed, which a folded line continues in.
const HANG: usize = 29;

pub(crate) fn run(arguments: &Inspect) -> Result<Completion, Failure> {
    let bytes = kept_object(&arguments.object)?;
    let object = kept(parse_object(&arguments.object, bytes)?);
    let lines = SourceLines::of(object);
    let format = arguments.format.format;
    let mut out = stdout().in_format(format);
    let mut sections = SectionHeadings::default();
    let mut count = 0;
    for relocation in object.relocations() {
        let line = lines.written_in(&relocation);
        match format {
            Format::Text => {
                sections.print(&relocation, &mut out)?;
                text(&relocation, line, out.hang(HANG))?;
            }
            Format::Json => json(&relocation, line, &mut out)?,
        }
        count += 1;
    }
    if let Format::Text = format {
        writeln!(out, "{}", plural(count, "relocation"))?;
    }
    out.flush()?;
    Ok(Completion::Success)
}

fn text(
    relocation: &ObjectRelocation<'_>,
    line: Option<SourceLine<'_>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (kind, access) = (kind_name(relocation), relocation.access_in_c());
    write!(out, "{:>#8x}  {kind:17}  {access:32}", relocation.insn_off())?;
    match relocation.function() {
        Ok(Some(name)) => write!(out, "  {name}")?,
        Ok(None) => write!(out, "  ?")?,
        Err(skip) => write!(out, "  ({skip})")?,
    }
    if let Some(SourceLine { file, line, .. }) = line {
        write!(out, " {file}:{line}")?;
    }
    if let Err(error) = relocation.decode() {
        write!(out, ": {}", error.cause.red())?;
    }
    writeln!(out)
}

/// A line of JSON.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    record: RecordKeys,
    /// The access in C's notation.
    path: String,
    insn: Option<String>,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    error: Option<String>,
}

fn json(
    relocation: &ObjectRelocation<'_>,
    line: Option<SourceLine<'_>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let line = Line {
        record: RecordKeys::of(relocation),
        path: relocation.access_in_c(),
        insn: relocation.insn().map(|insn| insn.to_string()),
        function: relocation.function().ok().flatten().map(|name| name.to_string()),
        file: line.map(|line| line.file.to_string()),
        line: line.map(|line| line.line),
        error: relocation.decode().err().map(|error| error.cause.to_string()),
    };
    json_line(&line, out)
}
