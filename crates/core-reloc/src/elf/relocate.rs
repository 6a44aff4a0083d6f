//! Relocating an object: one relocation at a time, on one copy of the file.
//!
//! The checks are in the order of libbpf's `bpf_object__relocate_core` (BSD-2-Clause option), which stops
//! at the first relocation that fails; here the others follow.

use alloc::vec::Vec;
use core::ops::Range;

use btf_types::TypeId;
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
    record::Relocation,
    relocator::Relocator,
    resolve::{Options, Resolution},
    target::Target,
};

impl<'a> Object<'a> {
    /// Starts relocating the object. The iterator applies the relocations one by one, in the order of the
    /// records, and reports each; [`Relocating::finish`] returns the relocated object.
    ///
    /// A relocation that fails does not stop the others. Candidates narrow across the whole object: see
    /// [`Options::narrow`].
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
            first_error: None,
        }
    }
}

/// An object that is being relocated: an iterator over the reports.
///
/// [`Relocating::finish`] applies the relocations that were not iterated over.
#[derive(Debug)]
#[must_use = "relocates only while it is iterated over or finished"]
pub struct Relocating<'a> {
    object: &'a Object<'a>,
    target: &'a Target<'a>,
    /// `None` for an object without types, which has no relocations either.
    relocator: Option<Relocator<'a>>,
    records: Relocations<'a>,
    /// The copy of the file that is patched.
    bytes: Vec<u8>,
    /// The function of the previous relocation; the next one is usually in the same function.
    function: Option<&'a Function>,
    counts: Counts,
    /// The error of the first relocation that failed.
    first_error: Option<Error>,
}

impl<'a> Iterator for Relocating<'a> {
    type Item = Report<'a>;

    fn next(&mut self) -> Option<Report<'a>> {
        let relocation = self.records.next()?;
        let done = self.relocate(&relocation, |resolution, patched| {
            let Patched { status, before, after } = patched;
            let resolution = patched.settle(resolution);
            (Outcome::Applied { status, resolution }, Some(before), Some(after))
        });
        let (outcome, before, after) = done?.unwrap_or_else(|outcome| {
            let insn = Code::at(self.code(&relocation), relocation.insn_off());
            (outcome, insn, insn)
        });
        Some(Report { relocation, before, after, outcome, target: self.target })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl<'a> Relocating<'a> {
    /// Applies one relocation, counts it, and passes the result to `make`. Returns `None` for an object
    /// without types.
    #[inline]
    fn relocate<T>(
        &mut self,
        relocation: &ObjectRelocation<'a>,
        make: impl FnOnce(Resolution, Patched) -> T,
    ) -> Option<Result<T, Outcome>> {
        let is_covered = self.is_covered(relocation);
        let relocator = self.relocator.as_mut()?;
        let code = self.bytes.get_mut(code_range(relocation)).unwrap_or_default();
        let counts = &mut self.counts;
        let done = is_covered.and_then(|()| {
            relocate(relocator, code, relocation, |resolution, patched| {
                counts.add_status(patched.status);
                make(resolution, patched)
            })
        });
        if let Err(outcome) = &done {
            self.fail(outcome);
        }
        Some(done)
    }

    /// Counts a relocation that was not applied, and keeps the first error.
    #[cold]
    fn fail(&mut self, outcome: &Outcome) {
        self.counts.add(outcome);
        if let (Outcome::Failed(error), None) = (outcome, &self.first_error) {
            self.first_error = Some(error.clone());
        }
    }

    /// Checks that a function contains the instruction.
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

    /// Returns the code of the relocation's section, with the relocations applied so far.
    pub fn code(&self, relocation: &ObjectRelocation<'_>) -> &[u8] {
        self.bytes.get(code_range(relocation)).unwrap_or_default()
    }

    /// Returns the relocations so far that dropped candidates of a root type, as
    /// [`Relocator::narrowings`] does.
    pub fn narrowings(&self, root: TypeId) -> &[Relocation] {
        self.relocator.as_ref().map(|relocator| relocator.narrowings(root)).unwrap_or_default()
    }

    /// Returns the numbers of relocations so far, by outcome.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Applies the remaining relocations and returns the object, with patched code and no core_relo
    /// records, so that no loader relocates it again. The rest of the file is unchanged.
    ///
    /// # Errors
    /// [`Failed`] if a relocation failed.
    pub fn finish(mut self) -> Result<Relocated, Failed> {
        // These reports have no reader.
        while let Some(relocation) = self.records.next()
            && self.relocate(&relocation, |_, _| ()).is_some()
        {}
        if let Some(first) = self.first_error {
            return Err(Failed { counts: self.counts, first });
        }
        // The records stay where they are, but the header declares their size as 0.
        let len = self.object.core_reloc_len_offset();
        let len = len.and_then(|at| self.bytes.get_mut(at..)?.first_chunk_mut::<4>());
        if let Some(len) = len {
            *len = [0; 4];
        }
        Ok(Relocated { bytes: self.bytes, counts: self.counts })
    }
}

/// Returns the range of the code of a relocation's section in the file.
#[inline]
fn code_range(relocation: &ObjectRelocation<'_>) -> Range<usize> {
    match relocation.code_section() {
        GroupSection::Code { start, bytes, .. } => start..start.saturating_add(bytes.len()),
        GroupSection::Missing | GroupSection::NotCode => 0..0,
    }
}

/// Applies one relocation, and passes the result to `make`.
///
/// Matches are nested, since each `?` would move values of hundreds of bytes.
#[inline]
fn relocate<T>(
    relocator: &mut Relocator<'_>,
    code: &mut [u8],
    relocation: &ObjectRelocation<'_>,
    make: impl FnOnce(Resolution, Patched) -> T,
) -> Result<T, Outcome> {
    match relocation.decode() {
        Ok(ref relocation) => match relocator.resolve(relocation) {
            Ok(resolution) => match relocator.apply(code, relocation, &resolution) {
                Ok(patched) => Ok(make(resolution, patched)),
                Err(error) => Err(Outcome::Failed(error)),
            },
            Err(error) => Err(Outcome::Failed(error)),
        },
        Err(error) => Err(Outcome::Failed(error)),
    }
}

/// A relocated object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relocated {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The number of relocations by outcome.
    pub counts: Counts,
}

/// The error if relocations of an object failed, so that it must not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{} of {} relocations failed, the first: {first}", counts.failed, counts.total())]
#[non_exhaustive]
pub struct Failed {
    /// The number of relocations by outcome.
    pub counts: Counts,
    /// The error of the first relocation that failed.
    #[source]
    pub first: Error,
}

/// The number of relocations of an object by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// The instruction has the target's value.
    pub relocated: usize,
    /// The instruction was poisoned.
    pub poisoned: usize,
    /// The relocation is unresolved, and the instruction was kept.
    pub kept: usize,
    /// The relocation failed.
    pub failed: usize,
    /// No function contains the instruction.
    pub skipped: usize,
}

impl Counts {
    /// Returns the number of all relocations.
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
