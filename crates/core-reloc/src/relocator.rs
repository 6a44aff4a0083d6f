//! The relocator: resolves and applies the relocations of one object.
//!
//! Follows libbpf's `bpf_core_calc_relo_insn` (BSD-2-Clause option).

use alloc::{boxed::Box, vec::Vec};

use btf_types::{Btf, ByteOrder, TypeId, ext::CoreReloc};
use smallvec::SmallVec;

use crate::{
    Candidate, Change, Error, Options, Patched, RelocKind, Relocation, Resize, Resolution, Target,
    Unmatched,
    budget::Budget,
    candidates::Candidates,
    describe,
    error::{Ambiguity, Answer, Cause},
    patch::{PatchError, Poison, patch},
    spec::{
        Place,
        local::local_spec,
        shared::{SharedSpecs, SpecPair},
        target::{Stop, target_spec},
    },
    value::{AccessClass, Accessed, Side, Value, value},
    work::Work,
};

/// Relocates one object against one target.
///
/// A loader uses it in two ways: [`resolve`](Relocator::resolve) and then [`patch()`], so that it can
/// look at the decision; or [`relocate`](Relocator::relocate), which does both. The order of
/// relocations matters: candidates narrow (see [`Options::narrow`]).
///
/// ```
/// # fn f(object: &[u8], kernel: &[u8], code: &mut [u8]) -> Result<(), Box<dyn std::error::Error>> {
/// use btf_types::{Btf, TypeId};
/// use core_reloc::{RelocKind, Relocation, Relocator, Target};
///
/// let (local, kernel) = (Btf::parse(object)?, Btf::parse(kernel)?);
/// let target = Target::new(&kernel);
/// let mut relocator = Relocator::new(&local, &target);
///
/// let relocation = Relocation::new(0, TypeId(1), "0:1".parse()?, RelocKind::FieldByteOffset);
/// let patched = relocator.relocate(code, &relocation)?;
/// println!("{} became {}: {:?}", patched.before, patched.after, patched.status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Relocator<'a> {
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    options: Options,
    candidates: Candidates<'a>,
    shared: SharedSpecs<'a>,
    work: Work<'a>,
}

