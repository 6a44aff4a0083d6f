//! Relocations from names, for code that is generated at run time rather than by a compiler.

mod error;
mod path;
mod root;

use alloc::{boxed::Box, string::ToString, vec::Vec};

use btf_types::{Btf, Enumerator, Kind, Type};

use self::path::{PathStep, PathSteps};
pub use self::{
    error::GenerateError,
    root::{ROOTS, ROOTS_OF_ENUMERATORS, ROOTS_OF_FIELDS, RootName},
};
use crate::{
    budget::Budget,
    describe,
    enums::{EnumReader, sign_extended},
    error::{Cause, Error},
    names::essential::essential_name,
    record::{AccessPath, RelocKind, Relocation},
    resolve::value::value,
    side::Side,
    spec::{End, LocalSpec, MemberSearch},
};

/// Creates a relocation of a field from the name of its root type and the path to it.
///
/// `root` is a struct, union or typedef, with or without `struct` or `union` before its name.
/// `path` is written as in C: `comm[3]`, `se.vruntime`, `[2].next`. Members of anonymous structs and unions
/// are found as in C, and bitfields are allowed. A path ends at a pointer: the type it points to needs a
/// load and a relocation of its own.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let char = btf.int("char", 1, IntEncoding::new(8, IntEncoding::SIGNED));
/// # let comm = btf.array(char, char, 16);
/// # btf.structure("task_struct", 16).member("comm", comm, 0).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::{RelocKind, access_in_c, generate::field_relocation};
///
/// let local = Btf::parse(&bytes)?;
/// let kind = RelocKind::FieldByteOffset;
/// let relocation = field_relocation(&local, 8, "task_struct", "comm[3]", kind)?;
/// assert_eq!(*relocation.access, [0, 0, 3]);
/// assert_eq!(access_in_c(&local, &relocation), "task_struct.comm[3]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// See [`GenerateError`].
pub fn field_relocation(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    path: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(local, root, &ROOTS_OF_FIELDS)?;
    field_relocation_from(root, insn_off, path, kind)
}

/// Makes a relocation of a field from its root type, a struct, union or typedef, and the path to it: as
/// [`field_relocation`] does, without a search for the type.
///
/// # Errors
/// See [`GenerateError`].
pub fn field_relocation_from(
    root: Type<'_>,
    insn_off: u32,
    path: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let mut access = AccessPath::default();
    let mut ty = root;
    for step in PathSteps::new(path) {
        let (at, step) = step?;
        if access.is_empty() {
            // The first number indexes the root; it is 0 without brackets.
            let index = if let PathStep::Element(index) = step { index } else { 0 };
            access.push(index)?;
            if matches!(step, PathStep::Element(_)) {
                continue;
            }
        }
        ty = ty.skip_modifiers_and_typedefs()?;
        ty = match step {
            PathStep::Member(name) => take_member(&mut access, ty, name, at)?,
            PathStep::Element(index) => take_element(&mut access, ty, index, at)?,
        };
    }
    Ok(Relocation::new(insn_off, root.id(), access, kind))
}

/// Creates a relocation of a type from its name: a struct, union, enum, typedef or other named type, with
/// or without `struct`, `union` or `enum` before it.
///
/// # Errors
/// [`GenerateError::NoSuchType`].
pub fn type_relocation(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(local, root, &ROOTS)?;
    Ok(Relocation::new(insn_off, root.id(), AccessPath::root(), kind))
}

/// Creates a relocation of an enumerator from its name and that of its enum.
///
/// # Errors
/// [`GenerateError::NoSuchType`] or [`GenerateError::NoSuchEnumerator`].
pub fn enumerator_relocation(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    enumerator: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(local, root, &ROOTS_OF_ENUMERATORS)?;
    enumerator_relocation_from(root, insn_off, enumerator, kind)
}

/// Makes a relocation of an enumerator from its root type, an enum or a typedef of one, and its name: as
/// [`enumerator_relocation`] does, without a search for the type.
///
/// # Errors
/// [`GenerateError::NoSuchEnumerator`], or [`GenerateError::Btf`] if the types are broken.
pub fn enumerator_relocation_from(
    root: Type<'_>,
    insn_off: u32,
    enumerator: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let ty = root.skip_modifiers_and_typedefs()?;
    let wanted = essential_name(enumerator.as_bytes());
    for (index, candidate) in (0..).zip(ty.enumerators()) {
        if essential_name(&candidate.name()?) == wanted {
            let access = AccessPath::new(&[index])?;
            return Ok(Relocation::new(insn_off, root.id(), access, kind));
        }
    }
    Err(GenerateError::NoSuchEnumerator { enumerator: enumerator.into(), within: name_of(root) })
}

