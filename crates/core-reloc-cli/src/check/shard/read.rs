//! Reading the report of a shard, which may be damaged or hostile.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use thiserror::Error;

use super::{
    key::{GivenRecord, ShardKey},
    record::{KernelRecord, RelocationRecord, RowRecord, UnreadableRecord},
};
use crate::{
    arguments::Shard,
    check::{
        collect::KernelResult,
        explanations::{Explanations, SharedExplanation},
        json::VERSION,
        objects::ObjectInfo,
        rows::{ObjectRow, RelocationResult, Rows},
    },
    inputs::is_standard,
    limits::{MAX_RECORDS, MAX_REPORT_LINE},
};

/// The report of a shard.
pub(in crate::check) struct ShardReport {
    pub(in crate::check) path: PathBuf,
    pub(in crate::check) shard: Shard,
    pub(in crate::check) key: ShardKey,
    pub(in crate::check) objects: Vec<ObjectInfo>,
    pub(in crate::check) given: Vec<GivenRecord>,
    pub(in crate::check) kernels: Vec<KernelResult>,
    pub(in crate::check) unreadable: Vec<String>,
}

/// Why a report cannot be read, with the shard that it is of, as far as it says so.
#[derive(Debug, Error)]
#[error("{}{}: {problem}", .path.display(), at_line(*.line))]
pub(crate) struct ReportProblem {
    pub(in crate::check) path: PathBuf,
    /// From 1; 0 for the whole file.
    line: usize,
    problem: Problem,
    pub(in crate::check) shard: Option<Shard>,
}

#[derive(Debug, Error)]
enum Problem {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("is empty: its shard did not start, or its output went elsewhere; run the shard again")]
    Empty,
    #[error("the report ends here without a summary: its shard did not finish; run it again{0}")]
    Truncated(String),
    #[error("is no report of core-reloc check --format json")]
    NoReport,
    #[error(
        "the report has version {found}, expected {VERSION}; merge it with the core-reloc that wrote it"
    )]
    Version { found: u64 },
    #[error(
        "the report is of a whole check; for a report to merge, run check with --shard, such as --shard 1/1"
    )]
    NoShard,
    #[error("{0}")]
    Json(serde_json::Error),
    #[error("unexpected line: {0}")]
    Unexpected(&'static str),
    #[error("{what} {number} is none of the {count} that the report has")]
    Number { what: &'static str, number: usize, count: usize },
    #[error("the line has more than {MAX_REPORT_LINE} bytes")]
    LongLine,
    #[error("the report has more than {MAX_RECORDS} bytes besides lines of programs")]
    TooLarge,
    #[error("{what}: {found}, but the report has {expected}")]
    Count { what: &'static str, found: usize, expected: usize },
}

fn at_line(line: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}") }
}

/// The type of a line.
#[derive(Deserialize)]
struct LineType {
    r#type: String,
}

#[derive(Deserialize)]
struct ReportRecord {
    format: String,
    version: u64,
    shard: Option<ShardKey>,
}

#[derive(Deserialize)]
struct SummaryRecord {
    objects: usize,
    kernels: usize,
}

/// What is read before it is known to be complete.
struct Reading<'s> {
    shared: &'s Shared,
    objects: Vec<ObjectInfo>,
    given: Vec<GivenRecord>,
    explanations: Vec<Arc<SharedExplanation>>,
    /// The object of each row.
    rows: Vec<(usize, Arc<ObjectRow>)>,
    kernels: Vec<KernelResult>,
    unreadable: Vec<String>,
    orders: HashSet<[usize; 2]>,
}

/// What the reports of all shards have in common, kept once.
pub(in crate::check) struct Shared {
    rows: Rows,
    explanations: Explanations,
}

impl Default for Shared {
    fn default() -> Self {
        Self { rows: Rows::default(), explanations: Explanations::new(true) }
    }
}

