//! What one process measures: a job comes in as JSON, the answer goes out as JSON.

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

/// Something to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// A contender that relocates an object.
    Relocate {
        /// The contender.
        who: Who,
        /// How.
        how: How,
        /// The targets: one, unless the job is [`How::Many`].
        targets: Vec<PathBuf>,
        /// The object.
        object: PathBuf,
        /// Where to write what the code has become.
        code: PathBuf,
        /// How often.
        rounds: Rounds,
    },
    /// What everybody has to do at least.
    Floor {
        /// What of it.
        floor: Floor,
        /// The target.
        target: PathBuf,
        /// How often.
        rounds: Rounds,
    },
    /// A program that is started.
    Program {
        /// Its path, and its arguments.
        command: Vec<String>,
        /// How often.
        rounds: Rounds,
    },
}

/// How an object is relocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// The target is read every time.
    Cold,
    /// The target has been read, and indexed if that helps.
    Warm,
    /// Against several targets, which are read every time.
    Many,
}

/// What everybody has to do at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Floor {
    /// Read the target's file.
    Read,
    /// Map the file instead, and touch all its pages.
    Map,
    /// Walk over its types once, to know where each begins.
    Walk,
}

/// What a job comes to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Answer {
    /// It took so long.
    Times(Times),
    /// The program took so much.
    Took(Took),
    /// The contender cannot do it, and says why.
    Refused(String),
}

impl Job {
    /// Has a new process of this program do the job.
    ///
    /// # Errors
    /// When that process fails, which is more than a contender that refuses.
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

    /// Does the job in this process.
    ///
    /// # Errors
    /// Files that cannot be read or written, or a contender whose results differ from round to round.
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
    /// What the first round left.
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

    /// The code of all sections and targets, to be compared with what others leave.
    fn code(&self) -> Result<Vec<u8>> {
        if !self.is_steady {
            return Err("the code is not the same in every round".into());
        }
        Ok(self.first.iter().flatten().flat_map(code::to_bytes).collect())
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

/// How long something takes; giving back what it makes does not count.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let started = Instant::now();
    let made = black_box(work()?);
    let time = started.elapsed();
    drop(made);
    Ok(time)
}

/// Maps a file, and reads a byte of each page.
fn map(path: &Path) -> Result<Mmap> {
    const PAGE: usize = 4096;
    let file = File::open(path)?;
    // SAFETY: the file is one of this run's, which nobody changes meanwhile.
    let map = unsafe { Mmap::map(&file) }?;
    for byte in map.iter().step_by(PAGE) {
        black_box(*byte);
    }
    Ok(map)
}