impl<'a> Relocator<'a> {
    /// A relocator for an object whose own BTF is `local`, with the default [`Options`].
    pub fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self::with_options(local, target, Options::default())
    }

    /// A relocator with the given options.
    pub fn with_options(local: &'a Btf<'a>, target: &'a Target<'a>, options: Options) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        Self {
            local,
            target,
            options,
            candidates: Candidates::new(local, target),
            shared: SharedSpecs::default(),
            work: Work::new(Budget::for_input(input)),
        }
    }

    /// The object's own BTF.
    pub fn local(&self) -> &'a Btf<'a> {
        self.local
    }

    /// The target.
    pub fn target(&self) -> &'a Target<'a> {
        self.target
    }

    /// Looks for the candidates of many root types in one pass over the target. Without it every
    /// root type is looked for when it is first met, which takes a pass each where the target is not
    /// [indexed](Target::indexed). [`Relocator::relocate_all`] does it by itself.
    pub fn prepare(&mut self, roots: impl IntoIterator<Item = TypeId>) {
        self.candidates.find_all(roots);
    }

    /// The root types met so far that have no candidate in the target: types that only a module may
    /// have.
    pub fn roots_without_candidates(&self) -> impl Iterator<Item = TypeId> {
        self.candidates.roots_without()
    }

    /// The candidates that are left of a root type, after the relocations so far.
    ///
    /// # Errors
    /// [`Cause::Local`] where there is no such type, [`Cause::AnonymousRoot`].
    pub fn candidates(
        &mut self,
        root: TypeId,
    ) -> Result<impl Iterator<Item = Candidate> + '_, Cause> {
        Ok(self.candidates.of(root)?.iter().map(|(_, candidate)| candidate))
    }

    /// Decides about a relocation, and touches no instruction.
    ///
    /// An unresolved relocation is no error here: [`Resolution::change`] is then none.
    ///
    /// # Errors
    /// A relocation that the local types do not allow, target types that are broken or nested too
    /// deep, candidates that disagree, or a value that cannot be told: see [`Cause`].
    pub fn resolve(&mut self, relocation: &Relocation) -> Result<Resolution, Error> {
        self.decide(relocation).map_err(|cause| self.error(relocation, cause))
    }

    /// Decides about a relocation, and applies the decision to the code.
    ///
    /// # Errors
    /// As [`Relocator::resolve`] and [`patch()`]; the code is then as it was.
    pub fn relocate(&mut self, code: &mut [u8], relocation: &Relocation) -> Result<Patched, Error> {
        let resolution = self.resolve(relocation)?;
        self.apply(code, relocation, &resolution)
    }

    /// Applies a decision to the code, as [`patch()`] does, with the names in the error.
    ///
    /// # Errors
    /// As [`patch()`]; the code is then as it was.
    pub fn apply(
        &self,
        code: &mut [u8],
        relocation: &Relocation,
        resolution: &Resolution,
    ) -> Result<Patched, Error> {
        patch(code, resolution, self.options.unresolved).map_err(|error| {
            let cause = match (error, &resolution.unmatched) {
                (PatchError::Poison(Poison::Unresolved), Some(unmatched)) => {
                    Cause::Unresolved { reason: self.describe(relocation, unmatched) }
                }
                (error, _) => Cause::Patch(error),
            };
            self.error(relocation, cause)
        })
    }

    /// Decodes a record of `.BTF.ext`, as [`Relocation::from_record`] does, with the names in the
    /// error.
    ///
    /// # Errors
    /// A record whose kind is unknown, or whose access string is not one.
    pub fn decode(&self, record: &CoreReloc) -> Result<Relocation, Error> {
        Relocation::from_record(self.local, record)
            .map_err(|cause| Error { subject: describe::record_subject(self.local, record), cause })
    }

    /// Relocates a whole section: all relocations in their order, one outcome for each. One that
    /// fails does not stop the others.
    ///
    /// The outcomes of many relocations take memory; [`Relocator::relocate`] takes one at a time.
    pub fn relocate_all(
        &mut self,
        code: &mut [u8],
        relocations: &[Relocation],
    ) -> Vec<Result<Patched, Error>> {
        self.prepare(relocations.iter().map(|relocation| relocation.type_id));
        relocations.iter().map(|relocation| self.relocate(code, relocation)).collect()
    }

    /// Says in words why no candidate matched.
    pub fn describe(&self, relocation: &Relocation, unmatched: &Unmatched) -> Box<str> {
        describe::describe_unmatched(self.local, self.target, relocation, unmatched).into()
    }

    #[cold]
    fn error(&self, relocation: &Relocation, cause: Cause) -> Error {
        Error { subject: describe::subject(self.local, relocation), cause }
    }

    fn decide(&mut self, relocation: &Relocation) -> Result<Resolution, Cause> {
        self.work.budget.grant_relocation();
        let order = self.local.byte_order();
        if let Some(shared) = self.shared.find(relocation) {
            let mut question = Question { relocation, local: &shared.local, order, original: None };
            let change = question.answer(&shared.target)?;
            return Ok(question.resolution(Some(change), Some(shared.candidate), None));
        }

        let local = local_spec(self.local, relocation, &mut self.work.budget)?;
        let mut question = Question { relocation, local: &local.place, order, original: None };
        if relocation.kind == RelocKind::TypeIdLocal {
            let id = u64::from(relocation.type_id.0);
            let change = Change { original: id, checked: false, value: id, resize: Resize::Same };
            return Ok(question.resolution(Some(change), None, None));
        }

        let candidates = self.candidates.of(relocation.type_id)?;
        let only = candidates.only();
        let mut first: Option<Match<'a>> = None;
        let mut matching: SmallVec<[u32; 4]> = SmallVec::new();
        let mut unmatched = Unmatched::default();
        for (position, candidate) in candidates.iter() {
            self.work.budget.spend(STEPS_PER_CANDIDATE)?;
            let ty = self.target.candidate(candidate).map_err(Cause::Target)?;
            match target_spec(&local, relocation.kind, (candidate, ty), &mut self.work) {
                Ok(place) => {
                    let change = question.answer(&place)?;
                    let this = Match { candidate, place, change };
                    match &first {
                        None => first = Some(this),
                        Some(first) => first.agree(&this, self.target)?,
                    }
                    matching.push(position);
                }
                Err(Stop::Mismatch(mismatch)) => {
                    unmatched.rule_out(candidate, mismatch, candidates.len())
                }
                Err(Stop::Cause(cause)) => return Err(cause),
            }
        }

        let Some(first) = first else {
            let change = question.answer_without_target()?;
            return Ok(question.resolution(change, None, Some(Box::new(unmatched))));
        };
        if self.options.narrow && matching.len() != candidates.len() {
            self.candidates.narrow(relocation.type_id, matching.into_vec().into());
        }
        let Match { candidate, place: target, change } = first;
        let resolution = question.resolution(Some(change), Some(candidate), None);
        if only.is_some() {
            self.shared.keep(relocation, SpecPair { local: local.place, candidate, target });
        }
        Ok(resolution)
    }
}

