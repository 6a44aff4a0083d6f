//! Compares the types of two kernels: what was moved, resized, retyped or renamed, and what is gone or new.
//!
//! Types of both kernels are one if they have one name and are of one [`TypeClass`]. Several types of one name are
//! paired by their members. Types that refer to each other are compared by their names, so that each difference is
//! listed once, with the type that it is in: that `struct list_head` has grown is a difference of it, and the sizes
//! and offsets of the members in structs that contain one are differences of those. Members of types without a name
//! belong to the type that these are defined in. Type tags, declaration tags, sections and the linkage of functions
//! are not compared.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::Target;
//! use core_reloc_tools::diff::{Change, Differ};
//!
//! // struct job { int pid; int prio; }; and struct job { int prio; int tag; int pid; };
//! let kernel = |members: &[&str]| {
//!     let mut btf = Builder::new(ByteOrder::Little);
//!     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//!     let job = btf.structure("job", 4 * members.len() as u32);
//!     let bits = (0..).step_by(32);
//!     members.iter().zip(bits).fold(job, |job, (name, bit)| job.member(*name, int, bit)).finish();
//!     btf.finish()
//! };
//! let (old, new) = (kernel(&["pid", "prio"])?, kernel(&["prio", "tag", "pid"])?);
//! let (old, new) = (Btf::parse(&old)?, Btf::parse(&new)?);
//! let (old, new) = (Target::new(&old), Target::new(&new));
//!
//! let diff = Differ::new(&old, &new).whole();
//! let job = &diff.types[0];
//! assert_eq!((job.name(), job.change()), ("job", Change::Changed));
//! let moved: Vec<_> = job.members.iter().map(|member| member.moved_by()).collect();
//! assert_eq!(moved, [Some(-32), None, Some(64)]);
//! assert_eq!(job.members[1].change(), Change::New);
//! assert_eq!(diff.totals().members.moved, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anonymous;
mod class;
mod compare;
mod difference;
mod enumerators;
mod field;
mod groups;
mod kept;
mod members;
mod merge;
mod pairs;
mod renamed_types;
mod renames;
mod totals;

use std::collections::BTreeMap;

use btf_types::{Kind, Type};
use core_reloc::{
    Target,
    budget::Budget,
    describe::{declaration_in_c, quote, type_in_c},
};

pub use self::{
    class::TypeClass,
    difference::{
        Change, EnumeratorDiff, EnumeratorSide, MemberDiff, MemberSide, TypeDiff, TypeSide,
    },
    totals::{ClassTotals, EntryTotals, MemberTotals, Totals},
};
use self::{
    compare::Comparer,
    groups::{Found, Groups, Parts},
    kept::Room,
    members::MemberDiffer,
    pairs::{Pair, Pairing, are_anonymous_bodies},
    renames::Renamer,
};
use crate::{
    enums::EnumReaders,
    limits::{BASE_DIFF_STEPS, DIFF_STEPS_PER_BYTE},
};

/// The differences between the types of two kernels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Diff {
    /// The types that differ, by class and name.
    pub types: Vec<TypeDiff>,
    /// The number of types of each class that both kernels define alike.
    pub equal: BTreeMap<TypeClass, usize>,
    /// Whether types were left out, because comparing them takes too long or their differences take too much memory.
    /// Those of real kernels never do.
    pub is_cut: bool,
}

impl Diff {
    /// Counts the differences.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.types, &self.equal)
    }
}

/// Compares the types of two kernels and their modules.
#[derive(Debug, Clone, Copy)]
pub struct Differ<'t, 'a> {
    old: &'t Target<'a>,
    new: &'t Target<'a>,
}

impl<'t, 'a> Differ<'t, 'a> {
    /// Creates a comparison of two kernels.
    pub fn new(old: &'t Target<'a>, new: &'t Target<'a>) -> Self {
        Self { old, new }
    }

    /// Compares all named types, and enums without a name.
    pub fn whole(&self) -> Diff {
        let (old, new) = (Parts::of(self.old), Parts::of(self.new));
        let mut run = Run::new(self);
        if run.named(&old, &new, old.types(), new.types()).is_none()
            || run.anonymous(&old, &new).is_none()
        {
            run.diff.is_cut = true;
        }
        run.finish()
    }

