//! The relocator: resolves and applies the relocations of one object.

use alloc::{boxed::Box, format, string::ToString, vec::Vec};
use core::fmt;

use btf_types::{
    Btf, TypeId,
    ext::{CoreReloc, Info},
};
use indexmap::IndexMap;
use smallvec::SmallVec;

use crate::{
    budget::Budget,
    cache::Cache,
    candidates::{Candidate, Candidates},
    describe,
    error::{Cause, Error},
    limits::STEPS_PER_CANDIDATE,
    names::hash::{self, IdHasher},
    patch::{PatchError, Patched, Poison, Status, patch},
    record::{AccessPath, RelocKind, Relocation, Subject},
    resolve::{
        Options, Resolution, Unmatched,
        question::{Match, Question},
    },
    spec::{
        LocalSpec, Mismatch, Selection, Session, Spec,
        target::{Stop, target_spec},
    },
    target::{Module, Target},
};

/// Relocates one object against one target.
///
/// A loader uses it in one of two ways: [`resolve`](Relocator::resolve), then
/// [`apply`](Relocator::apply), in order to see the decision; or [`relocate`](Relocator::relocate),
/// which does both. The order of relocations matters, because candidates narrow (see
/// [`Options::narrow`]).
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
/// let applied = relocator.relocate(code, &relocation)?;
/// println!("{} became {}", applied.patched.before, applied.patched.after);
/// if let Some(reason) = relocator.reason(&relocation, &applied) {
///     println!("poisoned: {reason}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Relocator<'a> {
    local: &'a Btf<'a>,
    target: Target<'a>,
    options: Options,
    candidates: Candidates<'a>,
    /// The relocations that narrowed the candidates of each root type.
    narrowings: IndexMap<TypeId, Vec<Relocation>, IdHasher>,
    fields: Cache<FieldKey, FieldSpecs<'a>, 6>,
    session: Session<'a>,
    local_ids: Option<LocalIds<'a>>,
}

/// Maps the ids of the object's own types to the ids in the BTF that the loader loads.
type LocalIds<'a> = Box<dyn Fn(TypeId) -> TypeId + Send + Sync + 'a>;

/// A field of the local types.
#[derive(Debug, PartialEq, Eq)]
struct FieldKey {
    root: TypeId,
    access: AccessPath,
}

/// Where the access path of a field leads on both sides. Code asks several questions about a field:
/// whether it exists, then where it is; for a bitfield, an offset, a size, two shifts and a sign.
#[derive(Debug)]
struct FieldSpecs<'a> {
    local: Spec<'a>,
    candidate: Candidate,
    target: Spec<'a>,
}

impl<'a> Relocator<'a> {
    /// Creates a relocator for an object whose own BTF is `local`, with the default [`Options`].
    pub fn new(local: &'a Btf<'a>, target: &Target<'a>) -> Self {
        Self::with_options(local, target, Options::default())
    }

