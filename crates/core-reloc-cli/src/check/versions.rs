//! The versions of kernels on which each program loads, by distribution, and what it meets on the first kernel outside.
//!
//! A series are the kernels of a folder whose names are alike before the version: those of a distribution's release
//! and an architecture, as BTFHub's archive has them.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use core_reloc_targets::KernelName;
use core_reloc_tools::check::Verdict;

use super::{
    Results,
    causes::Thing,
    collect::CheckedKernel,
    rows::{CauseResult, ProgramResult},
    wording::thing_heading,
};
use crate::{
    format::plural,
    names::kernel_name,
    ranges::{self, VersionRange, ranges},
    terminal::Escaped,
};

/// The number of kernels up to which the table of programs and kernels shows all that ranges would.
const MAX_TABLE: usize = 4;

/// The number of ranges that a line of text has.
const MAX_RANGES: usize = 8;

/// The kernels, by series.
pub(super) struct Versions {
    series: Vec<Series>,
}

/// Kernels of one distribution and architecture.
struct Series {
    /// Empty if the names of all kernels begin with the version.
    title: String,
    /// In the order of their versions.
    kernels: Vec<usize>,
    /// Their names, with the folder.
    names: Vec<String>,
}

/// Consecutive kernels of a series on which a program loads.
pub(super) struct LoadingRange<'r> {
    pub(super) series: &'r str,
    /// The kernels in the series.
    pub(super) kernels: &'r [usize],
    /// The versions, in words.
    title: String,
    /// The kernels beside it, which the program does not load on; `None` at an end of the series.
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

/// In words: on which kernels some programs of an object load.
pub(super) struct Wording {
    /// The programs with these results.
    pub(super) programs: Vec<usize>,
    /// Lines, and below each those about the kernels beside its ranges.
    pub(super) lines: Vec<(String, Vec<String>)>,
}

impl Versions {
    /// Divides kernels into series. Returns `None` if there are few, unless ranges are wanted.
    pub(super) fn of(kernels: &[CheckedKernel], are_wanted: bool) -> Option<Self> {
        if kernels.len() <= MAX_TABLE && !are_wanted {
            return None;
        }
        let mut named: Vec<(String, usize)> = kernels.iter().map(name).zip(0..).collect();
        named.sort_by(|(one, _), (other, _)| KernelName::new(one).cmp(&KernelName::new(other)));
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        let of_range = |range: Range<usize>| {
            let series = KernelName::new(names[range.start]).series();
            let part = &named[range];
            Series {
                title: series.trim_end_matches(['/', '-', '_']).to_string(),
                kernels: part.iter().map(|(_, kernel)| *kernel).collect(),
                names: part.iter().map(|(name, _)| name.clone()).collect(),
            }
        };
        Some(Self { series: ranges::series(&names).into_iter().map(of_range).collect() })
    }

    /// Returns the ranges on which a program loads. Its verdicts may leave something open.
    pub(super) fn ranges(
        &self,
        results: &Results,
        object: usize,
        program: usize,
    ) -> Vec<LoadingRange<'_>> {
        let all = self.series.iter();
        all.flat_map(|series| series.ranges(results, object, program)).collect()
    }

    /// Says for all programs of an object on which kernels they load; those with the same answer together.
    pub(super) fn wordings(&self, results: &Results, object: usize) -> Vec<Wording> {
        let mut wordings: Vec<Wording> = Vec::new();
        let mut known: HashMap<Vec<(String, Vec<String>)>, usize> = HashMap::new();
        for program in 0..results.objects[object].programs.len() {
            let lines = self.lines(results, object, program);
            let at = *known.entry(lines).or_insert_with_key(|lines| {
                wordings.push(Wording { programs: Vec::new(), lines: lines.clone() });
                wordings.len() - 1
            });
            wordings[at].programs.push(program);
        }
        wordings
    }

    fn lines(
        &self,
        results: &Results,
        object: usize,
        program: usize,
    ) -> Vec<(String, Vec<String>)> {
        let does_load = |kernel: usize| loads(results, object, program, kernel);
        let count = results.kernels.len();
        if count > 1 && (0..count).all(does_load) {
            return Vec::from([(format!("all {count} kernels"), Vec::new())]);
        }
        let (mut whole, mut others) = (Vec::new(), Vec::new());
        let mut none: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
        let mut lines = Vec::new();
        for series in &self.series {
            let ranges = series.ranges(results, object, program);
            match ranges.as_slice() {
                [] if series.is_other_architecture(results, object, program) => others.push(series),
                [] => {
                    let cause = series.cause(results, object, program);
                    none.entry(cause).or_default().push(series);
                }
                [all] if all.kernels.len() == series.kernels.len() => whole.push(series),
                some => lines.push(series.line(results, object, program, some)),
            }
        }
        if !whole.is_empty() {
            lines.insert(0, (format!("all of {}", titles(&whole)), Vec::new()));
        }
        for (cause, series) in none {
            lines.push((format!("none of {}", titles(&series)), Vec::from([cause])));
        }
        if !others.is_empty() {
            lines.push((format!("of another architecture: {}", titles(&others)), Vec::new()));
        }
        lines
    }
}

