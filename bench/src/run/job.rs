//! The job of one process: its input and its result are JSON.

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use btf_types::Btf;
use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::program::{Took, measure};
use super::times::{Rounds, Times};
use crate::Result;
use crate::code::{self, Code};
use crate::contenders::{Run, Who};
use crate::names::{self, What};

/// A measurement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// A contender relocates an object.
    Relocate {
        /// The contender.
        who: Who,
        /// How the object is relocated.
        how: How,
        /// The targets: one, unless the job is [`How::Many`].
        targets: Vec<PathBuf>,
        /// The object.
        object: PathBuf,
        /// The file for the relocated code.
        code: PathBuf,
        /// The rounds.
        rounds: Rounds,
    },
    /// A contender looks up names.
    Names {
        /// The contender.
        who: Who,
        /// What the names are of.
        what: What,
        /// The names.
        names: Vec<String>,
        /// The file of the types.
        target: PathBuf,
        /// The rounds.
        rounds: Rounds,
    },
    /// The minimum that every contender must do.
    Floor {
        /// The part of it.
        floor: Floor,
        /// The target.
        target: PathBuf,
        /// The rounds.
        rounds: Rounds,
    },
    /// A program runs.
    Program {
        /// The path and arguments.
        command: Vec<String>,
        /// The rounds.
        rounds: Rounds,
    },
}

/// How an object is relocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// The target is read every time.
    Cold,
    /// The target is read, and indexed if useful, before the measurement.
    Warm,
    /// For several targets, which are read every time.
    Many,
}

/// The minimum that every contender must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Floor {
    /// Read the target's file.
    Read,
    /// Map the file and touch all its pages.
    Map,
    /// Walk over its types once to find their offsets.
    Walk,
}

/// The result of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Answer {
    /// The times.
    Times(Times),
    /// The times and the answers to the names.
    Found(Times, Vec<names::Answer>),
    /// The times and the peak memory of the program.
    Took(Took),
    /// The contender refuses, with a reason.
    Refused(String),
}

impl Job {
    /// Performs the job in a new process of this program.
    ///
    /// # Errors
    /// The process fails. A contender that refuses is not an error.
    pub fn delegate(&self) -> Result<Answer> {
        let output = Command::new(env::current_exe()?)
            .args(["job", &serde_json::to_string(self)?])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{}: {self:?}", output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Performs the job in this process.
    ///
    /// # Errors
    /// A file cannot be read or written, or the results of a contender differ between rounds.
    pub fn perform(&self) -> Result<Answer> {
        match self {
            Self::Relocate { who, how, targets, object, code, rounds } => {
                let mut relocating = Relocating::new(*rounds);
                let done = relocating
                    .run(*who, *how, targets, &fs::read(object)?)
                    .map_err(|e| e.to_string());
                if let Err(why) = done {
                    return Ok(Answer::Refused(why));
                }
                fs::write(code, relocating.code()?)?;
                Ok(Answer::Times(relocating.times.without_warm_up()))
            }
            Self::Names { who, what, names, target, rounds } => {
                let (times, answers) = look_up(*who, *what, names, target, *rounds)?;
                Ok(Answer::Found(times.without_warm_up(), answers))
            }
            Self::Floor { floor, target, rounds } => {
                Ok(Answer::Times(floor.measure(target, *rounds)?.without_warm_up()))
            }
            Self::Program { command, rounds } => Ok(Answer::Took(measure(command, *rounds)?)),
        }
    }
}

/// The rounds of one contender.
struct Relocating {
    rounds: Rounds,
    times: Times,
    /// The code after the first round.
    first: Option<Vec<Code>>,
    is_steady: bool,
}

impl Relocating {
    fn new(rounds: Rounds) -> Self {
        Self { rounds, times: Times::default(), first: None, is_steady: true }
    }

    fn run(&mut self, who: Who, how: How, targets: &[PathBuf], object: &[u8]) -> Result {
        let contender = who.contender();
        let [target, ..] = targets else { return Err("there is no target".into()) };
        let mut clock = self.rounds.start();
        match how {
            How::Cold => loop {
                self.add(vec![contender.cold(target, object)?]);
                if !clock.again() {
                    return Ok(());
                }
            },
            How::Many => loop {
                self.add(contender.many(targets, object)?);
                if !clock.again() {
                    return Ok(());
                }
            },
            How::Warm => contender.warm(target, object, &mut |run| {
                self.add(vec![run]);
                clock.again()
            }),
        }
    }

    fn add(&mut self, runs: Vec<Run>) {
        self.times.push(runs.iter().map(|run| run.time).sum());
        let code: Vec<Code> = runs.into_iter().map(|run| run.code).collect();
        match &self.first {
            None => self.first = Some(code),
            Some(first) => self.is_steady &= *first == code,
        }
    }

    /// Returns the code of all sections and targets, for comparison between contenders.
    fn code(&self) -> Result<Vec<u8>> {
        if !self.is_steady {
            return Err("the code differs between rounds".into());
        }
        Ok(self.first.iter().flatten().flat_map(code::to_bytes).collect())
    }
}

/// Looks up names in a file repeatedly.
fn look_up(
    who: Who,
    what: What,
    names: &[String],
    target: &Path,
    rounds: Rounds,
) -> Result<(Times, Vec<names::Answer>)> {
    let look_up = who.look_up().ok_or("the contender does not look up names")?;
    let mut times = Times::default();
    let mut clock = rounds.start();
    loop {
        let found = look_up(target, what, names)?;
        times.push(found.time);
        if !clock.again() {
            return Ok((times, found.answers));
        }
    }
}

impl Floor {
    fn measure(self, target: &Path, rounds: Rounds) -> Result<Times> {
        let mut times = Times::default();
        let mut clock = rounds.start();
        let bytes = fs::read(target)?;
        loop {
            times.push(match self {
                Self::Read => timed(|| Ok(fs::read(target)?))?,
                Self::Map => timed(|| map(target))?,
                Self::Walk => timed(|| Ok(Btf::parse(black_box(&bytes))?))?,
            });
            if !clock.again() {
                return Ok(times);
            }
        }
    }
}

/// Measures the time of a call, without dropping its result.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let started = Instant::now();
    let made = black_box(work()?);
    let time = started.elapsed();
    drop(made);
    Ok(time)
}

/// Maps a file and reads a byte of each page.
fn map(path: &Path) -> Result<Mmap> {
    const PAGE: usize = 4096;
    let file = File::open(path)?;
    // SAFETY: nothing else writes to the files of this run.
    let map = unsafe { Mmap::map(&file) }?;
    for byte in map.iter().step_by(PAGE) {
        black_box(*byte);
    }
    Ok(map)
}
