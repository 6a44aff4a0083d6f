//! `core-reloc check`.

mod baseline;
mod causes;
mod collect;
mod explanations;
mod github;
mod given;
mod html;
mod interner;
mod issue;
mod json;
mod junit;
mod kernel_set;
mod lint;
mod mark;
mod merge;
mod notes;
mod objects;
mod parts;
mod place;
mod rows;
mod rules;
mod sarif;
mod shard;
mod table;
mod text;
mod versions;
mod wording;

use std::{io::Write, path::PathBuf};

use core_reloc::elf::Object;
use core_reloc_tools::check::Checker;

use self::{
    baseline::{Baseline, ProblemKey},
    causes::{Causes, Thing},
    collect::{CheckedKernel, CheckedKernels, Collector},
    given::Given,
    issue::issues,
    merge::Merged,
    objects::ObjectInfo,
    place::Sources,
    rows::{Alike, CauseResult},
    shard::key::ShardKey,
    versions::Versions,
};
use crate::{
    Completion,
    arguments::{Check, CheckFormat, Merge, ReportArguments},
    failure::Failure,
    inputs::{Inputs, parse_object, read_objects},
    kept::kept,
    names,
    output::Output,
    terminal,
    threads::in_parallel,
};

/// The results of all objects on all kernels, from which every format is printed.
struct Results {
    objects: &'static [ObjectInfo],
    kernels: Vec<CheckedKernel>,
    baseline: Baseline,
}

pub(crate) fn run(arguments: &Check, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    if arguments.lint {
        return lint::run(arguments);
    }
    // First, so that an unusable output is reported at once.
    if arguments.shard.is_some() && arguments.report.format != CheckFormat::Json {
        return Err(Failure::ShardFormat);
    }
    let outputs = Outputs::new(&arguments.report, inputs)?;
    let baseline = Baseline::named(arguments.report.baseline.as_deref())?;
    let files = kept(read_objects(&arguments.objects)?);
    let objects = files.iter().map(|(path, bytes)| parse_object(path, bytes));
    let objects: &Vec<Object<'_>> = kept(objects.collect::<Result<_, _>>()?);
    let mut checkers = Vec::new();
    for (object, (path, _)) in objects.iter().zip(files) {
        let failure = |error| Failure::Object { path: path.clone(), error };
        checkers.push(Checker::new(object).map_err(failure)?);
    }
    let labels = names::labels(files.iter().map(|(path, _)| path.display().to_string()));
    let checkers = kept(checkers);
    let infos = checkers.iter().zip(labels).zip(files);
    let infos =
        infos.map(|((checker, label), (path, bytes))| ObjectInfo::of(checker, path, bytes, label));
    let objects: &Vec<ObjectInfo> = kept(infos.collect());

    let given = Given::read(arguments)?;
    // A page of all shards needs comparisons.
    let with_comparisons = arguments.report.html.is_some() || arguments.shard.is_some();
    let collector =
        kept(Collector::new(checkers, objects, given, arguments.shard, with_comparisons));
    let CheckedKernels { kernels, unreadable, files } =
        in_parallel(|| match arguments.targets.as_slice() {
            [] => collector.running_kernel(),
            targets => collector.all_kernels(targets),
        })?;
    if let Some(shard) = arguments.shard {
        let key = ShardKey::of(shard, files);
        let results = Results { objects, kernels, baseline };
        let unreadable = unreadable.messages();
        unreadable.iter().for_each(terminal::error);
        let mut out = terminal::stdout();
        let (given, explains) = (collector.given().records(), arguments.report.explain);
        shard::write::print(&results, &key, &given, &unreadable, explains, &mut out)?;
        out.flush()?;
        kept(results);
        // The answer is that of all shards.
        return Ok(Completion::Success);
    }
    let readable = unreadable.report(kernels.len())?;
    let mut results = Results { objects, kernels, baseline };
    let checked = report(&arguments.report, &outputs, &mut results)?;
    kept(results);
    Ok(checked.and(readable))
}

