//! One question: a relocation with its local spec, which the candidates answer.
//!
//! Follows libbpf's `bpf_core_calc_relo_insn` (BSD-2-Clause option).

use alloc::boxed::Box;

use btf_types::{ByteOrder, TypeId};

use super::{
    extension::{Extension, extend},
    resolution::{Change, Resize, Resolution},
    unmatched::Unmatched,
    value::{AccessClass, Accessed, Value, value},
};
use crate::{
    candidates::Candidate,
    describe::candidate_name,
    error::{Ambiguity, Answer, Cause},
    record::{RelocKind, Relocation},
    side::Side,
    spec::{End, Spec},
    target::Target,
};

/// A relocation with its local spec.
pub(crate) struct Question<'q, 'a> {
    relocation: &'q Relocation,
    local: &'q Spec<'a>,
    order: ByteOrder,
    /// The answer of the local types, once it has been needed.
    original: Option<Value>,
}

/// A candidate that matches, with its answer.
pub(crate) struct Match<'a> {
    pub(crate) candidate: Candidate,
    pub(crate) spec: Spec<'a>,
    pub(crate) change: Change,
}

impl<'q, 'a> Question<'q, 'a> {
    #[inline]
    pub(crate) fn new(relocation: &'q Relocation, local: &'q Spec<'a>) -> Self {
        Self { relocation, local, order: local.btf.byte_order(), original: None }
    }

    #[inline(always)] // See `value`.
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

    /// Answers from a spec of the target.
    #[inline(always)] // See `value`.
    pub(crate) fn answer(&mut self, target: &Spec<'_>) -> Result<Change, Cause> {
        let original = self.original()?;
        let new = value(self.relocation.kind, target, self.order, Side::Target)?;
        let resize = resize(original.accessed, new.accessed);
        let (value, extension) = match (self.relocation.kind, self.local.end, target.end) {
            (RelocKind::EnumvalValue, End::Enumerator(local), End::Enumerator(target)) => {
                extend(local, target)
            }
            _ => (new.value, Extension::Stated),
        };
        let (original, checked) = (original.value, original.exact);
        Ok(Change { original, checked, value, resize, extension })
    }

    /// Answers if no candidate matches: with 0 for the kinds for which that is an answer.
    pub(crate) fn answer_without_target(&mut self) -> Result<Option<Change>, Cause> {
        let kind = self.relocation.kind;
        let original = self.original()?;
        let has_answer =
            kind.is_existence() || matches!(kind, RelocKind::TypeSize | RelocKind::TypeIdTarget);
        Ok(has_answer.then_some(Change {
            original: original.value,
            checked: original.exact,
            value: 0,
            resize: Resize::Same,
            extension: Extension::Stated,
        }))
    }

    /// Answers type_id_local with the id that the root type has in the BTF that is loaded.
    pub(crate) fn answer_with_id(&self, id: TypeId) -> Change {
        let original = self.relocation.type_id.0.into();
        let (value, resize, extension) = (id.0.into(), Resize::Same, Extension::Stated);
        Change { original, checked: false, value, resize, extension }
    }

    #[inline]
    pub(crate) fn resolution(
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
    /// Checks that another matching candidate gives the same answer.
    ///
    /// Of two that agree on an enumerator when it is sign-extended, one may state that it is negative. The
    /// other one has the same bits, so it is negative too.
    pub(crate) fn agree(&mut self, other: &Self, target: &Target<'_>) -> Result<(), Cause> {
        let answer =
            |one: &Self| Answer { bit_offset: one.spec.bit_offset, value: one.change.value };
        if answer(self) == answer(other) {
            if self.change.extension != other.change.extension {
                self.change.extension = Extension::OfOriginal;
            }
            return Ok(());
        }
        let candidates = [self.candidate, other.candidate];
        Err(Cause::Ambiguous(Box::new(Ambiguity {
            candidates,
            names: candidates.map(|candidate| candidate_name(target, candidate)),
            answers: [answer(self), answer(other)],
        })))
    }
}

/// Decides how the size of a load or store changes from the local to the target field.
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
