//! Verdicts: whether the programs of an object load on a kernel.
//!
//! A verdict puts together what relocating an object shows, what it [needs](crate::needs) besides, and
//! which instructions the verifier [reaches](crate::paths). It is about programs, since those are what a
//! kernel loads: a poisoned instruction in a function that several programs call belongs to each of them.
//!
//! A verdict does not answer for the verifier's own rules: a program that passes may still be rejected for
//! an access out of bounds, or for a helper that its type may not call.
//!
//! ```
//! # fn print_verdicts(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Target, elf::Object};
//! use core_reloc_tools::{needs::Kernel, verdict::verdicts};
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! let target = Target::new(&kernel);
//! for verdict in verdicts(&object, &Kernel::new(&target))? {
//!     println!("{}: {}", verdict.name, verdict.verdict);
//! }
//! # Ok(())
//! # }
//! ```

mod cause;
mod code;

use std::collections::BTreeSet;

use core_reloc::{
    Status,
    elf::{
        Object, ObjectError, Outcome,
        requirements::{Requirements, Used},
    },
    patch::insn::{Insn, SLOT},
};

pub use self::cause::{Cause, ProgramVerdict, Verdict};
use self::code::RelocatedCode;
use crate::{
    needs::{Answer, Effect, Kernel, Need, Subject, needs},
    paths::{Assumptions, Paths, Reached, Variable},
};

/// Returns a verdict on each program of an object, in the order of [`Requirements::programs`].
///
/// # Errors
/// As [`Object::requirements`].
pub fn verdicts<'a>(
    object: &'a Object<'a>,
    kernel: &Kernel<'a>,
) -> Result<Vec<ProgramVerdict<'a>>, ObjectError> {
    let requirements = object.requirements()?;
    let needs = needs(object, &requirements, kernel);
    let code = RelocatedCode::of(object, &requirements, kernel);
    let programs = 0..requirements.programs.len();
    let judge = Judge {
        object,
        requirements: &requirements,
        kernel,
        missing: missing_weak(&needs),
        needs: &needs,
        functions: code.functions(),
        code: &code,
    };
    Ok(programs.filter_map(|program| judge.verdict(program)).collect())
}

/// What the verdicts on an object's programs follow from.
struct Judge<'j, 'a> {
    object: &'a Object<'a>,
    requirements: &'j Requirements<'a>,
    kernel: &'j Kernel<'a>,
    needs: &'j [Need<'a>],
    /// The weak symbols that the kernel does not have.
    missing: BTreeSet<usize>,
    code: &'j RelocatedCode<'a>,
    /// The relocated code of each function.
    functions: Vec<&'j [u8]>,
}

/// Returns the weak symbols that the kernel does not have.
fn missing_weak(needs: &[Need<'_>]) -> BTreeSet<usize> {
    let missing = |need: &Need<'_>| match (need.subject, need.answer) {
        (Subject::Extern(index), Answer::Absent(Effect::Zero)) => Some(index),
        _ => None,
    };
    needs.iter().filter_map(missing).collect()
}

