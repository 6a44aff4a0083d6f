//! Explanations for programs.

use std::io::{self, Write};

use core_reloc_tools::explain::{Comparison, Row, Suggestion};
use serde::Serialize;

use super::Explained;

/// A line of `explain`. Names that are not UTF-8 are escaped, as in all messages.
#[derive(Serialize)]
struct Line {
    section: String,
    index: usize,
    insn_off: u32,
    kind: Option<&'static str>,
    type_id: u32,
    root: Option<String>,
    access: Option<String>,
    /// The access as C writes it.
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
    comparisons: Vec<ComparisonObject>,
    cures: Vec<SuggestionObject>,
}

#[derive(Serialize)]
struct ComparisonObject {
    titles: [String; 2],
    rows: Vec<RowObject>,
}

/// A row: either lines, or how many rows were left out.
#[derive(Serialize)]
struct RowObject {
    left: Option<String>,
    right: Option<String>,
    differs: bool,
    focus: bool,
    left_out: usize,
}

#[derive(Serialize)]
struct SuggestionObject {
    kind: &'static str,
    text: String,
    member: Option<String>,
    code: Option<String>,
}

pub(super) fn print(explained: &Explained<'_, '_>, out: &mut impl Write) -> io::Result<()> {
    let Explained { report, line, explanation } = explained;
    let relocation = &report.relocation;
    let object = Line {
        section: relocation.section().to_string(),
        index: relocation.index(),
        insn_off: relocation.insn_off(),
        kind: relocation.kind().map(|kind| kind.name()),
        type_id: relocation.type_id().0,
        root: relocation.root_name().map(|name| name.to_string()),
        access: relocation.access_string().map(|access| access.to_string()),
        path: relocation.access_in_c(),
        function: relocation.function().ok().flatten().map(|name| name.to_string()),
        file: line.map(|line| line.file.to_string()),
        line: line.map(|line| line.line),
        column: line.map(|line| line.column),
        source: line.map(|line| line.text.to_string()),
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
    };
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}

fn comparison(comparison: &Comparison) -> ComparisonObject {
    let row = |row: &Row| match row {
        Row::LeftOut(left_out) => {
            RowObject { left: None, right: None, differs: false, focus: false, left_out: *left_out }
        }
        Row::Lines { left, right, differs, is_focus } => RowObject {
            left: left.as_ref().map(|line| line.text.clone()),
            right: right.as_ref().map(|line| line.text.clone()),
            differs: *differs,
            focus: *is_focus,
            left_out: 0,
        },
    };
    ComparisonObject {
        titles: comparison.titles.clone(),
        rows: comparison.rows.iter().map(row).collect(),
    }
}

fn suggestion(suggestion: &Suggestion) -> SuggestionObject {
    SuggestionObject {
        kind: suggestion.kind.name(),
        text: suggestion.text.clone(),
        member: suggestion.member.clone(),
        code: suggestion.code.clone(),
    }
}
