//! Causes: what is missing, changed or poisoned, with everything that it hits.
//!
//! One entry stands for one thing, however many programs, objects and kernels it concerns.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use core_reloc_tools::check::Verdict;

use super::{
    Results,
    collect::{RelocationResult, RelocationStatus},
    explanations::{SharedExplanation, Suggestion},
};

/// All entries: the worst verdicts first, and within them those that hit most programs.
pub(super) struct Causes(pub(super) Vec<CauseEntry>);

/// A thing with all programs that it hits.
pub(super) struct CauseEntry {
    pub(super) thing: Thing,
    pub(super) hits: Vec<Hit>,
    /// The relocations behind it: the objects, and the relocations' indices in them.
    pub(super) relocations: BTreeSet<(usize, usize)>,
    /// That of the first relocation.
    pub(super) explanation: Option<Arc<SharedExplanation>>,
    /// The suggestions that apply on all kernels.
    pub(super) suggestions: Vec<Suggestion>,
    /// The kernels on which an object with the cause was checked, and does not have it.
    pub(super) other_kernels: BTreeSet<usize>,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thing {
    pub(super) verdict: Verdict,
    pub(super) what: Cow<'static, str>,
    pub(super) name: String,
}

impl Thing {
    /// Returns `true` for something missing that modules have as well.
    fn may_be_in_module(&self) -> bool {
        let is_missing = matches!(self.verdict, Verdict::Missing | Verdict::NotAttachable);
        let kinds =
            ["function", "kernel function", "tracepoint", "iterator", "struct of functions"];
        is_missing && kinds.contains(&self.what.as_ref())
    }
}

/// A program that a cause hits on a kernel. All three are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) object: usize,
    /// `None` for the object as a whole, which is not refused.
    pub(super) program: Option<usize>,
    pub(super) kernel: usize,
    /// The program is loaded by default, and the baseline does not accept the cause.
    pub(super) counts: bool,
}

impl Causes {
    pub(super) fn of(results: &Results) -> Self {
        let mut entries = Entries::default();
        for (object, info) in results.objects.iter().enumerate() {
            for (kernel, checked) in results.kernels.iter().enumerate() {
                let row = &checked.rows[object];
                for (program, result) in row.programs.iter().enumerate() {
                    for cause in &result.causes {
                        let thing = Thing {
                            verdict: cause.verdict,
                            what: cause.what.clone(),
                            name: cause.name.clone(),
                        };
                        let is_accepted = results.accepts(object, program, cause, kernel);
                        let counts = !info.programs[program].is_optional && !is_accepted;
                        let hit = Hit { object, program: Some(program), kernel, counts };
                        let results = cause.relocations.iter();
                        let results = results.filter_map(|index| row.relocation(*index));
                        entries.add(thing, hit, results);
                    }
                }
                for open in &row.open {
                    let name = open.name.clone();
                    let thing = Thing { verdict: Verdict::LeftOpen, what: open.what.clone(), name };
                    let hit = Hit { object, program: None, kernel, counts: false };
                    entries.add(thing, hit, std::iter::empty());
                }
                // Programs' verdicts do not name what does no harm.
                for result in &row.relocations {
                    let verdict = match result.verdict {
                        RelocationStatus::Changed => Verdict::Changed,
                        RelocationStatus::Guarded => Verdict::Guarded,
                        _ => continue,
                    };
                    let relocation = &info.relocations[result.relocation];
                    let name = relocation.thing.clone();
                    let thing = Thing { verdict, what: relocation.what.clone(), name };
                    for program in info.programs_with(result.relocation) {
                        let hit = Hit { object, program: Some(program), kernel, counts: false };
                        entries.add(thing.clone(), hit, [result].into_iter());
                    }
                }
            }
        }
        entries.finish(results)
    }

    /// Returns the entries that keep a program from loading or attaching.
    pub(super) fn problems(&self) -> impl Iterator<Item = &CauseEntry> {
        self.0.iter().filter(|entry| entry.is_problem())
    }

    /// Returns `true` if the baseline accepts all problems, or there are none.
    pub(super) fn are_accepted(&self) -> bool {
        self.problems().all(|problem| !problem.counts())
    }
}

impl CauseEntry {
    /// Returns `true` if it keeps a program from loading or attaching.
    pub(super) fn is_problem(&self) -> bool {
        self.thing.verdict.is_problem()
    }

    /// Returns `true` if it keeps a program from loading or attaching that is loaded by default, and the
    /// baseline does not accept it.
    pub(super) fn counts(&self) -> bool {
        self.is_problem() && self.hits.iter().any(|hit| hit.counts)
    }

    /// Returns `true` if it is a problem of programs that are loaded by default, and the baseline accepts it
    /// for all of them.
    pub(super) fn is_accepted(&self, results: &Results) -> bool {
        let is_loaded = |hit: &Hit| {
            hit.program.is_some_and(|it| !results.objects[hit.object].programs[it].is_optional)
        };
        self.is_problem() && !self.counts() && self.hits.iter().any(is_loaded)
    }

    pub(super) fn kernels(&self) -> BTreeSet<usize> {
        self.hits.iter().map(|hit| hit.kernel).collect()
    }

    pub(super) fn objects(&self) -> BTreeSet<usize> {
        self.hits.iter().map(|hit| hit.object).collect()
    }

    /// Returns the programs, by object.
    pub(super) fn programs(&self) -> BTreeSet<(usize, usize)> {
        self.hits.iter().filter_map(|hit| Some((hit.object, hit.program?))).collect()
    }
}

#[derive(Default)]
struct Entries(BTreeMap<Thing, CauseEntry>);

impl Entries {
    fn add<'r>(
        &mut self,
        thing: Thing,
        hit: Hit,
        results: impl Iterator<Item = &'r RelocationResult>,
    ) {
        let entry = self.0.entry(thing).or_insert_with_key(|thing| CauseEntry {
            thing: thing.clone(),
            hits: Vec::new(),
            relocations: BTreeSet::new(),
            explanation: None,
            suggestions: Vec::new(),
            other_kernels: BTreeSet::new(),
        });
        entry.hits.push(hit);
        for result in results {
            entry.relocations.insert((hit.object, result.relocation));
            let Some(explanation) = &result.explanation else { continue };
            if entry.explanation.is_none() {
                entry.explanation = Some(Arc::clone(explanation));
                entry.suggestions.clone_from(&explanation.suggestions);
            }
            entry.suggestions.retain(|one| explanation.suggestions.contains(one));
        }
    }

    fn finish(self, results: &Results) -> Causes {
        let mut entries: Vec<CauseEntry> = self.0.into_values().collect();
        for entry in &mut entries {
            entry.hits.sort_unstable();
            entry.hits.dedup();
            let (objects, kernels) = (entry.objects(), entry.kernels());
            let is_other = |kernel: &usize| {
                let has_architecture =
                    |object: &usize| results.kernels[*kernel].rows[*object].has_architecture();
                !kernels.contains(kernel) && objects.iter().any(has_architecture)
            };
            entry.other_kernels = (0..results.kernels.len()).filter(is_other).collect();
            if entry.thing.what == "local copy" {
                let text = "read the field itself, not a copy of its struct".to_string();
                entry.suggestions.push(Suggestion { text, code: None });
            }
            if entry.thing.may_be_in_module() {
                let text = "if a module has it, name the module with --module".to_string();
                entry.suggestions.push(Suggestion { text, code: None });
            }
        }
        entries.sort_by_cached_key(|entry| {
            (entry.thing.verdict, usize::MAX - entry.programs().len(), entry.thing.clone())
        });
        Causes(entries)
    }
}
