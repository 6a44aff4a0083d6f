//! Checking an object for a kernel beforehand: what becomes of each relocation, and whether what is
//! poisoned does any harm.
//!
//! A poisoned instruction is harmless where the program never gets to it. A program that asks first,
//! with an existence relocation, is *guarded*, and [`Guard`] says by what:
//!
//! - **By existence.** The same object asks whether the thing exists, and the kernel says no. The
//!   thing is the same if its names are, flavors dropped: a field of the same member names and
//!   indices from a struct or union of the same name on, an enumerator of the same name in an enum of
//!   the same name. Whatever contains it counts as well: a type on the way, a field that is the
//!   beginning of the way, and the rest of the way from a named type that it goes through. For
//!   `a.b.c`, where `b` is a `struct b`, that is `a.b.c`, `a.b`, `a`, `b.c` and `b`. A question
//!   whether a type *matches* counts for its own flavor only, since it is about that definition. A
//!   question that the same function asks is preferred to others.
//! - **By the code.** No path from the beginning of the function leads to the instruction, given
//!   what the relocations put into the others: a program that asks whether the new field exists, and
//!   reads the old one only if it does not; or one that asks for a field's size. Values are followed
//!   through registers, not through memory, and each function is looked at by itself, as if it were
//!   called.
//!
//! ```
//! # fn f(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Target, elf::Object};
//! use core_reloc_tools::check::Checker;
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! let checker = Checker::new(&object);
//! for finding in checker.check(&Target::new(&kernel)) {
//!     if finding.verdict.is_problem() {
//!         println!("{}", finding.report);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod guard;
mod operation;
mod reach;

use std::collections::BTreeMap;
use std::ops::Range;

use self::{
    guard::{Answers, Questions},
    reach::Reach,
};
use core_reloc::{
    Options, Status, Target,
    elf::{Object, Outcome, Report},
};

/// Checks one object for any number of kernels.
///
/// It is `Sync`: kernels may be checked in parallel.
#[derive(Debug)]
pub struct Checker<'a> {
    object: &'a Object<'a>,
    questions: Questions<'a>,
}

/// What became of one relocation, and what that means.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// What became of it.
    pub report: Report<'a>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a relocation comes to on a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The instruction is right as it is.
    Unchanged,
    /// The instruction holds the kernel's value instead of the compiler's.
    Changed,
    /// The instruction was poisoned.
    Poisoned {
        /// Why that does no harm; none if the program may get there.
        guard: Option<Guard>,
    },
    /// It is broken or ambiguous: no loader takes the object.
    Failed,
    /// Its instruction is part of no function: no loader looks at it.
    Skipped,
}

/// Why a poisoned instruction does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// The object asks whether the thing exists, and on this kernel it does not.
    Existence {
        /// Which relocation asks: its position among all of the object's.
        relocation: usize,
        /// Whether it is of the same function.
        in_function: bool,
    },
    /// No path leads to the instruction on this kernel.
    Unreachable,
}

impl Verdict {
    /// It in one word: `unchanged`, `changed`, `guarded`, `poisoned`, `failed` or `skipped`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Poisoned { guard: Some(_) } => "guarded",
            Self::Poisoned { guard: None } => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the object may not load, or not run as it should.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Poisoned { guard: None } | Self::Failed)
    }
}

impl<'a> Checker<'a> {
    /// Prepares to check an object.
    pub fn new(object: &'a Object<'a>) -> Self {
        Self { object, questions: Questions::of(object) }
    }

    /// The object.
    pub fn object(&self) -> &'a Object<'a> {
        self.object
    }

    /// What becomes of each relocation on a kernel, in the order of the records, with the default
    /// [`Options`].
    pub fn check<'t>(&self, target: &'t Target<'t>) -> Vec<Finding<'t>>
    where
        'a: 't,
    {
        let object: &'t Object<'t> = self.object;
        let mut relocating = object.relocate(target, Options::default());
        let finding = |report: Report<'t>| Finding { verdict: of(&report), report };
        let mut findings: Vec<Finding<'t>> = relocating.by_ref().map(finding).collect();

        let is_poisoned =
            |finding: &Finding<'_>| matches!(finding.verdict, Verdict::Poisoned { .. });
        if !findings.iter().any(is_poisoned) {
            return findings;
        }
        let answers = Answers::new(&self.questions, &findings);
        let mut paths = Paths::new(&findings);
        let mut guards = Vec::new();
        for (position, finding) in findings.iter().enumerate().filter(|(_, it)| is_poisoned(it)) {
            let relocation = &finding.report.relocation;
            let by_existence = answers.guard(&self.questions, relocation);
            let guard =
                by_existence.or_else(|| paths.are_none(finding, relocating.code(relocation)));
            guards.push((position, guard));
        }
        for (position, guard) in guards {
            if let Some(finding) = findings.get_mut(position) {
                finding.verdict = Verdict::Poisoned { guard };
            }
        }
        findings
    }
}

/// What a report means, guards aside.
fn of(report: &Report<'_>) -> Verdict {
    match &report.outcome {
        Outcome::Applied { status: Status::Relocated, .. } if report.before == report.after => {
            Verdict::Unchanged
        }
        Outcome::Applied { status: Status::Relocated, .. } => Verdict::Changed,
        Outcome::Applied { .. } => Verdict::Poisoned { guard: None },
        Outcome::Failed(_) => Verdict::Failed,
        Outcome::Skipped(_) => Verdict::Skipped,
    }
}

/// What of the functions can be reached, as far as it was asked.
struct Paths {
    /// Where relocations have put values: sections and offsets, sorted.
    relocated: Vec<(u32, u64)>,
    /// By section, and where the function begins.
    reached: BTreeMap<(u32, u64), Reach>,
}

impl Paths {
    fn new(findings: &[Finding<'_>]) -> Self {
        let is_relocated = |finding: &&Finding<'_>| {
            matches!(finding.verdict, Verdict::Unchanged | Verdict::Changed)
        };
        let place = |finding: &Finding<'_>| {
            let relocation = &finding.report.relocation;
            let (section, _) = relocation.function_range()?;
            Some((section, u64::from(relocation.insn_off())))
        };
        let relocated = findings.iter().filter(is_relocated);
        let mut relocated: Vec<_> = relocated.filter_map(place).collect();
        relocated.sort_unstable();
        Self { relocated, reached: BTreeMap::new() }
    }

    /// That the instruction cannot be reached, if it is so. `code` is the section's.
    fn are_none(&mut self, finding: &Finding<'_>, code: &[u8]) -> Option<Guard> {
        let relocation = &finding.report.relocation;
        let (section, Range { start, end }) = relocation.function_range()?;
        let reach = self.reached.entry((section, start)).or_insert_with(|| {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            let code = code.get(place(start)..place(end)).unwrap_or_default();
            let is_relocated = |offset: u32| {
                let in_section = start.saturating_add(offset.into());
                self.relocated.binary_search(&(section, in_section)).is_ok()
            };
            Reach::of(code, relocation.byte_order(), is_relocated)
        });
        let insn = usize::try_from(relocation.insn_in_function()?).ok()?;
        (!reach.is_reached(insn)).then_some(Guard::Unreachable)
    }
}
