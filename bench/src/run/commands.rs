//! Commands as whole processes, beside other programs that do the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::inputs::Inputs;
use super::job::{Answer, Job};
use super::program::Took;
use super::report::{Beside, Program};
use super::times::Rounds;
use crate::Result;

/// Other programs that write the types of kernels.
const BPFTOOL: &str = "bpftool";
const PAHOLE: &str = "pahole";

/// A task, with the program that does it besides ours, and both commands.
#[derive(Debug)]
struct Task {
    about: &'static str,
    other: &'static str,
    commands: [Vec<String>; 2],
}

/// All tasks, with the processes that were measured so far.
#[derive(Debug)]
pub struct Commands {
    tasks: Vec<Task>,
    took: BTreeMap<(usize, usize), Took>,
    failed: BTreeMap<usize, String>,
}

impl Commands {
    /// Lists the tasks.
    pub fn new(core_reloc: &Path, inputs: &Inputs, folder: &Path) -> Self {
        let target = inputs.kernel.path.display().to_string();
        let older = inputs.oldest.path.display().to_string();
        let written = |name: &str| folder.join(name).display().to_string();
        let ours = |arguments: &[&str]| {
            let program = core_reloc.display().to_string();
            [program].into_iter().chain(arguments.iter().map(|it| (*it).to_owned())).collect()
        };
        let other = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        let objects: Vec<String> =
            inputs.objects.iter().map(|path| path.display().to_string()).collect();
        let with_objects = |mut command: Vec<String>| {
            command.extend(objects.iter().cloned());
            command
        };
        let tasks = vec![
            Task {
                about: "all types as a C header",
                other: BPFTOOL,
                commands: [
                    ours(&["dump", "--format", "c", "--target", &target]),
                    other(&[BPFTOOL, "btf", "dump", "file", &target, "format", "c"]),
                ],
            },
            Task {
                about: "one struct with its layout",
                other: PAHOLE,
                commands: [
                    ours(&["dump", "task_struct", "--target", &older]),
                    other(&[PAHOLE, "-F", "btf", "-C", "task_struct", &older]),
                ],
            },
            Task {
                about: "one field, for which pahole prints its struct",
                other: PAHOLE,
                commands: [
                    ours(&["query", "task_struct.pid", "--target", &older]),
                    other(&[PAHOLE, "-F", "btf", "-C", "task_struct", &older]),
                ],
            },
            Task {
                about: "minimized BTF for 60 objects",
                other: BPFTOOL,
                commands: [
                    with_objects(ours(&[
                        "minimize",
                        "--target",
                        &target,
                        "-o",
                        &written("minimized-by-core-reloc.btf"),
                    ])),
                    with_objects(other(&[
                        BPFTOOL,
                        "gen",
                        "min_core_btf",
                        &target,
                        &written("minimized-by-bpftool.btf"),
                    ])),
                ],
            },
        ];
        let mut failed = BTreeMap::new();
        for (at, task) in tasks.iter().enumerate() {
            if find(task.other).is_none() {
                eprintln!("SKIPPED: {} is not installed", task.other);
                failed.insert(at, "not installed".to_owned());
            }
        }
        Self { tasks, took: BTreeMap::new(), failed }
    }

    /// Runs each task with each program that can do it.
    ///
    /// # Errors
    /// Our program fails.
    pub fn pass(&mut self, rounds: Rounds) -> Result {
        for (at, task) in self.tasks.iter().enumerate() {
            for (who, command) in task.commands.iter().enumerate() {
                if who == 1 && self.failed.contains_key(&at) {
                    continue;
                }
                let job = Job::Program { command: command.clone(), rounds };
                let took = match job.delegate() {
                    Ok(Answer::Took(took)) => took,
                    Err(error) if who == 1 => {
                        self.failed.insert(at, error.to_string());
                        continue;
                    }
                    Ok(_) => return Err("the answer of another job".into()),
                    Err(error) => return Err(error),
                };
                match self.took.get_mut(&(at, who)) {
                    None => _ = self.took.insert((at, who), took),
                    Some(known) => known.append(took),
                }
            }
        }
        Ok(())
    }

    /// Summarizes all passes.
    pub fn finish(mut self) -> Vec<Beside> {
        let mut measured = Vec::new();
        for (at, task) in self.tasks.iter().enumerate() {
            let mut program = |who| Some(Program::from(&self.took.remove(&(at, who))?));
            let Some(ours) = program(0) else { continue };
            let failed = self.failed.remove(&at).unwrap_or_default();
            let theirs = program(1).ok_or(failed);
            measured.push(Beside { about: task.about, other: task.other, ours, theirs });
        }
        measured
    }
}

/// Returns the path of a program, if it is installed.
fn find(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut paths = env::split_paths(&folders).map(|folder| folder.join(program));
    paths.find(|path| {
        fs::metadata(path).is_ok_and(|it| it.is_file())
            && Command::new(path)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
    })
}