    /// Compares some types: those of the old kernel and those of the new one, which need not have the same names. Types
    /// without a name, and those of other kernels, are left out.
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, build::Builder};
    /// # use core_reloc_tools::diff::Differ;
    /// # let mut kernel = Builder::new(ByteOrder::Little);
    /// # kernel.structure("job", 4).finish();
    /// # let kernel = kernel.finish()?;
    /// use btf_types::Kind;
    /// use core_reloc::Target;
    ///
    /// let kernel = Btf::parse(&kernel)?;
    /// let target = Target::new(&kernel);
    /// let job = kernel.find("job", Kind::Struct).ok_or("no job")?;
    /// assert!(Differ::new(&target, &target).of(&[job], &[job]).types.is_empty());
    /// assert_eq!(Differ::new(&target, &target).of(&[job], &[]).totals().classes[0].different.gone, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(&self, old_types: &[Type<'a>], new_types: &[Type<'a>]) -> Diff {
        let (old, new) = (Parts::of(self.old), Parts::of(self.new));
        let mut run = Run::new(self);
        if run.named(&old, &new, old.find(old_types), new.find(new_types)).is_none() {
            run.diff.is_cut = true;
        }
        run.finish()
    }
}

/// One comparison.
struct Run<'a> {
    comparer: Comparer,
    renamer: Renamer,
    room: Room,
    enums: EnumReaders<'a>,
    diff: Diff,
}

impl<'a> Run<'a> {
    fn new(differ: &Differ<'_, 'a>) -> Self {
        let bytes = differ.old.size().saturating_add(differ.new.size());
        let steps = (bytes as u64).saturating_mul(DIFF_STEPS_PER_BYTE);
        let steps = steps.saturating_add(BASE_DIFF_STEPS);
        Self {
            comparer: Comparer { budget: Budget::of(steps) },
            renamer: Renamer::new(),
            room: Room::for_input(bytes),
            enums: EnumReaders::default(),
            diff: Diff::default(),
        }
    }

    /// Compares named types; returns `None` when no steps are left.
    fn named(
        &mut self,
        old: &Parts<'a>,
        new: &Parts<'a>,
        old_types: impl IntoIterator<Item = Found<'a>>,
        new_types: impl IntoIterator<Item = Found<'a>>,
    ) -> Option<()> {
        let mut groups = Groups::new(old, new);
        groups.add(false, old_types, &mut self.comparer)?;
        groups.add(true, new_types, &mut self.comparer)?;
        let (mut different, mut equal) = (Vec::new(), BTreeMap::new());
        let (mut gone, mut fresh) = (Vec::new(), Vec::new());
        let enums = &mut self.enums;
        let compared = groups.for_each(&mut self.comparer, |comparer, class, group| {
            for pair in (Pairing { class, comparer, enums }).pair(group)? {
                let is_composite = class == TypeClass::Composite;
                match pair {
                    Pair { is_equal: true, .. } => {
                        let count: &mut usize = equal.entry(class).or_default();
                        *count = count.saturating_add(1);
                    }
                    Pair { old: Some(old), new: None, .. } if is_composite => gone.push(old),
                    Pair { old: None, new: Some(new), .. } if is_composite => fresh.push(new),
                    pair => different.push((class, pair)),
                }
            }
            Some(())
        });
        self.diff.equal = equal;
        let renamed = renamed_types::pair(gone, fresh, &mut self.comparer)?;
        different.extend(renamed.into_iter().map(|pair| (TypeClass::Composite, pair)));
        // In an order that is the same in each run, as steps may not suffice for all.
        different.sort_by_cached_key(|(class, pair)| (*class, pair.key()));
        for (class, pair) in different {
            self.add(class, pair)?;
        }
        compared
    }

