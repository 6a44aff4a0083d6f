//! Results as a self-contained page: the template with the results as JSON, in which each text occurs
//! once.
//!
//! The page loads nothing from elsewhere, and its script inserts the data as text, never as markup. The
//! data cannot close the element that contains them.

use std::{collections::HashMap, sync::Arc};

use core_reloc_tools::check::{Guard, Verdict};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::{
    Results,
    collect::RelocationResult,
    explanations::{ComparisonRow, SharedComparison, SharedExplanation, Suggestion},
    objects::{ObjectInfo, RelocationInfo, SourceLocation},
};
use crate::failure::Failure;

/// How every page starts, by which `check` knows a file that it has written.
pub(super) const MARK: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta name=\"generator\" content=\"core-reloc check\">\n";

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Returns the page with all results.
pub(super) fn page(results: &Results) -> Result<String, Failure> {
    let data = serde_json::to_string(&Data::of(results)).map_err(std::io::Error::from)?;
    // These characters occur only in JSON's strings, where they may be escaped.
    let data = data.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    Ok(["STYLE", "SCRIPT", "DATA"].into_iter().zip([STYLE, SCRIPT, &data]).fold(
        PAGE.to_string(),
        // The data come last, so that placeholders in them are not replaced.
        |page, (name, content)| page.replacen(&format!("{{{{{name}}}}}"), content, 1),
    ))
}

/// The data that the script reads. Most numbers are indices, in `strings`, `whys`, `rows` and so on; -1
/// stands for none.
#[derive(Serialize)]
struct Data {
    strings: Vec<String>,
    kernels: Vec<String>,
    objects: Vec<ObjectData>,
    whys: Vec<ExplanationData>,
}

#[derive(Serialize)]
struct ObjectData {
    name: String,
    /// The name and section of each.
    programs: Vec<[usize; 2]>,
    /// The program, kind, access, source location, source line and instruction offset of each.
    relocations: Vec<[i64; 6]>,
    /// The results on one or more kernels, without those that are unchanged.
    rows: Vec<Vec<ResultData>>,
    /// The row of each kernel.
    kernels: Vec<i64>,
}

/// A result: relocation, verdict, value, explanation and guard. The verdict is an index in `VERDICTS`.
/// The guard is twice the index of the relocation that checks the existence, plus one if that is in
/// another program; or `UNREACHABLE`.
#[derive(Serialize, Clone, PartialEq, Eq, Hash)]
struct ResultData(usize, usize, Option<String>, i64, i64);

const UNREACHABLE: i64 = -2;

/// In the order of the script's `VERDICTS`.
const VERDICTS: [&str; 6] = ["changed", "guarded", "poisoned", "failed", "skipped", "accepted"];

#[derive(Serialize)]
struct ExplanationData {
    problem: &'static str,
    reason: usize,
    comparisons: Vec<ComparisonData>,
    /// The text and code of each suggestion.
    cures: Vec<[i64; 2]>,
}

/// The titles, and rows of three numbers: left line, right line, and 1 if they differ or 2 if they are
/// the subject of the explanation. A single number is a count of rows that are left out.
#[derive(Serialize)]
struct ComparisonData([usize; 2], Vec<Vec<i64>>);

/// The texts and explanations that occur in the data.
#[derive(Default)]
struct Tables {
    strings: IndexSet<String>,
    explanations: IndexMap<*const SharedExplanation, ExplanationData>,
}

impl Data {
    fn of(results: &Results) -> Self {
        let mut tables = Tables::default();
        let objects = (0..results.objects.len()).map(|at| tables.object(results, at)).collect();
        Self {
            kernels: results.kernels.iter().map(|kernel| kernel.label.clone()).collect(),
            objects,
            strings: tables.strings.into_iter().collect(),
            whys: tables.explanations.into_values().collect(),
        }
    }
}

impl Tables {
    fn string(&mut self, text: &str) -> usize {
        match self.strings.get_index_of(text) {
            Some(known) => known,
            None => self.strings.insert_full(text.to_string()).0,
        }
    }

