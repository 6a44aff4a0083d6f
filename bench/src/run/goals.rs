//! The goals of a run.

use std::time::Duration;

use super::report::{Beside, Measured, Names, Report, WholeProcess};
use crate::contenders::Who;

/// A goal.
#[derive(Debug)]
pub struct Goal {
    /// What is compared.
    pub about: String,
    /// The limit.
    pub limit: f64,
    /// The measured number.
    pub measured: f64,
    /// Whether the limit is a minimum.
    more: bool,
}

impl Goal {
    fn at_least(about: impl Into<String>, limit: f64, measured: f64) -> Self {
        Self { about: about.into(), limit, measured, more: true }
    }

    fn at_most(about: impl Into<String>, limit: f64, measured: f64) -> Self {
        Self { about: about.into(), limit, measured, more: false }
    }

    /// Returns `true` if the goal is reached.
    pub fn is_met(&self) -> bool {
        if self.more { self.measured >= self.limit } else { self.measured <= self.limit }
    }

    /// Describes the limit.
    pub fn limit(&self) -> String {
        format!("at {} {}", if self.more { "least" } else { "most" }, number(self.limit))
    }

    /// Formats the measured number.
    pub fn measured(&self) -> String {
        number(self.measured)
    }
}

fn number(number: f64) -> String {
    if number >= 100.0 || number.fract() == 0.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.2}")
    }
}

/// Returns the goals of a report; a quick run has none.
pub fn goals(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    if report.quick {
        return goals;
    }
    let ratios = [
        ("a", Who::Libbpf, 20.0),
        ("a", Who::AyaObj, 15.0),
        ("b", Who::Libbpf, 130.0),
        ("c", Who::Libbpf, 220.0),
        ("f", Who::Libbpf, 12.0),
    ];
    for (key, who, limit) in ratios {
        if let Some(ratio) = report.case(key).ratio(who) {
            goals.push(Goal::at_least(format!("({key}) time of {who} / our time"), limit, ratio));
        }
    }
    for case in &report.names {
        let (key, Names { what, names, memory }) = (&case.key, &case.of);
        if let Some(ratio) = case.ratio(Who::Libbpf) {
            let about =
                format!("({key}) time of libbpf / our time, {} {}", names.len(), what.name());
            goals.push(Goal::at_least(about, 10.0, ratio));
        }
        if let Some(memory) = memory.get(&Who::CoreReloc) {
            let about = format!("({key}) KiB at the peak besides the file");
            goals.push(Goal::at_most(about, 3.0 * 1024.0, memory.peak as f64 / 1024.0));
        }
    }
    let ours = |key| report.case(key).median(Who::CoreReloc);
    if let Some(time) = ours("a") {
        let about = "(a) our time / time of reading and walking";
        goals.push(Goal::at_most(about, 1.1, ratio(time, report.least())));
    }
    // A limit in nanoseconds would be one for the machine.
    if let (Some(time), Some(theirs)) = (ours("d"), report.case("c").median(Who::Libbpf)) {
        let about = "time of libbpf in (c) / our time in (d)";
        goals.push(Goal::at_least(about, 220.0, ratio(theirs, time)));
    }
    if let Some(memory) = report.memory.get(&Who::CoreReloc) {
        // The file is mapped, not allocated.
        let besides = memory.kept as f64 / 1024.0;
        goals.push(Goal::at_most("(e) KiB kept besides the file", 1024.0, besides));
    }
    goals.extend(growth(report).into_iter().flatten());
    for (WholeProcess { object, programs }, limit) in report.programs.iter().zip([8.0, 40.0, 100.0])
    {
        let [ours, theirs] = [Who::CoreReloc, Who::Libbpf].map(|who| &programs[&who]);
        let times = ratio(theirs.took.median, ours.took.median);
        let of = format!("{} relocations", object.relocations);
        let about = format!("time of the program with libbpf / of ours, {of}");
        goals.push(Goal::at_least(about, limit, times));
        let peaks = ours.peak_kib as f64 / theirs.peak_kib as f64;
        let about = format!("peak of our program / of the program with libbpf, {of}");
        goals.push(Goal::at_most(about, 1.0, peaks));
    }
    for Beside { about, other, ours, theirs } in &report.commands {
        if let Ok(theirs) = theirs {
            let times = ratio(ours.took.median, theirs.took.median);
            goals.push(Goal::at_most(format!("our time / that of {other}: {about}"), 1.0, times));
        }
    }
    goals
}

/// Returns the goals of linear growth, with a quarter of tolerance for noise and caches.
fn growth(report: &Report) -> Option<[Goal; 2]> {
    const LINEAR: f64 = 1.25;
    let of_relocations = steepening(&report.more_relocations, |of| of.relocations)?;
    let of_types = steepening(&report.larger_targets, |of| of.types)?;
    Some([
        Goal::at_most("(g) cost of the last relocations / of the first", LINEAR, of_relocations),
        Goal::at_most("(g) cost of the last types / of the first", LINEAR, of_types),
    ])
}

/// Returns the ratio of the growth of our time per element between the last two steps to that between the
/// first step and the last but one.
fn steepening<Of>(steps: &[Measured<Of>], size: impl Fn(&Of) -> usize) -> Option<f64> {
    let point = |step: &Measured<Of>| {
        Some((size(&step.of) as f64, step.median(Who::CoreReloc)?.as_secs_f64()))
    };
    let [first, .., middle, last] = steps else { return None };
    let (first, middle, last) = (point(first)?, point(middle)?, point(last)?);
    let slope = |from: (f64, f64), to: (f64, f64)| (to.1 - from.1) / (to.0 - from.0);
    Some(slope(middle, last) / slope(first, middle))
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
