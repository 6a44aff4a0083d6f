//! Functions that each answer one question.
//!
//! The functions named `resolve_…` answer from one BTF, such as a running kernel's. They take a type id and
//! an [`AccessPath`], or a name. The path is that of a relocation: its first number indexes the root type
//! as an array (`p[n]`); members and elements follow. If something does not exist, the answer is `None` or
//! `false`; an error means that the question is invalid (no such type id, a path into a type without
//! members) or that the BTF is broken.
//!
//! The functions named `target_…` relate two BTFs, as a relocation does: they find a local field, type or
//! enumerator in a target. Each call searches the target for its root type; for more than a few questions,
//! use a [`Relocator`], or at least an [indexed](Target::indexed) target.

mod target;

use alloc::{format, vec::Vec};

use btf_types::{Btf, Error as BtfError, Kind, Type, TypeId};

pub use self::target::{
    target_bitfield_shifts, target_enum_value, target_enum_value_exists, target_field_exists,
    target_field_offset, target_field_signed, target_field_size, target_type_exists,
    target_type_id, target_type_matches, target_type_size,
};
use crate::{
    budget::Budget,
    compare::types_match,
    describe::{relocation_in_c, type_in_c},
    enums::EnumReader,
    error::{Cause, Error},
    generate::{GenerateError, field_relocation, find_root},
    record::{AccessError, AccessPath, RelocKind, Relocation},
    relocator::{Applied, Relocator},
    resolve::value::value,
    side::Side,
    spec::{LocalSpec, Spec},
    target::Target,
};

/// Parses an access string: see [`AccessPath::parse`].
///
/// # Errors
/// See [`AccessError`].
///
/// # Examples
/// ```
/// let path = core_reloc::functions::parse_access_string("0:1:2")?;
/// assert_eq!(*path, [0, 1, 2]);
/// # Ok::<(), core_reloc::AccessError>(())
/// ```
pub fn parse_access_string(text: &str) -> Result<AccessPath, AccessError> {
    text.parse()
}

/// Creates a relocation: see [`Relocation::new`].
///
/// # Errors
/// An access string that is invalid.
///
/// # Examples
/// ```
/// use btf_types::TypeId;
/// use core_reloc::{RelocKind, functions::create_relocation};
///
/// let relocation = create_relocation(8, TypeId(3), "0:1", RelocKind::FieldExists)?;
/// assert_eq!(relocation.insn_off, 8);
/// # Ok::<(), core_reloc::AccessError>(())
/// ```
pub fn create_relocation(
    insn_off: u32,
    type_id: TypeId,
    access: &str,
    kind: RelocKind,
) -> Result<Relocation, AccessError> {
    let access = AccessPath::parse_for(kind, access.as_bytes())?;
    Ok(Relocation::new(insn_off, type_id, access, kind))
}

/// Returns the offset of a field in bytes; for a bitfield, that of the load that covers it.
///
/// # Errors
/// A question that is invalid, or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, Kind, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let id = btf.structure("task", 12).member("cpu", int, 0).member("pid", int, 64).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::{parse_access_string, resolve_field_exists, resolve_field_offset};
///
/// // struct task { int cpu; int pid @ 8; };
/// let kernel = Btf::parse(&bytes)?;
/// let task = kernel.find("task", Kind::Struct).unwrap().id();
/// let (pid, third) = (parse_access_string("0:1")?, parse_access_string("0:2")?);
/// assert_eq!(resolve_field_offset(&kernel, task, &pid)?, Some(8));
/// assert_eq!(resolve_field_offset(&kernel, task, &third)?, None);
/// assert!(!resolve_field_exists(&kernel, task, &third)?);
/// assert!(resolve_field_offset(&kernel, int, &pid).is_err()); // `int` has no members
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_field_offset(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
) -> Result<Option<u64>, Error> {
    field_value(btf, type_id, path, RelocKind::FieldByteOffset)
}

/// Returns the size of a field in bytes; for a bitfield, that of the load that covers it.
///
/// # Errors
/// A question that is invalid, or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let char = btf.int("char", 1, IntEncoding::new(8, IntEncoding::SIGNED));
/// # let comm = btf.array(char, char, 16);
/// # let task = btf.structure("task", 16).member("comm", comm, 0).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::{parse_access_string, resolve_field_size};
///
/// // struct task { char comm[16]; };
/// let kernel = Btf::parse(&bytes)?;
/// assert_eq!(resolve_field_size(&kernel, task, &parse_access_string("0:0")?)?, Some(16));
/// assert_eq!(resolve_field_size(&kernel, task, &parse_access_string("0:0:3")?)?, Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_field_size(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
) -> Result<Option<u64>, Error> {
    field_value(btf, type_id, path, RelocKind::FieldByteSize)
}

