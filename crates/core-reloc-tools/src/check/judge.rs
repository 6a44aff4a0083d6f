//! Judging the programs of an object on one kernel.

use std::cell::{Cell, LazyCell};
use std::collections::{BTreeMap, BTreeSet};

use core_reloc::{
    elf::{
        Object,
        requirements::{ExternKind, Program, Requirements, Used},
    },
    patch::insn::{Insn, SLOT},
};

use super::{
    cause::{Cause, relocation_thing},
    code::RelocatedCode,
    condition::condition,
    finding::{Finding, RelocationVerdict},
    program::ProgramVerdict,
    reach::Reach,
    verdict::Verdict,
};
use crate::{
    callees::callees,
    copies::{CopyAccesses, CopyFinding, KernelOffsets},
    limits::MAX_OBJECT_PATH_STEPS,
    needs::{Answer, Effect, Kernel, Need, Subject},
    paths::{Assumptions, Paths, Reached},
};

/// What verdicts on an object's programs follow from.
pub(super) struct Judge<'j, 'a> {
    object: &'a Object<'a>,
    requirements: &'j Requirements<'a>,
    /// The accesses that may be of local copies.
    copies: &'j CopyAccesses,
    kernel: &'j Kernel<'a>,
    findings: &'j [Finding<'a>],
    /// The kernel's offsets, by relocation.
    offsets: KernelOffsets,
    /// What the object needs, by the program that needs it.
    needs: BTreeMap<Option<usize>, Vec<&'j Need<'a>>>,
    /// The weak symbols that the kernel does not have.
    missing: BTreeSet<usize>,
    code: &'j RelocatedCode,
    /// The relocated code of each function.
    functions: Vec<&'j [u8]>,
    /// The steps that remain for finding out what programs reach.
    steps: u64,
    /// Whether there were too few.
    is_spent: bool,
    /// Whether the verifier reaches poisoned instructions in any program, by the index of the relocation.
    reach: BTreeMap<usize, Reach>,
    /// The accesses that leave a copy, by their functions and instructions.
    left_copies: BTreeMap<(usize, usize), CopyFinding>,
}

/// The verdicts on all programs.
pub(super) struct Judged<'a> {
    pub(super) programs: Vec<ProgramVerdict<'a>>,
    /// Whether the verifier reaches each poisoned instruction that is part of a function.
    pub(super) reach: BTreeMap<usize, Reach>,
    /// The accesses that leave a local copy.
    pub(super) copies: Vec<CopyFinding>,
}

/// Something that the verifier rejects where it reaches it.
struct Harm<'a> {
    function: usize,
    /// `None` if the instruction is not known, and so counts as reached.
    insn: Option<usize>,
    cause: Cause<'a>,
    /// The instruction is a poisoned one.
    is_poison: bool,
}

impl<'a> Harm<'a> {
    fn is_in(&self, reached: &Reached) -> bool {
        self.insn.is_none_or(|insn| reached.includes(self.function, insn))
    }
}

