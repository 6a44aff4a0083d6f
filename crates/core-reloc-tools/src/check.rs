//! Checks in advance whether the programs of an object load on a kernel.
//!
//! A [`Verdict`] puts together what relocating the object shows, what the object [needs](crate::needs)
//! besides, and which instructions the verifier [reaches](crate::paths). It is about programs, since those
//! are what a kernel loads: a poisoned instruction in a function that several programs call belongs to each
//! of them. A program is guarded only if no path of the verifier leads to any of its poisoned instructions.
//!
//! A verdict does not answer for the verifier's own rules: a program that passes may still be rejected for
//! an access out of bounds, or for a helper that its type may not call. It takes for granted that user space
//! gives maps without a size one: see [`Subject::MapSize`](crate::needs::Subject::MapSize).
//!
//! ```
//! # fn print_verdicts(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Target, elf::Object};
//! use core_reloc_tools::{check::Checker, needs::Kernel};
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! let checker = Checker::new(&object)?;
//! let target = Target::new(&kernel);
//! for program in checker.check(&Kernel::new(&target)).programs {
//!     println!("{}: {}", program.name, program.verdict);
//!     for cause in program.causes {
//!         println!("  {}: {} {}", cause.verdict, cause.what, cause.name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod architecture;
mod cause;
mod code;
mod condition;
mod finding;
mod judge;
mod program;
mod question;
mod reach;
mod verdict;

use std::collections::BTreeSet;

use btf_types::Kind;
use core_reloc::{
    Options,
    elf::{Object, ObjectError, requirements::Requirements},
};

pub use self::{
    cause::{Cause, relocation_thing},
    finding::{Finding, RelocationVerdict},
    program::ProgramVerdict,
    verdict::Verdict,
};
use self::{
    code::RelocatedCode,
    judge::Judge,
    question::{FailedQuestions, Questions},
};
use crate::{
    callees::callees,
    copies::{CopyAccesses, CopyFinding},
    limits::MAX_OBJECT_PATH_STEPS,
    needs::{Kernel, Need, REGISTERS, named_types, needs},
    sizes::{SizeFinding, SizedReads},
};

/// Checks one object for any number of kernels.
///
/// It is `Sync`, so kernels may be checked in parallel.
#[derive(Debug)]
pub struct Checker<'a> {
    object: &'a Object<'a>,
    requirements: Requirements<'a>,
    questions: Questions<'a>,
    copies: CopyAccesses,
    reads: SizedReads,
}

/// What an object comes to on one kernel.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Checked<'t> {
    /// A finding for each relocation, in the order of the records. None if the byte orders differ.
    pub findings: Vec<Finding<'t>>,
    /// What the object needs besides, with the kernel's answers. None if the byte orders differ.
    pub needs: Vec<Need<'t>>,
    /// The verdict on each program, in the order of [`Requirements::programs`].
    pub programs: Vec<ProgramVerdict<'t>>,
    /// The accesses that leave a local copy of a struct, each once, in the order of functions and instructions.
    /// Those that the verifier rejects are causes of verdicts too.
    pub copies: Vec<CopyFinding>,
    /// The reads of another number of bytes than the field has, in the order of their relocations.
    pub sizes: Vec<SizeFinding>,
}

impl<'a> Checker<'a> {
    /// Prepares to check an object.
    ///
    /// # Errors
    /// As [`Object::requirements`].
    pub fn new(object: &'a Object<'a>) -> Result<Self, ObjectError> {
        let requirements = object.requirements()?;
        let copies = CopyAccesses::of(object, &requirements);
        let reads = SizedReads::of(object, &requirements);
        Ok(Self { object, requirements, questions: Questions::of(object), copies, reads })
    }

    /// Returns the object.
    pub fn object(&self) -> &'a Object<'a> {
        self.object
    }

    /// Returns what the object needs from a kernel besides its relocations.
    pub fn requirements(&self) -> &Requirements<'a> {
        &self.requirements
    }

    /// Returns the names and kinds of the types of a kernel that verdicts depend on besides relocations: functions,
    /// tracepoints, variables and structs that the object names, and enums of the kernel's interface.
    ///
    /// [`minimize_and_keep`](crate::minimize::minimize_and_keep) keeps them, so that minimized BTF gives the verdicts
    /// of the full one.
    pub fn named_types(&self) -> Vec<(String, Kind)> {
        let registers = REGISTERS.map(|name| (name.to_owned(), Kind::Struct));
        named_types(self.object, &self.requirements).into_iter().chain(registers).collect()
    }

    /// Returns the functions that each program may call, directly or through others, callbacks and itself included, as
    /// indices of [`Requirements::functions`]; of a program for which no step of [`MAX_OBJECT_PATH_STEPS`] is left, only its
    /// own.
    pub fn functions_of_programs(&self) -> Vec<BTreeSet<usize>> {
        let mut steps = MAX_OBJECT_PATH_STEPS;
        let functions = self.requirements.programs.iter().map(|program| {
            let found = callees(&self.requirements, program.function, &mut steps);
            found.unwrap_or_else(|| BTreeSet::from([program.function]))
        });
        functions.collect()
    }

    /// Relocates the object for a kernel with the default [`Options`], and judges each relocation and each
    /// program.
    pub fn check<'t>(&self, kernel: &Kernel<'t>) -> Checked<'t>
    where
        'a: 't,
    {
        let object: &'t Object<'t> = self.object;
        if let Some(cause) = architecture::other_byte_order(object, kernel) {
            let programs = architecture::refuse_all(&self.requirements, &cause);
            return Checked { programs, ..Checked::default() };
        }
        let reports = object.relocate(kernel.target(), Options::default());
        let mut findings: Vec<Finding<'t>> = reports.map(Finding::new).collect();
        let needs = needs(object, &self.requirements, kernel);
        let code = RelocatedCode::of(&self.requirements, &findings);
        let (requirements, copies) = (&self.requirements, &self.copies);
        let judge = Judge::new(object, requirements, copies, kernel, &findings, &needs, &code);
        let judged = judge.judge();
        let mut programs = judged.programs;
        if let Some(cause) = architecture::other_registers(kernel, &findings) {
            programs = architecture::refuse_all(&self.requirements, &cause);
        }
        for (position, reach) in judged.reach {
            if let Some(finding) = findings.get_mut(position) {
                finding.verdict = reach.into();
            }
        }
        self.find_questions(&mut findings);
        let report = |index: usize| findings.get(index).map(|finding| &finding.report);
        let sizes = self.reads.findings(object, kernel.target(), report);
        Checked { findings, needs, programs, copies: judged.copies, sizes }
    }

    /// Finds the question that the object asks about what a poisoned instruction needs.
    fn find_questions(&self, findings: &mut [Finding<'_>]) {
        if !findings.iter().any(Finding::has_poison) {
            return;
        }
        let failed = FailedQuestions::new(&self.questions, findings);
        for Finding { verdict, report } in findings.iter_mut() {
            if let RelocationVerdict::Poisoned { asked }
            | RelocationVerdict::Guarded { asked, .. } = verdict
            {
                *asked = failed.about(&self.questions, &report.relocation);
            }
        }
    }
}