/// Returns whether a field is signed; `None` if it does not exist.
///
/// # Errors
/// A question that is invalid (array elements have no signedness), or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let task = btf.structure("task", 4).member("pid", int, 0).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::{parse_access_string, resolve_field_signed};
///
/// // struct task { int pid; };
/// let kernel = Btf::parse(&bytes)?;
/// assert_eq!(resolve_field_signed(&kernel, task, &parse_access_string("0:0")?)?, Some(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_field_signed(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
) -> Result<Option<bool>, Error> {
    let signed = field_value(btf, type_id, path, RelocKind::FieldSigned)?;
    Ok(signed.map(|signed| signed != 0))
}

/// Returns `true` if a field exists.
///
/// # Errors
/// A question that is invalid, or BTF that is broken.
///
/// # Examples
/// See [`resolve_field_offset`].
pub fn resolve_field_exists(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
) -> Result<bool, Error> {
    Ok(field_value(btf, type_id, path, RelocKind::FieldExists)?.is_some())
}

/// The shifts of 64 bits that extract a field from the load that covers it: first left, then right. The
/// right shift is arithmetic if the field is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shifts {
    /// The left shift in bits.
    pub left: u64,
    /// The right shift after it, in bits.
    pub right: u64,
}

/// Returns the shifts that extract a bitfield from the load that covers it; `None` if the field is not a
/// bitfield or does not exist. The byte order is that of the BTF.
///
/// # Errors
/// A question that is invalid, or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("unsigned int", 4, IntEncoding::new(32, 0));
/// # let flags = btf.structure("flags", 8);
/// # let flags = flags.member("all", int, 0).bitfield("on", int, 34, 3).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::{Shifts, parse_access_string, resolve_bitfield_shifts};
///
/// // struct flags { unsigned int all; unsigned int : 2; unsigned int on : 3; };
/// let kernel = Btf::parse(&bytes)?;
/// let shifts = resolve_bitfield_shifts(&kernel, flags, &parse_access_string("0:1")?)?;
/// assert_eq!(shifts, Some(Shifts { left: 64 - 2 - 3, right: 64 - 3 }));
/// assert_eq!(resolve_bitfield_shifts(&kernel, flags, &parse_access_string("0:0")?)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_bitfield_shifts(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
) -> Result<Option<Shifts>, Error> {
    let relocation = |kind| Relocation::new(0, type_id, path.clone(), kind);
    let spec = field_spec(btf, &relocation(RelocKind::FieldLshiftU64))?;
    let is_bitfield = |spec: &Spec<'_>| spec.field().is_some_and(|field| field.bitfield_size > 0);
    let Some(spec) = spec.filter(is_bitfield) else { return Ok(None) };
    let left = answer(btf, &relocation(RelocKind::FieldLshiftU64), &spec)?;
    let right = answer(btf, &relocation(RelocKind::FieldRshiftU64), &spec)?;
    Ok(Some(Shifts { left, right }))
}

/// Returns `true` if a BTF has a struct, union, enum, typedef, base type or forward declaration with a
/// name, which may be preceded by `struct`, `union` or `enum`.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # btf.structure("task", 4).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::resolve_type_exists;
///
/// let kernel = Btf::parse(&bytes)?;
/// assert!(resolve_type_exists(&kernel, "task"));
/// assert!(resolve_type_exists(&kernel, "struct task"));
/// assert!(!resolve_type_exists(&kernel, "union task"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_type_exists(btf: &Btf<'_>, name: &str) -> bool {
    const KINDS: [Kind; 8] = [
        Kind::Struct,
        Kind::Union,
        Kind::Enum,
        Kind::Enum64,
        Kind::Typedef,
        Kind::Int,
        Kind::Float,
        Kind::Fwd,
    ];
    find_root(btf, name, &KINDS).is_ok()
}

