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
                Some(answer) => comparison.judged.extend(judge(&bytes, answer, &kernel)),
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
    fn is_fault(&self) -> bool {
        match self.verdict {
            Verdict::OtherArchitecture | Verdict::Failed | Verdict::Missing | Verdict::Poisoned => {
                self.row.loads()
            }
            Verdict::LeftOpen | Verdict::Skipped => false,
            _ => self.row.refusal.is_some_and(Refusal::is_answered),
        }
    }
}

/// Returns the verdicts on the programs of an object, with what the kernel did. Objects that libbpf does not open are
/// left out.
fn judge(bytes: &[u8], answer: &Answer, kernel: &Kernel<'_>) -> Vec<Judged> {
    let object = Object::parse(bytes).expect("an object");
    let rows: BTreeMap<&str, &Row> =
        answer.programs.iter().map(|program| (program.name.as_str(), &program.original)).collect();
    if rows.contains_key("-") {
        return Vec::new();
    }
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
        let lines: String = self.symbols.iter().map(|name| format!("0 T {name}\n")).collect();
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
