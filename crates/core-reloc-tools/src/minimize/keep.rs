//! Keeps what relocations need of their candidates.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, TypeId};
use core_reloc::{
    Candidate, Cause, Relocation, Relocator, Target,
    budget::Budget,
    spec::{LocalSpec, Session},
};

use super::{
    kept::{KeptTarget, strip},
    walk::Walk,
    wanted::Wanted,
    whole_types::{ComparedPairs, keep_compatible, keep_matching},
};

/// Follows one object's relocations through the types of a target, and keeps what they use.
///
/// Its budget grows with the input and with the number of relocations, as that of relocating does. When
/// no steps are left, what was kept so far may be enough; comparing the results shows whether it is.
pub(super) struct Keeper<'w, 'a> {
    local: &'w Btf<'w>,
    target: &'w Target<'a>,
    session: Session<'a>,
    /// The pairs of types that were compared, by the module of the candidates.
    compared: BTreeMap<Option<u32>, ComparedPairs>,
}

impl<'w, 'a> Keeper<'w, 'a> {
    pub(super) fn new(local: &'w Btf<'w>, target: &'w Target<'a>) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        let session = Session::new(Budget::for_input(input));
        Self { local, target, session, compared: BTreeMap::new() }
    }

    /// Keeps what each relocation uses of the candidate that answers it.
    pub(super) fn keep_answers<'r>(
        &mut self,
        answers: impl IntoIterator<Item = (&'r Relocation, Candidate)>,
        kept: &mut KeptTarget<'a>,
    ) {
        let mut wanted: BTreeMap<Key, Wanted<'w>> = BTreeMap::new();
        for (relocation, candidate) in answers {
            self.want(relocation, wanted.entry(key(candidate)).or_default());
        }
        for ((module, type_id), wanted) in wanted {
            let _ = self.keep(&wanted, Candidate { type_id, module }, kept);
        }
    }

    /// Keeps what the relocations of some root types use of every candidate, up to its answer or to the
    /// mismatch that rules it out.
    ///
    /// # Errors
    /// [`Cause::TooComplex`] if no steps are left before everything is kept.
    pub(super) fn keep_candidates(
        &mut self,
        relocations: &[Relocation],
        roots: &BTreeSet<TypeId>,
        kept: &mut KeptTarget<'a>,
    ) -> Result<(), Cause> {
        let groups = Groups::find(self.local, self.target, roots);
        let mut wanted: BTreeMap<Key, Wanted<'w>> = BTreeMap::new();
        for relocation in relocations {
            if let Some(group) = groups.of_root.get(&relocation.type_id) {
                self.want(relocation, wanted.entry(*group).or_default());
            }
        }
        for (group, wanted) in &wanted {
            for candidate in groups.candidates.get(group).into_iter().flatten() {
                self.keep(wanted, *candidate, kept)?;
            }
        }
        Ok(())
    }

    fn want(&mut self, relocation: &Relocation, wanted: &mut Wanted<'w>) {
        self.session.budget().grant_relocation();
        // A relocation that does not fit the local types fails with any BTF.
        if let Ok(local) = LocalSpec::within(self.local, relocation, self.session.budget()) {
            let _ = wanted.add(relocation.kind, &local);
        }
    }

    fn keep(
        &mut self,
        wanted: &Wanted<'w>,
        candidate: Candidate,
        kept: &mut KeptTarget<'a>,
    ) -> Result<(), Cause> {
        // Types that are broken give the same error with the minimized BTF.
        let Ok(ty) = self.target.candidate(candidate) else { return Ok(()) };
        let mut side = kept.side(candidate.module);
        side.root(ty);
        let budget = self.session.budget();
        if wanted.is_compared {
            keep_compatible(&mut side, ty, budget)?;
        }
        for local in &wanted.matching {
            if let Ok(local) = self.local.type_by_id(*local) {
                let compared = self.compared.entry(candidate.module).or_default();
                keep_matching(&mut side, local, ty, budget, compared)?;
            }
        }
        let Some(ty) = strip(ty) else { return Ok(()) };
        Walk::new(&mut self.session, side, wanted).keep(ty)
    }

    #[cfg(test)]
    pub(super) fn remaining_steps(&mut self) -> u64 {
        self.session.budget().remaining()
    }
}

/// A candidate in an order.
type Key = (Option<u32>, TypeId);

fn key(candidate: Candidate) -> Key {
    (candidate.module, candidate.type_id)
}

