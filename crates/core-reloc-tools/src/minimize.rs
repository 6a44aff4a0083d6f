//! The least BTF with which objects relocate as they do with the whole one: for kernels that ship
//! none, so that a loader can bring it along.
//!
//! What a relocation needs of the type that answers it is kept: members on the way with their
//! places, sizes and kinds of what they lead to, enumerators that are asked for. Types that were
//! tried in vain, other members, what pointers point to and the names of typedefs on the way are
//! not. Where leaving something out changes an answer, as among types of one name that agree about
//! one field and not about the next, more is kept. In the end every relocation is resolved with
//! both, and nothing comes of it unless the answers are the same.
//!
//! # Type ids
//! Types have other ids in a BTF that has fewer of them. So `type_id_target` answers with the id
//! that the same type has in the minimised BTF, as it does with what `bpftool gen min_core_btf`
//! writes. That is not the id that the running kernel knows the type by: objects that hand such ids
//! to the kernel must be relocated with the kernel's own BTF. All other kinds answer with the very
//! same value.
//!
//! # What it is for
//! Relocating, where a kernel's own BTF cannot be had: libbpf takes it as `btf_custom_path`,
//! cilium/ebpf as `KernelTypes`, this library as a [`Target`]. What else a loader looks up in a
//! kernel's types, functions to attach to for example, is not in it.
//!
//! # Modules
//! A target with modules gives a minimised main BTF and a split BTF on it for each module.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::{Options, RelocKind, Target, generate_field_access};
//! use core_reloc_tools::minimize::{Needs, minimize};
//!
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 12).member("pid", int, 0).member("cpu", int, 32).finish();
//! btf.structure("page", 64).finish();
//! let bytes = btf.finish()?;
//! // Program and kernel have the same types here.
//! let btf = Btf::parse(&bytes)?;
//! let kind = RelocKind::FieldByteOffset;
//! let needs =
//!     Needs { local: &btf, relocations: vec![generate_field_access(&btf, 0, "task", "cpu", kind)?] };
//!
//! let minimized = minimize(&[needs], &Target::new(&btf), Options::default())?;
//! let kept = Btf::parse(&minimized.main)?;
//! assert_eq!(kept.types().count(), 2); // `int`, and `task` with `cpu` alone
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod marks;
mod types;
mod verify;
mod walk;
mod write;

use std::collections::BTreeSet;

use btf_types::{Btf, Error as BtfError, TypeId, build::Error as BuildError};
use thiserror::Error;

use self::{
    marks::Marks,
    verify::Whole,
    walk::Walk,
    write::{Ids, PointerSizes, Written, write},
};
use core_reloc::{Candidate, Options, Relocation, Relocator, Resolution, Target, elf::Object};

/// What one object needs of a kernel: its relocations, and the types that they are about.
#[derive(Debug, Clone)]
pub struct Needs<'a> {
    /// The object's own BTF.
    pub local: &'a Btf<'a>,
    /// The relocations, in the order in which they are made: candidates narrow.
    pub relocations: Vec<Relocation>,
}

impl<'a> Needs<'a> {
    /// What an object needs; none if it has no types. Relocations that no loader looks at, because
    /// their instruction is part of no function, are left out, and so are records that are broken:
    /// they fail with any BTF.
    pub fn of_object(object: &'a Object<'a>) -> Option<Self> {
        let records = object.relocations().filter(|relocation| relocation.function().is_ok());
        let relocations = records.filter_map(|relocation| relocation.decode().ok()).collect();
        Some(Self { local: object.btf()?, relocations })
    }
}

/// Minimised BTF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimized {
    /// In place of the target's main BTF.
    pub main: Vec<u8>,
    /// In place of each module's, in their order: split BTF on `main`, which may have no types.
    pub modules: Vec<Vec<u8>>,
    /// What became of the relocations of each object, in their order: with the whole BTF and with
    /// the minimised one.
    pub counts: Vec<Counts>,
    ids: Ids,
}

impl Minimized {
    /// The id that a type of the target has now; none if it was not kept as a type of its own.
    pub fn type_id(&self, of: Candidate) -> Option<TypeId> {
        self.ids.of(of)
    }
}

/// How many relocations of an object came to which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Those that have an answer.
    pub resolved: usize,
    /// Those that nothing in the target answers.
    pub unresolved: usize,
    /// Those that fail.
    pub failed: usize,
}

