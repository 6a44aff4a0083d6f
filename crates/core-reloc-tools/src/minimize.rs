//! Minimizes the BTF of a target: returns the smallest BTF with which some objects relocate as they do
//! with the full one. A loader can ship it for kernels without BTF.
//!
//! What a relocation needs of the type that answers it is kept: the members on the path with their
//! offsets, the sizes and kinds of their types, and the enumerators that are asked for. Other members,
//! candidates that do not match, the targets of pointers, and typedefs on the path are left out. If that
//! changes a result, as it may for types of one name that agree on one field and not on the next, more is
//! kept. Finally every relocation is resolved with both BTFs, and it is an error if any result differs.
//!
//! The time is nearly linear in the size of the input and the number of relocations. Its bound is that of
//! relocating (see [`core_reloc::limits`]). A relocation that takes too much work fails, and what it needs of
//! every candidate is kept, for readers that do the work.
//!
//! # Readers
//! libbpf and the kernel (`BPF_BTF_LOAD`) accept the result wherever they accept the full BTF. For that
//! alone, the types of array indices are kept, and an INT of the kernel's own if it states the size of
//! pointers. A result without types, which readers reject, is an error.
//!
//! # Type ids
//! Types in the minimized BTF have other ids: they are sorted by name, so that kernels with the same types get the same
//! bytes, whatever the order in their BTF. type_id_target gives the id that the type has there, as it
//! does with the output of `bpftool gen min_core_btf`. The running kernel does not know the type by that
//! id, so objects that pass type ids to the kernel must be relocated with the kernel's own BTF. All other
//! kinds give the same value with both.
//!
//! # Use
//! The result serves relocation alone. libbpf accepts it as `btf_custom_path`, cilium/ebpf as
//! `KernelTypes`, and this library as a [`Target`]. It lacks what a loader looks up for other purposes,
//! such as the functions to attach to; [`minimize_and_keep`] keeps them.
//!
//! # Modules
//! A target with modules gives a minimized main BTF, and for each module a split BTF on top of it. Types of
//! one name in several modules have distinct ids, so that type_id_target of them stays ambiguous.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::{Options, RelocKind, Target, generate::field_relocation};
//! use core_reloc_tools::minimize::{Needs, minimize};
//!
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 12).member("pid", int, 0).member("cpu", int, 32).finish();
//! btf.structure("page", 64).finish();
//! let bytes = btf.finish()?;
//! // The program and the kernel have the same types here.
//! let btf = Btf::parse(&bytes)?;
//! let kind = RelocKind::FieldByteOffset;
//! let needs =
//!     Needs { local: &btf, relocations: vec![field_relocation(&btf, 0, "task", "cpu", kind)?] };
//!
//! let minimized = minimize(&[needs], &Target::new(&btf), Options::default())?;
//! let kept = Btf::parse(&minimized.main)?;
//! assert_eq!(kept.types().count(), 2); // `int`, and `task` with only `cpu`
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod keep;
mod kept;
mod named;
mod order;
mod verify;
mod walk;
mod wanted;
mod whole_types;
mod write;

use std::collections::BTreeSet;

use btf_types::{Btf, Kind, TypeId};
use core_reloc::{
    Candidate, Options, RelocKind, Relocation, Target, describe::relocation_in_c, elf::Object,
};

pub use self::error::MinimizeError;
use self::{
    keep::{Groups, Keeper},
    kept::KeptTarget,
    verify::{Baseline, Difference},
    write::{Ids, Written, write},
};

/// What one object needs of a kernel: its relocations, with the types that they refer to.
#[derive(Debug, Clone)]
pub struct Needs<'a> {
    /// The object's own BTF.
    pub local: &'a Btf<'a>,
    /// The relocations, in the order in which they are applied, because candidates narrow.
    pub relocations: Vec<Relocation>,
}

impl<'a> Needs<'a> {
    /// Returns the needs of an object, or `None` if it has no BTF.
    ///
    /// Relocations outside any function are left out because loaders ignore them, and broken records
    /// because they fail with any BTF.
    pub fn of_object(object: &'a Object<'a>) -> Option<Self> {
        let records = object.relocations().filter(|relocation| relocation.function().is_ok());
        let relocations = records.filter_map(|relocation| relocation.decode().ok()).collect();
        Some(Self { local: object.btf()?, relocations })
    }
}

