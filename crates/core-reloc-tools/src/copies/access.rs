//! The accesses of an object that may be of local copies, and where they lead on a kernel.

use std::collections::BTreeMap;

use core_reloc::{
    RelocKind,
    elf::{Object, requirements::Requirements},
    patch::insn::{Class, Insn, SLOT},
};

use super::finding::{CopyEffect, CopyFinding, CopyHarm};
use crate::{
    flow::{Functions, What, World},
    limits::MAX_FLOW_STEPS,
    needs::Release,
    paths::{Paths, Place, Reached, StackAccesses, Write},
};

/// The offsets of fields on a kernel, by the indices of their relocations.
pub(crate) type KernelOffsets = BTreeMap<usize, u64>;

/// The release since which callers with `CAP_PERFMON` may load what nothing has written.
const ALLOWS_UNWRITTEN: (u32, u32) = (6, 3);

/// The size of a stack in bytes.
const STACK: i64 = 512;

/// The accesses of an object with relocated offsets: those that may be of local copies.
#[derive(Debug)]
pub(crate) struct CopyAccesses {
    /// By function.
    accesses: BTreeMap<usize, Vec<Access>>,
}

/// A load or store with a relocated offset.
#[derive(Debug, Clone, Copy)]
struct Access {
    function: usize,
    insn: usize,
    relocation: usize,
    /// The offset of the field in the object's own types, in bytes.
    local_offset: i64,
    /// The bytes between the field and the access.
    after: i64,
    /// The number of bytes, before relocation.
    size: i64,
}

impl CopyAccesses {
    /// Finds the loads and stores with relocated offsets whose addresses may be in a stack.
    pub(crate) fn of<'a>(object: &'a Object<'a>, requirements: &Requirements<'a>) -> Self {
        let functions = Functions::of(object, requirements);
        let is_offset: Vec<bool> = object
            .relocations()
            .map(|relocation| relocation.kind() == Some(RelocKind::FieldByteOffset))
            .collect();
        let is_offset = |relocation: usize| is_offset.get(relocation) == Some(&true);
        let mut accesses: BTreeMap<usize, Vec<Access>> = BTreeMap::new();
        let mut steps = MAX_FLOW_STEPS;
        for function in 0..requirements.functions.len() {
            // The offsets that are in registers, by relocation.
            let mut in_registers = BTreeMap::new();
            let mut has_accesses = false;
            for (insn, relocation) in functions.relocations(function) {
                let decoded = functions.insn(function, insn).filter(|_| is_offset(relocation));
                let Some(decoded) = decoded else { continue };
                has_accesses |= is_access(decoded);
                if decoded.is_move_of_immediate() {
                    in_registers.insert(relocation, i64::from(decoded.imm));
                }
            }
            if !has_accesses && in_registers.is_empty() {
                continue;
            }
            let Some(flow) = functions.flow(function, &mut steps) else { continue };
            let Some(values) = flow.values(World::OPEN, &mut steps) else { continue };
            values.visit(|at, insn, state| {
                if !is_access(insn) {
                    return;
                }
                let base = state.register(match insn.class() {
                    Class::Ldx => insn.src_reg(flow.order()),
                    _ => insn.dst_reg(flow.order()),
                });
                if !base.may_be_in_stack() {
                    return;
                }
                let off = i64::from(insn.off);
                let own = flow.relocations(at).iter().find(|relocation| is_offset(**relocation));
                let (relocation, local_offset, after) = match (own, base.what) {
                    (Some(own), _) => (*own, off, 0),
                    (None, What::Field { relocation, after, .. }) => {
                        let Some(offset) = in_registers.get(&relocation) else { return };
                        (relocation, *offset, after.saturating_add(off))
                    }
                    _ => return,
                };
                let (insn, size) = (at, insn.access_size().into());
                let access = Access { function, insn, relocation, local_offset, after, size };
                accesses.entry(function).or_default().push(access);
            });
        }
        Self { accesses }
    }

    /// Returns `true` if a function has such accesses. Otherwise none of its paths need to be followed.
    pub(crate) fn are_in(&self, function: usize) -> bool {
        self.accesses.contains_key(&function)
    }

    /// Returns `true` if there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.accesses.is_empty()
    }

    /// Finds the accesses that leave a local copy in one program, from its functions and its paths on a kernel.
    ///
    /// `reached` and `stack` are the program's paths through the relocated code of `paths`.
    pub(crate) fn findings(
        &self,
        functions: &[usize],
        paths: &Paths<'_>,
        reached: &Reached,
        stack: &StackAccesses,
        offsets: &KernelOffsets,
    ) -> Vec<CopyFinding> {
        let finding = |access: &Access| {
            let places = stack.places(access.function, access.insn)?;
            let kernel_offset = *offsets.get(&access.relocation)?;
            let code = paths.code.get(access.function)?;
            let (slots, _) = code.as_chunks::<SLOT>();
            let size = Insn::decode(*slots.get(access.insn)?, paths.order).access_size();
            let on_kernel = OnKernel { access, kernel_offset, size, stack };
            let found = places.in_stack.iter().map(|place| on_kernel.finding(place));
            let found: Vec<Option<CopyFinding>> = found.collect();
            let is_everywhere =
                !places.elsewhere && reached.is_complete && found.iter().all(Option::is_some);
            let mut worst = found.into_iter().flatten().min_by_key(|found| found.harm)?;
            worst.effect = effect(worst.harm, is_everywhere, paths.release);
            Some(worst)
        };
        let accesses = functions.iter().filter_map(|function| self.accesses.get(function));
        accesses.flatten().filter_map(finding).collect()
    }
}