/// Runs `core-reloc merge`.
pub(crate) fn merge(arguments: &Merge, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    let arguments_of_report = &arguments.report;
    let outputs = Outputs::new(arguments_of_report, inputs)?;
    let baseline = Baseline::named(arguments_of_report.baseline.as_deref())?;
    let Merged { objects, kernels, unreadable } = merge::merge(&arguments.reports)?;
    let readable = unreadable.report(kernels.len())?;
    let mut results = Results { objects: kept(objects), kernels, baseline };
    let checked = report(arguments_of_report, &outputs, &mut results)?;
    kept(results);
    Ok(checked.and(readable))
}

/// The files that the arguments name.
struct Outputs<'a> {
    baseline: Option<Output<'a>>,
    page: Option<Output<'a>>,
}

impl<'a> Outputs<'a> {
    fn new(arguments: &'a ReportArguments, inputs: Inputs<'a>) -> Result<Self, Failure> {
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
    arguments: &ReportArguments,
    outputs: &Outputs<'_>,
    results: &mut Results,
) -> Result<Completion, Failure> {
    if let Some(output) = &outputs.baseline {
        let current = Baseline::of(results, &Causes::of(results));
        output.write(current.to_string().as_bytes())?;
        results.baseline = current;
    }
    let causes = Causes::of(results);
    for line in results.baseline.stale(results, &causes) {
        let problem = line.replace('\t', " ");
        terminal::warning(format_args!("a problem of the baseline no longer occurs: {problem}"));
    }
    let versions = Versions::of(&results.kernels, arguments.ranges);
    if let Some(output) = &outputs.page {
        output.write(html::page(results, &causes, versions.as_ref())?.as_bytes())?;
    }
    if !arguments.quiet.quiet {
        print(arguments, outputs, results, &causes, versions.as_ref())?;
    }
    Ok(if causes.are_accepted() { Completion::Success } else { Completion::Negative })
}

/// Prints the results in the format that the arguments name.
fn print(
    arguments: &ReportArguments,
    outputs: &Outputs<'_>,
    results: &Results,
    causes: &Causes,
    versions: Option<&Versions>,
) -> Result<(), Failure> {
    let format = arguments.format;
    let mut out = terminal::report(outputs.has_standard()).folded_if(format == CheckFormat::Text);
    let explains = arguments.explain;
    let sources = Sources::new(arguments.source_root.as_deref());
    let issues = || issues(results, causes, &sources, explains);
    match format {
        CheckFormat::Text => text::print(results, causes, versions, explains, &mut out)?,
        CheckFormat::Json => json::print(results, causes, versions, explains, &mut out)?,
        CheckFormat::Github => {
            github::print(issues(), &wording::summary(results, causes), &mut out)?;
        }
        CheckFormat::Sarif => sarif::print("check", &rules::RULES, issues, &mut out)?,
        CheckFormat::Junit => junit::print(results, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

impl Results {
    /// Returns the distinct rows of an object.
    fn alike(&self, object: usize) -> Vec<Alike<'_>> {
        Alike::of(self.kernels.iter().map(|kernel| &kernel.rows[object]))
    }

    /// Returns the key of a program's problem in a baseline.
    fn key(&self, object: usize, program: usize, thing: &Thing) -> ProblemKey {
        let object = &self.objects[object];
        ProblemKey {
            object: object.label.clone(),
            program: object.programs[program].name.clone(),
            verdict: thing.verdict.name().to_string(),
            cause: format!("{} {}", thing.what, thing.name),
        }
    }

    /// Returns `true` if the baseline accepts a cause on a kernel.
    fn accepts(&self, object: usize, program: usize, cause: &CauseResult, kernel: usize) -> bool {
        !self.baseline.is_empty() && cause.verdict.is_problem() && {
            let (verdict, what, name) = (cause.verdict, cause.what.clone(), cause.name.clone());
            let key = self.key(object, program, &Thing { verdict, what, name });
            self.baseline.accepts(&key, &self.kernels[kernel].label)
        }
    }

    /// Returns `true` if a program has problems on a kernel, and the baseline accepts them all.
    fn is_accepted(&self, object: usize, program: usize, kernel: usize) -> bool {
        let result = &self.kernels[kernel].rows[object].programs[program];
        let mut problems = result.causes.iter().filter(|cause| cause.verdict.is_problem());
        result.verdict.is_problem()
            && problems.all(|cause| self.accepts(object, program, cause, kernel))
    }
}