/// Returns the value that the instruction of a relocation must hold before it is relocated: the answer of
/// the local types. A compiler writes it there, and so must a program that generates code at run time.
///
/// An enumerator is extended to 64 bits by the sign of its enum, as [`EnumReader`] reads it.
///
/// # Errors
/// Those of [`Relocator::resolve`](crate::Relocator::resolve) that concern the local types.
pub fn local_value(local: &Btf<'_>, relocation: &Relocation) -> Result<u64, Error> {
    let mut budget = Budget::for_input(local.as_bytes().len());
    let answer =
        LocalSpec::within(local, relocation, &mut budget).and_then(|spec| match spec.spec().end {
            End::Enumerator(enumerator) if relocation.kind == RelocKind::EnumvalValue => {
                Ok(enumerator_bits(local, enumerator))
            }
            _ => value(relocation.kind, spec.spec(), local.byte_order(), Side::Local)
                .map(|answer| answer.value),
        });
    answer.map_err(|cause| Error {
        subject: describe::relocation_in_c(local, relocation).into(),
        cause,
    })
}

/// Returns the value of an enumerator in 64 bits, extended as [`EnumReader`] reads it.
fn enumerator_bits(btf: &Btf<'_>, enumerator: Enumerator<'_>) -> u64 {
    if EnumReader::new(btf).value(enumerator).is_guess {
        sign_extended(enumerator)
    } else {
        enumerator.bits()
    }
}

/// Finds the first type that has a name, with or without `struct`, `union` or `enum` before it, and one of
/// the kinds. Earlier kinds are searched first.
///
/// # Errors
/// [`GenerateError::NoSuchType`].
pub fn find_root<'a>(
    local: &'a Btf<'a>,
    name: &str,
    kinds: &[Kind],
) -> Result<Type<'a>, GenerateError> {
    let root = RootName::parse(name);
    kinds
        .iter()
        // Anonymous types have the empty name; no relocation can start from them.
        .filter(|kind| root.may_be(**kind) && !root.name.is_empty())
        .find_map(|kind| local.find(root.name, *kind))
        .ok_or_else(|| GenerateError::NoSuchType { name: name.into() })
}

fn take_member<'a>(
    access: &mut AccessPath,
    ty: Type<'a>,
    name: &str,
    at: usize,
) -> Result<Type<'a>, GenerateError> {
    check_parts(ty, ty.kind().is_composite(), "members", at)?;
    let mut c_string: Vec<u8> = name.into();
    c_string.push(0);
    let mut budget = Budget::for_input(ty.btf().as_bytes().len());
    let found =
        MemberSearch::new(ty.btf(), &c_string, access, &mut budget).find(ty).map_err(|cause| {
            match cause {
                Cause::Target(error) => GenerateError::Btf(error),
                cause => GenerateError::Search(cause.to_string().into()),
            }
        })?;
    let Some(found) = found else {
        let (member, within) = (name.into(), name_of(ty));
        return Err(GenerateError::NoSuchMember { member, within, at });
    };
    Ok(ty.btf().type_by_id(found.type_id)?)
}

fn take_element<'a>(
    access: &mut AccessPath,
    ty: Type<'a>,
    index: u32,
    at: usize,
) -> Result<Type<'a>, GenerateError> {
    check_parts(ty, ty.kind() == Kind::Array, "elements", at)?;
    let Some(array) = ty.array() else { return Ok(ty) };
    // Whether an empty array is flexible is decided when the relocation is resolved.
    if index >= array.len && array.len > 0 {
        return Err(GenerateError::BeyondArray { index, len: array.len, at });
    }
    access.push(index)?;
    Ok(ty.btf().type_by_id(array.element)?)
}

/// Rejects a step into a type that has no members or elements.
fn check_parts(
    ty: Type<'_>,
    has_parts: bool,
    what: &'static str,
    at: usize,
) -> Result<(), GenerateError> {
    if has_parts {
        return Ok(());
    }
    if ty.kind() == Kind::Ptr {
        let to = ty.referenced()?.map_or_else(|| name_of(ty), name_of);
        return Err(GenerateError::ThroughPointer { pointer: name_of(ty), to, at });
    }
    Err(GenerateError::NoParts { within: name_of(ty), what, at })
}

fn name_of(ty: Type<'_>) -> Box<str> {
    describe::type_in_c(ty).into()
}
