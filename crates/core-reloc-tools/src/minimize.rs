//! Minimizes the BTF of a target: returns the smallest BTF with which some objects relocate as they do
//! with the full one. A loader can ship it for kernels without BTF.
//!
//! What a relocation needs of the type that answers it is kept: the members on the path with their
//! offsets, the sizes and kinds of their types, and the enumerators that are asked for. Other members,
//! candidates that do not match, the targets of pointers, and typedefs on the path are left out. If that
//! changes a result, as it may for types of one name that agree on one field and not on the next, more is
//! kept. Finally every relocation is resolved with both BTFs, and it is an error if any result differs.
//!
//! # Type ids
//! Types in the minimized BTF have other ids. type_id_target gives the id that the type has there, as it
//! does with the output of `bpftool gen min_core_btf`. The running kernel does not know the type by that
//! id, so objects that pass type ids to the kernel must be relocated with the kernel's own BTF. All other
//! kinds give the same value with both.
//!
//! # Use
//! The result serves relocation alone. libbpf accepts it as `btf_custom_path`, cilium/ebpf as
//! `KernelTypes`, and this library as a [`Target`]. It lacks what a loader looks up for other purposes,
//! such as the functions to attach to.
//!
//! # Modules
//! A target with modules gives a minimized main BTF, and for each module a split BTF on top of it.
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
mod verify;
mod whole_types;
mod write;

use std::collections::BTreeSet;

use btf_types::{Btf, TypeId};
use core_reloc::{Candidate, Options, Relocation, Relocator, Resolution, Target, elf::Object};

pub use self::error::MinimizeError;
use self::{
    keep::Keeper,
    kept::KeptTarget,
    verify::Baseline,
    write::{Ids, PointerSizes, Written, write},
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
    /// The replacements for the modules' BTF, in their order: split BTF on `main`, possibly without
    /// types.
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

/// Minimizes a target for some objects.
///
/// A relocation that fails with the full BTF is not an error: it fails with the minimized one as well.
///
/// # Errors
/// See [`MinimizeError`].
pub fn minimize(
    objects: &[Needs<'_>],
    target: &Target<'_>,
    options: Options,
) -> Result<Minimized, MinimizeError> {
    if target.main().base().is_some() {
        return Err(MinimizeError::SplitMain);
    }
    let baselines: Vec<Baseline<'_>> =
        objects.iter().map(|needs| Baseline::resolve(needs, target, options)).collect();
    let mut kept = KeptTarget::new(target);
    for baseline in &baselines {
        keep_answers(baseline, target, &mut kept);
    }
    // The root types of which all candidates are kept, rather than only those that answer.
    let mut complete: BTreeSet<(usize, TypeId)> = BTreeSet::new();
    let mut sizes = PointerSizes::Ignored;
    let mut rounds = 0..MAX_ROUNDS;
    loop {
        let written = write(&kept, sizes)?;
        let mut differences = Vec::new();
        for (object, baseline) in baselines.iter().enumerate() {
            differences.extend(baseline.differences(object, &written, target, options)?);
        }
        let Some(first) = differences.first() else {
            let counts = baselines.iter().map(Baseline::counts).collect();
            let Written { main, modules, ids, .. } = written;
            return Ok(Minimized { main, modules, counts, ids });
        };
        if written.resizes_pointers && sizes == PointerSizes::Ignored {
            // Most likely this is the only cause.
            sizes = PointerSizes::Preserved;
            continue;
        }
        let mut grows = false;
        for (object, baseline) in baselines.iter().enumerate() {
            let roots = differences.iter().filter(|difference| difference.object == object);
            let roots = roots.map(|difference| difference.root);
            let new: BTreeSet<_> = roots.filter(|root| complete.insert((object, *root))).collect();
            keep_candidates(baseline, &new, target, &mut kept);
            grows |= !new.is_empty();
        }
        if !grows || rounds.next().is_none() {
            return Err(first.error());
        }
    }
}

/// Keeps what every relocation needs of the candidate that answers it.
fn keep_answers<'a>(baseline: &Baseline<'_>, target: &Target<'a>, kept: &mut KeptTarget<'a>) {
    let mut keeper = Keeper::new(baseline.needs.local, target, kept);
    for (relocation, outcome) in baseline.outcomes() {
        if let Ok(Resolution { candidate: Some(candidate), .. }) = outcome {
            keeper.keep(relocation, *candidate);
        }
    }
}

/// Keeps what the relocations of some root types need of every candidate, so that it answers, or is ruled
/// out, as before.
fn keep_candidates<'a>(
    baseline: &Baseline<'_>,
    roots: &BTreeSet<TypeId>,
    target: &Target<'a>,
    kept: &mut KeptTarget<'a>,
) {
    if roots.is_empty() {
        return;
    }
    let mut relocator = Relocator::new(baseline.needs.local, target);
    relocator.prepare(roots.iter().copied());
    let mut keeper = Keeper::new(baseline.needs.local, target, kept);
    for relocation in &baseline.needs.relocations {
        if !roots.contains(&relocation.type_id) {
            continue;
        }
        // An anonymous root type has no candidates, and fails with any BTF.
        let candidates = relocator.candidates(relocation.type_id);
        for candidate in candidates.into_iter().flatten() {
            keeper.keep(relocation, candidate);
        }
    }
}
