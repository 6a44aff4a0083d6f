//! Explanations of results, each kept in memory once however many kernels have it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use btf_types::Btf;
use core_reloc::{Target, elf::Report};
use core_reloc_tools::{
    definition::DefinitionLine,
    explain::{Comparison, Explainer, Explanation, Row},
};

use serde::{Deserialize, Serialize};

use super::interner::Interner;
use crate::format::definition_line;

/// An explanation without the type ids, which differ from kernel to kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct SharedExplanation {
    pub(super) problem: Cow<'static, str>,
    pub(super) reason: String,
    /// Empty unless the page shows them.
    pub(super) comparisons: Vec<SharedComparison>,
    pub(super) suggestions: Vec<Suggestion>,
}

/// A suggestion to fix a problem.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Suggestion {
    pub(super) text: String,
    pub(super) code: Option<String>,
}

/// Two definitions side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct SharedComparison {
    pub(super) titles: [String; 2],
    pub(super) rows: Vec<ComparisonRow>,
}

/// A row of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ComparisonRow {
    /// The number of rows that are left out.
    LeftOut(usize),
    /// A line of both definitions, or of one.
    Lines { sides: [Option<Arc<str>>; 2], differs: bool, is_focus: bool },
}

/// The shared explanations, and the shared lines of their comparisons.
#[derive(Default)]
pub(super) struct Explanations {
    explanations: Interner<SharedExplanation>,
    lines: Interner<str>,
    with_comparisons: bool,
}

impl Explanations {
    pub(super) fn new(with_comparisons: bool) -> Self {
        Self { with_comparisons, ..Self::default() }
    }

    /// Returns `true` if definitions are compared side by side.
    pub(super) fn have_comparisons(&self) -> bool {
        self.with_comparisons
    }

    /// Returns the explanations of an object, whose own BTF is `local`, on a target.
    pub(super) fn on<'a>(
        &'a self,
        local: Option<&'a Btf<'a>>,
        target: &'a Target<'a>,
    ) -> ObjectExplanations<'a> {
        let explainer = local.map(|local| {
            let explainer = Explainer::new(local, target);
            if self.with_comparisons { explainer } else { explainer.without_comparisons() }
        });
        ObjectExplanations { all: self, explainer, known: HashMap::new() }
    }

    /// Returns the shared form of an explanation.
    fn share(&self, explanation: Explanation) -> Arc<SharedExplanation> {
        let Explanation { problem, reason, comparisons, suggestions, .. } = explanation;
        let suggestions =
            suggestions.into_iter().map(|it| Suggestion { text: it.text, code: it.code });
        self.explanations.intern(SharedExplanation {
            problem: problem.name().into(),
            reason: without_ids(&reason),
            comparisons: comparisons.iter().map(|comparison| self.comparison(comparison)).collect(),
            suggestions: suggestions.collect(),
        })
    }

    /// Returns the shared form of an explanation that a report has.
    pub(super) fn share_read(&self, explanation: SharedExplanation) -> Arc<SharedExplanation> {
        self.explanations.intern(explanation)
    }

    fn comparison(&self, comparison: &Comparison) -> SharedComparison {
        let intern = |line: &DefinitionLine| self.lines.intern(definition_line(line));
        let row = |row: &Row| match row {
            Row::LeftOut(count) => ComparisonRow::LeftOut(*count),
            Row::Lines { left, right, differs, is_focus } => ComparisonRow::Lines {
                sides: [left, right].map(|line| line.as_ref().map(intern)),
                differs: *differs,
                is_focus: *is_focus,
            },
        };
        SharedComparison {
            titles: comparison.titles.each_ref().map(|title| without_ids(title)),
            rows: comparison.rows.iter().map(row).collect(),
        }
    }
}

/// The explanations of an object on a target, each made once.
pub(super) struct ObjectExplanations<'a> {
    all: &'a Explanations,
    explainer: Option<Explainer<'a>>,
    /// By the index of the relocation.
    known: HashMap<usize, Option<Arc<SharedExplanation>>>,
}

impl ObjectExplanations<'_> {
    /// Returns the explanation of a relocation, if there is something to explain.
    pub(super) fn of(
        &mut self,
        relocation: usize,
        report: &Report<'_>,
    ) -> Option<Arc<SharedExplanation>> {
        let Self { all, explainer, known } = self;
        let explain = || explainer.as_mut()?.report(report).map(|it| all.share(it));
        known.entry(relocation).or_insert_with(explain).clone()
    }
}

/// Removes the ids that follow the names of types, as in `struct job [47]`, so that the same problem
/// has the same text on every kernel.
fn without_ids(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once(" [") {
        out.push_str(before);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        match after[digits..].strip_prefix(']').filter(|_| digits > 0) {
            Some(after) => rest = after,
            None => {
                out.push_str(" [");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_type_ids_are_removed() {
        for (text, expected) in [
            ("candidate struct job [47]: none", "candidate struct job: none"),
            ("a [1] and b [22] give 3", "a and b give 3"),
            ("int[4] of x [y] [12", "int[4] of x [y] [12"),
            ("x []", "x []"),
        ] {
            assert_eq!(without_ids(text), expected);
        }
    }
}