/// Why there is no minimised BTF.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MinimizeError {
    /// The main BTF of the target continues another.
    #[error("the target's main BTF is split: give its base as the target, and it as a module")]
    SplitMain,
    /// A relocation has another answer with the minimised BTF. This is to be expected only of
    /// type_id_target of a type that several modules have, whose ids are the same or not by chance,
    /// and of types that are nested or go through typedefs deeper than any compiler's.
    #[error(
        "{subject} resolves to {whole} with the whole BTF, and to {minimized} with the minimised one"
    )]
    Differs {
        /// Which of the objects.
        object: usize,
        /// The relocation in words.
        subject: Box<str>,
        /// What it resolves to with the whole BTF.
        whole: Box<str>,
        /// What it would resolve to.
        minimized: Box<str>,
    },
    /// The minimised BTF cannot be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The minimised BTF cannot be read again.
    #[error("minimised BTF: {0}")]
    Read(#[from] BtfError),
}

/// In how many rounds more is kept before a difference is final. Each is about root types that the
/// ones before were not about; real kernels take one or two.
const MAX_ROUNDS: usize = 16;

/// Minimises a target for some objects.
///
/// # Errors
/// See [`MinimizeError`]. That a relocation fails with the whole BTF is no error: it then fails with
/// the minimised one.
pub fn minimize(
    objects: &[Needs<'_>],
    target: &Target<'_>,
    options: Options,
) -> Result<Minimized, MinimizeError> {
    if target.main().base().is_some() {
        return Err(MinimizeError::SplitMain);
    }
    let whole: Vec<Whole<'_>> =
        objects.iter().map(|needs| Whole::resolve(needs, target, options)).collect();
    let mut marks = Marks::new(target);
    for whole in &whole {
        keep_answers(whole, target, &mut marks);
    }
    // The root types of which all candidates are kept, and not just those that answer.
    let mut complete: BTreeSet<(usize, TypeId)> = BTreeSet::new();
    let mut sizes = PointerSizes::Untold;
    let mut rounds = 0..MAX_ROUNDS;
    loop {
        let written = write(&marks, sizes)?;
        let mut differences = Vec::new();
        for (object, whole) in whole.iter().enumerate() {
            differences.extend(whole.differences(object, &written, target, options)?);
        }
        let Some(first) = differences.first() else {
            let counts = whole.iter().map(Whole::counts).collect();
            let Written { main, modules, ids, .. } = written;
            return Ok(Minimized { main, modules, counts, ids });
        };
        if written.resizes_pointers && sizes == PointerSizes::Untold {
            // Most likely that is all.
            sizes = PointerSizes::Told;
            continue;
        }
        let mut grows = false;
        for (object, whole) in whole.iter().enumerate() {
            let roots = differences.iter().filter(|difference| difference.object == object);
            let roots = roots.map(|difference| difference.root);
            let new: BTreeSet<_> = roots.filter(|root| complete.insert((object, *root))).collect();
            keep_candidates(whole, &new, target, &mut marks);
            grows |= !new.is_empty();
        }
        if !grows || rounds.next().is_none() {
            return Err(first.error());
        }
    }
}

/// Keeps what every relocation needs of the candidate that answers it.
fn keep_answers<'a>(whole: &Whole<'_>, target: &Target<'a>, marks: &mut Marks<'a>) {
    let mut walk = Walk::new(whole.needs.local, target, marks);
    for (relocation, outcome) in whole.outcomes() {
        if let Ok(Resolution { candidate: Some(candidate), .. }) = outcome {
            walk.keep(relocation, *candidate);
        }
    }
}

/// Keeps what the relocations of some root types need of every candidate, be it for an answer or for
/// being ruled out.
fn keep_candidates<'a>(
    whole: &Whole<'_>,
    roots: &BTreeSet<TypeId>,
    target: &Target<'a>,
    marks: &mut Marks<'a>,
) {
    if roots.is_empty() {
        return;
    }
    let mut relocator = Relocator::new(whole.needs.local, target);
    relocator.prepare(roots.iter().copied());
    let mut walk = Walk::new(whole.needs.local, target, marks);
    for relocation in &whole.needs.relocations {
        if !roots.contains(&relocation.type_id) {
            continue;
        }
        // A root type without a name has none, and fails with any BTF.
        let candidates = relocator.candidates(relocation.type_id);
        for candidate in candidates.into_iter().flatten() {
            walk.keep(relocation, candidate);
        }
    }
}
