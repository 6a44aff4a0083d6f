//! `core-reloc check`.

mod baseline;
mod collect;
mod explanations;
mod html;
mod json;
mod objects;
mod problems;
mod text;

use std::io::Write;

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
    files::{parse_object, read_object, write_file},
    names,
    terminal::{self, stdout},
};

/// The results of all objects on all kernels, from which every format is printed.
struct Results {
    objects: Vec<ObjectInfo>,
    kernels: Vec<CheckedKernel>,
    baseline: Baseline,
}

pub(crate) fn run(arguments: &Check) -> Result<Completion, Failure> {
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
    let CheckedKernels { kernels, failed, total } = match arguments.targets.as_slice() {
        [] => collector.running_kernel()?,
        targets => collector.all_kernels(targets)?,
    };
    for error in &failed {
        terminal::error(error);
    }
    let mut results = Results { objects: infos, kernels, baseline };
    let completion = report(arguments, &mut results)?;
    match failed.len() {
        0 => Ok(completion),
        failed => Err(Failure::Targets { failed, total }),
    }
}

/// Prints the results, and writes the files that the arguments name.
fn report(arguments: &Check, results: &mut Results) -> Result<Completion, Failure> {
    if let Some(path) = &arguments.write_baseline {
        let current = Baseline::of(results, &Problems::of(results));
        write_file(path, current.to_string().as_bytes())?;
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
    if let Some(path) = &arguments.html {
        write_file(path, html::page(results)?.as_bytes())?;
    }
    let mut out = stdout();
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
