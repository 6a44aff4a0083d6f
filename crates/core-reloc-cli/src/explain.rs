//! `core-reloc explain`.

mod json;
mod text;

use std::io::{self, Write};

use core_reloc::{
    Options, Target,
    elf::{Object, Outcome, Report, SourceLine, SourceLines},
    essential_name,
    explain::{Explainer, Explanation},
};
use core_reloc_sys::Kernel;

use crate::{
    Ending,
    arguments::{Explain, Format},
    failure::Failure,
    object,
    output::stdout,
    target::with_target,
};

/// A relocation, where it is in the source, and why it came out as it did.
pub(crate) struct Explained<'r, 'a> {
    pub(crate) report: &'r Report<'a>,
    pub(crate) line: Option<SourceLine<'a>>,
    pub(crate) explanation: Option<Explanation>,
}

pub(crate) fn run(arguments: &Explain) -> Result<Ending, Failure> {
    let bytes = object::read(&arguments.object)?;
    let object = object::parse(&arguments.object, &bytes)?;
    let mut out = stdout();
    let ending = with_target(&arguments.target, &Kernel::running(), &object, |target| {
        explain(arguments, &object, target, &mut out)
    })??;
    out.flush()?;
    Ok(ending)
}

fn explain(
    arguments: &Explain,
    object: &Object<'_>,
    target: &Target<'_>,
    out: &mut impl Write,
) -> Result<Ending, Failure> {
    let lines = SourceLines::of(object);
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    let mut ending = Ending::Good;
    let (mut shown, mut total) = (0, 0);
    for report in object.relocate(target, Options::default()) {
        total += 1;
        if !is_chosen(arguments, &report) {
            continue;
        }
        shown += 1;
        if let Outcome::Failed(_) = report.outcome {
            ending = Ending::Bad;
        }
        let line = lines.written_in(&report.relocation);
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(&report));
        print(arguments.format.format, &Explained { report: &report, line, explanation }, out)?;
    }
    if let Format::Text = arguments.format.format {
        writeln!(out, "{shown} of {total} relocations shown")?;
    }
    Ok(ending)
}

/// Prints an explanation in a format.
pub(crate) fn print(
    format: Format,
    explained: &Explained<'_, '_>,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::print(explained, out),
        Format::Json => json::print(explained, out),
    }
}

/// Whether a relocation is of a program: a function, or those in a section. Without a name, all are.
pub(crate) fn is_of_program(report: &Report<'_>, program: Option<&str>) -> bool {
    let relocation = &report.relocation;
    let function = relocation.function().ok().flatten();
    program.is_none_or(|program| {
        function.is_some_and(|function| function == program) || relocation.section() == program
    })
}

fn is_chosen(arguments: &Explain, report: &Report<'_>) -> bool {
    let relocation = &report.relocation;
    let is_of_root = |root: &String| {
        let wanted = root.split_whitespace().next_back().unwrap_or_default();
        let name = relocation.root_name().unwrap_or_default();
        name == wanted || essential_name(&name) == wanted.as_bytes()
    };
    is_of_program(report, arguments.program.as_deref())
        && arguments.root.as_ref().is_none_or(is_of_root)
        && arguments.status.is_none_or(|status| status.name() == report.outcome.name())
}