impl ShardReport {
    /// Reads a report. Its lines of programs, relocations, causes and notes are passed over: they follow from the
    /// others, for all shards together.
    pub(in crate::check) fn read(path: &Path, shared: &Shared) -> Result<Self, ReportProblem> {
        let problem = |line, problem, shard| {
            let path = path.to_path_buf();
            ReportProblem { path, line, problem, shard }
        };
        let opened: io::Result<Box<dyn Read>> = if is_standard(path) {
            Ok(Box::new(io::stdin()))
        } else {
            File::open(path).map(|file| Box::new(file) as Box<dyn Read>)
        };
        let file = opened.map_err(|error| problem(0, error.into(), None))?;
        let mut lines = Lines { file: BufReader::new(file), number: 0, text: Vec::new() };
        let key = match lines.advance() {
            Ok(Next::Line) => key(&lines.text),
            Ok(Next::End) => Err(Problem::Empty),
            Ok(Next::CutOff) => Err(Problem::Truncated(String::new())),
            Err(error) => Err(error),
        };
        let (key, shard) = key.map_err(|error| problem(lines.number, error, None))?;
        let mut reading = Reading {
            shared,
            objects: Vec::new(),
            given: Vec::new(),
            explanations: Vec::new(),
            rows: Vec::new(),
            kernels: Vec::new(),
            unreadable: Vec::new(),
            orders: HashSet::new(),
        };
        let read = reading.read(&mut lines, shard);
        read.map_err(|error| problem(lines.number, error, Some(shard)))?;
        let Reading { objects, given, kernels, unreadable, .. } = reading;
        Ok(Self { path: path.to_path_buf(), shard, key, objects, given, kernels, unreadable })
    }
}

/// Reads the first line.
fn key(line: &[u8]) -> Result<(ShardKey, Shard), Problem> {
    let report: ReportRecord = serde_json::from_slice(line).map_err(|_| Problem::NoReport)?;
    if report.format != "core-reloc check" {
        return Err(Problem::NoReport);
    }
    if report.version != u64::from(VERSION) {
        return Err(Problem::Version { found: report.version });
    }
    let key = report.shard.ok_or(Problem::NoShard)?;
    let shard = key.index.try_into().ok().zip(key.count.try_into().ok());
    let shard = shard.and_then(|(index, count)| Shard::new(index, count));
    let shard = shard.ok_or(Problem::Unexpected("there is no such shard"))?;
    Ok((key, shard))
}

/// Lines of bounded length.
struct Lines<R> {
    file: BufReader<R>,
    /// The number of the last line.
    number: usize,
    /// The last line, without its end.
    text: Vec<u8>,
}

/// What comes next in a file.
enum Next {
    Line,
    End,
    /// A line that does not end.
    CutOff,
}

impl<R: Read> Lines<R> {
    fn advance(&mut self) -> Result<Next, Problem> {
        self.text.clear();
        let max = MAX_REPORT_LINE.saturating_add(1);
        self.file.by_ref().take(max).read_until(b'\n', &mut self.text)?;
        if self.text.is_empty() {
            return Ok(Next::End);
        }
        self.number += 1;
        match self.text.pop() {
            Some(b'\n') => Ok(Next::Line),
            _ if self.text.len() as u64 >= MAX_REPORT_LINE => Err(Problem::LongLine),
            _ => Ok(Next::CutOff),
        }
    }
}

