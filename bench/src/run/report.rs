//! What a run has found.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::inputs::{Kernel, Object};
use super::job::Floor;
use super::machine::Machine;
use super::memory::Memory;
use super::times::Times;
use crate::contenders::Who;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the inputs are small ones, which show that the bench runs, and nothing more.
    pub quick: bool,
    /// Where and when.
    pub machine: Machine,
    /// The target of all cases that say nothing else.
    pub kernel: Kernel,
    /// The targets of case (f).
    pub kernels: Vec<Kernel>,
    /// The cases of the table.
    pub cases: Vec<Measured<Object>>,
    /// What everybody has to do at least.
    pub floor: BTreeMap<Floor, Summary>,
    /// The memory that case (a) takes, by contender.
    pub memory: BTreeMap<Who, Memory>,
    /// Case (a) as a program.
    pub programs: BTreeMap<Who, Program>,
    /// Case (g), over the number of relocations.
    pub more_relocations: Vec<Measured<Object>>,
    /// Case (g), over the size of the target.
    pub larger_targets: Vec<Measured<Kernel>>,
}

/// A case with the times of all contenders.
#[derive(Debug, Clone, Serialize)]
pub struct Measured<Of> {
    /// The case's name, within its group.
    pub key: String,
    /// The object, or the target.
    pub of: Of,
    /// What each contender took.
    pub results: BTreeMap<Who, Outcome>,
}

/// What became of a case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took so long.
    Took(Summary),
    /// The contender cannot do it, and says why.
    Refused(String),
}

/// Many times in a few.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Summary {
    /// The time in the middle.
    #[serde(rename = "median_ns", serialize_with = "nanoseconds")]
    pub median: Duration,
    /// The shortest.
    #[serde(rename = "least_ns", serialize_with = "nanoseconds")]
    pub least: Duration,
    /// How many they were.
    pub rounds: usize,
}

/// A whole process.
#[derive(Debug, Serialize)]
pub struct Program {
    /// The time from its start to its end.
    pub took: Summary,
    /// The most memory that it had, in KiB, pages of files included.
    pub peak_kib: u64,
}

impl From<&Times> for Summary {
    fn from(times: &Times) -> Self {
        Self { median: times.median(), least: times.least(), rounds: times.rounds() }
    }
}

impl<Of> Measured<Of> {
    /// The median of a contender, unless it refused.
    pub fn median(&self, who: Who) -> Option<Duration> {
        match self.results.get(&who)? {
            Outcome::Took(summary) => Some(summary.median),
            Outcome::Refused(_) => None,
        }
    }

    /// How many times as long as we a contender takes.
    pub fn ratio(&self, who: Who) -> Option<f64> {
        Some(self.median(who)?.as_secs_f64() / self.median(Who::CoreReloc)?.as_secs_f64())
    }
}

impl Report {
    /// A case of the table.
    ///
    /// # Panics
    /// If there is none of the key.
    pub fn case(&self, key: &str) -> &Measured<Object> {
        self.cases.iter().find(|case| case.key == key).expect("a case of the table")
    }

    /// What everybody has to do at least for case (a): read the file, and walk over its types.
    pub fn least(&self) -> Duration {
        self.floor[&Floor::Read].median + self.floor[&Floor::Walk].median
    }
}

fn nanoseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).serialize(serializer)
}
