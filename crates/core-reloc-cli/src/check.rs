//! `core-reloc check`.

mod baseline;
mod collect;
mod explanations;
mod html;
mod json;
mod lint;
mod objects;
mod problems;
mod text;

use std::{io::Write, path::PathBuf};

use core_reloc::elf::Object;
use core_reloc_tools::check::{Checker, Guard, Verdict};

use self::{
    baseline::Baseline,
    collect::{CheckedKernel, CheckedKernels, Collector, RelocationResult},
    objects::ObjectInfo,
    problems::{ProblemKey, Problems},
};
use crate::{
    Completion,
    arguments::{Check, Format},
    failure::Failure,
    inputs::{Inputs, parse_object, read_object},
    names,
    output::Output,
    terminal,
    threads::in_parallel,
};

/// The results of all objects on all kernels, from which every format is printed.
struct Results {
    objects: Vec<ObjectInfo>,
    kernels: Vec<CheckedKernel>,
    baseline: Baseline,
}

pub(crate) fn run(arguments: &Check, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    if arguments.lint {
        return lint::run(arguments);
    }
    // First, so that an unusable output is reported at once.
    let outputs = Outputs::new(arguments, inputs)?;
    let baseline = match &arguments.baseline {
        Some(path) => Baseline::read(path)?,
        None => Baseline::default(),
    };
    let mut files = Vec::new();
    for path in &arguments.objects {
        files.push((path.as_path(), read_object(path)?));
    }
    let objects = files.iter().map(|(path, bytes)| parse_object(path, bytes));
    let objects: Vec<Object<'_>> = objects.collect::<Result<_, _>>()?;
    let labels = names::labels(files.iter().map(|(path, _)| path.display().to_string()));
    let infos = objects.iter().zip(labels).map(|(object, label)| ObjectInfo::of(object, label));
    let infos: Vec<ObjectInfo> = infos.collect();
    let checkers: Vec<Checker<'_>> = objects.iter().map(Checker::new).collect();

    let collector = Collector::new(&checkers, arguments.html.is_some());
    let CheckedKernels { kernels, unreadable } =
        in_parallel(|| match arguments.targets.as_slice() {
            [] => collector.running_kernel(),
            targets => collector.all_kernels(targets),
        })?;
    let readable = unreadable.report(kernels.len())?;
    let mut results = Results { objects: infos, kernels, baseline };
    let checked = report(arguments, &outputs, &mut results)?;
    Ok(checked.and(readable))
}

/// The files that the arguments name.
struct Outputs<'a> {
    baseline: Option<Output<'a>>,
    page: Option<Output<'a>>,
}

impl<'a> Outputs<'a> {
    fn new(arguments: &'a Check, inputs: Inputs<'a>) -> Result<Self, Failure> {
        let (baseline, page) = (&arguments.write_baseline, &arguments.html);
        if let (Some(path), true) = (baseline, baseline == page) {
            return Err(Failure::SameOutput(path.clone()));
        }
        let output = |path: &'a Option<PathBuf>, mark| {
            let path = path.as_deref();
            path.map(|path| Output::marked(path, inputs.clone(), mark)).transpose()
        };
        Ok(Self { baseline: output(baseline, baseline::MARK)?, page: output(page, html::MARK)? })
    }

    /// Returns `true` if one of them is standard output.
    fn has_standard(&self) -> bool {
        [&self.baseline, &self.page].into_iter().flatten().any(Output::is_standard)
    }
}

/// Prints the results, and writes the files that the arguments name.
fn report(
    arguments: &Check,
    outputs: &Outputs<'_>,
    results: &mut Results,
) -> Result<Completion, Failure> {
    if let Some(output) = &outputs.baseline {
        let current = Baseline::of(results, &Problems::of(results));
        output.write(current.to_string().as_bytes())?;
        results.baseline = current;
    }
    for object in results.unchecked_objects() {
        terminal::warning(format_args!("{object}: not checked: no kernel has its byte order"));
    }
    let problems = Problems::of(results);
    for line in results.baseline.stale(results, &problems) {
        let problem = line.replace('\t', " ");
        terminal::warning(format_args!("a problem of the baseline no longer occurs: {problem}"));
    }
    if let Some(output) = &outputs.page {
        output.write(html::page(results)?.as_bytes())?;
    }
    let mut out = terminal::report(outputs.has_standard());
    match arguments.format.format {
        Format::Text => text::print(results, &problems, &mut out)?,
        Format::Json => json::print(results, &mut out)?,
    }
    out.flush()?;
    Ok(if problems.are_accepted() { Completion::Success } else { Completion::Negative })
}

impl Results {
    /// Returns the labels of the objects whose byte order no kernel has.
    fn unchecked_objects(&self) -> impl Iterator<Item = &str> {
        let is_unchecked = |at: usize| self.kernels.iter().all(|kernel| kernel.rows[at].is_none());
        let objects = self.objects.iter().enumerate();
        let unchecked =
            objects.filter(move |(at, _)| !self.kernels.is_empty() && is_unchecked(*at));
        unchecked.map(|(_, object)| object.label.as_str())
    }

    /// Returns the key of a relocation's result in a baseline.
    fn key(&self, object: usize, result: &RelocationResult) -> ProblemKey {
        let object = &self.objects[object];
        let relocation = &object.relocations[result.relocation];
        ProblemKey {
            object: object.label.clone(),
            program: object.programs[relocation.program].name.clone(),
            kind: relocation.kind.clone(),
            access: relocation.access.clone(),
            verdict: result.verdict.name().to_string(),
        }
    }

    /// Returns `true` if a result is a problem that the baseline accepts on the kernel.
    fn is_accepted(&self, object: usize, result: &RelocationResult, kernel: &str) -> bool {
        result.verdict.is_problem() && self.baseline.accepts(&self.key(object, result), kernel)
    }

    /// Describes what makes a poisoned instruction harmless.
    fn guard(&self, object: usize, verdict: Verdict) -> Option<String> {
        let Verdict::Poisoned { guard } = verdict else { return None };
        match guard? {
            Guard::Existence { relocation, in_function } => {
                let object = &self.objects[object];
                let check = &object.relocations[relocation];
                let program = &object.programs[check.program].name;
                let program = if in_function { "the program" } else { program };
                Some(format!(
                    "{program} checks {} of {}, which is 0 here",
                    check.kind, check.access
                ))
            }
            Guard::Unreachable => Some("unreachable on this kernel".to_string()),
            _ => Some("guarded".to_string()),
        }
    }
}
