//! One page with everything in it: the template, and the results as data, in which every text is
//! there once.
//!
//! The page takes nothing from anywhere else, and puts no text from the data into its markup: it is
//! all set as text. The data cannot end the element that they are in.

use std::{collections::HashMap, sync::Arc};

use core_reloc_tools::check::{Guard, Verdict};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::{
    Results,
    collect::{Compared, ComparedLine, Entry, Why},
    facts::ObjectFacts,
};
use crate::failure::Failure;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page about all results.
pub(super) fn page(results: &Results) -> Result<String, Failure> {
    let data = serde_json::to_string(&Data::of(results)).map_err(std::io::Error::from)?;
    // In JSON, these are in strings only; there they may be written so.
    let data = data.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    Ok(["STYLE", "SCRIPT", "DATA"].into_iter().zip([STYLE, SCRIPT, &data]).fold(
        PAGE.to_string(),
        // The data come last, so that nothing is looked for in them.
        |page, (name, content)| page.replacen(&format!("{{{{{name}}}}}"), content, 1),
    ))
}

/// What the script reads. Numbers stand for places in `strings`, `whys`, `rows` and so on; -1 for
/// none.
#[derive(Serialize)]
struct Data {
    strings: Vec<String>,
    kernels: Vec<String>,
    objects: Vec<ObjectData>,
    whys: Vec<WhyData>,
}

#[derive(Serialize)]
struct ObjectData {
    name: String,
    /// Names and sections.
    programs: Vec<[usize; 2]>,
    /// For each: program, kind, access, place, source, offset of the instruction.
    relocations: Vec<[i64; 6]>,
    /// What became of them on some kernels, without those that are unchanged.
    rows: Vec<Vec<EntryData>>,
    /// For each kernel, which row.
    kernels: Vec<i64>,
}

/// Relocation, verdict, value, explanation, guard. The verdicts are those of `VERDICTS`; the guard is
/// the relocation that asks, times two, plus one if it is of another program; or -2 where no path
/// leads to it.
#[derive(Serialize, Clone, PartialEq, Eq, Hash)]
struct EntryData(usize, usize, Option<String>, i64, i64);

const UNREACHABLE: i64 = -2;

/// In the order of the script's.
const VERDICTS: [&str; 6] = ["changed", "guarded", "poisoned", "failed", "skipped", "accepted"];

#[derive(Serialize)]
struct WhyData {
    problem: &'static str,
    reason: usize,
    comparisons: Vec<ComparisonData>,
    /// What may cure it, and the code for it.
    cures: Vec<[i64; 2]>,
}

/// The titles, and lines: left, right, and 1 if they differ, 2 if the line is what it is about. A
/// line of one number says how many were left out.
#[derive(Serialize)]
struct ComparisonData([usize; 2], Vec<Vec<i64>>);

/// Texts and explanations, each once.
#[derive(Default)]
struct Tables {
    strings: IndexSet<String>,
    whys: IndexMap<*const Why, WhyData>,
}

impl Data {
    fn of(results: &Results) -> Self {
        let mut tables = Tables::default();
        let objects = (0..results.objects.len()).map(|at| tables.object(results, at)).collect();
        Self {
            kernels: results.kernels.iter().map(|kernel| kernel.label.clone()).collect(),
            objects,
            strings: tables.strings.into_iter().collect(),
            whys: tables.whys.into_values().collect(),
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
        let mut rows: IndexSet<Vec<EntryData>> = IndexSet::new();
        // Most rows are those of another kernel, and were made already, unless a baseline tells the
        // kernels apart.
        let mut made = HashMap::new();
        let mut kernels = Vec::new();
        for checked in &results.kernels {
            let Some(row) = &checked.rows[at] else {
                kernels.push(-1);
                continue;
            };
            let known = (!results.baseline.is_empty()).then_some(checked.label.as_str());
            let number = *made.entry((Arc::as_ptr(row), known)).or_insert_with(|| {
                let entries =
                    row.iter().map(|entry| self.entry(results, at, entry, &checked.label));
                rows.insert_full(entries.collect()).0
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

    fn relocations(&mut self, object: &ObjectFacts) -> Vec<[i64; 6]> {
        let relocation = |relocation: &super::facts::RelocationFacts| {
            let line = relocation.line.as_ref();
            let place = line.map(|line| format!("{}:{}:{}", line.file, line.line, line.column));
            let source = line.map(|line| line.text.as_str()).filter(|text| !text.is_empty());
            [
                index(relocation.program),
                index(self.string(&relocation.kind)),
                index(self.string(&relocation.access)),
                place.map_or(-1, |place| index(self.string(&place))),
                source.map_or(-1, |source| index(self.string(source))),
                relocation.insn_off.into(),
            ]
        };
        object.relocations.iter().map(relocation).collect()
    }

    fn entry(&mut self, results: &Results, at: usize, entry: &Entry, kernel: &str) -> EntryData {
        let verdict = entry.verdict.name();
        let is_accepted = entry.verdict.is_problem()
            && results.baseline.has(&results.key(at, entry.relocation, verdict), kernel);
        let verdict = if is_accepted { "accepted" } else { verdict };
        let guard = match entry.verdict {
            Verdict::Poisoned { guard: Some(Guard::Existence { relocation, in_function }) } => {
                index(relocation) * 2 + i64::from(!in_function)
            }
            Verdict::Poisoned { guard: Some(_) } => UNREACHABLE,
            _ => -1,
        };
        EntryData(
            entry.relocation,
            VERDICTS.iter().position(|name| *name == verdict).unwrap_or(VERDICTS.len()),
            entry.value.map(|value| value.to_string()),
            entry.why.as_ref().map_or(-1, |why| index(self.why(why))),
            guard,
        )
    }

    fn why(&mut self, why: &Arc<Why>) -> usize {
        // Each is there once, and stays where it is.
        let key = Arc::as_ptr(why);
        if let Some(known) = self.whys.get_index_of(&key) {
            return known;
        }
        let comparisons = why.comparisons.iter().map(|it| self.comparison(it)).collect();
        let cure = |(text, code): &(String, Option<String>)| {
            let code = code.as_ref().map_or(-1, |code| index(self.string(code)));
            [index(self.string(text)), code]
        };
        let cures = why.cures.iter().map(cure).collect();
        let reason = self.string(&why.reason);
        let data = WhyData { problem: why.problem, reason, comparisons, cures };
        self.whys.insert_full(key, data).0
    }

    fn comparison(&mut self, comparison: &Compared) -> ComparisonData {
        let titles = comparison.titles.each_ref().map(|title| self.string(title));
        let line = |line: &ComparedLine| match line {
            ComparedLine::LeftOut(count) => vec![index(*count)],
            ComparedLine::Lines { sides, differs, is_focus } => {
                let [left, right] = sides
                    .each_ref()
                    .map(|side| side.as_ref().map_or(-1, |side| index(self.string(side))));
                vec![left, right, if *is_focus { 2 } else { (*differs).into() }]
            }
        };
        ComparisonData(titles, comparison.lines.iter().map(line).collect())
    }
}

/// A place in a table, which is never so large that it does not fit.
fn index(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
