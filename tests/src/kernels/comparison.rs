//! Compares verdicts with what a kernel did.

use std::{collections::BTreeMap, fmt};

use btf_types::Btf;
use core_reloc::{Target, elf::Object};
use core_reloc_tools::{
    check::{Checker, Verdict},
    needs::{Config, Kernel, Release, SymbolNames},
};

use super::{
    objects::Input,
    recording::{Answer, Recording, Row},
    refusal::Refusal,
};

/// A program with its verdict and what the kernel did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The name of the object's file.
    pub object: String,
    /// The name of the program.
    pub program: String,
    /// The name of its section.
    pub section: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The causes of the verdict, as text.
    pub causes: Vec<String>,
    /// What the kernel did.
    pub row: Row,
}

/// The verdicts on all programs that a kernel was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The programs.
    pub judged: Vec<Judged>,
    /// The objects that are not recorded, or are recorded with other contents.
    pub not_recorded: Vec<String>,
    /// The objects that libbpf does not open.
    pub not_opened: Vec<String>,
}

impl Comparison {
    /// Compares the verdicts on some objects with a recording, by some types of the kernel: all, or the minimized
    /// ones.
    ///
    /// # Panics
    /// Panics if the types or an object cannot be read, or a verdict is about a program that the kernel was not
    /// given.
    pub fn new(recording: &Recording, types: &[u8], inputs: &[Input]) -> Self {
        let types = Btf::parse(types).expect("the types of a kernel");
        let target = Target::new(&types).indexed_for_queries();
        let (symbols, config) = (recording.symbols(), recording.config());
        let mut kernel = Kernel::new(&target).with_symbols(&symbols).with_config(&config);
        if let Some(release) = recording.known_release() {
            kernel = kernel.with_release(release);
        }
        let mut comparison = Self::default();
        for input in inputs {
            let bytes = input.read();
            match recording.answer(&input.name, &bytes) {
                Some(answer) if answer.is_opened() => {
                    comparison.judged.extend(judge(&bytes, answer, &kernel));
                }
                Some(_) => comparison.not_opened.push(input.name.clone()),
                None => comparison.not_recorded.push(input.name.clone()),
            }
        }
        comparison
    }

    /// Returns the programs on which the verdict and the kernel disagree: with a good verdict, and refused for what
    /// a verdict answers for; or said not to load, and loaded.
    pub fn faults(&self) -> Vec<&Judged> {
        self.judged.iter().filter(|judged| judged.is_fault()).collect()
    }

    /// Counts the programs that some condition holds for.
    pub fn count(&self, is_counted: impl Fn(&Judged) -> bool) -> usize {
        self.judged.iter().filter(|judged| is_counted(judged)).count()
    }
}

impl Judged {
    /// Returns `true` if the verdict and the kernel disagree.
    fn is_fault(&self) -> bool {
        match self.verdict {
            // It is about the whole object: some of its programs may load by themselves.
            Verdict::OtherArchitecture | Verdict::LeftOpen | Verdict::Skipped => false,
            verdict if refuses(verdict) => self.row.loads(),
            _ => self.row.refusal.is_some_and(Refusal::is_answered),
        }
    }

    /// Returns `true` if the program is refused for a reason that no verdict answers for, although its verdict does
    /// not say that it does not load.
    pub fn is_other_reason(&self) -> bool {
        !refuses(self.verdict) && self.row.refusal.is_some_and(|refusal| !refusal.is_answered())
    }

    /// Returns `true` if the verdict depends on user space, or there is none.
    pub fn is_undecided(&self) -> bool {
        matches!(self.verdict, Verdict::LeftOpen | Verdict::Conditional | Verdict::Skipped)
            && !self.is_placeholder()
    }

    /// Returns `true` if the program attaches to a name such as `dummy_file_read`, which stands for another that user
    /// space sets.
    pub fn is_placeholder(&self) -> bool {
        self.verdict == Verdict::LeftOpen
            && self.causes.first().is_some_and(|cause| cause.starts_with("function dummy_"))
    }
}

/// Returns `true` for verdicts that say that a program does not load.
fn refuses(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::OtherArchitecture | Verdict::Failed | Verdict::Missing | Verdict::Poisoned
    )
}

/// Returns the verdicts on the programs of an object, with what the kernel did.
fn judge(bytes: &[u8], answer: &Answer, kernel: &Kernel<'_>) -> Vec<Judged> {
    let object = Object::parse(bytes).expect("an object");
    let rows: BTreeMap<&str, &Row> =
        answer.programs.iter().map(|program| (program.name.as_str(), &program.original)).collect();
    let checker = Checker::new(&object).expect("a readable object");
    let judged = checker.check(kernel).programs.into_iter().map(|found| {
        let (program, section) = (found.name.to_string(), found.section.to_string());
        let row = rows.get(program.as_str());
        let row = row.unwrap_or_else(|| panic!("{}: no answer to {program}", answer.name));
        Judged {
            object: answer.name.clone(),
            causes: found.causes.iter().map(|it| format!("{} {}", it.what, it.name)).collect(),
            verdict: found.verdict,
            row: (*row).clone(),
            program,
            section,
        }
    });
    judged.collect()
}

impl Recording {
    /// Returns the release of the kernel: that of the stable series, which Debian's `uname -v` has, or else what
    /// `uname -r` has.
    pub fn known_release(&self) -> Option<Release> {
        Release::find(&self.version).or_else(|| Release::find(&self.release))
    }

    fn symbols(&self) -> SymbolNames {
        let there = self.symbols.iter().filter(|(_, is_there)| **is_there);
        let lines: String = there.map(|(name, _)| format!("0 T {name}\n")).collect();
        SymbolNames::parse(lines.as_bytes())
    }

    fn config(&self) -> Config {
        Config::parse(self.config.join("\n").as_bytes())
    }
}

/// A table of what the kernel did by verdict.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = BTreeMap::<(Verdict, &str), usize>::new();
        for judged in &self.judged {
            let what = judged.row.refusal.map_or("loads", |refusal| refusal.name());
            *counts.entry((judged.verdict, what)).or_default() += 1;
        }
        for ((verdict, what), count) in counts {
            writeln!(f, "  {verdict:<15} {what:<16} {count:>5}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, program, section, verdict, causes, row } = self;
        write!(f, "{object}: {program} ({section}) is {verdict}")?;
        if !causes.is_empty() {
            write!(f, " ({})", causes.join("; "))?;
        }
        write!(f, ", and the kernel: {}", row.result)?;
        if let Some(refusal) = row.refusal {
            write!(f, ", {refusal}: {}", row.line)?;
        }
        Ok(())
    }
}