/// Returns `true` for a load or store.
fn is_access(insn: Insn) -> bool {
    matches!(insn.class(), Class::Ldx | Class::St | Class::Stx)
}

fn effect(harm: CopyHarm, is_everywhere: bool, release: Option<Release>) -> CopyEffect {
    let is_allowed =
        release.is_some_and(|release| (release.major, release.minor) >= ALLOWS_UNWRITTEN);
    match harm {
        CopyHarm::OutsideOfStack | CopyHarm::Misaligned if is_everywhere => CopyEffect::Refused,
        CopyHarm::OutsideOfStack | CopyHarm::Misaligned => CopyEffect::MayBeRefused,
        CopyHarm::Unwritten if !is_allowed => CopyEffect::MayBeRefused,
        CopyHarm::Unwritten | CopyHarm::OtherData => CopyEffect::WrongValue,
    }
}

/// An access on a kernel.
struct OnKernel<'c> {
    access: &'c Access,
    kernel_offset: u64,
    size: u32,
    stack: &'c StackAccesses,
}

impl OnKernel<'_> {
    /// Returns what is wrong with the access at a place.
    fn finding(&self, place: &Place) -> Option<CopyFinding> {
        let Access { function, insn, relocation, local_offset, after, .. } = *self.access;
        let (start, size) = (i64::from(place.offset), i64::from(self.size));
        let end = start.checked_add(size)?;
        let in_struct = i64::try_from(self.kernel_offset).ok()?.checked_add(after)?;
        let base = start.checked_sub(in_struct)?;
        let copy_end = self.copy_end(place.function, base);
        let harm = if start < -STACK || end > 0 {
            CopyHarm::OutsideOfStack
        } else if start.checked_rem_euclid(size)? != 0 {
            CopyHarm::Misaligned
        } else {
            let copy_end = copy_end?;
            let local_end = base
                .checked_add(local_offset)?
                .checked_add(after)?
                .checked_add(self.access.size)?;
            // What the compiler saw must have been in the copy.
            if local_end > copy_end || end <= copy_end {
                return None;
            }
            let is_written = |write: &Write| {
                i64::from(write.start) < end && i64::from(write.end) > start.max(copy_end)
            };
            let is_written =
                self.stack.writes_anywhere || self.stack.writes(place.function).any(is_written);
            if is_written { CopyHarm::OtherData } else { CopyHarm::Unwritten }
        };
        let copied = copy_end.and_then(|end| u32::try_from(end.checked_sub(base)?).ok());
        Some(CopyFinding {
            function,
            insn,
            relocation,
            base,
            copied: copied.filter(|copied| *copied > 0),
            needed: in_struct.checked_add(size)?.unsigned_abs(),
            kernel_offset: self.kernel_offset,
            size: self.size,
            harm,
            effect: CopyEffect::MayBeRefused,
        })
    }

    /// Returns the end of the copy that has the struct's first byte; `None` if it is not known. If a helper
    /// copied it, that is where it stopped; or else the end of what was written without a gap.
    fn copy_end(&self, function: usize, base: i64) -> Option<i64> {
        let has_base =
            |write: &&Write| (i64::from(write.start)..i64::from(write.end)).contains(&base);
        let writes = || self.stack.writes(function);
        let copies = writes().filter(has_base).filter(|write| write.is_copy);
        if let Some(end) = copies.map(|write| write.end).max() {
            return Some(end.into());
        }
        // The writes are in the order of their starts.
        let mut end = base;
        for write in writes() {
            if i64::from(write.start) <= end {
                end = end.max(write.end.into());
            }
        }
        (end > base).then_some(end)
    }
}