    /// Creates a relocator with the given options.
    pub fn with_options(local: &'a Btf<'a>, target: &Target<'a>, options: Options) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        Self {
            local,
            target: target.clone(),
            options,
            candidates: Candidates::new(local, target.main_scope(), target.module_scope()),
            narrowings: IndexMap::default(),
            fields: Cache::default(),
            session: Session::new(Budget::for_input(input)),
            local_ids: None,
        }
    }

    /// Sets the function that maps type ids for type_id_local, for a loader that rewrites the object's
    /// BTF before loading it. The records refer to the BTF as it is in the file.
    #[must_use]
    pub fn with_local_ids(mut self, map: impl Fn(TypeId) -> TypeId + Send + Sync + 'a) -> Self {
        self.local_ids = Some(Box::new(map));
        self
    }

    /// Sets the budget for resolving. The default is [`Budget::for_input`] of the object's own BTF and of the
    /// target's; every relocation adds to it.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.session.budget = budget;
        self
    }

    /// Returns the object's own BTF.
    pub fn local(&self) -> &'a Btf<'a> {
        self.local
    }

    /// Returns the target, with the modules added so far.
    pub fn target(&self) -> &Target<'a> {
        &self.target
    }

    /// Finds the candidates of many root types in one pass over the target. Otherwise the candidates of
    /// each root type are found when they are first needed, which takes one pass each unless the target
    /// is [indexed](Target::indexed). [`Relocator::relocate_all`] does this by itself.
    pub fn prepare(&mut self, roots: impl IntoIterator<Item = TypeId>) {
        self.candidates.find_all(roots);
    }

    /// Finds the candidates of the root types of all records, as [`Relocator::prepare`] does.
    pub fn prepare_for(&mut self, records: &Info<'_, CoreReloc>) {
        let needs_target = |record: &CoreReloc| record.kind != RelocKind::TypeIdLocal.to_raw();
        let records = records.records().map(|(_, record)| record);
        self.prepare(records.filter(needs_target).map(|record| record.type_id));
    }

    /// Returns `true` if one of the root types so far has no candidate, so that a kernel module may be
    /// needed.
    pub fn needs_modules(&self) -> bool {
        self.roots_without_candidates().next().is_some()
    }

    /// Adds modules that were found after the relocator was created. Their types become candidates of root
    /// types that have none. Relocations that were resolved before keep their results.
    pub fn add_modules(&mut self, modules: impl IntoIterator<Item = Module<'a>>) {
        for module in modules {
            self.candidates.add_module(module.btf);
            self.session.budget.grant_input(module.btf.as_bytes().len());
            self.target.add_module(module);
        }
    }

    /// Adds the modules that a source returns, which is called only if they are
    /// [needed](Self::needs_modules): loading a kernel's modules takes longer than most relocations.
    ///
    /// # Errors
    /// Those of the source.
    pub fn add_modules_if_needed<E, I: IntoIterator<Item = Module<'a>>>(
        &mut self,
        source: impl FnOnce() -> Result<I, E>,
    ) -> Result<(), E> {
        if self.needs_modules() {
            self.add_modules(source()?);
        }
        Ok(())
    }

    /// Returns the root types so far that have no candidate in the target, and so may be types of a
    /// module.
    pub fn roots_without_candidates(&self) -> impl Iterator<Item = TypeId> {
        self.candidates.roots_without()
    }

    /// Returns the candidates of a root type that remain after the relocations so far.
    ///
    /// # Errors
    /// [`Cause::Local`] if there is no such type, or [`Cause::AnonymousRoot`].
    pub fn candidates(
        &mut self,
        root: TypeId,
    ) -> Result<impl Iterator<Item = Candidate> + '_, Cause> {
        Ok(self.candidates.of(root)?.iter().map(|(_, candidate)| candidate))
    }

    /// Returns the relocations so far that dropped candidates of a root type, in order. If a later
    /// relocation is unresolved although the target has what it asks for, one of them may be the reason:
    /// [`Relocator::mismatches`] returns the candidates that do not match it.
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
    /// # fn types(members: &[&[&str]]) -> Result<Vec<u8>, btf_types::build::Error> {
    /// #     let mut btf = Builder::new(ByteOrder::Little);
    /// #     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// #     for members in members {
    /// #         let mut task = btf.structure("task", 8);
    /// #         for (at, member) in (0..).zip(*members) {
    /// #             task = task.member(member, int, 32 * at);
    /// #         }
    /// #         task.finish();
    /// #     }
    /// #     btf.finish()
    /// # }
    /// # let object = types(&[&["rt", "pid"]])?;
    /// # let kernel = types(&[&["rt"], &["pid"]])?;
    /// use core_reloc::{RelocKind, Relocator, Target, generate::field_relocation};
    ///
    /// // The kernel has `struct task { int rt; }` and, elsewhere, `struct task { int pid; }`.
    /// let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
    /// let mut relocator = Relocator::new(&local, &Target::new(&kernel));
    /// let exists = |member| field_relocation(&local, 0, "task", member, RelocKind::FieldExists);
    /// let (rt, pid) = (exists("rt")?, exists("pid")?);
    ///
    /// assert_eq!(relocator.resolve(&rt)?.value(), Some(1));
    /// assert_eq!(relocator.resolve(&pid)?.value(), Some(0));
    /// assert_eq!(relocator.narrowings(pid.type_id), [rt.clone()]);
    /// assert_eq!(relocator.mismatches(&rt)?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn narrowings(&self, root: TypeId) -> &[Relocation] {
        self.narrowings.get(&root).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the candidates that do not match a relocation, each with what rules it out. Candidates that
    /// earlier relocations dropped are tried, too.
    ///
    /// # Errors
    /// Those of [`Relocator::resolve`] that do not concern values.
    pub fn mismatches(
        &mut self,
        relocation: &Relocation,
    ) -> Result<Vec<(Candidate, Mismatch)>, Error> {
        self.mismatching(relocation).map_err(|cause| self.error(relocation, cause))
    }

    fn mismatching(
        &mut self,
        relocation: &Relocation,
    ) -> Result<Vec<(Candidate, Mismatch)>, Cause> {
        self.session.budget.grant_relocation();
        let local = LocalSpec::within(self.local, relocation, &mut self.session.budget)?;
        let mut found = Vec::new();
        for candidate in self.candidates.of(relocation.type_id)?.original() {
            self.session.budget.spend(STEPS_PER_CANDIDATE)?;
            let ty = self.target.candidate(*candidate).map_err(Cause::Target)?;
            match target_spec(&local, relocation.kind, ty, &mut self.session) {
                Ok(_) => {}
                Err(Stop::Mismatch(mismatch)) => found.push((*candidate, mismatch)),
                Err(Stop::Cause(cause)) => return Err(cause),
            }
        }
        Ok(found)
    }

    /// Resolves a relocation without changing the instruction.
    ///
    /// An unresolved relocation is not an error here: its [`Resolution::change`] is `None`.
    ///
    /// # Errors
    /// A relocation that does not fit the local types, target types that are broken or nested too deeply,
    /// candidates that disagree, or a value that cannot be computed: see [`Cause`].
    pub fn resolve(&mut self, relocation: &Relocation) -> Result<Resolution, Error> {
        self.decide(relocation).map_err(|cause| self.error(relocation, cause))
    }

    /// Resolves a relocation and applies it to the code.
    ///
    /// # Errors
    /// Those of [`Relocator::resolve`] and [`patch()`]; the code is then unchanged.
    pub fn relocate(&mut self, code: &mut [u8], relocation: &Relocation) -> Result<Applied, Error> {
        self.relocate_at(code, 0, relocation)
    }

    /// Resolves a relocation and applies it to code that starts at an offset within its section, for a
    /// loader that relocates functions taken out of their sections. `code_start` is in bytes; the
    /// relocation's own offset counts from the start of the section.
    ///
    /// # Errors
    /// Those of [`Relocator::relocate`]; also if the instruction is before the code.
    pub fn relocate_at(
        &mut self,
        code: &mut [u8],
        code_start: u32,
        relocation: &Relocation,
    ) -> Result<Applied, Error> {
        let resolution = self.resolve(relocation)?;
        let insn_off = relocation.insn_off.checked_sub(code_start).ok_or_else(|| {
            let (insn_off, len) = (relocation.insn_off, code.len());
            self.error(relocation, PatchError::OutOfBounds { insn_off, len }.into())
        })?;
        let resolution = resolution.moved_to(insn_off);
        let patched = self.apply(code, relocation, &resolution)?;
        Ok(Applied { patched, resolution: patched.settle(resolution) })
    }

    /// Applies a resolution to the code, as [`patch()`] does. Errors name the relocation.
    ///
    /// # Errors
    /// Those of [`patch()`]; the code is then unchanged.
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

    /// Decodes a record of `.BTF.ext`, as [`Relocation::from_record`] does. Errors name the relocation.
    ///
    /// # Errors
    /// A record whose kind is unknown, or whose access string is invalid.
    pub fn decode(&self, record: &CoreReloc) -> Result<Relocation, Error> {
        Relocation::from_record(self.local, record)
            .map_err(|cause| Error { subject: describe::record_subject(self.local, record), cause })
    }

    /// Relocates a whole section: applies all relocations in order, and returns the outcome of each. A
    /// relocation that fails does not stop the others.
    ///
    /// All outcomes are in memory at once; [`Relocator::relocate`] does one relocation at a time.
    pub fn relocate_all(
        &mut self,
        code: &mut [u8],
        relocations: &[Relocation],
    ) -> Vec<Result<Applied, Error>> {
        self.prepare(relocations.iter().map(|relocation| relocation.type_id));
        relocations.iter().map(|relocation| self.relocate(code, relocation)).collect()
    }

    /// Describes why an instruction was poisoned or kept; `None` if it has the target's value.
    pub fn reason(&self, relocation: &Relocation, applied: &Applied) -> Option<Box<str>> {
        match (applied.patched.status, &applied.resolution.unmatched) {
            (Status::Relocated, _) => None,
            (
                Status::Poisoned(Poison::Unresolved) | Status::Kept(Poison::Unresolved),
                Some(why),
            ) => Some(self.describe(relocation, why)),
            (Status::Poisoned(poison) | Status::Kept(poison), _) => Some(poison.to_string().into()),
        }
    }

    /// Describes why no candidate matched, and names earlier relocations that dropped candidates.
    pub fn describe(&self, relocation: &Relocation, unmatched: &Unmatched) -> Box<str> {
        let mut text =
            describe::describe_unmatched(self.local, &self.target, relocation, unmatched);
        /// The number of relocations that are named.
        const SHOWN: usize = 8;
        for narrowing in self.narrowings(relocation.type_id).iter().take(SHOWN) {
            let narrowing = describe::relocation_in_c(self.local, narrowing);
            text.push_str(&format!("; {narrowing} dropped candidates before"));
        }
        text.into()
    }

    #[cold]
    fn error(&self, relocation: &Relocation, cause: Cause) -> Error {
        Error { subject: describe::relocation_in_c(self.local, relocation).into(), cause }
    }

    fn decide(&mut self, relocation: &Relocation) -> Result<Resolution, Cause> {
        self.session.budget.grant_relocation();
        let is_field = relocation.kind.subject() == Subject::Field;
        if is_field && let Some(specs) = self.known_field(relocation) {
            let mut question = Question::new(relocation, &specs.local);
            let change = question.answer(&specs.target)?;
            return Ok(question.resolution(Some(change), Some(specs.candidate), None));
        }

        let local = LocalSpec::within(self.local, relocation, &mut self.session.budget);
        let local = local.map_err(|cause| match relocation.type_id {
            TypeId::VOID => Cause::NoRoot,
            _ => cause,
        })?;
        let mut question = Question::new(relocation, local.spec());
        if relocation.kind == RelocKind::TypeIdLocal {
            let id = relocation.type_id;
            let mapped = self.local_ids.as_ref().map_or(id, |map| map(id));
            let change = question.answer_with_id(mapped);
            return Ok(question.resolution(Some(change), None, None));
        }

        let candidates = self.candidates.of(relocation.type_id)?;
        let only = candidates.only();
        let mut first: Option<Match<'a>> = None;
        let mut matching: SmallVec<[u32; 4]> = SmallVec::new();
        let selection =
            if is_field { self.session.select(&local, &self.target, candidates)? } else { None };
        let positions = selection.as_ref().map(|selection| &*selection.positions);
        let tried = positions.map_or(candidates.len(), <[u32]>::len);
        let mut unmatched = Unmatched::default();
        for index in 0..tried {
            let Some((position, candidate)) = candidates.nth(index, positions) else { break };
            self.session.budget.spend(STEPS_PER_CANDIDATE)?;
            let ty = self.target.candidate(candidate).map_err(Cause::Target)?;
            match target_spec(&local, relocation.kind, ty, &mut self.session) {
                // By reference: to move the spec takes longer than to compare it.
                Ok(ref spec) => {
                    let change = question.answer(spec)?;
                    match &mut first {
                        None => first = Some(Match { candidate, spec: *spec, change }),
                        Some(first) => {
                            let this = Match { candidate, spec: *spec, change };
                            first.agree(&this, &self.target)?;
                        }
                    }
                    matching.push(position);
                }
                Err(Stop::Mismatch(mismatch)) => unmatched.rule_out(candidate, mismatch, tried),
                Err(Stop::Cause(cause)) => return Err(cause),
            }
        }

        let Some(Match { candidate, spec: target, change }) = &first else {
            if let Some(Selection { lacking, .. }) = selection {
                unmatched.rule_out_others(lacking, candidates.positions().cloned());
            }
            let change = question.answer_without_target()?;
            return Ok(question.resolution(change, None, Some(Box::new(unmatched))));
        };
        if self.options.narrow && matching.len() != candidates.len() {
            let budget = &mut self.session.budget;
            self.candidates.narrow(relocation.type_id, &matching, budget)?;
            // Most root types narrow once.
            let narrowings = self.narrowings.entry(relocation.type_id);
            narrowings.or_insert_with(|| Vec::with_capacity(1)).push(relocation.clone());
        }
        if is_field && only.is_some() {
            let (local, candidate, target) = (*local.spec(), *candidate, *target);
            self.keep_field(relocation, FieldSpecs { local, candidate, target });
        }
        Ok(question.resolution(Some(*change), Some(*candidate), None))
    }

    /// Finds the specs of a field that an earlier relocation resolved.
    #[inline]
    fn known_field(&self, relocation: &Relocation) -> Option<&FieldSpecs<'a>> {
        let Relocation { type_id, access, .. } = relocation;
        let is_key = |key: &FieldKey| key.root == *type_id && key.access == *access;
        self.fields.find(field_hash(relocation), is_key)
    }

    /// Keeps the specs of a field that can no longer change: the root type has one candidate left, and
    /// it matches.
    fn keep_field(&mut self, relocation: &Relocation, specs: FieldSpecs<'a>) {
        let (root, access) = (relocation.type_id, relocation.access.clone());
        self.fields.keep(field_hash(relocation), FieldKey { root, access }, specs);
    }
}

