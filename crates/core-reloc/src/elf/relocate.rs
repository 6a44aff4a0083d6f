//! Relocating an object: one relocation at a time, on one copy of the file.
//!
//! The order of what is checked is that of libbpf's `bpf_object__relocate_core` (BSD-2-Clause
//! option), which stops at the first relocation that fails; this goes on.

use alloc::vec::Vec;
use core::ops::Range;

use thiserror::Error as ThisError;

use super::{
    functions::Function,
    object::{GroupSection, Object},
    records::{ObjectRelocation, Relocations},
    report::{Outcome, Report},
};
use crate::{
    describe,
    error::{Cause, Error},
    patch::{Code, PatchError, Patched, Status, insn::SLOT_OFF},
    relocator::Relocator,
    resolve::{Options, Resolution},
    target::Target,
};

impl<'a> Object<'a> {
    /// Begins to relocate the object. The iterator does one relocation after the other, in the order
    /// of the records, and reports each; [`Relocating::finish`] gives the object back.
    ///
    /// A relocation that fails does not stop the others. Candidates narrow over the whole object:
    /// see [`Options::narrow`].
    pub fn relocate(&'a self, target: &'a Target<'a>, options: Options) -> Relocating<'a> {
        let relocator = self.btf().map(|local| {
            let mut relocator = Relocator::with_options(local, target, options);
            relocator.prepare(self.roots());
            relocator
        });
        Relocating {
            object: self,
            target,
            relocator,
            records: self.relocations(),
            bytes: self.as_bytes().to_vec(),
            function: None,
            counts: Counts::default(),
        }
    }
}

/// An object that is being relocated: an iterator over the reports.
///
/// Reports that are not asked for are not lost: [`Relocating::finish`] does what is left.
#[derive(Debug)]
#[must_use = "nothing is relocated before the iterator is driven, or finished"]
pub struct Relocating<'a> {
    object: &'a Object<'a>,
    target: &'a Target<'a>,
    /// None for an object without types, which has no relocations either.
    relocator: Option<Relocator<'a>>,
    records: Relocations<'a>,
    /// The copy of the file that is patched.
    bytes: Vec<u8>,
    /// The function of the relocation before: most likely that of the next one too.
    function: Option<&'a Function>,
    counts: Counts,
}

impl<'a> Iterator for Relocating<'a> {
    type Item = Report<'a>;

    fn next(&mut self) -> Option<Report<'a>> {
        let relocation = self.records.next()?;
        let done = self.relocate(&relocation, |resolution, Patched { status, before, after }| {
            (Outcome::Applied { status, resolution }, Some(before), Some(after))
        });
        let (outcome, before, after) = done?.unwrap_or_else(|outcome| {
            let insn = Code::at(self.code(&relocation), relocation.insn_off());
            (outcome, insn, insn)
        });
        Some(Report { relocation, before, after, outcome, target: self.target })
    }
}

impl<'a> Relocating<'a> {
    /// Does one relocation, counts it, and makes what the caller wants of what was done. None if there
    /// is nothing that relocates.
    #[inline]
    fn relocate<T>(
        &mut self,
        relocation: &ObjectRelocation<'a>,
        make: impl FnOnce(Resolution, Patched) -> T,
    ) -> Option<Result<T, Outcome>> {
        let is_covered = self.is_covered(relocation);
        let relocator = self.relocator.as_mut()?;
        let code = self.bytes.get_mut(code_range(relocation)).unwrap_or_default();
        Some(match is_covered.and_then(|()| relocate(relocator, code, relocation)) {
            Ok((resolution, patched)) => {
                self.counts.add_status(patched.status);
                Ok(make(resolution, patched))
            }
            Err(outcome) => {
                self.counts.add(&outcome);
                Err(outcome)
            }
        })
    }

