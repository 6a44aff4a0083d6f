//! The three comparisons of a local type with a target type.
//!
//! | comparison | used by | looks at |
//! | --- | --- | --- |
//! | [`fields_are_compatible`] | field-based kinds, for each named field | kinds |
//! | [`types_are_compatible`] | type_exists, type_size, type_id_target | kinds, at every level |
//! | [`types_match`] | type_matches | names, sizes, members and enumerators, at every level |
//!
//! Only [`types_match`] compares the names of the two types themselves; candidates have the same essential
//! name anyway.

pub(crate) mod compatible;
pub(crate) mod field;
mod kind;
pub(crate) mod matching;

use btf_types::Type;

pub use self::kind::kinds_are_compatible;
use crate::{
    budget::Budget,
    error::Cause,
    side::{Side, Sides},
};

/// Returns `true` if code that accesses a member of type `local` can access one of type `target`. Modifiers
/// and typedefs are stripped first. libbpf's `bpf_core_fields_are_compat`.
///
/// # Errors
/// Types that are broken, and [`Cause::TooComplex`].
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let long = btf.int("long", 8, IntEncoding::new(64, IntEncoding::SIGNED));
/// # let pointer = btf.ptr(int);
/// # let bytes = btf.finish()?;
/// use core_reloc::compare::fields_are_compatible;
///
/// let btf = Btf::parse(&bytes)?;
/// let (int, long, pointer) =
///     (btf.type_by_id(int)?, btf.type_by_id(long)?, btf.type_by_id(pointer)?);
/// assert!(fields_are_compatible(int, long)?);
/// assert!(!fields_are_compatible(int, pointer)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fields_are_compatible(local: Type<'_>, target: Type<'_>) -> Result<bool, Cause> {
    let (sides, mut budget) = prepare(local, target);
    let local = budget.strip(local, Side::Local)?;
    let target = budget.strip(target, Side::Target)?;
    field::fields_are_compatible(sides, local, target, &mut budget)
}

/// Returns `true` if the two types have the same kind at every level: the comparison of type_exists,
/// type_size and type_id_target. libbpf's `bpf_core_types_are_compat`.
///
/// The types need no names: two prototypes can be compared. The two types themselves are compared as they
/// are, so that `const int` and `int` are not compatible: call [`Type::skip_modifiers_and_typedefs`] first
/// if they should be. In pointers and prototypes, modifiers and typedefs are ignored.
///
/// # Errors
/// Types that are broken, more than 32 levels, and [`Cause::TooComplex`].
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let pointer = btf.ptr(int);
/// # let one = btf.func_proto(int).param("task", pointer).finish();
/// # let other = btf.func_proto(int).param("p", pointer).param("flags", int).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::compare::types_are_compatible;
///
/// // int (int *task), int (int *p, int flags)
/// let btf = Btf::parse(&bytes)?;
/// let (one, other) = (btf.type_by_id(one)?, btf.type_by_id(other)?);
/// assert!(types_are_compatible(one, one)?);
/// assert!(!types_are_compatible(one, other)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn types_are_compatible(local: Type<'_>, target: Type<'_>) -> Result<bool, Cause> {
    let (sides, mut budget) = prepare(local, target);
    compatible::types_are_compatible(sides, local.id(), target.id(), &mut budget)
}

/// Returns `true` if the target type matches the local one: names are equal except for flavors, sizes are
/// equal, and every local member or enumerator is in the target. libbpf's `bpf_core_types_match`.
///
/// # Errors
/// Types that are broken, more than 32 levels, and [`Cause::TooComplex`].
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let part = btf.structure("task___part", 4).member("pid", int, 0).finish();
/// # let whole = btf.structure("task", 8).member("cpu", int, 0).member("pid", int, 32).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::compare::types_match;
///
/// // struct task___part { int pid; }, struct task { int cpu; int pid; }
/// let btf = Btf::parse(&bytes)?;
/// let (part, whole) = (btf.type_by_id(part)?, btf.type_by_id(whole)?);
/// assert!(types_match(part, whole)?);
/// assert!(!types_match(whole, part)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn types_match(local: Type<'_>, target: Type<'_>) -> Result<bool, Cause> {
    let (sides, mut budget) = prepare(local, target);
    matching::types_match(sides, local.id(), target.id(), &mut budget)
}

fn prepare<'a>(local: Type<'a>, target: Type<'a>) -> (Sides<'a>, Budget) {
    let sides = Sides { local: local.btf(), target: target.btf() };
    let bytes = [sides.local, sides.target].map(|btf| btf.as_bytes().len());
    (sides, Budget::for_input(bytes.iter().fold(0, |all, bytes| all.saturating_add(*bytes))))
}
