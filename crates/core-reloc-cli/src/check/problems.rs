//! Problems: relocations that fail or are poisoned without a guard, grouped by what they have in common.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Results,
    collect::RelocationResult,
    explanations::{SharedExplanation, Suggestion},
};

/// All problems, in the order of the objects and their relocations.
pub(super) struct Problems(pub(super) Vec<Problem>);

/// Relocations of the same program, kind and access that have the same problem on some kernels.
pub(super) struct Problem {
    pub(super) object: usize,
    pub(super) relocations: Vec<usize>,
    /// `poisoned` or `failed`.
    pub(super) verdict: &'static str,
    pub(super) explanation: Option<Arc<SharedExplanation>>,
    /// The suggestions that apply to all of the kernels.
    pub(super) suggestions: Vec<Suggestion>,
    pub(super) kernels: Vec<ProblemKernel>,
    pub(super) key: ProblemKey,
}

/// A kernel that has a problem.
pub(super) struct ProblemKernel {
    /// The index of the kernel.
    pub(super) kernel: usize,
    /// The baseline accepts the problem on this kernel.
    pub(super) is_accepted: bool,
}

/// What identifies a problem in a baseline, with the kernel: names, which stay the same from build to
/// build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ProblemKey {
    pub(super) object: String,
    pub(super) program: String,
    pub(super) kind: String,
    pub(super) access: String,
    pub(super) verdict: String,
}

impl Problems {
    pub(super) fn of(results: &Results) -> Self {
        let objects = 0..results.objects.len();
        Self(objects.flat_map(|object| problems_of_object(results, object)).collect())
    }

    /// Returns `true` if the baseline accepts all problems, or there are none.
    pub(super) fn are_accepted(&self) -> bool {
        self.0.iter().all(Problem::is_accepted)
    }
}

impl Problem {
    /// Returns `true` if the baseline accepts the problem on all kernels that have it.
    pub(super) fn is_accepted(&self) -> bool {
        self.kernels.iter().all(|kernel| kernel.is_accepted)
    }
}

fn problems_of_object(results: &Results, at: usize) -> Vec<Problem> {
    let object = &results.objects[at];
    // Indices in `problems`, by the key and the reason.
    let mut groups: BTreeMap<(ProblemKey, Option<String>), usize> = BTreeMap::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (kernel, checked) in results.kernels.iter().enumerate() {
        let row = checked.rows[at].iter().flat_map(|row| row.iter());
        for result in row.filter(|result| result.verdict.is_problem()) {
            let key = results.key(at, result);
            let is_accepted = results.baseline.accepts(&key, &checked.label);
            let reason = result.explanation.as_ref().map(|explanation| explanation.reason.clone());
            let group = *groups.entry((key.clone(), reason)).or_insert_with(|| {
                problems.push(Problem {
                    object: at,
                    relocations: Vec::new(),
                    verdict: result.verdict.name(),
                    explanation: result.explanation.clone(),
                    suggestions: suggestions(result).to_vec(),
                    kernels: Vec::new(),
                    key,
                });
                problems.len() - 1
            });
            let problem = &mut problems[group];
            problem.suggestions.retain(|suggestion| suggestions(result).contains(suggestion));
            if !problem.relocations.contains(&result.relocation) {
                problem.relocations.push(result.relocation);
            }
            if problem.kernels.last().map(|last| last.kernel) != Some(kernel) {
                problem.kernels.push(ProblemKernel { kernel, is_accepted });
            }
        }
    }
    problems.sort_by_key(|problem| {
        let program = object.relocations[problem.relocations[0]].program;
        (program, problem.relocations[0], problem.kernels[0].kernel)
    });
    problems
}

fn suggestions(result: &RelocationResult) -> &[Suggestion] {
    result.explanation.as_ref().map_or(&[], |explanation| &explanation.suggestions)
}