/// The candidates of root types. Those with the same essential name share them.
pub(super) struct Groups {
    /// The group of each root type that has candidates: the first of them.
    of_root: BTreeMap<TypeId, Key>,
    pub(super) candidates: BTreeMap<Key, Vec<Candidate>>,
}

impl Groups {
    /// Finds the candidates of some root types, before any of them is ruled out.
    pub(super) fn find(local: &Btf<'_>, target: &Target<'_>, roots: &BTreeSet<TypeId>) -> Self {
        let mut groups = Self { of_root: BTreeMap::new(), candidates: BTreeMap::new() };
        let mut relocator = Relocator::new(local, target);
        relocator.prepare(roots.iter().copied());
        for root in roots {
            // An anonymous root type has no candidates, and fails with any BTF.
            let Ok(mut candidates) = relocator.candidates(*root) else { continue };
            let Some(first) = candidates.next() else { continue };
            groups.of_root.insert(*root, key(first));
            groups
                .candidates
                .entry(key(first))
                .or_insert_with(|| std::iter::once(first).chain(candidates).collect());
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, Kind};
    use core_reloc::RelocKind;

    use super::*;
    use crate::minimize::write::write;

    /// Keeps every candidate of all relocations: of each member, enumerator and type of the local types.
    /// Returns the number of steps, apart from those for reading the relocations, and the size of the
    /// minimized BTF.
    fn keep_all(local: &str, target: &str) -> (u64, usize) {
        let bytes = [local, target].map(|types| btf_from_c::btf(ByteOrder::Little, types));
        let [local, target] = bytes.each_ref().map(|bytes| Btf::parse(bytes).unwrap());
        let target = Target::new(&target);
        let mut relocations = Vec::new();
        let named =
            local.types().filter(|ty| ty.kind() != Kind::Int && !ty.name().unwrap().is_empty());
        for ty in named {
            let mut ask = |access: String, kind| {
                let (type_id, access) = (ty.id(), access.parse().unwrap());
                relocations.push(Relocation { insn_off: 0, type_id, access, kind });
            };
            for index in 0..ty.vlen() {
                if ty.kind().is_enum() {
                    ask(index.to_string(), RelocKind::EnumvalValue);
                } else {
                    ask(format!("0:{index}"), RelocKind::FieldByteOffset);
                }
            }
            ask("0".to_string(), RelocKind::TypeSize);
        }
        let roots = relocations.iter().map(|relocation| relocation.type_id).collect();
        let mut kept = KeptTarget::new(&target);
        let mut keeper = Keeper::new(&local, &target);
        let granted = keeper.remaining_steps() + 1024 * relocations.len() as u64;
        keeper.keep_candidates(&relocations, &roots, &mut kept).unwrap();
        (granted - keeper.remaining_steps(), write(&kept).unwrap().main.len())
    }

    /// Checks that the steps grow no faster than the input, which a text of `n` lines of each side describes.
    #[track_caller]
    fn check(local: fn(usize) -> String, target: fn(usize) -> String) {
        let steps = [100, 400, 1600].map(|count| {
            let (steps, len) = keep_all(&local(count), &target(count));
            // Everything is kept, with no steps missing.
            assert!(len > count * 20, "{len}");
            steps
        });
        for [fewer, more] in [[steps[0], steps[1]], [steps[1], steps[2]]] {
            assert!(more <= fewer * 5, "{steps:?}");
        }
    }

    fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
        (0..count).map(line).collect()
    }

    #[test]
    fn many_relocations_of_many_candidates_take_few_steps() {
        let one_root = |n| format!("struct t {{ {} }};", lines(n, |i| format!("int m{i};")));
        let flavors = |n| lines(n, |i| format!("struct t___{i} {{ int id; int m{i}; }};"));
        let nested = |n| {
            let members = lines(n, |i| format!("int m{i};"));
            format!("struct t {{ struct {{ {members} }}; struct {{ int a; }} in; }};")
        };
        let structs = |n| lines(n, |i| format!("struct t {{ int id; int m{i}; }};"));
        let deep = |n| {
            lines(n, |i| format!("struct t {{ struct {{ int m{i}; }}; struct {{ int a; }} in; }};"))
        };
        check(one_root, structs);
        check(flavors, structs);
        check(nested, deep);
        check(flavors, deep);

        let one_enum = |n| format!("enum t {{ {} }};", lines(n, |i| format!("E{i} = {i},")));
        let enums = |n| lines(n, |i| format!("enum t {{ E{i} = {i}, OTHER }};"));
        check(one_enum, enums);
    }
}
