//! What CI systems show of results: an issue for each cause and each note, however many relocations, programs and
//! kernels it concerns.

use std::collections::BTreeMap;

use core_reloc_tools::check::Verdict;

use super::{
    Results,
    causes::{CauseEntry, Causes},
    kernel_set::KernelSet,
    notes::{Note, Notes},
    place::{Place, Places, Sources},
    rules,
    wording::{heading, proof},
};
use crate::format::plural;

/// The number of programs, and of ranges of kernels, that an issue names.
const MAX_NAMED: usize = 5;

/// Something to show at a line of source, or at an object.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    /// The id of its rule.
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) title: String,
    /// Lines of text, each with a word and a colon before.
    pub(super) details: Vec<String>,
    /// Where it has to be corrected; never empty.
    pub(super) places: Vec<Place>,
    /// What it is about: the same from run to run, and for other kernels.
    pub(super) identity: String,
    /// A baseline accepts it.
    pub(super) is_accepted: bool,
}

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The exit status is 1 for it.
    Error,
    /// An optional program does not load, or a program may read a wrong value.
    Warning,
    /// It depends on what is not known here, or a baseline accepts it.
    Note,
    /// It does no harm.
    Info,
}

impl Issue {
    /// Returns the title and the details, each on a line.
    pub(super) fn text(&self) -> String {
        let lines = [self.title.as_str()].into_iter();
        lines.chain(self.details.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
    }
}

/// Returns the issues of results, one at a time: the worst causes first, and the notes at the end. What does no
/// harm is only part of them if `explains` is set.
pub(super) fn issues<'r>(
    results: &'r Results,
    causes: &'r Causes,
    sources: &'r Sources,
    explains: bool,
) -> impl Iterator<Item = Issue> + 'r {
    let is_shown = move |entry: &&CauseEntry| {
        let is_open = matches!(entry.thing.verdict, Verdict::LeftOpen | Verdict::Conditional);
        entry.is_problem() || is_open || explains
    };
    let causes = causes.0.iter().filter(is_shown);
    let causes = causes.map(move |entry| of_cause(results, sources, entry));
    let notes = Notes::of(results).0.into_iter();
    causes.chain(notes.map(move |note| of_note(results, sources, &note)))
}

fn of_cause(results: &Results, sources: &Sources, entry: &CauseEntry) -> Issue {
    let is_accepted = entry.is_accepted(results);
    let severity = match entry.thing.verdict {
        _ if entry.counts() => Severity::Error,
        _ if is_accepted => Severity::Note,
        _ if entry.is_problem() => Severity::Warning,
        Verdict::LeftOpen | Verdict::Conditional => Severity::Note,
        _ => Severity::Info,
    };
    let kernels = entry.kernels();
    let mut details = Vec::new();
    let mut add = |word: &str, text: &str| details.push(format!("{word}: {text}"));
    add("in", &programs(results, entry));
    let here = kernel_names(results, &kernels);
    match entry.other_kernels.is_empty() {
        true => add("on", &here),
        false => {
            add("on", &format!("{here}; not on {}", kernel_names(results, &entry.other_kernels)));
        }
    }
    if let Some(explanation) = &entry.explanation {
        add("why", &explanation.reason);
    }
    if let Some(proof) = proof(results, entry) {
        add(if entry.is_problem() { "asked" } else { "proof" }, &proof);
    }
    for suggestion in entry.suggestions.iter().filter(|_| entry.is_problem()) {
        add("help", &suggestion.text);
    }
    if is_accepted {
        add("accepted", "the baseline has it");
    }
    let thing = &entry.thing;
    Issue {
        rule: rules::of_thing(thing).id,
        severity,
        title: heading(entry),
        details,
        places: places(results, sources, entry),
        identity: format!("{} {} {}", thing.verdict, thing.what, thing.name),
        is_accepted,
    }
}

fn of_note(results: &Results, sources: &Sources, note: &Note) -> Issue {
    let object = &results.objects[note.object];
    let relocation = &object.relocations[note.note.relocation];
    let mut places = Places::default();
    places.add(Place::of_relocation(object, relocation, sources));
    let (access, function) = (&relocation.access, &relocation.function);
    let (what, text) = (&note.note.what, &note.note.text);
    Issue {
        rule: rules::of_note(what).id,
        severity: Severity::Warning,
        title: format!("may read a wrong value: {access}"),
        details: Vec::from([
            format!("why: {text}"),
            format!("in: {function} in {}", object.label),
            format!("on: {}", kernel_names(results, &note.kernels)),
        ]),
        places: places.finish(),
        identity: format!("{what} {access} in {function} of {}: {text}", object.label),
        is_accepted: false,
    }
}

/// Returns the lines of source that a cause is about: those of its relocations; or else those where its programs
/// start, or the objects, which also stand for all of their programs.
fn places(results: &Results, sources: &Sources, entry: &CauseEntry) -> Vec<Place> {
    let mut places = Places::default();
    for (object, relocation) in &entry.relocations {
        let object = &results.objects[*object];
        places.add(Place::of_relocation(object, &object.relocations[*relocation], sources));
    }
    let is_of_programs = entry.thing.verdict != Verdict::OtherArchitecture;
    if entry.relocations.is_empty() && is_of_programs {
        for (object, program) in entry.programs() {
            let object = &results.objects[object];
            places.add(Place::of_program(object, &object.programs[program], sources));
        }
    }
    if places.is_empty() {
        for object in entry.objects() {
            places.add(Place::of_object(&results.objects[object], sources));
        }
    }
    places.finish()
}

/// Names the programs that a cause hits, by object; the objects if it is about these.
fn programs(results: &Results, entry: &CauseEntry) -> String {
    let (all, objects) = (entry.programs(), entry.objects());
    let label = |object: usize| results.objects[object].label.as_str();
    if all.is_empty() {
        return listed(objects.iter().map(|object| label(*object).to_string()), "object");
    }
    let mut by_object: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (object, program) in all.iter().take(MAX_NAMED) {
        let name = &results.objects[*object].programs[*program].name;
        by_object.entry(*object).or_default().push(name);
    }
    let names = by_object.iter();
    let names =
        names.map(|(object, programs)| format!("{} in {}", programs.join(", "), label(*object)));
    let mut text = names.collect::<Vec<_>>().join("; ");
    if all.len() > MAX_NAMED {
        let objects = plural(objects.len(), "object");
        text += &format!("; {} in {objects} in all", plural(all.len(), "program"));
    }
    text
}

/// Names kernels as ranges.
fn kernel_names(results: &Results, kernels: &KernelSet) -> String {
    let count = results.kernels.len();
    if count > 1 && kernels.len() == count {
        return format!("all {count} kernels");
    }
    let label = |kernel: usize| results.kernels[kernel].label.as_str();
    let range = |(first, last): (usize, usize)| match first == last {
        true => label(first).to_string(),
        false => format!("{} to {}", label(first), label(last)),
    };
    listed(kernels.ranges().into_iter().map(range), "range")
}

/// Lists the first few, and counts the others.
fn listed(all: impl ExactSizeIterator<Item = String>, what: &str) -> String {
    let more = all.len().saturating_sub(MAX_NAMED);
    let mut text = all.take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(" and {}", plural(more, format_args!("more {what}")));
    }
    text
}
