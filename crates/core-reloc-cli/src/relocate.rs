//! `core-reloc relocate`.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::{Path, PathBuf},
};

use core_reloc::{
    Options, Status, Target,
    elf::{Counts, Failed, Object, Outcome, Report},
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
    inputs::{FileIdentity, Inputs, is_standard, parse_object, read_object},
    kept::kept,
    output::Output,
    target::with_target,
    terminal::{self, Escaped, Printer},
};

pub(crate) fn run(arguments: &Relocate) -> Result<Completion, Failure> {
    let output = output(arguments)?;
    let bytes = kept(read_object(&arguments.object)?);
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
    let mut sections = SectionHeadings::default();
    let mut failed = Vec::new();
    let mut line = String::new();
    for report in &mut relocating {
        match format {
            Some(Format::Text) => {
                sections.print(&report.relocation, out)?;
                line.clear();
                text(&report, &mut line, out)?;
            }
            Some(Format::Json) => json(&report, out)?,
            None => {}
        }
        if let Outcome::Failed(_) = report.outcome {
            failed.push(report.to_string());
        }
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

/// The column of what is accessed, which a folded line continues in.
const HANG: usize = 40;

/// Formats a relocation's line; `line` is empty, and keeps its memory from one to the next.
fn text(report: &Report<'_>, line: &mut String, out: &mut Printer) -> io::Result<()> {
    let Report { relocation, outcome, .. } = report;
    let style = out.if_colored(style(outcome));
    push_hex(line, relocation.insn_off(), 8);
    line.push_str("  ");
    if style.is_plain() {
        push_padded(line, outcome.name(), 9);
    } else {
        write!(line, "{}", format_args!("{:9}", outcome.name()).style(style))
            .map_err(io::Error::other)?;
    }
    line.push_str("  ");
    push_padded(line, &kind_name(relocation), 17);
    line.push_str("  ");
    relocation.push_access_in_c(line);
    match outcome {
        // Without the name of the relocation, which the line already has.
        Outcome::Failed(error) => {
            line.push_str(": ");
            line.push_str(&error.cause.to_string());
        }
        outcome => {
            if let Some(value) = outcome.value() {
                line.push_str(" = ");
                push_number(line, value);
            }
            if let Some(module) = report.id_module() {
                line.push_str(" (an id of module ");
                line.push_str(&Escaped(module).to_string());
                line.push(')');
            }
            if let Some(original) = replaced_value(outcome) {
                line.push_str(", was ");
                push_number(line, original);
            }
            if let Some(reason) = report.reason() {
                line.push_str(": ");
                line.push_str(&reason);
            }
        }
    }
    line.push('\n');
    out.hang(HANG).write_all(line.as_bytes())
}

fn style(outcome: &Outcome) -> Style {
    match outcome {
        Outcome::Applied { status: Status::Relocated, .. } => Style::new().green(),
        Outcome::Applied { .. } => Style::new().yellow(),
        Outcome::Skipped(_) => Style::new().dimmed(),
        _ => Style::new().red(),
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
