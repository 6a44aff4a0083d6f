//! Keeps what a relocation needs of a candidate.

use btf_types::{Btf, Type};
use core_reloc::{
    AccessPath, Candidate, Cause, RelocKind, Relocation, Target,
    budget::Budget,
    essential_name,
    record::Subject,
    spec::{LocalSpec, Session},
};

use super::{
    kept::{KeptTarget, strip},
    whole_types::{keep_compatible, keep_matching},
};

/// Follows one object's relocations through the types of a target, and keeps what they use.
pub(super) struct Keeper<'w, 'a> {
    local: &'w Btf<'w>,
    target: &'w Target<'a>,
    kept: &'w mut KeptTarget<'a>,
    session: Session<'a>,
}

impl<'w, 'a> Keeper<'w, 'a> {
    pub(super) fn new(
        local: &'w Btf<'w>,
        target: &'w Target<'a>,
        kept: &'w mut KeptTarget<'a>,
    ) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        Self { local, target, kept, session: Session::new(Budget::for_input(input)) }
    }

    /// Keeps what a relocation uses of a candidate, up to its answer or to the mismatch that rules it
    /// out.
    pub(super) fn keep(&mut self, relocation: &Relocation, candidate: Candidate) {
        // After an error, which resolving reports as well, what was kept so far may be enough. Comparing
        // the results shows whether it is.
        let _ = self.try_keep(relocation, candidate);
    }

    fn try_keep(&mut self, relocation: &Relocation, candidate: Candidate) -> Result<(), Cause> {
        self.session.budget().grant_relocation();
        let ty = self.target.candidate(candidate).map_err(Cause::Target)?;
        let local = LocalSpec::within(self.local, relocation, self.session.budget())?;
        self.kept.root(ty);
        match relocation.kind.subject() {
            Subject::Type if relocation.kind == RelocKind::TypeMatches => {
                let root = self.local.type_by_id(local.spec().root).map_err(Cause::Local)?;
                keep_matching(self.kept, root, ty, self.session.budget())
            }
            Subject::Type => keep_compatible(self.kept, ty, self.session.budget()),
            Subject::Enumerator => self.keep_enumerator(&local, ty),
            Subject::Field => self.keep_field(&local, ty),
        }
    }

    fn keep_enumerator(&mut self, local: &LocalSpec<'_>, ty: Type<'a>) -> Result<(), Cause> {
        let ty = stripped(ty)?;
        let wanted = local.accessors().first().and_then(|accessor| accessor.name_off);
        let wanted = local.spec().btf.string(wanted.unwrap_or_default()).map_err(Cause::Local)?;
        let wanted = essential_name(&wanted);
        if let Some(index) = self.session.find_enumerator(ty, wanted)? {
            self.kept.entry(ty, index);
        }
        Ok(())
    }

    fn keep_field(&mut self, local: &LocalSpec<'_>, ty: Type<'a>) -> Result<(), Cause> {
        let btf = ty.btf();
        let mut ty = stripped(ty)?;
        // The member that the last accessor led to.
        let mut reached_by = None;
        for (position, accessor) in local.accessors().iter().enumerate() {
            let next = if let Some(name_off) = accessor.name_off {
                let name = local.spec().btf.string(name_off).map_err(Cause::Local)?;
                let mut path = AccessPath::default();
                let found = self.session.find_member(ty, &name, &mut path)?;
                let Some(found) = found else { return Ok(()) };
                reached_by = self.keep_path(ty, &path);
                found.type_id
            } else if position == 0 {
                continue;
            } else {
                let Some(array) = ty.array() else { return Ok(()) };
                // An array without elements is flexible if it is the last member. It must not become
                // the last one.
                if let Some((owner, index)) = reached_by.take().filter(|_| array.len == 0) {
                    self.keep_next(owner, index);
                }
                array.element
            };
            ty = btf.type_by_id(next).map_err(Cause::Target)?;
            ty = stripped(ty)?;
        }
        Ok(())
    }

    /// Keeps the members on a path, and returns the last one with its owner.
    fn keep_path<'t>(&mut self, within: Type<'t>, path: &AccessPath) -> Option<(Type<'t>, u32)> {
        let mut owner = within;
        let (last, anonymous) = path.split_last()?;
        for index in anonymous {
            self.kept.entry(owner, *index);
            owner = strip(owner.members().get(*index as usize)?.ty().ok()?)?;
        }
        self.kept.entry(owner, *last);
        Some((owner, *last))
    }

    /// Keeps the member after another, if there is one.
    fn keep_next(&mut self, owner: Type<'_>, index: u32) {
        if let Some(next) = index.checked_add(1).filter(|next| *next < owner.vlen()) {
            self.kept.entry(owner, next);
        }
    }
}

/// Strips modifiers and typedefs from a type of the target.
fn stripped(ty: Type<'_>) -> Result<Type<'_>, Cause> {
    ty.skip_modifiers_and_typedefs().map_err(Cause::Target)
}
