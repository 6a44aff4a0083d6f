//! The order of the run: several passes over all cases, with the contenders in turn, so that other load on
//! the machine affects all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cases::{self, Case};
use super::commands::Commands;
use super::inputs::{Inputs, Object};
use super::job::{Answer, Floor, Job};
use super::machine::Machine;
use super::memory::Memory;
use super::program::Took;
use super::report::{Measured, Names, Outcome, Program, Report, Summary, WholeProcess};
use super::times::{Rounds, Times};
use crate::Result;
use crate::code::code;
use crate::contenders::Who;
use crate::names::What;

/// A run.
#[derive(Debug)]
pub struct Plan {
    /// The number of passes over all cases.
    pub passes: usize,
    /// The rounds of a case in one pass.
    pub rounds: Rounds,
    /// The folder for temporary files.
    pub folder: PathBuf,
    /// The program `core-reloc`.
    pub core_reloc: PathBuf,
    /// The equivalent program with libbpf.
    pub libbpf: PathBuf,
}

/// The times of a group of cases.
struct Group {
    cases: Vec<Case>,
    /// By case and contender.
    times: BTreeMap<(usize, Who), Times>,
    refused: BTreeMap<(usize, Who), String>,
}

impl Plan {
    /// Measures everything.
    ///
    /// # Errors
    /// Contenders produce different code, or core-reloc refuses an object.
    pub fn run(&self, inputs: &Inputs) -> Result<Report> {
        let mut table = Group::new(cases::table(inputs));
        let mut more_relocations = Group::new(cases::more_relocations(inputs));
        let mut larger_targets = Group::new(cases::larger_targets(inputs));
        let mut names = BTreeMap::<_, Times>::new();
        let mut floor = BTreeMap::<_, Times>::new();
        let mut programs = Vec::new();
        let mut commands = Commands::new(&self.core_reloc, inputs, &self.folder);
        for pass in 1..=self.passes {
            eprintln!("pass {pass} of {}", self.passes);
            for part in [Floor::Read, Floor::Map, Floor::Walk] {
                let target = inputs.kernel.path.clone();
                let job = Job::Floor { floor: part, target, rounds: self.rounds };
                let Answer::Times(times) = job.delegate()? else { return Err("no times".into()) };
                floor.entry(part).or_default().append(times);
            }
            for group in [&mut table, &mut more_relocations, &mut larger_targets] {
                group.pass(self)?;
            }
            self.look_up(inputs, &mut names)?;
            for (at, object) in
                [&inputs.small, &inputs.medium, &inputs.large].into_iter().enumerate()
            {
                if programs.len() <= at {
                    programs.push((object, BTreeMap::new()));
                }
                let (_, took) = &mut programs[at];
                self.start_programs(object, inputs, took)?;
            }
            commands.pass(self.rounds)?;
        }

        let memory = |who| {
            let memory = Memory::measure(who, &inputs.kernel.path, &inputs.small.path);
            memory.map(|memory| (who, memory))
        };
        let program = |(who, took): (&Who, &Took)| (*who, Program::from(took));
        let programs = programs.into_iter().map(|(object, took): (&Object, BTreeMap<_, _>)| {
            let programs = took.iter().map(program).collect();
            WholeProcess { object: object.clone(), programs }
        });
        let table = table.finish(|case| case.object.clone());
        let mut more_relocations = more_relocations.finish(|case| case.object.clone());
        // The last step is already measured.
        more_relocations.extend(table.iter().find(|case| case.key == "c").cloned());
        Ok(Report {
            quick: inputs.quick,
            machine: Machine::inspect()?,
            kernel: inputs.kernel.clone(),
            kernels: inputs.kernels.clone(),
            cases: table,
            names: named(inputs, &names)?,
            floor: floor.iter().map(|(part, times)| (*part, Summary::from(times))).collect(),
            memory: Who::ALL.into_iter().map(memory).collect::<Result<_>>()?,
            programs: programs.collect(),
            commands: commands.finish(),
            more_relocations,
            larger_targets: larger_targets.finish(|case| {
                let of = inputs.larger.iter().find(|kernel| case.targets.contains(&kernel.path));
                of.expect("the input of the case").clone()
            }),
        })
    }

    /// Measures some cases of the table. Returns a line for each: the median of each contender, in milliseconds, and
    /// its ratio to ours.
    ///
    /// # Errors
    /// Those of [`Plan::run`], and if no case has one of the keys.
    pub fn run_cases(&self, inputs: &Inputs, keys: &[String]) -> Result<String> {
        let mut cases = cases::table(inputs);
        if let Some(unknown) = keys.iter().find(|key| !cases.iter().any(|it| it.key == **key)) {
            return Err(format!("there is no case {unknown}").into());
        }
        cases.retain(|case| keys.contains(&case.key));
        let mut group = Group::new(cases);
        for _ in 0..self.passes {
            group.pass(self)?;
        }
        let mut text = String::new();
        for case in group.finish(|_| ()) {
            let median = |who| match case.results.get(&who) {
                Some(Outcome::Took(summary)) => Some(summary.median.as_secs_f64() * 1e3),
                _ => None,
            };
            let ours = median(Who::CoreReloc).ok_or("no time")?;
            text += &format!("({})", case.key);
            for who in Who::ALL {
                if let Some(time) = median(who) {
                    text += &format!(" {who} {time:.3} ms {:.1}x", time / ours);
                }
            }
            text += "\n";
        }
        Ok(text)
    }

