//! `core-reloc explain`.

mod json;
mod text;

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use core_reloc::{
    Options, Target,
    elf::{Object, ObjectRelocation, Outcome, Report, SourceLine, SourceLines},
    essential_name,
};
use core_reloc_sys::Kernel;
use core_reloc_tools::explain::{Explainer, Explanation};

use crate::{
    Ending,
    arguments::{Explain, Format},
    failure::Failure,
    message, object,
    output::stdout,
    target::with_target,
};

pub(crate) use self::text::side;

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
    warn_of_names(arguments, object);
    Ok(ending)
}

/// Says which names there are, if the ones that were given are of nothing.
fn warn_of_names(arguments: &Explain, object: &Object<'_>) {
    /// How many names are said.
    const SHOWN: usize = 24;
    let names = |name_of: fn(&ObjectRelocation<'_>) -> Option<String>| {
        let names: BTreeSet<String> =
            object.relocations().filter_map(|relocation| name_of(&relocation)).collect();
        let more = if names.len() > SHOWN { ", …" } else { "" };
        names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ") + more
    };
    if let Some(program) = &arguments.program
        && !object.relocations().any(|relocation| is_of_program(&relocation, Some(program)))
    {
        let functions = names(|relocation| {
            relocation.function().ok().flatten().map(|function| function.to_string())
        });
        message::warning(format_args!(
            "no relocation is in a function or section `{program}`; there are in: {functions}"
        ));
    }
    if let Some(root) = &arguments.root
        && !object.relocations().any(|relocation| is_of_root(&relocation, root))
    {
        let roots = names(|relocation| relocation.root_name().map(|name| name.to_string()));
        message::warning(format_args!(
            "no relocation is of a type `{root}`; there are of: {roots}"
        ));
    }
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
pub(crate) fn is_of_program(relocation: &ObjectRelocation<'_>, program: Option<&str>) -> bool {
    let function = relocation.function().ok().flatten();
    program.is_none_or(|program| {
        function.is_some_and(|function| function == program) || relocation.section() == program
    })
}

/// Whether a relocation is of a root type, or one of its flavors.
fn is_of_root(relocation: &ObjectRelocation<'_>, root: &str) -> bool {
    let wanted = root.split_whitespace().next_back().unwrap_or_default();
    let name = relocation.root_name().unwrap_or_default();
    name == wanted || essential_name(&name) == wanted.as_bytes()
}

fn is_chosen(arguments: &Explain, report: &Report<'_>) -> bool {
    let relocation = &report.relocation;
    is_of_program(relocation, arguments.program.as_deref())
        && arguments.root.as_ref().is_none_or(|root| is_of_root(relocation, root))
        && arguments.status.is_none_or(|status| status.name() == report.outcome.name())
}