impl<'j, 'a> Judge<'j, 'a> {
    pub(super) fn new(
        object: &'a Object<'a>,
        requirements: &'j Requirements<'a>,
        copies: &'j CopyAccesses,
        kernel: &'j Kernel<'a>,
        findings: &'j [Finding<'a>],
        needs: &'j [Need<'a>],
        code: &'j RelocatedCode,
    ) -> Self {
        // The value of an option is 0 if it is missing, not its address.
        let has_address = |index: &usize| {
            let symbol = requirements.externs.get(*index);
            symbol.is_some_and(|symbol| !matches!(symbol.kind, ExternKind::Config(_)))
        };
        let missing = |need: &Need<'_>| match (need.subject, need.answer) {
            (Subject::Extern(index), Answer::Absent(Effect::Zero)) => {
                Some(index).filter(has_address)
            }
            _ => None,
        };
        let missing = needs.iter().filter_map(missing).collect();
        let mut by_program: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for need in needs {
            by_program.entry(need.program).or_default().push(need);
        }
        let offset = |(index, finding): (usize, &Finding<'_>)| {
            Some((index, finding.report.outcome.value()?))
        };
        let findings_by_index = findings.iter().enumerate();
        Self {
            object,
            requirements,
            copies,
            kernel,
            findings,
            offsets: findings_by_index.filter(|_| !copies.is_empty()).filter_map(offset).collect(),
            needs: by_program,
            missing,
            code,
            functions: code.functions(),
            steps: MAX_OBJECT_PATH_STEPS,
            is_spent: false,
            reach: BTreeMap::new(),
            left_copies: BTreeMap::new(),
        }
    }

    pub(super) fn judge(mut self) -> Judged<'a> {
        // What no program calls is never loaded.
        let poisoned = (0..self.requirements.functions.len())
            .flat_map(|function| self.code.relocations(function))
            .filter(|position| self.findings.get(**position).is_some_and(Finding::has_poison));
        self.reach = poisoned.map(|position| (*position, Reach::Never(None))).collect();
        let failed = self.failed_in_common();
        let programs = self.requirements.programs.iter().enumerate();
        let programs = programs.map(|(index, program)| self.verdict(index, program, &failed));
        let programs = programs.collect();
        // What is left out may be reached.
        if self.is_spent {
            self.reach.values_mut().for_each(|reach| *reach = Reach::Perhaps);
        }
        let copies = self.left_copies.into_values().collect();
        Judged { programs, reach: self.reach, copies }
    }

    fn verdict(
        &mut self,
        index: usize,
        program: &Program<'a>,
        failed: &[Cause<'a>],
    ) -> ProgramVerdict<'a> {
        let Some(functions) = self.functions_of(index, program.function, failed.len()) else {
            self.is_spent = true;
            let cause = Cause::new(Verdict::LeftOpen, "object", "too much code to follow");
            return ProgramVerdict {
                program: index,
                name: program.name,
                section: program.section,
                is_optional: program.is_optional(),
                verdict: cause.verdict,
                causes: vec![cause],
            };
        };
        let relocations = functions.iter().flat_map(|function| self.code.relocations(*function));
        let findings: Vec<(usize, &Finding<'a>)> = relocations
            .filter_map(|position| Some((*position, self.findings.get(*position)?)))
            .collect();

        let mut causes = failed.to_vec();
        let mine = findings.iter().copied();
        causes.extend(mine.filter_map(|(position, finding)| cause_of_failure(position, finding)));
        self.add_needs(index, &mut causes);
        let harm = self.harm(index, &functions);
        self.add_harm(program.function, &functions, harm, &mut causes);

        let has_poison = findings.iter().any(|(_, finding)| finding.has_poison());
        let has_changed =
            |(_, finding): &(_, &Finding<'_>)| finding.verdict == RelocationVerdict::Changed;
        let good = match () {
            () if has_poison => Verdict::Guarded,
            () if findings.iter().any(has_changed) => Verdict::Changed,
            () if !findings.is_empty() || self.needs.contains_key(&Some(index)) => Verdict::Ok,
            () => Verdict::Skipped,
        };
        let causes = merged(causes);
        ProgramVerdict {
            program: index,
            name: program.name,
            section: program.section,
            is_optional: program.is_optional(),
            verdict: causes.first().map_or(good, |cause| cause.verdict),
            causes,
        }
    }

    /// Returns the functions of a program; `None` if no steps are left for them, for their relocations, for what the
    /// program needs, and for the failures that are common to all programs.
    fn functions_of(
        &mut self,
        program: usize,
        function: usize,
        failed: usize,
    ) -> Option<Vec<usize>> {
        let mut steps = self.steps;
        let functions = callees(self.requirements, function, &mut steps);
        let of_function = |function: &usize| self.code.relocations(*function).len();
        let relocations = functions.iter().flatten().map(of_function).sum::<usize>();
        let needs = self.needs_of(program).count();
        let cost = relocations.saturating_add(needs).saturating_add(failed);
        let left = steps.checked_sub(u64::try_from(cost).ok()?);
        self.steps = left.unwrap_or(0);
        functions.filter(|_| left.is_some()).map(|functions| functions.into_iter().collect())
    }

    /// Returns the failed relocations of functions that any program may call. Loaders apply them whichever program
    /// they load.
    fn failed_in_common(&self) -> Vec<Cause<'a>> {
        let functions = self.requirements.functions.iter().enumerate();
        let common = functions.filter(|(_, function)| function.section == ".text");
        let positions = common.flat_map(|(index, _)| self.code.relocations(index));
        let failed = positions
            .filter_map(|position| cause_of_failure(*position, self.findings.get(*position)?));
        merged(failed.collect())
    }

    /// Returns what a program needs, with the needs of the whole object.
    fn needs_of(&self, program: usize) -> impl Iterator<Item = &'j Need<'a>> {
        let of = |program| self.needs.get(&program).into_iter().flatten().copied();
        of(None).chain(of(Some(program)))
    }

    /// Adds what the kernel lacks, and what is left open.
    fn add_needs(&self, program: usize, causes: &mut Vec<Cause<'a>>) {
        for need in self.needs_of(program) {
            let verdict = match (need.subject, need.answer) {
                // Loaders leave these out unless user space asks for them.
                (Subject::StructOps(_), _) if need.is_optional => continue,
                // An absent helper or argument harms where it is reached, and every map gets a size.
                (Subject::Helper(_) | Subject::Argument { .. }, Answer::Absent(_))
                | (Subject::MapSize(_), _) => continue,
                (_, Answer::Absent(Effect::NoProgram | Effect::NoObject)) => Verdict::Missing,
                (_, Answer::Absent(Effect::NoAttachment)) => Verdict::NotAttachable,
                (_, Answer::Open(_, Effect::NoProgram | Effect::NoObject)) => Verdict::LeftOpen,
                _ => continue,
            };
            causes.push(Cause::of_need(verdict, need));
        }
    }

    /// Returns what the verifier rejects in the functions of a program, if it reaches it: poisoned
    /// instructions, helpers that the kernel lacks, and calls of weak functions that it lacks.
    fn harm(&self, program: usize, functions: &[usize]) -> Vec<Harm<'a>> {
        let mut harm = Vec::new();
        let mut helpers = BTreeMap::new();
        for need in self.needs.get(&Some(program)).into_iter().flatten().copied() {
            match (need.subject, need.answer) {
                (Subject::Helper(number), Answer::Absent(_)) => {
                    helpers.insert(number, need);
                }
                (Subject::Argument { insn, .. }, Answer::Absent(_)) => {
                    let function = self.requirements.programs.get(program);
                    harm.extend(function.map(|program| Harm {
                        function: program.function,
                        insn: usize::try_from(insn).ok(),
                        cause: Cause::of_need(Verdict::Missing, need),
                        is_poison: false,
                    }));
                }
                _ => {}
            }
        }
        for function in functions.iter().copied() {
            for position in self.code.relocations(function).iter().copied() {
                let Some(finding) = self.findings.get(position) else { continue };
                if finding.has_poison() {
                    let insn = finding.report.relocation.insn_in_function();
                    let insn = insn.and_then(|insn| usize::try_from(insn).ok());
                    let cause = Cause::of_relocation(Verdict::Poisoned, position, finding);
                    harm.push(Harm { function, insn, cause, is_poison: true });
                }
            }
            let Some(found) = self.requirements.functions.get(function) else { continue };
            for used in &found.uses {
                let insn = usize::try_from(used.insn).ok();
                let cause = match used.what {
                    Used::Helper(number) => {
                        let Some(need) = helpers.get(&number) else { continue };
                        Cause::of_need(Verdict::Missing, need)
                    }
                    Used::Extern(symbol)
                        if self.missing.contains(&symbol) && self.is_call(found.code, insn) =>
                    {
                        let symbol = self.requirements.externs.get(symbol);
                        let name = symbol.map(|symbol| symbol.name.to_string());
                        Cause::new(Verdict::Poisoned, "kernel function", name.unwrap_or_default())
                    }
                    _ => continue,
                };
                harm.push(Harm { function, insn, cause, is_poison: false });
            }
        }
        harm
    }

    /// Returns `true` if an instruction is a call, rather than one that loads an address.
    fn is_call(&self, code: &[u8], insn: Option<usize>) -> bool {
        let (slots, _) = code.as_chunks::<SLOT>();
        let slot = insn.and_then(|insn| slots.get(insn));
        slot.is_some_and(|slot| !Insn::decode(*slot, self.object.byte_order()).is_ldimm64())
    }

    /// Adds the harm that the verifier reaches, or what keeps it from reaching it.
    fn add_harm(
        &mut self,
        program: usize,
        functions: &[usize],
        mut harm: Vec<Harm<'a>>,
        causes: &mut Vec<Cause<'a>>,
    ) {
        let has_copies = functions.iter().any(|function| self.copies.are_in(*function));
        if harm.is_empty() && !has_copies {
            return;
        }
        let mut steps = self.steps;
        let paths = self.paths(None);
        let (plain, left_copies) = if has_copies {
            let (reached, stack) = paths.reached_with_accesses(program, &mut steps);
            let found = self.copies.findings(functions, &paths, &reached, &stack, &self.offsets);
            (reached, found)
        } else {
            (paths.reached_within(program, &mut steps), Vec::new())
        };
        let refused = left_copies.iter().filter(|found| found.is_refused());
        harm.extend(refused.filter_map(|found| self.refused_copy(found)));
        let cuts = LazyCell::new(|| paths.cuts(&plain));
        let assumptions = self.assumptions();
        let steps = Cell::new(steps);
        let assumed = LazyCell::new(|| {
            let mut left = steps.get();
            let reached = self.paths(Some(&assumptions)).reached_within(program, &mut left);
            steps.set(left);
            reached
        });
        let mut reach = Vec::new();
        let mut depends = false;
        for one in harm {
            let reached = match () {
                () if !one.is_in(&plain) => {
                    let before = |insn| cuts.before(one.function, insn);
                    Reach::Never(one.insn.and_then(before))
                }
                () if one.is_in(&assumed) => Reach::Perhaps,
                () => Reach::NotAsKnown,
            };
            depends |= reached == Reach::NotAsKnown;
            if one.is_poison {
                reach.extend(one.cause.relocations.iter().map(|position| (*position, reached)));
            }
            if reached == Reach::Perhaps {
                causes.push(one.cause);
            }
        }
        if depends {
            let condition = |variable| condition(self.object, self.requirements, variable);
            causes.extend(assumed.assumed.iter().map(condition));
        }
        drop((cuts, assumed));
        self.steps = steps.get();
        for (position, reached) in reach {
            let known = self.reach.entry(position).or_insert(reached);
            *known = reached.max(*known);
        }
        for found in left_copies {
            let known = self.left_copies.entry((found.function, found.insn)).or_insert(found);
            if found.effect < known.effect {
                *known = found;
            }
        }
    }

    /// Returns the harm of an access that leaves a local copy and that the verifier rejects.
    fn refused_copy(&self, found: &CopyFinding) -> Option<Harm<'a>> {
        let finding = self.findings.get(found.relocation)?;
        let (_, name) = relocation_thing(&finding.report.relocation);
        let mut cause = Cause::new(Verdict::Poisoned, "local copy", name);
        cause.relocations.push(found.relocation);
        let (function, insn) = (found.function, Some(found.insn));
        Some(Harm { function, insn, cause, is_poison: false })
    }

    fn paths<'p>(&'p self, assumptions: Option<&'p Assumptions>) -> Paths<'p> {
        Paths {
            requirements: self.requirements,
            code: &self.functions,
            order: self.object.byte_order(),
            missing: &self.missing,
            release: self.kernel.release(),
            assumptions,
        }
    }

    /// Returns what loading decides, as far as it is known.
    fn assumptions(&self) -> Assumptions {
        let externs = self.requirements.externs.iter().enumerate();
        let config = externs.filter_map(|(index, symbol)| {
            Some((index, self.kernel.config_value(symbol.name.as_bytes())?))
        });
        Assumptions { data: true, config: config.collect() }
    }
}

/// Returns the cause of a relocation that has failed.
fn cause_of_failure<'a>(position: usize, finding: &Finding<'a>) -> Option<Cause<'a>> {
    let has_failed = finding.verdict == RelocationVerdict::Failed;
    has_failed.then(|| Cause::of_relocation(Verdict::Failed, position, finding))
}

/// Sorts causes, the worst first, and merges those about one thing.
fn merged(mut causes: Vec<Cause<'_>>) -> Vec<Cause<'_>> {
    causes.sort_by(|a, b| (a.verdict, a.what, &a.name).cmp(&(b.verdict, b.what, &b.name)));
    causes.dedup_by(|cause, first| {
        let is_same = cause.is_about(first);
        if is_same {
            first.relocations.append(&mut cause.relocations);
            first.relocations.sort_unstable();
            first.relocations.dedup();
        }
        is_same
    });
    causes
}