    fn object(&mut self, results: &Results, at: usize) -> ObjectData {
        let object = &results.objects[at];
        let programs = object.programs.iter();
        let programs =
            programs.map(|it| [self.string(&it.name), self.string(&it.section)]).collect();
        let mut rows: IndexSet<Vec<ResultData>> = IndexSet::new();
        // Most kernels share their row with another one, unless a baseline accepts different problems.
        let mut known_rows = HashMap::new();
        let mut kernels = Vec::new();
        for checked in &results.kernels {
            let Some(row) = &checked.rows[at] else {
                kernels.push(-1);
                continue;
            };
            let label = checked.label.as_str();
            let baseline = (!results.baseline.is_empty()).then_some(label);
            let number = *known_rows.entry((Arc::as_ptr(row), baseline)).or_insert_with(|| {
                let row = row.iter().map(|result| self.result(results, at, result, label));
                rows.insert_full(row.collect()).0
            });
            kernels.push(index(number));
        }
        ObjectData {
            name: object.label.clone(),
            programs,
            relocations: self.relocations(object),
            rows: rows.into_iter().collect(),
            kernels,
        }
    }

    fn relocations(&mut self, object: &ObjectInfo) -> Vec<[i64; 6]> {
        let relocation = |relocation: &RelocationInfo| {
            let source = relocation.source.as_ref();
            let location = source.map(SourceLocation::in_file);
            let line = source.map(|source| source.text.as_str()).filter(|text| !text.is_empty());
            [
                index(relocation.program),
                index(self.string(&relocation.kind)),
                index(self.string(&relocation.access)),
                location.map_or(-1, |location| index(self.string(&location))),
                line.map_or(-1, |line| index(self.string(line))),
                relocation.insn_off.into(),
            ]
        };
        object.relocations.iter().map(relocation).collect()
    }

    fn result(
        &mut self,
        results: &Results,
        at: usize,
        result: &RelocationResult,
        kernel: &str,
    ) -> ResultData {
        let is_accepted = results.is_accepted(at, result, kernel);
        let verdict = if is_accepted { "accepted" } else { result.verdict.name() };
        let guard = match result.verdict {
            Verdict::Poisoned { guard: Some(Guard::Existence { relocation, in_function }) } => {
                index(relocation) * 2 + i64::from(!in_function)
            }
            Verdict::Poisoned { guard: Some(_) } => UNREACHABLE,
            _ => -1,
        };
        ResultData(
            result.relocation,
            VERDICTS.iter().position(|name| *name == verdict).unwrap_or(VERDICTS.len()),
            result.value.map(|value| value.to_string()),
            result.explanation.as_ref().map_or(-1, |it| index(self.explanation(it))),
            guard,
        )
    }

    fn explanation(&mut self, explanation: &Arc<SharedExplanation>) -> usize {
        // Equal explanations are shared, so that the address identifies each.
        let key = Arc::as_ptr(explanation);
        if let Some(known) = self.explanations.get_index_of(&key) {
            return known;
        }
        let comparisons = explanation.comparisons.iter().map(|it| self.comparison(it)).collect();
        let suggestion = |Suggestion { text, code }: &Suggestion| {
            let code = code.as_ref().map_or(-1, |code| index(self.string(code)));
            [index(self.string(text)), code]
        };
        let cures = explanation.suggestions.iter().map(suggestion).collect();
        let reason = self.string(&explanation.reason);
        let problem = explanation.problem;
        let data = ExplanationData { problem, reason, comparisons, cures };
        self.explanations.insert_full(key, data).0
    }

    fn comparison(&mut self, comparison: &SharedComparison) -> ComparisonData {
        let titles = comparison.titles.each_ref().map(|title| self.string(title));
        let row = |row: &ComparisonRow| match row {
            ComparisonRow::LeftOut(count) => vec![index(*count)],
            ComparisonRow::Lines { sides, differs, is_focus } => {
                let [left, right] = sides
                    .each_ref()
                    .map(|side| side.as_ref().map_or(-1, |side| index(self.string(side))));
                vec![left, right, if *is_focus { 2 } else { (*differs).into() }]
            }
        };
        ComparisonData(titles, comparison.rows.iter().map(row).collect())
    }
}

/// Converts an index, which always fits.
fn index(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
