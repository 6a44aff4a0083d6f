//! The results of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::inputs::{Kernel, Object};
use super::job::Floor;
use super::machine::Machine;
use super::memory::Memory;
use super::program::Took;
use super::times::Times;
use crate::contenders::Who;
use crate::names::What;

/// All results.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the inputs are those of a quick run, whose times are not meaningful.
    pub quick: bool,
    /// The machine and the date.
    pub machine: Machine,
    /// The default target of cases.
    pub kernel: Kernel,
    /// The targets of case (f).
    pub kernels: Vec<Kernel>,
    /// The cases of the table.
    pub cases: Vec<Measured<Object>>,
    /// The cases with names, without aya-obj.
    pub names: Vec<Measured<Names>>,
    /// The minimum that every contender must do.
    pub floor: BTreeMap<Floor, Summary>,
    /// The memory of case (a), by contender.
    pub memory: BTreeMap<Who, Memory>,
    /// Cases (a), (b) and (c) as whole processes.
    pub programs: Vec<WholeProcess>,
    /// Commands beside other programs.
    pub commands: Vec<Beside>,
    /// Case (g), by the number of relocations.
    pub more_relocations: Vec<Measured<Object>>,
    /// Case (g), by the size of the target.
    pub larger_targets: Vec<Measured<Kernel>>,
}

/// Names that are looked up.
#[derive(Debug, Clone, Serialize)]
pub struct Names {
    /// What they are of.
    pub what: What,
    /// The names.
    pub names: Vec<String>,
    /// The memory, by contender.
    pub memory: BTreeMap<Who, Memory>,
}

/// A case with the times of all contenders.
#[derive(Debug, Clone, Serialize)]
pub struct Measured<Of> {
    /// The name of the case within its group.
    pub key: String,
    /// The object, or the target.
    pub of: Of,
    /// The outcome of each contender.
    pub results: BTreeMap<Who, Outcome>,
}

/// The outcome of a case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The times.
    Took(Summary),
    /// The contender refuses, with a reason.
    Refused(String),
}

/// A summary of times.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Summary {
    /// The median.
    #[serde(rename = "median_ns", serialize_with = "nanoseconds")]
    pub median: Duration,
    /// The minimum.
    #[serde(rename = "least_ns", serialize_with = "nanoseconds")]
    pub least: Duration,
    /// The number of rounds.
    pub rounds: usize,
}

/// An object that whole processes relocate.
#[derive(Debug, Serialize)]
pub struct WholeProcess {
    /// The object.
    pub object: Object,
    /// The cost, by contender.
    pub programs: BTreeMap<Who, Program>,
}

/// The cost of a command, beside another program that does the same.
#[derive(Debug, Serialize)]
pub struct Beside {
    /// What is done.
    pub about: &'static str,
    /// The other program's name.
    pub other: &'static str,
    /// Our cost.
    pub ours: Program,
    /// The other program's cost, or why there is none.
    pub theirs: Result<Program, String>,
}

/// The cost of a whole process.
#[derive(Debug, Serialize)]
pub struct Program {
    /// The time from start to end.
    pub took: Summary,
    /// The peak memory in KiB, including pages of files.
    pub peak_kib: u64,
}

impl From<&Took> for Program {
    fn from(took: &Took) -> Self {
        Self { took: Summary::from(&took.times), peak_kib: took.peak_kib }
    }
}

impl From<&Times> for Summary {
    fn from(times: &Times) -> Self {
        Self { median: times.median(), least: times.least(), rounds: times.rounds() }
    }
}

impl<Of> Measured<Of> {
    /// Returns the median of a contender, unless it refuses.
    pub fn median(&self, who: Who) -> Option<Duration> {
        match self.results.get(&who)? {
            Outcome::Took(summary) => Some(summary.median),
            Outcome::Refused(_) => None,
        }
    }

    /// Returns the ratio of a contender's time to ours.
    pub fn ratio(&self, who: Who) -> Option<f64> {
        Some(self.median(who)?.as_secs_f64() / self.median(Who::CoreReloc)?.as_secs_f64())
    }
}

impl Report {
    /// Returns a case of the table.
    ///
    /// # Panics
    /// Panics if there is no such case.
    pub fn case(&self, key: &str) -> &Measured<Object> {
        self.cases.iter().find(|case| case.key == key).expect("a case of the table")
    }

    /// Returns the minimum time for case (a): reading the file and walking over its types.
    pub fn least(&self) -> Duration {
        self.floor[&Floor::Read].median + self.floor[&Floor::Walk].median
    }
}

fn nanoseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).serialize(serializer)
}
