//! The data that the page's script reads.
//!
//! Most numbers are indices of lists in [`Data`]; -1 stands for none. What occurs often is an array rather
//! than an object with keys.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::super::{
    Results,
    causes::{CauseEntry, Causes, Thing},
    explanations::{ComparisonRow, SharedComparison, SharedExplanation, Suggestion},
    kernel_set::KernelSet,
    mark::Mark,
    notes::{Note, Notes},
    objects::{ObjectInfo, ProgramInfo, RelocationInfo, SourceLocation},
    rows::{ObjectRow, ProgramResult, RelocationResult},
    versions::{Versions, Wording},
    wording::{heading, proof, summary},
};

#[derive(Serialize)]
pub(super) struct Data {
    /// The counts, as the text has them.
    summary: String,
    marks: Vec<MarkData>,
    /// In the order of their versions.
    kernels: Vec<String>,
    /// Sets of kernels, as ranges.
    sets: Vec<Vec<(usize, usize)>>,
    objects: Vec<ObjectData>,
    causes: Vec<CauseData>,
    notes: Vec<NoteData>,
    /// On which kernels programs load: the lines, and below each those about the kernels beside.
    versions: Vec<Vec<(usize, Vec<usize>)>>,
    whys: Vec<ExplanationData>,
    strings: Vec<String>,
}

/// What the table shows of a program on a kernel.
#[derive(Serialize)]
struct MarkData {
    name: &'static str,
    sign: char,
    meaning: &'static str,
    is_problem: bool,
}

#[derive(Serialize)]
struct ObjectData {
    name: String,
    programs: Vec<ProgramData>,
    relocations: Vec<RelocationData>,
    /// The results on one or more kernels.
    rows: Vec<RowData>,
    /// The row of each kernel.
    kernels: Vec<usize>,
}

/// The name, the section, whether it is optional, its relocations, and on which kernels it loads.
#[derive(Serialize)]
struct ProgramData(usize, usize, bool, Vec<usize>, i64);

/// The function, kind, access, location in the source, source line, section and instruction offset, and what
/// it is about.
#[derive(Serialize)]
struct RelocationData([i64; 8]);

/// The result of each program, and of the relocations that are not unchanged.
#[derive(Serialize, PartialEq, Eq, Hash)]
struct RowData(Vec<ProgramResultData>, Vec<ResultData>);

/// The mark and the causes of a program on a kernel.
#[derive(Serialize, PartialEq, Eq, Hash)]
struct ProgramResultData(usize, Vec<usize>);

/// The relocation, verdict, value and explanation, and the proof that it is guarded, or what proves nothing.
#[derive(Serialize, PartialEq, Eq, Hash)]
struct ResultData(usize, &'static str, Option<String>, i64, i64);

#[derive(Serialize)]
struct CauseData {
    mark: usize,
    group: &'static str,
    heading: usize,
    what: String,
    name: usize,
    hits: Vec<HitData>,
    /// The set of kernels without the cause.
    others: usize,
    why: i64,
    proof: i64,
    cures: Vec<CureData>,
    /// The object and index of each.
    relocations: Vec<(usize, usize)>,
}

/// The object, the index of its relocation, the text, and the set of kernels.
#[derive(Serialize)]
struct NoteData(usize, usize, usize, usize);

/// The object, the program if it is one, and the set of kernels.
#[derive(Serialize)]
struct HitData(usize, i64, usize);

#[derive(Serialize)]
struct ExplanationData {
    reason: usize,
    comparisons: Vec<ComparisonData>,
    cures: Vec<CureData>,
}

/// The text and the code of a suggestion.
#[derive(Serialize)]
struct CureData(usize, i64);

/// The titles, and rows of three numbers: left line, right line, and 1 if they differ or 2 if they are
/// the subject of the explanation. A single number is a count of rows that are left out.
#[derive(Serialize)]
struct ComparisonData([usize; 2], Vec<Vec<i64>>);

impl Data {
    pub(super) fn of(results: &Results, causes: &Causes, versions: Option<&Versions>) -> Self {
        let mut tables = Tables::default();
        let entries = &causes.0;
        let numbers = entries.iter().zip(0..).map(|(entry, number)| (&entry.thing, number));
        let numbers: BTreeMap<&Thing, usize> = numbers.collect();
        let objects = 0..results.objects.len();
        let objects = objects.map(|at| tables.object(results, &numbers, versions, at)).collect();
        let summary = summary(results, causes);
        let causes = entries.iter().map(|entry| tables.cause(results, entry)).collect();
        let notes = Notes::of(results).0.iter().map(|note| tables.note(note)).collect();
        Self {
            summary,
            marks: Mark::all().map(MarkData::of).collect(),
            kernels: results.kernels.iter().map(|kernel| kernel.label.clone()).collect(),
            objects,
            causes,
            notes,
            sets: tables.sets.into_iter().collect(),
            versions: tables.versions.into_iter().collect(),
            whys: tables.explanations.into_values().collect(),
            strings: tables.strings.into_iter().collect(),
        }
    }
}

impl MarkData {
    fn of(mark: Mark) -> Self {
        let (sign, meaning, _) = mark.legend();
        let (name, is_problem) = match mark {
            Mark::Accepted => ("accepted", false),
            Mark::Verdict(verdict) => (verdict.name(), verdict.is_problem()),
        };
        Self { name, sign, meaning, is_problem }
    }
}

/// Returns the index of a mark.
fn mark_number(mark: Mark) -> usize {
    Mark::all().position(|other| other == mark).unwrap_or_default()
}

/// Returns the group in which the page lists a cause.
fn group(results: &Results, entry: &CauseEntry) -> &'static str {
    match entry.thing.verdict {
        _ if entry.counts() => "problem",
        _ if entry.is_accepted(results) => "accepted",
        _ if entry.is_problem() => "optional",
        verdict => verdict.name(),
    }
}

