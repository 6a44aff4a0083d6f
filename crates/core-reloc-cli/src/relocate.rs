//! `core-reloc relocate`.

use std::{
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
};

use core_reloc::{
    Options, Status, Target,
    elf::{Counts, Failed, Object, ObjectRelocation, Outcome, Report},
};
use core_reloc_sys::Kernel;
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Relocate},
    failure::Failure,
    format::{
        RecordKeys, SectionHeadings, json_line, kind_name, plural, push_hex, push_number,
        push_padded,
    },
    inputs::{FileIdentity, Inputs, is_standard, kept_object, parse_object},
    kept::kept,
    output::Output,
    target::with_target,
    terminal::{self, Escaped, Printer},
    threads,
};

pub(crate) fn run(arguments: &Relocate) -> Result<Completion, Failure> {
    let output = output(arguments)?;
    let bytes = kept_object(&arguments.object)?;
    let object = kept(parse_object(&arguments.object, bytes)?);
    let is_stdout_taken = output.as_ref().is_some_and(Output::is_standard);
    let mut out = terminal::report(is_stdout_taken).in_format(arguments.format.format);
    let completion = with_target(&arguments.target, &Kernel::running(), object, |target| {
        relocate(arguments, object, target, output.as_ref(), &mut out)
    })??;
    out.flush()?;
    Ok(completion)
}

/// Returns the output that the arguments name. Only with `--in-place` may it be the object.
fn output(arguments: &Relocate) -> Result<Option<Output<'_>>, Failure> {
    let object = &arguments.object;
    let Some(path) = arguments.output.as_ref().or(arguments.in_place.then_some(object)) else {
        return Ok(None);
    };
    let is_object = path == object
        || FileIdentity::of(path).is_some_and(|file| FileIdentity::of(object) == Some(file));
    if arguments.in_place && !is_object {
        return Err(Failure::TwoOutputs { object: object.clone(), output: path.clone() });
    }
    if is_object && !arguments.in_place && !is_standard(path) {
        return Err(Failure::OutputIsObject(path.clone()));
    }
    let object = (!arguments.in_place).then_some(object);
    let kept = object.into_iter().chain(arguments.target.inputs());
    let kept = Inputs::new(kept.map(PathBuf::as_path).collect())?;
    Output::new(path, kept).map(Some)
}

fn relocate(
    arguments: &Relocate,
    object: &Object<'_>,
    target: &Target<'_>,
    output: Option<&Output<'_>>,
    out: &mut Printer,
) -> Result<Completion, Failure> {
    // Nothing is printed, nor formatted, if the user wants no report.
    let format = (!arguments.quiet.quiet).then_some(arguments.format.format);
    let options = Options::default().unresolved(arguments.unresolved.into());
    let mut relocating = object.relocate(target, options);
    let mut failed = Vec::new();
    let mut reports = relocating.by_ref().inspect(|report| {
        if report.outcome.is_failed() {
            failed.push(report.to_string());
        }
    });
    match format {
        Some(Format::Text) => print_lines(object, reports, out)?,
        Some(Format::Json) => reports.try_for_each(|report| json(&report, out))?,
        None => reports.for_each(drop),
    }
    match relocating.finish() {
        Ok(relocated) => {
            if let Some(output) = output {
                output.write(&relocated.bytes)?;
            }
            summary(format, relocated.counts, output.map(Output::path), out)?;
            Ok(Completion::Success)
        }
        Err(Failed { counts, .. }) => {
            summary(format, counts, None, out)?;
            out.flush()?;
            let object = arguments.object.display();
            for report in failed {
                terminal::error(format_args!("{object}: {report}"));
            }
            let error = format!("{} of {} relocations failed", counts.failed, counts.total());
            match output.map(|output| output.path().display()) {
                Some(path) => {
                    terminal::error(format_args!("{object}: {error}; {path} was not written"));
                }
                None => terminal::error(format_args!("{object}: {error}")),
            }
            Ok(Completion::Negative)
        }
    }
}

/// Prints the line of each relocation. The lines of many are formatted on another thread, while this one relocates.
fn print_lines<'a>(
    object: &'a Object<'a>,
    mut reports: impl Iterator<Item = Report<'a>>,
    out: &mut Printer,
) -> io::Result<()> {
    /// The number of relocations that are handed over at once. Most objects have fewer.
    const PART: usize = 512;
    let parts = iter::from_fn(|| {
        let part: Vec<_> = reports.by_ref().take(PART).map(LineOutcome::from).collect();
        (!part.is_empty()).then_some(part)
    });
    let mut relocations = object.relocations();
    let mut sections = SectionHeadings::default();
    // Keeps its memory from one line to the next.
    let mut line = Vec::new();
    threads::handed_over(parts, |part| {
        // In this order, the end of a part takes no relocation.
        part.iter().zip(relocations.by_ref()).try_for_each(|(answer, relocation)| {
            sections.print(&relocation, out)?;
            line.clear();
            text(&relocation, answer, out.if_colored(answer.style()), &mut line)?;
            out.hang(HANG).write_all(&line)
        })
    })
}

