//! What text and the page say alike.

use core_reloc_tools::check::Verdict;

use super::{
    Results,
    causes::{CauseEntry, Causes, Thing},
};
use crate::format::plural;

/// Says what is the matter with the thing of an entry.
pub(super) fn heading(entry: &CauseEntry) -> String {
    thing_heading(&entry.thing)
}

/// Says what is the matter with a thing.
pub(super) fn thing_heading(Thing { verdict, what, name }: &Thing) -> String {
    let (what, thing) = (what.as_ref(), format!("{what} {name}"));
    match *verdict {
        Verdict::OtherArchitecture => format!("other {what}: {name}"),
        Verdict::Failed => format!("{thing} cannot be relocated"),
        Verdict::Missing => format!("missing: {thing}"),
        Verdict::Poisoned if what == "local copy" => {
            format!("read outside of a local copy: {name}")
        }
        Verdict::Poisoned => format!("missing, and not guarded: {thing}"),
        Verdict::NotAttachable => format!("not attachable: no {thing}"),
        Verdict::Conditional => format!("loads if {name} ({what})"),
        Verdict::Guarded => format!("missing, but guarded: {thing}"),
        Verdict::LeftOpen => format!("left open: {thing}"),
        Verdict::Changed => format!("changed: {thing}"),
        other => format!("{other}: {thing}"),
    }
}

/// Says what keeps the verifier from the poisoned instructions of a cause, or which question does not.
pub(super) fn proof(results: &Results, entry: &CauseEntry) -> Option<String> {
    let kernels = entry.kernels();
    entry.relocations.iter().find_map(|(object, relocation)| {
        let rows = kernels.iter().map(|kernel| &results.kernels[kernel].rows[*object]);
        let mut found = rows.filter_map(|row| row.relocation(*relocation));
        found.find_map(|result| result.proof.as_deref().map(str::to_string))
    })
}

/// Says how much was checked and found.
pub(super) fn summary(results: &Results, causes: &Causes) -> String {
    let programs: usize = results.objects.iter().map(|object| object.programs.len()).sum();
    let sum = [
        (results.objects.len(), "object"),
        (programs, "program"),
        (results.kernels.len(), "kernel"),
    ];
    let sum = sum.map(|(count, what)| plural(count, what));
    let count = |is_counted: &dyn Fn(&CauseEntry) -> bool| {
        causes.0.iter().filter(|entry| is_counted(entry)).count()
    };
    let found = plural(count(&CauseEntry::counts), "problem");
    let others = [
        (count(&|entry| entry.is_accepted(results)), "accepted"),
        (count(&|entry| entry.thing.verdict == Verdict::LeftOpen), "left open"),
        (count(&|entry| entry.thing.verdict == Verdict::Conditional), "conditional"),
    ];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others: String = others.map(|(count, what)| format!(", {count} {what}")).collect();
    format!("{}: {found}{others}", sum.join(", "))
}