    /// Whether a function covers the instruction.
    #[inline]
    fn is_covered(&mut self, relocation: &ObjectRelocation<'a>) -> Result<(), Outcome> {
        let insn_off = relocation.insn_off();
        if !insn_off.is_multiple_of(SLOT_OFF) {
            return Err(Outcome::Failed(Error {
                subject: describe::record_subject(relocation.local(), relocation.record()),
                cause: Cause::Patch(PatchError::Misaligned { insn_off }),
            }));
        }
        if let (GroupSection::Code { index, .. }, Some(function)) =
            (relocation.code_section(), self.function)
            && function.covers(index, insn_off)
        {
            return Ok(());
        }
        self.function = Some(relocation.function_symbol().map_err(Outcome::Skipped)?);
        Ok(())
    }

    /// The code of the relocation's section, as it is now.
    pub fn code(&self, relocation: &ObjectRelocation<'_>) -> &[u8] {
        self.bytes.get(code_range(relocation)).unwrap_or_default()
    }

    /// What became of the relocations so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Does the relocations that are left, and gives the object back: the patched code, core_relo
    /// records emptied so that nobody relocates again, and everything else as it was.
    ///
    /// # Errors
    /// When a relocation failed; there is no object then.
    pub fn finish(mut self) -> Result<Relocated, Failed> {
        // Nobody wants to see these.
        while let Some(relocation) = self.records.next()
            && self.relocate(&relocation, |_, _| ()).is_some()
        {}
        if self.counts.failed > 0 {
            return Err(Failed { counts: self.counts });
        }
        // The records stay where they are, but the header says that there are none.
        let len = self.object.place_of_core_reloc_len();
        let len = len.and_then(|at| self.bytes.get_mut(at..)?.first_chunk_mut::<4>());
        if let Some(len) = len {
            *len = [0; 4];
        }
        Ok(Relocated { bytes: self.bytes, counts: self.counts })
    }
}

/// Where the code of a relocation's section lies in the file.
#[inline]
fn code_range(relocation: &ObjectRelocation<'_>) -> Range<usize> {
    match relocation.code_section() {
        GroupSection::Code { start, bytes, .. } => start..start.saturating_add(bytes.len()),
        GroupSection::Missing | GroupSection::NotCode => 0..0,
    }
}

#[inline]
fn relocate(
    relocator: &mut Relocator<'_>,
    code: &mut [u8],
    relocation: &ObjectRelocation<'_>,
) -> Result<(Resolution, Patched), Outcome> {
    let relocation = relocation.decode().map_err(Outcome::Failed)?;
    let resolution = relocator.resolve(&relocation).map_err(Outcome::Failed)?;
    let patched = relocator.apply(code, &relocation, &resolution).map_err(Outcome::Failed)?;
    Ok((resolution, patched))
}

/// An object, relocated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relocated {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// What became of its relocations.
    pub counts: Counts,
}

/// Relocations of an object failed, so that there is nothing to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("{} of {} relocations failed", counts.failed, counts.total())]
pub struct Failed {
    /// What became of all of them.
    pub counts: Counts,
}

/// How many relocations of an object came to which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Those whose instruction holds the target's value.
    pub relocated: usize,
    /// Those whose instruction was poisoned.
    pub poisoned: usize,
    /// Those that are unresolved, and whose instruction was kept.
    pub kept: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those whose instruction is part of no function.
    pub skipped: usize,
}

impl Counts {
    /// How many there are of all sorts.
    pub fn total(&self) -> usize {
        [self.relocated, self.poisoned, self.kept, self.failed, self.skipped]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Applied { status, .. } => self.add_status(*status),
            Outcome::Failed(_) => self.failed = self.failed.saturating_add(1),
            Outcome::Skipped(_) => self.skipped = self.skipped.saturating_add(1),
        }
    }

    fn add_status(&mut self, status: Status) {
        let count = match status {
            Status::Relocated => &mut self.relocated,
            Status::Poisoned(_) => &mut self.poisoned,
            Status::Kept(_) => &mut self.kept,
        };
        *count = count.saturating_add(1);
    }
}
