//! Prints what a verifier log is about.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use core_reloc::{
    RelocKind, Target,
    describe::type_in_c,
    elf::{Outcome, Report},
    essential_name,
};
use core_reloc_tools::blame::{Complaint, Reason, Rejection, RootSizes, struct_size};
use serde::Serialize;

use crate::{
    arguments::{Blame, Format},
    explain::{self, Explained},
    format::{json_line, number},
    terminal::{self, Escaped},
};

/// What a relocation has to do with the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It poisoned it.
    Poisoned,
    /// It changed it.
    Instruction,
    /// It changed one before, which an operand comes from.
    Operand,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Poisoned => "poisoned",
            Self::Instruction => "instruction",
            Self::Operand => "operand",
        }
    }
}

/// Prints the relocations that are blamed.
pub(super) struct Printer<'p> {
    arguments: &'p Blame,
    rejection: &'p Rejection,
    target: &'p Target<'p>,
}

/// The values and sizes of a relocation on both sides.
#[derive(Serialize)]
struct Sides {
    /// The value in the object.
    old_value: Option<u64>,
    /// The value on the target.
    new_value: Option<u64>,
    /// The size of the root type in the object, in bytes.
    old_size: Option<u32>,
    /// Its size on the target, in bytes.
    new_size: Option<u32>,
}

/// A line of JSON: what `explain` prints, and what the log says.
#[derive(Serialize)]
struct Line<'l> {
    #[serde(flatten)]
    explained: explain::json::Line,
    log_line: usize,
    log_text: &'l str,
    complaint: Option<&'l str>,
    part: &'static str,
    #[serde(flatten)]
    sides: Sides,
}

impl<'p> Printer<'p> {
    pub(super) fn new(
        arguments: &'p Blame,
        rejection: &'p Rejection,
        target: &'p Target<'p>,
    ) -> Self {
        Self { arguments, rejection, target }
    }

    fn complaint(&self) -> Option<&Complaint> {
        match &self.rejection.reason {
            Reason::Complaint(complaint) => Some(complaint),
            _ => None,
        }
    }

    /// Prints the lines of the log, unless the format is JSON.
    pub(super) fn start(
        &self,
        blamed: &[(Report<'_>, Part)],
        out: &mut terminal::Printer,
    ) -> io::Result<()> {
        let Format::Text = self.arguments.format.format else { return Ok(()) };
        let log = Escaped(self.arguments.log.display());
        writeln!(out, "{log}:{}: {}", self.rejection.log_line, Escaped(&self.rejection.text))?;
        let count = blamed.len();
        let introduction = match self.complaint() {
            None if count == 1 => "this relocation poisoned it:".to_string(),
            None => format!("one of these {count} relocations poisoned it:"),
            Some(complaint) => {
                writeln!(out, "{log}:{}: {}", complaint.log_line, Escaped(&complaint.text))?;
                let function = |report: &Report<'_>| {
                    let (section, range) = report.relocation.function_range()?;
                    Some((section, range.start))
                };
                let functions: BTreeSet<_> =
                    blamed.iter().map(|(report, _)| function(report)).collect();
                match (count, functions.len()) {
                    (1, _) => "this relocation has to do with it:".to_string(),
                    (_, 1) => format!("these {count} relocations have to do with it:"),
                    // The log does not show which of several functions the instruction is in.
                    (..) => format!(
                        "of these {count} relocations, those of one function have to do with it:"
                    ),
                }
            }
        };
        writeln!(out, "{introduction}\n")
    }

    /// Prints a relocation.
    pub(super) fn print(
        &self,
        explained: &Explained<'_, '_>,
        part: Part,
        out: &mut terminal::Printer,
    ) -> io::Result<()> {
        let sides = self.sides(explained.report);
        let format = self.arguments.format.format;
        if let Format::Text = format {
            if part != Part::Poisoned {
                self.facts(explained.report, part, &sides, out)?;
            }
            return explain::print(format, explained, out);
        }
        let line = Line {
            explained: explain::json::line(explained),
            log_line: self.rejection.log_line,
            log_text: &self.rejection.text,
            complaint: self.complaint().map(|complaint| complaint.text.as_str()),
            part: part.name(),
            sides,
        };
        json_line(&line, out)
    }

    fn sides(&self, report: &Report<'_>) -> Sides {
        let change = match &report.outcome {
            Outcome::Applied { resolution, .. } => resolution.change,
            _ => None,
        };
        let sizes = RootSizes::of(report, self.target);
        Sides {
            old_value: change.map(|change| change.original),
            new_value: report.outcome.value(),
            old_size: sizes.local,
            new_size: sizes.target,
        }
    }

    /// Prints what the relocation changed, and how large the structs are.
    fn facts(
        &self,
        report: &Report<'_>,
        part: Part,
        sides: &Sides,
        out: &mut terminal::Printer,
    ) -> io::Result<()> {
        let relocation = &report.relocation;
        let is_offset = relocation.kind() == Some(RelocKind::FieldByteOffset);
        let what = match part {
            Part::Operand if is_offset => "offset in an address that it uses",
            Part::Operand => "number that it uses",
            _ if is_offset => "offset in the instruction",
            _ => "number in the instruction",
        };
        let value = |value: Option<u64>| value.map_or("none".to_string(), number);
        let (old, new) = (value(sides.old_value), value(sides.new_value));
        writeln!(out, "{what}: {old} in the object, {new} on the target")?;
        // A load of a bitfield, or a resized one, has an offset that other relocations share.
        if let (Part::Instruction, Some(shown), Some(new)) =
            (part, self.rejection.value(), sides.new_value)
            && is_offset
            && u64::try_from(shown) != Ok(new)
        {
            let by = if u64::try_from(shown).ok() == sides.old_value {
                "the loader did not relocate it"
            } else {
                "another kernel wrote the log; name it with --target"
            };
            writeln!(out, "the log has {shown}: {by}")?;
        }
        let size =
            |size: Option<u32>| size.map_or("no size".to_string(), |it| format!("{it} bytes"));
        let Ok(root) = relocation.local().type_by_id(relocation.type_id()) else {
            return writeln!(out);
        };
        let (old, new) = (size(sides.old_size), size(sides.new_size));
        writeln!(out, "{}: {old} in the object, {new} on the target", type_in_c(root))?;
        let name = relocation.root_name().unwrap_or_default();
        if let Some(accessed) = self.complaint().and_then(Complaint::accessed_struct)
            && essential_name(&name) != accessed.as_bytes()
            && let Some(size) = struct_size(self.target, accessed)
        {
            let accessed = Escaped(accessed);
            writeln!(
                out,
                "the verifier takes the address for one of struct {accessed}: {size} bytes on the target"
            )?;
        }
        writeln!(out)
    }
}