/// The part of a report that its line needs. For nearly all relocations it is small: to move a whole `Report` from
/// one processor to the other takes longer than to format it.
enum LineOutcome<'a> {
    /// The new value, and the original one if it was checked and replaced by another.
    Value {
        value: u64,
        replaced: Option<u64>,
    },
    Report(Box<Report<'a>>),
}

impl<'a> From<Report<'a>> for LineOutcome<'a> {
    fn from(report: Report<'a>) -> Self {
        match report.outcome.value() {
            Some(value) if report.id_module().is_none() => {
                Self::Value { value, replaced: replaced_value(&report.outcome) }
            }
            _ => Self::Report(Box::new(report)),
        }
    }
}

impl LineOutcome<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Value { .. } => "relocated",
            Self::Report(report) => report.outcome.name(),
        }
    }

    fn style(&self) -> Style {
        match self {
            Self::Value { .. } => Style::new().green(),
            Self::Report(report) => match report.outcome {
                Outcome::Applied { status: Status::Relocated, .. } => Style::new().green(),
                Outcome::Applied { .. } => Style::new().yellow(),
                Outcome::Skipped(_) => Style::new().dimmed(),
                _ => Style::new().red(),
            },
        }
    }
}

/// The column of what is accessed, which a folded line continues in.
const HANG: usize = 40;

/// Appends a relocation's line.
fn text(
    relocation: &ObjectRelocation<'_>,
    answer: &LineOutcome<'_>,
    style: Style,
    line: &mut Vec<u8>,
) -> io::Result<()> {
    push_hex(line, relocation.insn_off(), 8);
    line.extend_from_slice(b"  ");
    if style.is_plain() {
        push_padded(line, answer.name(), 9);
    } else {
        write!(line, "{}", format_args!("{:9}", answer.name()).style(style))?;
    }
    line.extend_from_slice(b"  ");
    push_padded(line, &kind_name(relocation), 17);
    line.extend_from_slice(b"  ");
    relocation.push_access_in_c(line);
    match answer {
        LineOutcome::Value { value, replaced } => {
            push_value(line, *value);
            push_replaced(line, *replaced);
        }
        LineOutcome::Report(report) => match &report.outcome {
            // Without the name of the relocation, which the line already has.
            Outcome::Failed(error) => write!(line, ": {}", error.cause)?,
            outcome => {
                if let Some(value) = outcome.value() {
                    push_value(line, value);
                }
                if let Some(module) = report.id_module() {
                    write!(line, " (an id of module {})", Escaped(module))?;
                }
                push_replaced(line, replaced_value(outcome));
                if let Some(reason) = report.reason() {
                    write!(line, ": {reason}")?;
                }
            }
        },
    }
    line.push(b'\n');
    Ok(())
}

fn push_value(line: &mut Vec<u8>, value: u64) {
    line.extend_from_slice(b" = ");
    push_number(line, value);
}

fn push_replaced(line: &mut Vec<u8>, replaced: Option<u64>) {
    if let Some(original) = replaced {
        line.extend_from_slice(b", was ");
        push_number(line, original);
    }
}

/// Returns the instruction's original value, if it was checked and replaced by another.
fn replaced_value(outcome: &Outcome) -> Option<u64> {
    let Outcome::Applied { status: Status::Relocated, resolution } = outcome else { return None };
    let change = resolution.change.filter(|change| change.checked)?;
    (change.original != change.value).then_some(change.original)
}

/// Prints the counts, and the path of the relocated object if it was written. JSON has no summary.
fn summary(
    format: Option<Format>,
    counts: Counts,
    written: Option<&Path>,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(Format::Text) = format else { return Ok(()) };
    write!(out, "{}", plural(counts.total(), "relocation"))?;
    let parts = [
        (counts.relocated, "relocated"),
        (counts.poisoned, "poisoned"),
        (counts.kept, "kept"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    for (position, (count, name)) in parts.enumerate() {
        let separator = if position == 0 { ":" } else { "," };
        write!(out, "{separator} {count} {name}")?;
    }
    match written {
        Some(path) if is_standard(path) => write!(out, "; written to standard output")?,
        Some(path) => write!(out, "; written to {}", Escaped(path.display()))?,
        None => {}
    }
    writeln!(out)
}

/// A line of JSON.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    record: RecordKeys,
    status: &'static str,
    before: Option<String>,
    after: Option<String>,
    value: Option<u64>,
    error: Option<String>,
}

fn json(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let line = Line {
        record: RecordKeys::of(&report.relocation),
        status: report.outcome.name(),
        before: report.before.map(|insn| insn.to_string()),
        after: report.after.map(|insn| insn.to_string()),
        value: report.outcome.value(),
        error: report.reason(),
    };
    json_line(&line, out)
}