/// What trying one candidate takes of the budget, besides its members and types.
const STEPS_PER_CANDIDATE: usize = 16;

/// A relocation and the place that its local spec leads to, to be put to the candidates.
struct Question<'q, 'a> {
    relocation: &'q Relocation,
    local: &'q Place<'a>,
    order: ByteOrder,
    /// What the local types answer, once it was needed.
    original: Option<Value>,
}

/// A candidate that matches, with its answer.
struct Match<'a> {
    candidate: Candidate,
    place: Place<'a>,
    change: Change,
}

impl Question<'_, '_> {
    #[inline(always)] // As `value`.
    fn original(&mut self) -> Result<Value, Cause> {
        match self.original {
            Some(original) => Ok(original),
            None => {
                let kind = self.relocation.kind;
                let original = value(kind, self.local, self.order, Side::Local)?;
                self.original = Some(original);
                Ok(original)
            }
        }
    }

    /// What becomes of the instruction where a place of the target answers.
    #[inline(always)] // As `value`.
    fn answer(&mut self, place: &Place<'_>) -> Result<Change, Cause> {
        let original = self.original()?;
        let new = value(self.relocation.kind, place, self.order, Side::Target)?;
        let resize = resize(original.accessed, new.accessed);
        Ok(Change { original: original.value, checked: original.exact, value: new.value, resize })
    }

    /// What the kind answers when nothing matches: "no", where it asks for existence, or nothing.
    fn answer_without_target(&mut self) -> Result<Option<Change>, Cause> {
        let kind = self.relocation.kind;
        let original = self.original()?;
        let answer =
            kind.is_existence() || matches!(kind, RelocKind::TypeSize | RelocKind::TypeIdTarget);
        Ok(answer.then_some(Change {
            original: original.value,
            checked: original.exact,
            value: 0,
            resize: Resize::Same,
        }))
    }

    #[inline]
    fn resolution(
        &self,
        change: Option<Change>,
        candidate: Option<Candidate>,
        unmatched: Option<Box<Unmatched>>,
    ) -> Resolution {
        let Relocation { kind, insn_off, .. } = *self.relocation;
        Resolution { kind, insn_off, byte_order: self.order, change, candidate, unmatched }
    }
}

impl Match<'_> {
    /// Whether another candidate that matches answers the same.
    fn agree(&self, other: &Self, target: &Target<'_>) -> Result<(), Cause> {
        let answer =
            |one: &Self| Answer { bit_offset: one.place.bit_offset, value: one.change.value };
        if answer(self) == answer(other) {
            return Ok(());
        }
        let candidates = [self.candidate, other.candidate];
        Err(Cause::Ambiguous(Box::new(Ambiguity {
            candidates,
            names: candidates.map(|candidate| describe::candidate_name(target, candidate)),
            answers: [answer(self), answer(other)],
        })))
    }
}

/// What becomes of the size of a load or store, given what it accesses in the local and in the
/// target type.
fn resize(original: Option<Accessed>, new: Option<Accessed>) -> Resize {
    let size = |accessed: Option<Accessed>| accessed.map_or(0, |accessed| accessed.size);
    let (from, to) = (size(original), size(new));
    if from == to {
        return Resize::Same;
    }
    match (original, new) {
        (Some(original), Some(new))
            if original.class == new.class && original.class != AccessClass::Other =>
        {
            Resize::To { from, to }
        }
        _ => Resize::Unsafe { from, to },
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{IntEncoding, build::Builder};

    use super::*;

    #[test]
    fn another_question_about_a_field_takes_no_steps() {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let root = btf.structure("s", 4).member("a", int, 0).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        let mut relocator = Relocator::new(&btf, &target);
        let mut granted_and_left = |access: &str, kind| {
            let before = relocator.work.budget.left();
            let relocation = Relocation::new(0, root, access.parse().unwrap(), kind);
            assert_eq!(relocator.resolve(&relocation).unwrap().value(), Some(1));
            relocator.work.budget.left() - before
        };
        assert!(granted_and_left("0:0", RelocKind::FieldExists) < 1024);
        assert_eq!(granted_and_left("0:0", RelocKind::FieldSigned), 1024);
        assert_eq!(granted_and_left("0:0", RelocKind::FieldExists), 1024);
        assert!(granted_and_left("0", RelocKind::FieldExists) < 1024);
        assert!(granted_and_left("0", RelocKind::TypeExists) < 1024);
    }
}