impl Series {
    fn ranges(&self, results: &Results, object: usize, program: usize) -> Vec<LoadingRange<'_>> {
        let does_load = |at: usize| loads(results, object, program, self.kernels[at]);
        // Most programs load on all kernels of a series, or on none.
        let count = self.kernels.len();
        match (0..count).filter(|at| does_load(*at)).count() {
            0 => return Vec::new(),
            loading if loading == count => {
                let (series, kernels) = (self.title.as_str(), self.kernels.as_slice());
                let title = format!("all {count}");
                let all = LoadingRange { series, kernels, title, before: None, after: None };
                return Vec::from([all]);
            }
            _ => {}
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let all = ranges(&names, |one, other| does_load(one) == does_load(other));
        let loading = all.into_iter().filter(|range| does_load(range.first));
        let range = |VersionRange { first, last, title }| LoadingRange {
            series: &self.title,
            kernels: &self.kernels[first..=last],
            title,
            before: first.checked_sub(1).map(|at| self.kernels[at]),
            after: self.kernels.get(last + 1).copied(),
        };
        loading.map(range).collect()
    }

    /// Returns `true` if a program is for another architecture than the kernels.
    fn is_other_architecture(&self, results: &Results, object: usize, program: usize) -> bool {
        let mut verdicts =
            self.kernels.iter().map(|kernel| result(results, object, program, *kernel).verdict);
        verdicts.all(|verdict| verdict == Verdict::OtherArchitecture)
    }

    /// Says what keeps a program from loading on all kernels; of several causes, that on the newest.
    fn cause(&self, results: &Results, object: usize, program: usize) -> String {
        let mut causes = self.kernels.iter().rev().map(|it| causes(results, object, program, *it));
        let last = causes.next().unwrap_or_default();
        match self.kernels.last() {
            Some(newest) if !causes.all(|other| other == last) => {
                format!("on {}: {last}", self.version(*newest))
            }
            _ => last,
        }
    }

    /// Says on which of the kernels a program loads, and what it meets beside them.
    fn line(
        &self,
        results: &Results,
        object: usize,
        program: usize,
        ranges: &[LoadingRange<'_>],
    ) -> (String, Vec<String>) {
        let shown = ranges.iter().take(MAX_RANGES);
        let titles: Vec<&str> = shown.clone().map(|range| range.title.as_str()).collect();
        let mut text = titles.join(", ");
        if let more @ 1.. = ranges.len().saturating_sub(MAX_RANGES) {
            text += &format!(" and {}", plural(more, "more range"));
        }
        if !self.title.is_empty() {
            text = format!("{}: {text}", self.title);
        }
        // What one range ends with, and the next one begins after, may be the same kernel.
        let mut beside: Vec<usize> =
            shown.flat_map(|range| [range.before, range.after]).flatten().collect();
        beside.dedup();
        let mut by_cause: Vec<(String, Vec<String>)> = Vec::new();
        for kernel in beside {
            let cause = causes(results, object, program, kernel);
            let version = self.version(kernel);
            match by_cause.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, versions)) => versions.push(version),
                None => by_cause.push((cause, Vec::from([version]))),
            }
        }
        let by_cause = by_cause.into_iter();
        let lines = by_cause.map(|(cause, on)| format!("not on {}: {cause}", on.join(", ")));
        (text, lines.collect())
    }

    /// Returns the version of a kernel.
    fn version(&self, kernel: usize) -> String {
        let at = self.kernels.iter().position(|own| *own == kernel).unwrap_or_default();
        let name = KernelName::new(&self.names[at]);
        name.version().unwrap_or(name.as_str()).to_string()
    }
}

/// Names series, with the number of kernels of each.
fn titles(series: &[&Series]) -> String {
    let title = |series: &&Series| match (series.title.as_str(), series.kernels.len()) {
        ("", count) => plural(count, "kernel"),
        (title, count) => format!("{title} ({count})"),
    };
    series.iter().map(title).collect::<Vec<_>>().join(", ")
}

/// Returns the name of a kernel, with its folder.
fn name(kernel: &CheckedKernel) -> String {
    let name = kernel_name(&kernel.path);
    let name = name.rsplit('/').next().unwrap_or_default();
    let name = Escaped(name);
    if kernel.folder.is_empty() { name.to_string() } else { format!("{}/{name}", kernel.folder) }
}

fn result(results: &Results, object: usize, program: usize, kernel: usize) -> &ProgramResult {
    &results.kernels[kernel].rows[object].programs[program]
}

/// Returns `true` if a program loads and attaches on a kernel, as far as types tell.
fn loads(results: &Results, object: usize, program: usize, kernel: usize) -> bool {
    !result(results, object, program, kernel).verdict.is_problem()
}

/// Returns what keeps a program from loading on a kernel, the worst first.
pub(super) fn problems(
    results: &Results,
    object: usize,
    program: usize,
    kernel: usize,
) -> impl Iterator<Item = &CauseResult> {
    let causes = result(results, object, program, kernel).causes.iter();
    causes.filter(|cause| cause.verdict.is_problem())
}

/// Says what keeps a program from loading on a kernel.
fn causes(results: &Results, object: usize, program: usize, kernel: usize) -> String {
    let mut all = problems(results, object, program, kernel);
    let Some(CauseResult { verdict, what, name, .. }) = all.next() else {
        return result(results, object, program, kernel).verdict.to_string();
    };
    let (verdict, what, name) = (*verdict, what.clone(), name.clone());
    let first = thing_heading(&Thing { verdict, what, name });
    match all.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
