//! Problems: relocations that are poisoned without a guard, or fail, those of the same question put
//! together.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Results,
    collect::{Entry, Why},
};

/// All problems, in the order of the objects and their relocations.
pub(crate) struct Problems(pub(crate) Vec<Problem>);

/// A question that a program asks, and that comes out the same on some kernels.
pub(crate) struct Problem {
    pub(crate) object: usize,
    /// The relocations that ask it: of the same program, kind and access.
    pub(crate) relocations: Vec<usize>,
    /// `poisoned` or `failed`.
    pub(crate) verdict: &'static str,
    pub(crate) why: Option<Arc<Why>>,
    /// What may cure it on all of the kernels.
    pub(crate) cures: Vec<(String, Option<String>)>,
    /// The kernels, and whether the baseline has it for them.
    pub(crate) kernels: Vec<(usize, bool)>,
    /// By what a baseline knows it, but for the kernel.
    pub(crate) key: Key,
}

/// What a baseline knows a problem by: names, and no numbers that change from build to build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) object: String,
    pub(crate) program: String,
    pub(crate) kind: String,
    pub(crate) access: String,
    pub(crate) verdict: String,
}

impl Problems {
    pub(crate) fn of(results: &Results) -> Self {
        let mut problems: Vec<Problem> = Vec::new();
        for at in 0..results.objects.len() {
            problems.extend(of_object(results, at));
        }
        Self(problems)
    }

    /// Whether there is none, or the baseline has them all.
    pub(crate) fn are_accepted(&self) -> bool {
        let mut kernels = self.0.iter().flat_map(|problem| &problem.kernels);
        kernels.all(|(_, is_accepted)| *is_accepted)
    }
}

fn of_object(results: &Results, at: usize) -> Vec<Problem> {
    let object = &results.objects[at];
    // By the question and why it came out so: where it is in `problems`.
    let mut known: BTreeMap<(Key, Option<String>), usize> = BTreeMap::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (kernel, checked) in results.kernels.iter().enumerate() {
        let entries = checked.rows[at].iter().flat_map(|row| row.iter());
        for entry in entries.filter(|entry| entry.verdict.is_problem()) {
            let key = results.key(at, entry.relocation, entry.verdict.name());
            let is_accepted = results.baseline.has(&key, &checked.label);
            let group = (key.clone(), entry.why.as_ref().map(|why| why.reason.clone()));
            let problem = *known.entry(group).or_insert_with(|| {
                problems.push(Problem {
                    object: at,
                    relocations: Vec::new(),
                    verdict: entry.verdict.name(),
                    why: entry.why.clone(),
                    cures: entry.cures().cloned().collect(),
                    kernels: Vec::new(),
                    key,
                });
                problems.len() - 1
            });
            let problem = &mut problems[problem];
            problem.cures.retain(|cure| entry.cures().any(|other| other == cure));
            if !problem.relocations.contains(&entry.relocation) {
                problem.relocations.push(entry.relocation);
            }
            if problem.kernels.last().map(|(kernel, _)| *kernel) != Some(kernel) {
                problem.kernels.push((kernel, is_accepted));
            }
        }
    }
    problems.sort_by_key(|problem| {
        let program = object.relocations[problem.relocations[0]].program;
        (program, problem.relocations[0], problem.kernels[0].0)
    });
    problems
}

impl Entry {
    fn cures(&self) -> impl Iterator<Item = &(String, Option<String>)> {
        self.why.iter().flat_map(|why| &why.cures)
    }
}

impl Results {
    pub(crate) fn key(&self, object: usize, relocation: usize, verdict: &str) -> Key {
        let object = &self.objects[object];
        let relocation = &object.relocations[relocation];
        Key {
            object: object.label.clone(),
            program: object.programs[relocation.program].name.clone(),
            kind: relocation.kind.clone(),
            access: relocation.access.clone(),
            verdict: verdict.to_string(),
        }
    }
}
