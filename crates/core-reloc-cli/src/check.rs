//! `core-reloc check`.

mod baseline;
mod collect;
mod facts;
mod html;
mod json;
mod labels;
mod problems;
mod text;

use std::{io::Write, path::Path};

use core_reloc::elf::Object;
use core_reloc_tools::check::Checker;

use self::{
    baseline::Baseline,
    collect::{Checked, Collector, Kernels},
    facts::ObjectFacts,
    problems::Problems,
};
use crate::{
    Ending,
    arguments::{Check, Format},
    failure::Failure,
    message, object,
    output::{stdout, write_file},
};

/// What is to be printed, in any of the formats.
pub(crate) struct Results {
    /// What does not depend on the kernel.
    pub(crate) objects: Vec<ObjectFacts>,
    pub(crate) kernels: Vec<Checked>,
    pub(crate) baseline: Baseline,
}

pub(crate) fn run(arguments: &Check) -> Result<Ending, Failure> {
    let baseline = match &arguments.baseline {
        Some(path) => Baseline::read(path)?,
        None => Baseline::default(),
    };
    let mut files = Vec::new();
    for path in &arguments.objects {
        files.push((path.as_path(), object::read(path)?));
    }
    let objects = files.iter().map(|(path, bytes)| object::parse(path, bytes));
    let objects: Vec<Object<'_>> = objects.collect::<Result<_, _>>()?;
    let labels = labels::of(files.iter().map(|(path, _)| path.display().to_string()));
    let facts = objects.iter().zip(labels).map(|(object, label)| ObjectFacts::of(object, label));
    let facts: Vec<ObjectFacts> = facts.collect();
    let checkers: Vec<Checker<'_>> = objects.iter().map(Checker::new).collect();

    let collector = Collector::new(&checkers, arguments.html.is_some());
    let Kernels { kernels, failed, total } = match arguments.targets.as_slice() {
        [] => collector.running()?,
        targets => collector.all(targets)?,
    };
    for failure in &failed {
        message::error(failure);
    }
    let mut results = Results { objects: facts, kernels, baseline };
    let ending = report(arguments, &mut results)?;
    match failed.len() {
        0 => Ok(ending),
        failed => Err(Failure::Targets { failed, total }),
    }
}

/// Prints and writes all that was asked for.
fn report(arguments: &Check, results: &mut Results) -> Result<Ending, Failure> {
    if let Some(path) = &arguments.write_baseline {
        let known = Baseline::of(results, &Problems::of(results));
        write(path, known.to_string().as_bytes())?;
        results.baseline = known;
    }
    for object in results.without_kernel() {
        message::warning(format_args!(
            "{object}: none of the kernels has its byte order, so that it was not checked"
        ));
    }
    let problems = Problems::of(results);
    for line in results.baseline.stale(results, &problems) {
        message::warning(format_args!(
            "the baseline has what does not happen any more: {}",
            line.replace('\t', " ")
        ));
    }
    if let Some(path) = &arguments.html {
        write(path, html::page(results)?.as_bytes())?;
    }
    let mut out = stdout();
    match arguments.format.format {
        Format::Text => text::print(results, &problems, &mut out)?,
        Format::Json => json::print(results, &mut out)?,
    }
    out.flush()?;
    Ok(if problems.are_accepted() { Ending::Good } else { Ending::Bad })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_file(path, bytes).map_err(|error| Failure::Write { path: path.to_path_buf(), error })
}

impl Results {
    /// The objects that none of the kernels has the byte order of.
    fn without_kernel(&self) -> impl Iterator<Item = &str> {
        let is_without = |at: usize| self.kernels.iter().all(|kernel| kernel.rows[at].is_none());
        let objects = self.objects.iter().enumerate();
        let without = objects.filter(move |(at, _)| !self.kernels.is_empty() && is_without(*at));
        without.map(|(_, object)| object.label.as_str())
    }
}

/// A number of things.
fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