impl<'a> Judge<'_, 'a> {
    fn verdict(&self, program: usize) -> Option<ProgramVerdict<'a>> {
        let found = self.requirements.programs.get(program)?;
        let functions = self.requirements.functions_of(found.function);
        let reports: Vec<_> =
            functions.iter().flat_map(|index| self.code.reports(*index)).collect();
        let plain = self.paths(None, found.function);
        let mut causes = Vec::new();

        causes.extend(
            reports
                .iter()
                .filter(|report| report.outcome.is_failed())
                .map(|report| Cause { verdict: Verdict::Failed, name: report.to_string().into() }),
        );
        self.add_needs(program, &functions, &plain, &mut causes);
        let harm = self.reached_harm(&functions, &plain);
        let has_poison = reports.iter().any(|report| {
            matches!(report.outcome, Outcome::Applied { status: Status::Poisoned(_), .. })
        });
        if !harm.is_empty() {
            let assumptions = self.assumptions();
            let assumed = self.paths(Some(&assumptions), found.function);
            if self.reached_harm(&functions, &assumed).is_empty() {
                causes.extend(assumed.assumed.iter().map(|variable| self.condition(variable)));
            } else {
                causes.extend(harm);
            }
        }
        let asked =
            !reports.is_empty() || self.needs.iter().any(|need| need.program == Some(program));
        let changed = reports.iter().any(|report| {
            matches!(report.outcome, Outcome::Applied { status: Status::Relocated, .. })
                && report.before != report.after
        });
        let good = match () {
            () if has_poison => Verdict::Guarded,
            () if changed => Verdict::Changed,
            () if asked => Verdict::Ok,
            () => Verdict::Skipped,
        };
        causes.sort_by_key(|cause| cause.verdict);
        Some(ProgramVerdict {
            program,
            name: found.name,
            section: found.section,
            is_optional: found.is_optional(),
            verdict: causes.first().map_or(good, |cause| cause.verdict),
            causes,
        })
    }

    /// Adds what the kernel lacks, and what is left open. What only unreachable code uses does no harm.
    fn add_needs(
        &self,
        program: usize,
        functions: &[usize],
        reached: &Reached,
        causes: &mut Vec<Cause<'a>>,
    ) {
        let mine = |need: &&Need<'a>| need.program.is_none_or(|other| other == program);
        for need in self.needs.iter().filter(mine) {
            let verdict = match need.answer {
                Answer::Absent(Effect::NoProgram | Effect::NoObject) => Verdict::Missing,
                Answer::Absent(Effect::NoAttachment) => Verdict::NotAttachable,
                Answer::Open(_, Effect::NoProgram | Effect::NoObject) => Verdict::LeftOpen,
                _ => continue,
            };
            if let Subject::Helper(number) = need.subject
                && !self.reaches(functions, Used::Helper(number), reached)
            {
                continue;
            }
            causes.push(Cause { verdict, name: need.name.clone() });
        }
    }

    /// Returns `true` if some functions have an instruction that is reached and uses something.
    fn reaches(&self, functions: &[usize], what: Used, reached: &Reached) -> bool {
        functions.iter().any(|index| {
            let uses = self.requirements.functions.get(*index).map_or(&[][..], |it| &it.uses);
            uses.iter().any(|used| {
                let insn = usize::try_from(used.insn).unwrap_or(usize::MAX);
                used.what == what && reached.includes(*index, insn)
            })
        })
    }

    fn paths(&self, assumptions: Option<&Assumptions>, function: usize) -> Reached {
        let paths = Paths {
            requirements: self.requirements,
            code: &self.functions,
            order: self.object.byte_order(),
            missing: &self.missing,
            release: self.kernel.release(),
            assumptions,
        };
        paths.reached(function)
    }

    /// Returns what the verifier rejects and reaches: poisoned instructions, and calls of weak functions that
    /// the kernel does not have.
    fn reached_harm(&self, functions: &[usize], reached: &Reached) -> Vec<Cause<'a>> {
        let mut harm = Vec::new();
        for index in functions {
            for report in self.code.reports(*index) {
                let is_poisoned =
                    matches!(report.outcome, Outcome::Applied { status: Status::Poisoned(_), .. });
                let insn = report.relocation.insn_in_function();
                let insn = insn.and_then(|insn| usize::try_from(insn).ok());
                if is_poisoned && insn.is_none_or(|insn| reached.includes(*index, insn)) {
                    let name = report.relocation.access_in_c();
                    harm.push(Cause { verdict: Verdict::Poisoned, name: name.into() });
                }
            }
            let Some(function) = self.requirements.functions.get(*index) else { continue };
            for used in &function.uses {
                let Used::Extern(symbol) = used.what else { continue };
                let insn = usize::try_from(used.insn).unwrap_or(usize::MAX);
                let (slots, _) = function.code.as_chunks::<SLOT>();
                let is_call = slots.get(insn).is_some_and(|slot| {
                    !Insn::decode(*slot, self.object.byte_order()).is_ldimm64()
                });
                if is_call && self.missing.contains(&symbol) && reached.includes(*index, insn) {
                    let name = self.requirements.externs.get(symbol).map(|it| it.name.to_string());
                    let name = format!("the kernel function {}", name.unwrap_or_default());
                    harm.push(Cause { verdict: Verdict::Poisoned, name: name.into() });
                }
            }
        }
        harm
    }

    /// Returns what loading decides, as far as it is known.
    fn assumptions(&self) -> Assumptions {
        let externs = self.requirements.externs.iter().enumerate();
        let config = externs.filter_map(|(index, symbol)| {
            Some((index, self.kernel.config_value(symbol.name.as_bytes())?))
        });
        Assumptions { data: true, config: config.collect() }
    }

    /// Describes an assumption that a verdict depends on.
    fn condition(&self, variable: &Variable) -> Cause<'a> {
        let name = match variable {
            Variable::Data { section, offset, value, .. } => {
                let data = self.requirements.data.iter().find(|data| data.index == *section);
                let name = data.and_then(|data| self.variable_at(data.name.as_bytes(), *offset));
                let name = name.unwrap_or_else(|| format!("read-only data at {offset:#x}"));
                format!("{name} = {value}")
            }
            Variable::Config { symbol, value } => {
                let symbol = self.requirements.externs.get(*symbol);
                format!("{} = {value:#x}", symbol.map(|it| it.name.to_string()).unwrap_or_default())
            }
        };
        Cause { verdict: Verdict::Conditional, name: name.into() }
    }

    /// Returns the name of the variable at an offset of a section.
    fn variable_at(&self, section: &[u8], offset: u64) -> Option<String> {
        let btf = self.object.btf()?;
        let sections = btf.own_types_of([btf_types::Kind::DataSec].into_iter().collect());
        let mut sections = sections.filter(|found| found.is_named(section));
        let entry = sections.find_map(|found| {
            found.variables().into_iter().find(|entry| {
                let start = u64::from(entry.offset());
                (start..start.saturating_add(entry.size().into())).contains(&offset)
            })
        })?;
        Some(entry.ty().ok()?.name().ok()?.to_string())
    }
}