impl Reading<'_> {
    /// Reads all lines after the first.
    fn read(&mut self, lines: &mut Lines<impl Read>, shard: Shard) -> Result<(), Problem> {
        let mut left = MAX_RECORDS;
        loop {
            let Next::Line = lines.advance()? else {
                return Err(Problem::Truncated(format!(" with --shard {shard}")));
            };
            let line = lines.text.as_slice();
            let LineType { r#type } = parse(line)?;
            if matches!(r#type.as_str(), "program" | "relocation" | "cause" | "note" | "range") {
                continue;
            }
            left = left.checked_sub(line.len() as u64).ok_or(Problem::TooLarge)?;
            match r#type.as_str() {
                "object" if self.kernels.is_empty() => self.objects.push(object(parse(line)?)),
                "object" => return Err(Problem::Unexpected("objects come before kernels")),
                "given" => self.given.push(parse(line)?),
                "explanation" => {
                    self.explanations.push(self.shared.explanations.share_read(parse(line)?));
                }
                "row" => self.row(parse(line)?)?,
                "kernel" => self.kernel(parse(line)?)?,
                "unreadable" => {
                    let UnreadableRecord { message } = parse(line)?;
                    self.unreadable.push(message);
                }
                "summary" => {
                    self.summary(&parse(line)?)?;
                    return match lines.advance()? {
                        Next::End => Ok(()),
                        _ => Err(Problem::Unexpected("the report goes on after its summary")),
                    };
                }
                "report" => return Err(Problem::Unexpected("a second report begins")),
                "lint" => return Err(Problem::NoReport),
                // Of a later version.
                _ => {}
            }
        }
    }

    fn row(&mut self, record: RowRecord) -> Result<(), Problem> {
        let RowRecord { object: at, programs, relocations, open, notes } = record;
        let count = self.objects.len();
        let number = Problem::Number { what: "object", number: at, count };
        let object = self.objects.get(at).ok_or(number)?;
        let count = object.relocations.len();
        let check = |number: usize| {
            let is_known = number < count;
            is_known.then_some(()).ok_or(Problem::Number { what: "relocation", number, count })
        };
        let (found, expected) = (programs.len(), object.programs.len());
        if found != expected {
            let what = "a row has other programs than its object";
            return Err(Problem::Count { what, found, expected });
        }
        let of_programs = programs.iter().flat_map(|program| &program.causes);
        of_programs.flat_map(|cause| &cause.relocations).try_for_each(|number| check(*number))?;
        notes.iter().try_for_each(|note| check(note.relocation))?;
        relocations.iter().try_for_each(|result| check(result.relocation))?;
        if !relocations.is_sorted_by(|one, next| one.relocation < next.relocation) {
            return Err(Problem::Unexpected("the relocations of a row are not in order"));
        }
        let relocations = relocations.into_iter().map(|result| self.relocation(result));
        let relocations = relocations.collect::<Result<Vec<_>, _>>()?;
        self.rows.push((at, self.shared.rows.share(programs, relocations, open, notes)));
        Ok(())
    }

    fn relocation(&self, record: RelocationRecord) -> Result<RelocationResult, Problem> {
        let RelocationRecord { relocation, verdict, value, proof, explanation } = record;
        let known = |number: usize| {
            let count = self.explanations.len();
            let missing = Problem::Number { what: "explanation", number, count };
            self.explanations.get(number).cloned().ok_or(missing)
        };
        let explanation = explanation.map(known).transpose()?;
        Ok(RelocationResult { relocation, verdict, value, proof, explanation })
    }

    fn kernel(&mut self, record: KernelRecord) -> Result<(), Problem> {
        let KernelRecord { path, folder, order, rows } = record;
        let (found, expected) = (rows.len(), self.objects.len());
        if found != expected {
            let what = "a kernel has rows of other objects";
            return Err(Problem::Count { what, found, expected });
        }
        if !self.orders.insert(order) {
            return Err(Problem::Unexpected("two kernels have the same place among all"));
        }
        let row = |(object, number): (usize, usize)| match self.rows.get(number) {
            Some((of, row)) if *of == object => Ok(Arc::clone(row)),
            Some(_) => Err(Problem::Unexpected("a kernel has the row of another object")),
            None => Err(Problem::Number { what: "row", number, count: self.rows.len() }),
        };
        let rows: Result<_, Problem> = rows.into_iter().enumerate().map(row).collect();
        self.kernels.push(KernelResult { path, folder, order, rows: rows? });
        Ok(())
    }

    fn summary(&self, summary: &SummaryRecord) -> Result<(), Problem> {
        let check = |what, found, expected| {
            let count = Problem::Count { what, found, expected };
            (found == expected).then_some(()).ok_or(count)
        };
        check("the summary counts other objects", summary.objects, self.objects.len())?;
        check("the summary counts other kernels", summary.kernels, self.kernels.len())
    }
}

/// Returns an object whose programs' functions are sorted, to search in.
fn object(mut object: ObjectInfo) -> ObjectInfo {
    object.sort_functions();
    object
}

/// Parses a line. Texts are as `check` prints them: with what would not show, or would change a terminal, escaped.
fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(line).map_err(Problem::Json)?;
    if !is_plain(&value) {
        return Err(Problem::Unexpected("a text has characters that check escapes"));
    }
    serde_json::from_value(value).map_err(Problem::Json)
}

/// Returns `true` if all texts can be shown.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().all(btf_types::is_plain),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(values) => values.iter().all(|(key, value)| match value {
            // The code that a suggestion has.
            Value::String(text) if key == "code" => {
                text.lines().flat_map(str::chars).all(btf_types::is_plain)
            }
            _ => is_plain(value),
        }),
        _ => true,
    }
}