/// The texts, sets and explanations that occur in the data.
#[derive(Default)]
struct Tables {
    strings: IndexSet<String>,
    sets: IndexSet<Vec<(usize, usize)>>,
    versions: IndexSet<Vec<(usize, Vec<usize>)>>,
    explanations: IndexMap<*const SharedExplanation, ExplanationData>,
}

impl Tables {
    fn string(&mut self, text: &str) -> usize {
        match self.strings.get_index_of(text) {
            Some(known) => known,
            None => self.strings.insert_full(text.to_string()).0,
        }
    }

    fn optional_string(&mut self, text: Option<&str>) -> i64 {
        text.map_or(-1, |text| index(self.string(text)))
    }

    fn set(&mut self, kernels: &KernelSet) -> usize {
        self.sets.insert_full(kernels.ranges()).0
    }

    fn object(
        &mut self,
        results: &Results,
        numbers: &BTreeMap<&Thing, usize>,
        versions: Option<&Versions>,
        at: usize,
    ) -> ObjectData {
        let object = &results.objects[at];
        let mut rows: IndexSet<RowData> = IndexSet::new();
        // Most kernels share their row with another one, unless a baseline accepts different problems.
        let mut known_rows = HashMap::new();
        let mut kernels = Vec::new();
        for (kernel, checked) in results.kernels.iter().enumerate() {
            let row = &checked.rows[at];
            let baseline = (!results.baseline.is_empty()).then_some(kernel);
            let number = *known_rows.entry((Arc::as_ptr(row), baseline)).or_insert_with(|| {
                let mark = |program| {
                    if results.is_accepted(at, program, kernel) {
                        Mark::Accepted
                    } else {
                        Mark::Verdict(row.programs[program].verdict)
                    }
                };
                rows.insert_full(self.row(row, numbers, mark)).0
            });
            kernels.push(number);
        }
        ObjectData {
            name: object.label.clone(),
            programs: {
                let wordings = versions.map(|versions| versions.wordings(results, at));
                self.programs(object, &wordings.unwrap_or_default())
            },
            relocations: object.relocations.iter().map(|it| self.relocation(it)).collect(),
            rows: rows.into_iter().collect(),
            kernels,
        }
    }

    fn programs(&mut self, object: &ObjectInfo, wordings: &[Wording]) -> Vec<ProgramData> {
        let mut versions = vec![-1; object.programs.len()];
        for Wording { programs, lines } in wordings {
            let number = self.wording(lines);
            programs.iter().for_each(|program| versions[*program] = index(number));
        }
        let mut relocations = vec![Vec::new(); object.programs.len()];
        for relocation in 0..object.relocations.len() {
            for program in object.programs_with(relocation) {
                relocations[program].push(relocation);
            }
        }
        let programs = object.programs.iter().zip(relocations).zip(versions);
        let program = |((program, relocations), versions): ((&ProgramInfo, _), _)| {
            let (name, section) = (self.string(&program.name), self.string(&program.section));
            ProgramData(name, section, program.is_optional, relocations, versions)
        };
        programs.map(program).collect()
    }

