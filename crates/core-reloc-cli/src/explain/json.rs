//! Explanations as JSON.

use std::io::{self, Write};

use core_reloc_tools::explain::{Comparison, Row, Suggestion};
use serde::Serialize;

use super::Explained;
use crate::format::{RecordKeys, json_line};

/// A line of JSON.
#[derive(Serialize)]
pub(crate) struct Line {
    #[serde(flatten)]
    record: RecordKeys,
    /// The access in C's notation.
    path: String,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    source: Option<String>,
    status: &'static str,
    value: Option<u64>,
    problem: Option<&'static str>,
    reason: Option<String>,
    comparisons: Vec<ComparisonLines>,
    cures: Vec<SuggestionKeys>,
}

#[derive(Serialize)]
struct ComparisonLines {
    titles: [String; 2],
    rows: Vec<ComparisonRow>,
}

/// A row: two lines, or the number of rows that are left out.
#[derive(Serialize)]
struct ComparisonRow {
    left: Option<String>,
    right: Option<String>,
    differs: bool,
    focus: bool,
    left_out: usize,
}

#[derive(Serialize)]
struct SuggestionKeys {
    kind: &'static str,
    text: String,
    member: Option<String>,
    code: Option<String>,
}

pub(super) fn print(explained: &Explained<'_, '_>, out: &mut impl Write) -> io::Result<()> {
    json_line(&line(explained), out)
}

/// Returns the keys of an explanation.
pub(crate) fn line(explained: &Explained<'_, '_>) -> Line {
    let Explained { report, line: source, explanation, .. } = explained;
    let relocation = &report.relocation;
    Line {
        record: RecordKeys::of(relocation),
        path: relocation.access_in_c(),
        function: relocation.function().ok().flatten().map(|name| name.to_string()),
        file: source.map(|line| line.file.to_string()),
        line: source.map(|line| line.line),
        column: source.map(|line| line.column),
        source: source.map(|line| line.text.to_string()),
        status: report.outcome.name(),
        value: report.outcome.value(),
        problem: explanation.as_ref().map(|explanation| explanation.problem.name()),
        reason: explanation.as_ref().map(|explanation| explanation.reason.clone()),
        comparisons: explanation
            .iter()
            .flat_map(|explanation| explanation.comparisons.iter().map(comparison))
            .collect(),
        cures: explanation
            .iter()
            .flat_map(|explanation| explanation.suggestions.iter().map(suggestion))
            .collect(),
    }
}

fn comparison(comparison: &Comparison) -> ComparisonLines {
    let row = |row: &Row| match row {
        Row::LeftOut(left_out) => ComparisonRow {
            left: None,
            right: None,
            differs: false,
            focus: false,
            left_out: *left_out,
        },
        Row::Lines { left, right, differs, is_focus } => ComparisonRow {
            left: left.as_ref().map(|line| line.text.clone()),
            right: right.as_ref().map(|line| line.text.clone()),
            differs: *differs,
            focus: *is_focus,
            left_out: 0,
        },
    };
    ComparisonLines {
        titles: comparison.titles.clone(),
        rows: comparison.rows.iter().map(row).collect(),
    }
}

fn suggestion(suggestion: &Suggestion) -> SuggestionKeys {
    SuggestionKeys {
        kind: suggestion.kind.name(),
        text: suggestion.text.clone(),
        member: suggestion.member.clone(),
        code: suggestion.code.clone(),
    }
}