    /// Looks up all names, and compares the answers of the contenders.
    fn look_up(&self, inputs: &Inputs, times: &mut BTreeMap<(What, Who), Times>) -> Result {
        for (what, names) in &inputs.names {
            let mut expected = None;
            for who in WITH_NAMES {
                let (names, target) = (names.clone(), inputs.kernel.path.clone());
                let job = Job::Names { who, what: *what, names, target, rounds: self.rounds };
                let Answer::Found(took, answers) = job.delegate()? else {
                    return Err("no answers".into());
                };
                if *expected.get_or_insert_with(|| answers.clone()) != answers {
                    return Err(format!("the contenders find different {}", what.name()).into());
                }
                times.entry((*what, who)).or_default().append(took);
            }
        }
        Ok(())
    }

    /// Runs both programs, and compares the code in the objects that they write.
    fn start_programs(
        &self,
        object: &Object,
        inputs: &Inputs,
        programs: &mut BTreeMap<Who, Took>,
    ) -> Result {
        let (object, target) = (&object.path, &inputs.kernel.path);
        let ours = self.folder.join("by-core-reloc.o");
        let theirs = self.folder.join("by-libbpf.o");
        let commands = [
            (
                Who::CoreReloc,
                command(
                    &self.core_reloc,
                    &[
                        "relocate".as_ref(),
                        object,
                        "--target".as_ref(),
                        target,
                        "-o".as_ref(),
                        &ours,
                    ],
                ),
            ),
            (Who::Libbpf, command(&self.libbpf, &[object, target, &theirs])),
        ];
        for (who, command) in commands {
            let job = Job::Program { command, rounds: self.rounds };
            let Answer::Took(took) = job.delegate()? else { return Err("no times".into()) };
            match programs.get_mut(&who) {
                None => _ = programs.insert(who, took),
                Some(known) => known.append(took),
            }
        }
        if code(&fs::read(ours)?)? != code(&fs::read(theirs)?)? {
            return Err("the programs write different code".into());
        }
        Ok(())
    }
}

/// The contenders that look up names.
const WITH_NAMES: [Who; 2] = [Who::CoreReloc, Who::Libbpf];

/// Summarizes the cases with names, and measures their memory.
fn named(inputs: &Inputs, times: &BTreeMap<(What, Who), Times>) -> Result<Vec<Measured<Names>>> {
    let case = |(key, (what, names)): (&str, &(What, Vec<String>))| {
        let memory = |who| {
            let target = &inputs.kernel.path;
            Ok((who, Memory::of_names(who, *what, names, target)?))
        };
        let memory = WITH_NAMES.into_iter().map(memory).collect::<Result<_>>()?;
        let took = |who| Some((who, Outcome::Took(times.get(&(*what, who))?.into())));
        Ok(Measured {
            key: key.to_owned(),
            of: Names { what: *what, names: names.clone(), memory },
            results: WITH_NAMES.into_iter().filter_map(took).collect(),
        })
    };
    ["h", "i", "j"].into_iter().zip(&inputs.names).map(case).collect()
}

fn command(program: &Path, arguments: &[&Path]) -> Vec<String> {
    let words = std::iter::once(program).chain(arguments.iter().copied());
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

impl Group {
    fn new(cases: Vec<Case>) -> Self {
        Self { cases, times: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// Measures every case with every contender.
    fn pass(&mut self, plan: &Plan) -> Result {
        for (index, case) in self.cases.iter().enumerate() {
            let mut expected = None;
            for who in Who::ALL {
                if self.refused.contains_key(&(index, who)) {
                    continue;
                }
                let code = plan.folder.join("code");
                let job = Job::Relocate {
                    who,
                    how: case.how,
                    targets: case.targets.clone(),
                    object: case.object.path.clone(),
                    code: code.clone(),
                    rounds: plan.rounds,
                };
                match job.delegate()? {
                    Answer::Times(times) => {
                        let code = fs::read(code)?;
                        if *expected.get_or_insert_with(|| code.clone()) != code {
                            let (object, us) = (&case.object.name, Who::CoreReloc);
                            return Err(format!(
                                "{who} and {us} produce different code for {object}"
                            )
                            .into());
                        }
                        self.times.entry((index, who)).or_default().append(times);
                    }
                    Answer::Refused(why) if who == Who::CoreReloc => {
                        return Err(format!("{}: {why}", case.object.name).into());
                    }
                    Answer::Refused(why) => _ = self.refused.insert((index, who), why),
                    Answer::Took(_) | Answer::Found(..) => {
                        return Err("the answer of another job".into());
                    }
                }
            }
        }
        Ok(())
    }

    fn finish<Of>(mut self, of: impl Fn(&Case) -> Of) -> Vec<Measured<Of>> {
        let cases = self.cases.iter().enumerate();
        cases
            .map(|(index, case)| {
                let mut outcome = |who| {
                    let refused = self.refused.remove(&(index, who)).map(Outcome::Refused);
                    let times = self.times.get(&(index, who));
                    refused.or_else(|| Some(Outcome::Took(times?.into())))
                };
                let results = Who::ALL.into_iter();
                let results = results.filter_map(|who| Some((who, outcome(who)?))).collect();
                Measured { key: case.key.clone(), of: of(case), results }
            })
            .collect()
    }
}

/// The defaults of a run.
pub const THOROUGH: (usize, Rounds) =
    (5, Rounds { at_most: 25, budget: Duration::from_millis(300) });
/// The defaults of a quick run.
pub const QUICK: (usize, Rounds) = (1, Rounds { at_most: 3, budget: Duration::from_millis(100) });