    /// Compares enums without a name; returns `None` when no steps are left.
    fn anonymous(&mut self, old: &Parts<'a>, new: &Parts<'a>) -> Option<()> {
        let old = anonymous::anonymous_enums(old.types());
        let new = anonymous::anonymous_enums(new.types());
        for pair in anonymous::pair(&old, &new, &mut self.comparer)? {
            if let Pair { old: Some(old), new: Some(new), .. } = pair {
                let (comparer, enums) = (&mut self.comparer, &mut self.enums);
                let mut pairing = Pairing { class: TypeClass::Enum, comparer, enums };
                if pairing.are_equal(old.ty, new.ty)? {
                    let count = self.diff.equal.entry(TypeClass::Enum).or_default();
                    *count = count.saturating_add(1);
                    continue;
                }
            }
            self.add(TypeClass::Enum, pair)?;
        }
        Some(())
    }

    /// Adds a difference; returns `None` when no steps are left.
    fn add(&mut self, class: TypeClass, pair: Pair<'a>) -> Option<()> {
        let (mut members, mut enumerators) = (Vec::new(), Vec::new());
        if let (Some(old), Some(new)) = (pair.old, pair.new) {
            let (old, new) = match class {
                TypeClass::Typedef => {
                    let referenced = |ty: Type<'a>| ty.referenced().ok().flatten().unwrap_or(ty);
                    (referenced(old.ty), referenced(new.ty))
                }
                _ => (old.ty, new.ty),
            };
            let are_bodies = match class {
                TypeClass::Composite => old.kind() != Kind::Fwd && new.kind() != Kind::Fwd,
                _ => are_anonymous_bodies(old, new),
            };
            if are_bodies {
                let (comparer, renamer) = (&mut self.comparer, &mut self.renamer);
                let room = &mut self.room;
                members = MemberDiffer { comparer, renamer, room }.diff(old, new)?;
            }
            if class == TypeClass::Enum || pairs::anonymous_enums(old, new).is_some() {
                enumerators = self.enumerators(Some(old), Some(new))?;
            }
        } else if pair.is_anonymous_enum() {
            let ty = |found: Option<Found<'a>>| found.map(|found| found.ty);
            enumerators = self.enumerators(ty(pair.old), ty(pair.new))?;
        }
        let old = self.side(pair.old)?;
        let new = self.side(pair.new)?;
        self.room.take::<TypeDiff>(0)?;
        self.diff.types.push(TypeDiff { class, old, new, members, enumerators });
        Some(())
    }

    /// Returns the enumerators that differ.
    fn enumerators(
        &mut self,
        old: Option<Type<'a>>,
        new: Option<Type<'a>>,
    ) -> Option<Vec<EnumeratorDiff>> {
        let mut of = |ty: Option<Type<'a>>| ty.map(|ty| (ty, self.enums.of(ty.btf()).clone()));
        enumerators::diff(of(old), of(new), &mut self.comparer, &mut self.room)
    }

    /// Describes a type; returns `None` if there is no room for it.
    fn side(&mut self, found: Option<Found<'_>>) -> Option<Option<TypeSide>> {
        let Some(Found { ty, module }) = found else { return Some(None) };
        let name = ty.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
        let declaration = declaration(ty, &name);
        let module = module.map(ToString::to_string);
        self.room.take::<()>(declaration.len().saturating_add(name.len().saturating_mul(2)))?;
        let (kind, size) = (ty.kind(), ty.size().ok());
        let signed = ty.int().map(|int| int.is_signed());
        Some(Some(TypeSide { module, id: ty.id(), kind, name, declaration, size, signed }))
    }

    /// Returns the result in its order.
    fn finish(mut self) -> Diff {
        // Enums without a name come before the others.
        self.diff.types.sort_by(|one, other| {
            let key = |ty: &TypeDiff| (ty.class, ty.name().to_string());
            key(one).cmp(&key(other))
        });
        self.diff
    }
}

/// Returns the declaration of a named type in C.
fn declaration(ty: Type<'_>, name: &str) -> String {
    let declare = |ty: Type<'_>| match ty.referenced() {
        Ok(Some(to)) => declaration_in_c(to, name),
        _ => format!("? {name}"),
    };
    match ty.kind() {
        Kind::Typedef => format!("typedef {}", declare(ty)),
        Kind::Func | Kind::Var => declare(ty),
        _ => type_in_c(ty),
    }
}
