//! `core-reloc explain`.

pub(crate) mod json;
mod text;

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use core_reloc::{
    Options, Target,
    elf::{Object, ObjectRelocation, Outcome, Report, SourceLine, SourceLines},
    essential_name,
    generate::RootName,
};
use core_reloc_sys::Kernel;
use core_reloc_tools::explain::{Explainer, Explanation};

use crate::{
    Completion,
    arguments::{Explain, Format},
    failure::Failure,
    format::plural,
    inputs::{kept_object, parse_object},
    kept::kept,
    target::with_target,
    terminal::{self, Printer, stdout},
};

/// The report of a relocation, its line of source, and the explanation of its result.
pub(crate) struct Explained<'r, 'a> {
    pub(crate) report: &'r Report<'a>,
    pub(crate) line: Option<SourceLine<'a>>,
    pub(crate) explanation: Option<Explanation>,
    /// The earlier relocation that was explained in the same way, as C writes what it accesses.
    pub(crate) said_of: Option<String>,
}

/// What has been said, so that text says it once for a cause.
#[derive(Default)]
pub(crate) struct Said(Vec<(Explanation, String)>);

impl Said {
    /// The number of explanations that are compared. Few objects have as many causes.
    const MAX: usize = 64;

    /// Returns what the relocation accesses that was explained in the same way, and keeps a new explanation.
    pub(crate) fn of(
        &mut self,
        explanation: Option<&Explanation>,
        report: &Report<'_>,
    ) -> Option<String> {
        let explanation = explanation?;
        let is_same = |said: &Explanation| {
            said.problem == explanation.problem
                && said.suggestions == explanation.suggestions
                && said.comparisons == explanation.comparisons
        };
        if explanation.suggestions.is_empty() && explanation.comparisons.is_empty() {
            return None;
        }
        if let Some((_, access)) = self.0.iter().find(|(said, _)| is_same(said)) {
            return Some(access.clone());
        }
        if self.0.len() < Self::MAX {
            self.0.push((explanation.clone(), report.relocation.access_in_c()));
        }
        None
    }
}

pub(crate) fn run(arguments: &Explain) -> Result<Completion, Failure> {
    let bytes = kept_object(&arguments.object)?;
    let object = kept(parse_object(&arguments.object, bytes)?);
    let mut out = stdout().in_format(arguments.format.format);
    let completion = with_target(&arguments.target, &Kernel::running(), object, |target| {
        explain(arguments, object, target, &mut out)
    })??;
    out.flush()?;
    Ok(completion)
}

fn explain(
    arguments: &Explain,
    object: &Object<'_>,
    target: &Target<'_>,
    out: &mut Printer,
) -> Result<Completion, Failure> {
    let lines = SourceLines::of(object);
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    let mut completion = Completion::Success;
    let (mut shown, mut ok, mut total, mut said) = (0, 0, 0, Said::default());
    let includes_ok = arguments.all || !arguments.status.is_empty();
    for report in object.relocate(target, Options::default()) {
        total += 1;
        if !is_selected(arguments, &report) {
            continue;
        }
        if let Outcome::Failed(_) = report.outcome {
            completion = Completion::Negative;
        }
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(&report));
        if !includes_ok && explanation.is_none() && report.outcome.value().is_some() {
            ok += 1;
            continue;
        }
        shown += 1;
        let line = lines.written_in(&report.relocation);
        let said_of = said.of(explanation.as_ref(), &report);
        let explained = Explained { report: &report, line, explanation, said_of };
        print(arguments.format.format, &explained, out)?;
    }
    if let Format::Text = arguments.format.format {
        let left_out = match ok {
            0 => String::new(),
            1 => "; 1 is ok (--all shows it)".to_string(),
            ok => format!("; {ok} are ok (--all shows them)"),
        };
        writeln!(out, "{shown} of {} shown{left_out}", plural(total, "relocation"))?;
    }
    warn_of_unknown_names(arguments, object);
    Ok(completion)
}

/// Warns of a program or type without relocations, and lists those that have some.
fn warn_of_unknown_names(arguments: &Explain, object: &Object<'_>) {
    /// The number of names that are listed.
    const LISTED: usize = 24;
    let names = |name_of: fn(&ObjectRelocation<'_>) -> Option<String>| {
        let names: BTreeSet<String> =
            object.relocations().filter_map(|relocation| name_of(&relocation)).collect();
        let more = if names.len() > LISTED { ", …" } else { "" };
        names.into_iter().take(LISTED).collect::<Vec<_>>().join(", ") + more
    };
    if let Some(program) = &arguments.program
        && !object.relocations().any(|relocation| is_of_program(&relocation, Some(program)))
    {
        let functions = names(|relocation| {
            relocation.function().ok().flatten().map(|function| function.to_string())
        });
        terminal::warning(format_args!(
            "no relocations in a function or section `{program}`; functions with relocations: \
             {functions}"
        ));
    }
    if let Some(root) = &arguments.root
        && !object.relocations().any(|relocation| is_of_root(&relocation, root))
    {
        let roots = names(|relocation| relocation.root_name().map(|name| name.to_string()));
        terminal::warning(format_args!(
            "no relocations of a type `{root}`; types with relocations: {roots}"
        ));
    }
}

/// Prints an explanation in the given format.
pub(crate) fn print(
    format: Format,
    explained: &Explained<'_, '_>,
    out: &mut Printer,
) -> io::Result<()> {
    match format {
        Format::Text => text::print(explained, out),
        Format::Json => json::print(explained, out),
    }
}

/// Returns `true` if a relocation is in this function or section, or if `program` is `None`.
pub(crate) fn is_of_program(relocation: &ObjectRelocation<'_>, program: Option<&str>) -> bool {
    let function = relocation.function().ok().flatten();
    program.is_none_or(|program| {
        function.is_some_and(|function| function == program) || relocation.section() == program
    })
}

/// Returns `true` if a relocation's root type is `root` or one of its flavors.
fn is_of_root(relocation: &ObjectRelocation<'_>, root: &str) -> bool {
    let wanted = RootName::parse(root.trim());
    let ty = relocation.local().type_by_id(relocation.type_id()).ok();
    let name = relocation.root_name().unwrap_or_default();
    let is_named =
        name == wanted.name || essential_name(&name) == essential_name(wanted.name.as_bytes());
    is_named && ty.is_some_and(|ty| wanted.may_be(ty.kind()))
}

/// Returns `true` if the arguments select a report.
fn is_selected(arguments: &Explain, report: &Report<'_>) -> bool {
    let relocation = &report.relocation;
    is_of_program(relocation, arguments.program.as_deref())
        && arguments.root.as_ref().is_none_or(|root| is_of_root(relocation, root))
        && (arguments.status.is_empty()
            || arguments.status.iter().any(|status| status.name() == report.outcome.name()))
}