/// Returns the size of a type in bytes; `None` for a type without a size, such as a forward declaration.
///
/// # Errors
/// No such type id, or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, TypeId, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let task = btf.structure("task", 64).finish();
/// # let other = btf.fwd_struct("other");
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::resolve_type_size;
///
/// // struct task { … }; struct other;
/// let kernel = Btf::parse(&bytes)?;
/// assert_eq!(resolve_type_size(&kernel, task)?, Some(64));
/// assert_eq!(resolve_type_size(&kernel, other)?, None);
/// assert!(resolve_type_size(&kernel, TypeId(99)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_type_size(btf: &Btf<'_>, type_id: TypeId) -> Result<Option<u64>, Error> {
    match btf.type_by_id(type_id).and_then(Type::size) {
        Ok(size) => Ok(Some(size.into())),
        Err(BtfError::NoSize { .. }) => Ok(None),
        Err(error) => Err(type_error(btf, type_id, Cause::Local(error))),
    }
}

/// Returns `true` if a target type matches a local one, as [`types_match`] compares them.
///
/// # Errors
/// No such type id, BTF that is broken, or types that are nested too deeply.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let part = btf.structure("task___part", 4).member("pid", int, 0).finish();
/// # let whole = btf.structure("task", 8).member("cpu", int, 0).member("pid", int, 32).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::resolve_type_matches;
///
/// // struct task___part { int pid; }; struct task { int cpu; int pid; };
/// let btf = Btf::parse(&bytes)?;
/// assert!(resolve_type_matches(&btf, &btf, part, whole)?);
/// assert!(!resolve_type_matches(&btf, &btf, whole, part)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_type_matches(
    local: &Btf<'_>,
    target: &Btf<'_>,
    local_type_id: TypeId,
    target_type_id: TypeId,
) -> Result<bool, Error> {
    let of_local = local.type_by_id(local_type_id).map_err(Cause::Local);
    let of_target = target.type_by_id(target_type_id).map_err(Cause::Target);
    of_local
        .and_then(|of_local| types_match(of_local, of_target?))
        .map_err(|cause| type_error(local, local_type_id, cause))
}

/// Returns the value of an enumerator by its name; `None` if the enum has no such enumerator.
///
/// If no enum of the BTF states its sign, a value of 2³¹ or more is taken to be negative.
/// [`EnumReader`] shows which values are such guesses.
///
/// # Errors
/// No such type id, a type that is not an enum, or BTF that is broken.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let state = btf.enumeration("state", 4).signed().enumerator("DEAD", -1).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::functions::{resolve_enum_value, resolve_enum_value_exists};
///
/// // enum state { DEAD = -1 };
/// let kernel = Btf::parse(&bytes)?;
/// assert_eq!(resolve_enum_value(&kernel, state, "DEAD")?, Some(-1));
/// assert_eq!(resolve_enum_value(&kernel, state, "BORN")?, None);
/// assert!(!resolve_enum_value_exists(&kernel, state, "BORN")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve_enum_value(
    btf: &Btf<'_>,
    enum_type_id: TypeId,
    name: &str,
) -> Result<Option<i128>, Error> {
    let ty = btf.type_by_id(enum_type_id).and_then(Type::skip_modifiers_and_typedefs);
    let ty = ty.map_err(|error| type_error(btf, enum_type_id, Cause::Local(error)))?;
    if !ty.kind().is_enum() {
        return Err(type_error(btf, enum_type_id, Cause::NotAnEnum { found: ty.kind() }));
    }
    let is_named = |found: btf_types::Name<'_>| found == name;
    let mut enumerators = ty.enumerators().iter();
    let found = enumerators.find(|one| one.name().is_ok_and(is_named));
    Ok(found.map(|enumerator| EnumReader::new(btf).value(enumerator).value))
}

/// Returns `true` if an enum has an enumerator with a name.
///
/// # Errors
/// Those of [`resolve_enum_value`].
///
/// # Examples
/// See [`resolve_enum_value`].
pub fn resolve_enum_value_exists(
    btf: &Btf<'_>,
    enum_type_id: TypeId,
    name: &str,
) -> Result<bool, Error> {
    Ok(resolve_enum_value(btf, enum_type_id, name)?.is_some())
}

