//! Checks an object for a kernel in advance: the outcome of each relocation, and whether a poisoned
//! instruction does any harm.
//!
//! A poisoned instruction is harmless if the program never reaches it. Programs ensure that with
//! existence checks; such an instruction is *guarded*. A [`Guard`] is one of two:
//!
//! - **Existence.** The object checks whether the same thing exists, and on this kernel it does not.
//!   Things are the same if their names are, without flavors: a field of the same member names and
//!   indices from a struct or union of the same name, or an enumerator of the same name in an enum of
//!   the same name. A check of something that contains the field counts as well: of a type on the path,
//!   of a field at the start of the path, or of the rest of the path from a named type on it. For
//!   `a.b.c`, where `b` is a `struct b`, those are `a.b.c`, `a.b`, `a`, `b.c` and `b`. A check whether a
//!   type *matches* counts for its own flavor only, because it is about that definition. A check in the
//!   same function is preferred.
//! - **Unreachable code.** No path from the start of the function leads to the instruction, given the
//!   values that the other relocations set. That is so where a program checks for the new field and
//!   reads the old one only if the new one is missing, or where it branches on a field's size. Values
//!   are followed through registers, not through memory, and each function by itself, as if it were
//!   called.
//!
//! ```
//! # fn print_problems(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
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

mod evaluate;
mod existence;
mod finding;
mod reach;
mod unreachable;

use core_reloc::{Options, Target, elf::Object};

pub use self::finding::{Finding, Guard, Verdict};
use self::{
    existence::{ExistenceChecks, FailedChecks},
    unreachable::Functions,
};

/// Checks one object for any number of kernels.
///
/// It is `Sync`, so kernels may be checked in parallel.
#[derive(Debug)]
pub struct Checker<'a> {
    object: &'a Object<'a>,
    existence_checks: ExistenceChecks<'a>,
}

impl<'a> Checker<'a> {
    /// Prepares to check an object.
    pub fn new(object: &'a Object<'a>) -> Self {
        Self { object, existence_checks: ExistenceChecks::of(object) }
    }

    /// Returns the object.
    pub fn object(&self) -> &'a Object<'a> {
        self.object
    }

    /// Relocates the object for a kernel with the default [`Options`], and returns a finding for each
    /// relocation, in the order of the records.
    pub fn check<'t>(&self, target: &'t Target<'t>) -> Vec<Finding<'t>>
    where
        'a: 't,
    {
        let object: &'t Object<'t> = self.object;
        let mut relocating = object.relocate(target, Options::default());
        let mut findings: Vec<Finding<'t>> = relocating
            .by_ref()
            .map(|report| Finding { verdict: Verdict::without_guard(&report), report })
            .collect();

        let is_poisoned =
            |finding: &Finding<'_>| matches!(finding.verdict, Verdict::Poisoned { .. });
        if !findings.iter().any(is_poisoned) {
            return findings;
        }
        let failed = FailedChecks::new(&self.existence_checks, &findings);
        let mut functions = Functions::new(&findings);
        let mut guards = Vec::new();
        for (position, finding) in findings.iter().enumerate().filter(|(_, it)| is_poisoned(it)) {
            let relocation = &finding.report.relocation;
            let code = relocating.code(relocation);
            let guard = failed
                .existence_guard(&self.existence_checks, relocation)
                .or_else(|| functions.unreachable_guard(finding, code));
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