impl fmt::Debug for Relocator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relocator")
            .field("local", &self.local)
            .field("target", &self.target)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A relocation that was applied: the patched instruction, and the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The instruction before and after, and what was done.
    pub patched: Patched,
    /// The decision, with the values that the instruction held and received.
    pub resolution: Resolution,
}

#[inline]
fn field_hash(relocation: &Relocation) -> u32 {
    let root = core::iter::once(relocation.type_id.0);
    hash::words(root.chain(relocation.access.iter().copied()))
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, IntEncoding, build::Builder};

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
        let mut granted_minus_spent = |access: &str, kind| {
            let before = relocator.session.budget.remaining();
            let relocation = Relocation::new(0, root, access.parse().unwrap(), kind);
            assert_eq!(relocator.resolve(&relocation).unwrap().value(), Some(1));
            relocator.session.budget.remaining() - before
        };
        assert!(granted_minus_spent("0:0", RelocKind::FieldExists) < 1024);
        assert_eq!(granted_minus_spent("0:0", RelocKind::FieldSigned), 1024);
        assert_eq!(granted_minus_spent("0:0", RelocKind::FieldExists), 1024);
        assert!(granted_minus_spent("0", RelocKind::FieldExists) < 1024);
        assert!(granted_minus_spent("0", RelocKind::TypeExists) < 1024);
    }
}