/// Resolves one relocation and applies it to the code.
///
/// # Errors
/// Those of [`Relocator::relocate`]; the code is then unchanged.
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # fn types(at: u32) -> Vec<u8> {
/// #     let mut btf = Builder::new(ByteOrder::Little);
/// #     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// #     btf.structure("task", at + 4).member("pid", int, 8 * at).finish();
/// #     btf.finish().unwrap()
/// # }
/// use core_reloc::functions::{apply_relocation, generate_field_access};
///
/// let (object, kernel) = (types(8), types(24)); // where `pid` is
/// let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
/// let mut code = [0x61, 0x10, 8, 0, 0, 0, 0, 0]; // r0 = *(u32 *)(r1 + 8)
/// let relocation = generate_field_access(0, "task", "pid", &local)?;
/// apply_relocation(&mut code, &relocation, &local, &kernel)?;
/// assert_eq!(code, [0x61, 0x10, 24, 0, 0, 0, 0, 0]); // r0 = *(u32 *)(r1 + 24)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply_relocation(
    code: &mut [u8],
    relocation: &Relocation,
    local: &Btf<'_>,
    target: &Btf<'_>,
) -> Result<Applied, Error> {
    Relocator::new(local, &Target::new(target)).relocate(code, relocation)
}

/// Resolves relocations in order, applies them to the code, and returns the outcome of each. A relocation
/// that fails does not stop the others.
///
/// # Examples
/// See [`apply_relocation`], which takes one relocation.
pub fn apply_relocations(
    code: &mut [u8],
    relocations: &[Relocation],
    local: &Btf<'_>,
    target: &Btf<'_>,
) -> Vec<Result<Applied, Error>> {
    Relocator::new(local, &Target::new(target)).relocate_all(code, relocations)
}

/// Creates a relocation for the offset of a field from the name of its struct and the path to it, such as
/// `comm[3]` or `parent.pid`: see [`field_relocation`].
///
/// # Errors
/// See [`GenerateError`].
///
/// # Examples
/// See [`apply_relocation`].
pub fn generate_field_access(
    insn_off: u32,
    struct_name: &str,
    field_path: &str,
    btf: &Btf<'_>,
) -> Result<Relocation, GenerateError> {
    generate_field_question(insn_off, struct_name, field_path, RelocKind::FieldByteOffset, btf)
}

/// Creates a relocation of any field-based kind, as [`generate_field_access`] does for the offset.
///
/// # Errors
/// See [`GenerateError`].
///
/// # Examples
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # btf.structure("task", 4).member("pid", int, 0).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::{RelocKind, functions::generate_field_question};
///
/// let local = Btf::parse(&bytes)?;
/// let size = RelocKind::FieldByteSize;
/// assert_eq!(generate_field_question(8, "task", "pid", size, &local)?.kind, size);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn generate_field_question(
    insn_off: u32,
    struct_name: &str,
    field_path: &str,
    kind: RelocKind,
    btf: &Btf<'_>,
) -> Result<Relocation, GenerateError> {
    field_relocation(btf, insn_off, struct_name, field_path, kind)
}

/// Answers a question about a field of one BTF.
fn field_value(
    btf: &Btf<'_>,
    type_id: TypeId,
    path: &AccessPath,
    kind: RelocKind,
) -> Result<Option<u64>, Error> {
    let relocation = Relocation::new(0, type_id, path.clone(), kind);
    let spec = field_spec(btf, &relocation)?;
    spec.map(|spec| answer(btf, &relocation, &spec)).transpose()
}

/// Follows the path to a field of one BTF; `None` if a member or element does not exist.
fn field_spec<'a>(btf: &'a Btf<'a>, relocation: &Relocation) -> Result<Option<Spec<'a>>, Error> {
    let mut budget = Budget::for_input(btf.as_bytes().len());
    match LocalSpec::within(btf, relocation, &mut budget) {
        Ok(spec) => Ok(Some(*spec.spec())),
        Err(Cause::NoSuchMember { .. } | Cause::NoSuchElement { .. }) => Ok(None),
        Err(cause) => Err(field_error(btf, relocation, cause)),
    }
}

fn answer(btf: &Btf<'_>, relocation: &Relocation, spec: &Spec<'_>) -> Result<u64, Error> {
    value(relocation.kind, spec, btf.byte_order(), Side::Local)
        .map(|value| value.value)
        .map_err(|cause| field_error(btf, relocation, cause))
}

fn field_error(btf: &Btf<'_>, relocation: &Relocation, cause: Cause) -> Error {
    Error { subject: relocation_in_c(btf, relocation).into(), cause }
}

fn type_error(btf: &Btf<'_>, type_id: TypeId, cause: Cause) -> Error {
    let name = btf.type_by_id(type_id).map_or_else(|_| format!("type {type_id}"), type_in_c);
    Error { subject: name.into(), cause }
}