/// Minimized BTF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimized {
    /// The replacement for the target's main BTF.
    pub main: Vec<u8>,
    /// The replacements for the modules' BTF, in their order: split BTF on `main`, or without a base if the
    /// module's has none. It is without types if no relocation needs one of the module.
    pub modules: Vec<Vec<u8>>,
    /// The results of each object's relocations, which are the same with the full and the minimized BTF.
    pub counts: Vec<ResolutionCounts>,
    ids: Ids,
}

impl Minimized {
    /// Returns the new id of a type of the target, or `None` if it was not kept as a type of its own.
    pub fn type_id(&self, of: Candidate) -> Option<TypeId> {
        self.ids.of(of)
    }
}

/// The numbers of an object's relocations by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ResolutionCounts {
    /// The relocations with a value.
    pub resolved: usize,
    /// The relocations that no candidate matches.
    pub unresolved: usize,
    /// The relocations that fail.
    pub failed: usize,
}

/// The maximum number of rounds in which more is kept. Each keeps more of new root types; real kernels
/// take one or two.
const MAX_ROUNDS: usize = 16;

/// The maximum number of aligned ids, times the number of modules: each may take a type of 12 bytes in each
/// module.
const MAX_ALIGNED: usize = 1 << 16;

/// Minimizes a target for some objects.
///
/// A relocation that fails with the full BTF is not an error: it fails with the minimized one as well, unless
/// it takes too much work with the full one.
///
/// # Errors
/// See [`MinimizeError`].
pub fn minimize(
    objects: &[Needs<'_>],
    target: &Target<'_>,
    options: Options,
) -> Result<Minimized, MinimizeError> {
    minimize_and_keep(objects, &[], target, options)
}

/// Minimizes a target as [`minimize`] does, and keeps some types besides, which are found by name and kind: those
/// that [`Checker::named_types`](crate::check::Checker::named_types) lists. The verdicts on the objects are then
/// those for the full BTF.
///
/// Of an enum all enumerators are kept, of a struct all members, of a function the types of its parameters and the
/// tags on it, and of other types the type that they stand for. If there is any name, the candidates of all
/// relocations are kept by their names, and a type of each kind that the target has, so that what a kernel lacks
/// can be told from what its BTF does not describe.
///
/// # Errors
/// See [`MinimizeError`].
pub fn minimize_and_keep(
    objects: &[Needs<'_>],
    names: &[(String, Kind)],
    target: &Target<'_>,
    options: Options,
) -> Result<Minimized, MinimizeError> {
    if target.main().base().is_some() {
        return Err(MinimizeError::SplitMain);
    }
    let mut minimizer = Minimizer {
        target,
        options,
        objects: objects.iter().map(|needs| ObjectState::new(needs, target, options)).collect(),
        kept: KeptTarget::new(target),
    };
    if !names.is_empty() {
        named::keep(names, target, &mut minimizer.kept);
        for needs in objects {
            named::keep_candidates(needs, target, &mut minimizer.kept);
        }
    }
    minimizer.keep_answers();
    minimizer.keep_too_complex()?;
    let mut rounds = 0..MAX_ROUNDS;
    loop {
        let written = write(&minimizer.kept)?;
        let differences = minimizer.differences(&written)?;
        let Some(error) = minimizer.first_error(&differences) else {
            if written.lacks_base() && minimizer.kept.keep_any_of_main() {
                continue;
            }
            return minimizer.finish(written);
        };
        if written.resizes_pointers && minimizer.kept.keep_pointer_sizes() {
            // Most likely this is the only cause.
            continue;
        }
        if !minimizer.keep_more(&differences) || rounds.next().is_none() {
            return Err(error);
        }
    }
}

/// The minimizing of a target.
struct Minimizer<'n, 'a> {
    target: &'n Target<'a>,
    options: Options,
    objects: Vec<ObjectState<'n, 'a>>,
    kept: KeptTarget<'a>,
}

/// What is known of one object.
struct ObjectState<'n, 'a> {
    baseline: Baseline<'n>,
    keeper: Keeper<'n, 'a>,
    /// The root types of which all candidates are kept, rather than only those that answer.
    complete: BTreeSet<TypeId>,
}

impl<'n, 'a> ObjectState<'n, 'a> {
    fn new(needs: &'n Needs<'n>, target: &'n Target<'a>, options: Options) -> Self {
        Self {
            baseline: Baseline::resolve(needs, target, options),
            keeper: Keeper::new(needs.local, target),
            complete: BTreeSet::new(),
        }
    }
}

/// The relocations of each object that resolve differently.
type Differences<'n> = Vec<Vec<Difference<'n>>>;

impl<'n> Minimizer<'n, '_> {
    /// Keeps what every relocation needs of the candidate that answers it.
    fn keep_answers(&mut self) {
        for ObjectState { baseline, keeper, .. } in &mut self.objects {
            keeper.keep_answers(baseline.answers(), &mut self.kept);
        }
    }

    /// Keeps what relocations that take too much work need of every candidate, so that a reader that does that
    /// work comes to the same result.
    fn keep_too_complex(&mut self) -> Result<(), MinimizeError> {
        for (object, state) in self.objects.iter_mut().enumerate() {
            let ObjectState { baseline, keeper, complete } = state;
            let Some(first) = baseline.too_complex().next() else { continue };
            complete.extend(baseline.too_complex().map(|relocation| relocation.type_id));
            let Needs { local, relocations } = baseline.needs;
            keeper.keep_candidates(relocations, complete, &mut self.kept).map_err(|_| {
                let subject = relocation_in_c(local, first).into();
                MinimizeError::TooComplex { object, subject }
            })?;
        }
        Ok(())
    }

    fn differences(&self, written: &Written) -> Result<Differences<'n>, MinimizeError> {
        let differences = self
            .objects
            .iter()
            .map(|state| state.baseline.differences(written, self.target, self.options));
        differences.collect()
    }

    fn first_error(&self, differences: &Differences<'_>) -> Option<MinimizeError> {
        let objects = self.objects.iter().zip(differences).enumerate();
        objects.into_iter().find_map(|(object, (state, differences))| {
            Some(differences.first()?.error(object, state.baseline.needs.local))
        })
    }

    /// Keeps more of the root types whose relocations differ: what they need of every candidate, so that it
    /// answers, or is ruled out, as before. If that was kept already and ids of types differ, those of the
    /// candidates are aligned. Returns `false` if there is nothing more to keep.
    fn keep_more(&mut self, differences: &Differences<'_>) -> bool {
        let mut grows = false;
        for (state, differences) in self.objects.iter_mut().zip(differences) {
            let ObjectState { baseline: Baseline { needs, .. }, keeper, complete } = state;
            let relocations = || differences.iter().map(|difference| difference.relocation);
            let roots = relocations().map(|relocation| relocation.type_id);
            let new: BTreeSet<TypeId> = roots.filter(|root| complete.insert(*root)).collect();
            if !new.is_empty() {
                // If no steps are left, the results show whether what was kept is enough.
                let _ = keeper.keep_candidates(&needs.relocations, &new, &mut self.kept);
                grows = true;
                continue;
            }
            let ids = relocations().filter(|relocation| relocation.kind == RelocKind::TypeIdTarget);
            let roots = ids.map(|relocation| relocation.type_id).collect();
            let candidates = Groups::find(needs.local, self.target, &roots).candidates;
            let of_modules =
                candidates.into_values().flatten().filter(|candidate| candidate.module.is_some());
            grows |= self.kept.align(of_modules.map(|candidate| candidate.type_id), MAX_ALIGNED);
        }
        grows
    }

    fn finish(self, written: Written) -> Result<Minimized, MinimizeError> {
        let counts: Vec<_> = self.objects.iter().map(|state| state.baseline.counts()).collect();
        if written.is_empty() {
            return Err(MinimizeError::Empty {
                results: ResolutionCounts::sum(&counts).describe(),
            });
        }
        let Written { main, modules, ids, .. } = written;
        Ok(Minimized { main, modules, counts, ids })
    }
}

impl ResolutionCounts {
    fn sum(counts: &[Self]) -> Self {
        let add = |sum: Self, one: &Self| Self {
            resolved: sum.resolved.saturating_add(one.resolved),
            unresolved: sum.unresolved.saturating_add(one.unresolved),
            failed: sum.failed.saturating_add(one.failed),
        };
        counts.iter().fold(Self::default(), add)
    }

    /// Describes the results of relocations that need no type of the target.
    fn describe(self) -> Box<str> {
        let Self { resolved, unresolved, failed } = self;
        let parts =
            [(resolved, "resolved without one"), (unresolved, "unresolved"), (failed, "failed")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        if parts.is_empty() { "there are none".into() } else { parts.join(", ").into() }
    }
}
