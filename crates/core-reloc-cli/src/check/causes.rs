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
    explanations::{SharedExplanation, Suggestion},
    kernel_set::KernelSet,
    rows::{Alike, RelocationResult, RelocationStatus},
};

/// All entries: the worst verdicts first, and within them those that hit most programs.
pub(super) struct Causes(pub(super) Vec<CauseEntry>);

/// A thing with all programs that it hits.
pub(super) struct CauseEntry {
    pub(super) thing: Thing,
    /// The programs, with the kernels on which it hits them.
    pub(super) hits: BTreeMap<Hit, KernelSet>,
    /// The relocations behind it: the objects, and the relocations' indices in them.
    pub(super) relocations: BTreeSet<(usize, usize)>,
    /// That of the first relocation.
    pub(super) explanation: Option<Arc<SharedExplanation>>,
    /// The suggestions that apply on all kernels.
    pub(super) suggestions: Vec<Suggestion>,
    /// The kernels on which an object with the cause was checked, and does not have it.
    pub(super) other_kernels: KernelSet,
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

/// A program that a cause hits. Object and program are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) object: usize,
    /// `None` for the object as a whole, which is not refused.
    pub(super) program: Option<usize>,
    /// The program is loaded by default, and the baseline does not accept the cause.
    pub(super) counts: bool,
}

impl Causes {
    pub(super) fn of(results: &Results) -> Self {
        let mut entries = Entries::default();
        for object in 0..results.objects.len() {
            for alike in results.alike(object) {
                entries.add_row(results, object, &alike);
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
    fn add(&mut self, hit: Hit, kernels: &KernelSet) {
        if !kernels.is_empty() {
            self.hits.entry(hit).or_default().add_all(kernels);
        }
    }

    /// Adds a relocation behind it. The first explanation is that of the entry.
    fn add_relocation(&mut self, object: usize, result: &RelocationResult) {
        self.relocations.insert((object, result.relocation));
        let Some(explanation) = &result.explanation else { return };
        if self.explanation.is_none() {
            self.explanation = Some(Arc::clone(explanation));
            self.suggestions.clone_from(&explanation.suggestions);
        }
        self.suggestions.retain(|one| explanation.suggestions.contains(one));
    }

    /// Returns `true` if it keeps a program from loading or attaching.
    pub(super) fn is_problem(&self) -> bool {
        self.thing.verdict.is_problem()
    }

    /// Returns `true` if it keeps a program from loading or attaching that is loaded by default, and the
    /// baseline does not accept it.
    pub(super) fn counts(&self) -> bool {
        self.is_problem() && self.hits.keys().any(|hit| hit.counts)
    }

    /// Returns `true` if it is a problem of programs that are loaded by default, and the baseline accepts it
    /// for all of them.
    pub(super) fn is_accepted(&self, results: &Results) -> bool {
        let is_loaded = |hit: &Hit| {
            hit.program.is_some_and(|it| !results.objects[hit.object].programs[it].is_optional)
        };
        self.is_problem() && !self.counts() && self.hits.keys().any(is_loaded)
    }

    pub(super) fn kernels(&self) -> KernelSet {
        self.hits.values().collect()
    }

    pub(super) fn objects(&self) -> BTreeSet<usize> {
        self.hits.keys().map(|hit| hit.object).collect()
    }

    /// Returns the programs, by object.
    pub(super) fn programs(&self) -> BTreeSet<(usize, usize)> {
        self.hits.keys().filter_map(|hit| Some((hit.object, hit.program?))).collect()
    }
}

#[derive(Default)]
struct Entries(BTreeMap<Thing, CauseEntry>);

impl Entries {
    /// Adds the causes of a row for all kernels that have it.
    fn add_row(&mut self, results: &Results, object: usize, Alike { row, kernels }: &Alike<'_>) {
        let info = &results.objects[object];
        for (program, result) in row.programs.iter().enumerate() {
            for cause in &result.causes {
                let thing = Thing {
                    verdict: cause.verdict,
                    what: cause.what.clone(),
                    name: cause.name.clone(),
                };
                let is_accepted = |kernel: &usize| results.accepts(object, program, cause, *kernel);
                let accepted = kernels.iter().filter(is_accepted).collect();
                let entry = self.entry(thing);
                let is_loaded = !info.programs[program].is_optional;
                let hit = Hit { object, program: Some(program), counts: is_loaded };
                entry.add(hit, &kernels.without(&accepted));
                entry.add(Hit { counts: false, ..hit }, &accepted);
                let results = cause.relocations.iter().filter_map(|index| row.relocation(*index));
                results.for_each(|result| entry.add_relocation(object, result));
            }
        }
        for open in &row.open {
            let name = open.name.clone();
            let thing = Thing { verdict: Verdict::LeftOpen, what: open.what.clone(), name };
            self.entry(thing).add(Hit { object, program: None, counts: false }, kernels);
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
            let mut programs = info.programs_with(result.relocation).peekable();
            if programs.peek().is_none() {
                continue;
            }
            let entry = self.entry(thing);
            for program in programs {
                entry.add(Hit { object, program: Some(program), counts: false }, kernels);
            }
            entry.add_relocation(object, result);
        }
    }

    fn entry(&mut self, thing: Thing) -> &mut CauseEntry {
        self.0.entry(thing).or_insert_with_key(|thing| CauseEntry {
            thing: thing.clone(),
            hits: BTreeMap::new(),
            relocations: BTreeSet::new(),
            explanation: None,
            suggestions: Vec::new(),
            other_kernels: KernelSet::default(),
        })
    }

    fn finish(self, results: &Results) -> Causes {
        let kernels = |object: usize| {
            let rows = results.kernels.iter().map(|kernel| &kernel.rows[object]).enumerate();
            rows.filter(|(_, row)| row.has_architecture()).map(|(kernel, _)| kernel).collect()
        };
        let of_architecture: Vec<KernelSet> = (0..results.objects.len()).map(kernels).collect();
        let mut entries: Vec<CauseEntry> = self.0.into_values().collect();
        for entry in &mut entries {
            let checked: KernelSet =
                entry.objects().into_iter().map(|object| &of_architecture[object]).collect();
            entry.other_kernels = checked.without(&entry.kernels());
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