    fn wording(&mut self, lines: &[(String, Vec<String>)]) -> usize {
        let line = |(line, others): &(String, Vec<String>)| {
            (self.string(line), others.iter().map(|other| self.string(other)).collect())
        };
        let lines = lines.iter().map(line).collect();
        self.versions.insert_full(lines).0
    }

    fn relocation(&mut self, relocation: &RelocationInfo) -> RelocationData {
        let source = relocation.source.as_ref();
        let location = source.map(SourceLocation::in_file);
        let line = source.map(|source| source.text.as_str()).filter(|text| !text.is_empty());
        RelocationData([
            index(self.string(&relocation.function)),
            index(self.string(&relocation.kind)),
            index(self.string(&relocation.access)),
            self.optional_string(location.as_deref()),
            self.optional_string(line),
            index(self.string(&relocation.section)),
            relocation.insn_off.into(),
            index(self.string(&format!("{} {}", relocation.what, relocation.thing))),
        ])
    }

    fn row(
        &mut self,
        row: &ObjectRow,
        numbers: &BTreeMap<&Thing, usize>,
        mark: impl Fn(usize) -> Mark,
    ) -> RowData {
        let program = |(at, result): (usize, &Arc<ProgramResult>)| {
            let causes = result.causes.iter().filter_map(|cause| {
                let (verdict, what, name) = (cause.verdict, cause.what.clone(), cause.name.clone());
                numbers.get(&Thing { verdict, what, name }).copied()
            });
            ProgramResultData(mark_number(mark(at)), causes.collect())
        };
        let programs = row.programs.iter().enumerate().map(program).collect();
        let results = row.relocations.iter().map(|result| self.result(result));
        RowData(programs, results.collect())
    }

    fn result(&mut self, result: &RelocationResult) -> ResultData {
        ResultData(
            result.relocation,
            result.verdict.name(),
            result.value.map(|value| value.to_string()),
            result.explanation.as_ref().map_or(-1, |it| index(self.explanation(it))),
            self.optional_string(result.proof.as_deref()),
        )
    }

    fn cause(&mut self, results: &Results, entry: &CauseEntry) -> CauseData {
        let mut hits: BTreeMap<(usize, Option<usize>), KernelSet> = BTreeMap::new();
        for (hit, kernels) in &entry.hits {
            hits.entry((hit.object, hit.program)).or_default().add_all(kernels);
        }
        let hit = |((object, program), kernels): ((usize, Option<usize>), _)| {
            HitData(object, program.map_or(-1, index), self.set(&kernels))
        };
        let hits = hits.into_iter().map(hit).collect();
        let cures = entry.suggestions.iter().filter(|_| entry.is_problem());
        CauseData {
            mark: mark_number(Mark::Verdict(entry.thing.verdict)),
            group: group(results, entry),
            heading: self.string(&heading(entry)),
            what: entry.thing.what.to_string(),
            name: self.string(&entry.thing.name),
            hits,
            others: self.set(&entry.other_kernels),
            why: entry.explanation.as_ref().map_or(-1, |it| index(self.explanation(it))),
            proof: self.optional_string(proof(results, entry).as_deref()),
            cures: cures.map(|it| self.cure(it)).collect(),
            relocations: entry.relocations.iter().copied().collect(),
        }
    }

    fn note(&mut self, Note { object, note, kernels }: &Note) -> NoteData {
        NoteData(*object, note.relocation, self.string(&note.text), self.set(kernels))
    }

    fn cure(&mut self, Suggestion { text, code }: &Suggestion) -> CureData {
        CureData(self.string(text), self.optional_string(code.as_deref()))
    }

    fn explanation(&mut self, explanation: &Arc<SharedExplanation>) -> usize {
        // Equal explanations are shared, so that the address identifies each.
        let key = Arc::as_ptr(explanation);
        if let Some(known) = self.explanations.get_index_of(&key) {
            return known;
        }
        let data = ExplanationData {
            reason: self.string(&explanation.reason),
            comparisons: explanation.comparisons.iter().map(|it| self.comparison(it)).collect(),
            cures: explanation.suggestions.iter().map(|it| self.cure(it)).collect(),
        };
        self.explanations.insert_full(key, data).0
    }

    fn comparison(&mut self, comparison: &SharedComparison) -> ComparisonData {
        let titles = comparison.titles.each_ref().map(|title| self.string(title));
        let row = |row: &ComparisonRow| match row {
            ComparisonRow::LeftOut(count) => vec![index(*count)],
            ComparisonRow::Lines { sides, differs, is_focus } => {
                let [left, right] =
                    sides.each_ref().map(|side| self.optional_string(side.as_deref()));
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
