//! Relocations from names, for code that is made at run time rather than by a compiler.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use btf_types::{Btf, Error as BtfError, Kind, Type};
use thiserror::Error;

use crate::{
    budget::Budget,
    describe,
    error::{Cause, Error},
    names::essential::essential_name,
    record::{AccessError, AccessPath, RelocKind, Relocation},
    resolve::value::value,
    side::Side,
    spec::{LocalSpec, MemberSearch},
};

/// Makes a relocation of a field from the name of its root type and the path to it.
///
/// `root` is a struct, union or typedef, with or without `struct` or `union` before its name.
/// `path` is what a C programmer writes behind it: `comm[3]`, `se.vruntime`, `[2].next`. Members of
/// anonymous structs and unions are found as in C; bitfields are fields. A pointer ends the path:
/// what it points to takes a load, and a relocation of its own.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let char = btf.int("char", 1, IntEncoding::new(8, IntEncoding::SIGNED));
/// # let comm = btf.array(char, char, 16);
/// # btf.structure("task_struct", 16).member("comm", comm, 0).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::{RelocKind, access_in_c, generate_field_access};
///
/// let local = Btf::parse(&bytes)?;
/// let kind = RelocKind::FieldByteOffset;
/// let relocation = generate_field_access(&local, 8, "task_struct", "comm[3]", kind)?;
/// assert_eq!(*relocation.access, [0, 0, 3]);
/// assert_eq!(access_in_c(&local, &relocation), "task_struct.comm[3]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// See [`GenerateError`].
pub fn generate_field_access(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    path: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(local, root, &[Kind::Struct, Kind::Union, Kind::Typedef])?;
    let mut access = AccessPath::default();
    let mut ty = root;
    for step in PathSteps::new(path) {
        let (at, step) = step?;
        if access.is_empty() {
            // The first number indexes the root; without brackets it is 0.
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

/// Makes a relocation of a whole type from its name: a struct, union, enum, typedef or other named
/// type, with or without `struct`, `union` or `enum` before it.
///
/// # Errors
/// [`GenerateError::NoSuchType`].
pub fn generate_type_access(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(
        local,
        root,
        &[
            Kind::Struct,
            Kind::Union,
            Kind::Enum,
            Kind::Enum64,
            Kind::Typedef,
            Kind::Int,
            Kind::Float,
            Kind::Fwd,
        ],
    )?;
    Ok(Relocation::new(insn_off, root.id(), AccessPath::root(), kind))
}

/// Makes a relocation of an enumerator from its name and that of its enum.
///
/// # Errors
/// [`GenerateError::NoSuchType`] or [`GenerateError::NoSuchEnumerator`].
pub fn generate_enumerator_access(
    local: &Btf<'_>,
    insn_off: u32,
    root: &str,
    enumerator: &str,
    kind: RelocKind,
) -> Result<Relocation, GenerateError> {
    let root = find_root(local, root, &[Kind::Enum, Kind::Enum64, Kind::Typedef])?;
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

/// What the instruction of a relocation must hold before it is relocated: the answer of the local
/// types. Whoever makes code at run time writes it there, as a compiler does.
///
/// # Errors
/// As [`Relocator::resolve`](crate::Relocator::resolve), as far as it is about the local types.
pub fn local_value(local: &Btf<'_>, relocation: &Relocation) -> Result<u64, Error> {
    let mut budget = Budget::for_input(local.as_bytes().len());
    let answer = LocalSpec::within(local, relocation, &mut budget)
        .and_then(|spec| value(relocation.kind, spec.spec(), local.byte_order(), Side::Local));
    answer.map(|answer| answer.value).map_err(|cause| Error {
        subject: describe::relocation_in_c(local, relocation).into(),
        cause,
    })
}

/// Why a relocation cannot be made from names. Offsets are bytes of the path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// No type has the name.
    #[error("the local BTF has no type `{name}` that could be the root")]
    NoSuchType {
        /// The name.
        name: Box<str>,
    },
    /// The path is not one.
    #[error("the path {problem} at byte {at}")]
    BadPath {
        /// Where.
        at: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The type has no member of the name.
    #[error("`{within}` has no member `{member}` (byte {at} of the path)")]
    NoSuchMember {
        /// The name.
        member: Box<str>,
        /// The type.
        within: Box<str>,
        /// Where.
        at: usize,
    },
    /// The enum has no enumerator of the name.
    #[error("`{within}` has no enumerator `{enumerator}`")]
    NoSuchEnumerator {
        /// The name.
        enumerator: Box<str>,
        /// The enum.
        within: Box<str>,
    },
    /// The path goes on behind a pointer.
    #[error(
        "the path goes through a pointer, `{pointer}`, at byte {at}: end it there, load the pointer, and make a second relocation from `{to}` on"
    )]
    ThroughPointer {
        /// The pointer's type.
        pointer: Box<str>,
        /// The type that it points to.
        to: Box<str>,
        /// Where.
        at: usize,
    },
    /// The path goes on behind a type that has no such parts.
    #[error("`{within}` has no {what} (byte {at} of the path)")]
    NoParts {
        /// The type.
        within: Box<str>,
        /// Members or elements.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// An index is beyond the array's elements.
    #[error("index {index} is beyond the {len} elements of the array (byte {at} of the path)")]
    BeyondArray {
        /// The index.
        index: u32,
        /// How many elements there are.
        len: u32,
        /// Where.
        at: usize,
    },
    /// The path is too long for an access string.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The local BTF refers to what does not exist.
    #[error("local BTF: {0}")]
    Btf(#[from] BtfError),
    /// The search for a member does not come to an end.
    #[error("{0}")]
    Search(Box<str>),
}

/// Finds the first type of a name, with or without `struct`, `union` or `enum` before it, that has one of
/// the kinds. Earlier kinds come first.
///
/// # Errors
/// [`GenerateError::NoSuchType`].
pub fn find_root<'a>(
    local: &'a Btf<'a>,
    name: &str,
    kinds: &[Kind],
) -> Result<Type<'a>, GenerateError> {
    let (keyword, bare) = match name.split_once(' ') {
        Some(("struct", bare)) => (Some(Kind::Struct), bare),
        Some(("union", bare)) => (Some(Kind::Union), bare),
        Some(("enum", bare)) => (Some(Kind::Enum), bare),
        _ => (None, name),
    };
    let allowed = |kind: Kind| {
        keyword.is_none_or(|keyword| keyword == kind || (keyword.is_enum() && kind.is_enum()))
    };
    let bare = bare.trim();
    kinds
        .iter()
        // Anonymous types have the empty name; no relocation can start from them.
        .filter(|kind| allowed(**kind) && !bare.is_empty())
        .find_map(|kind| local.find(bare, *kind))
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
    // Whether an empty array is flexible, resolving decides.
    if index >= array.len && array.len > 0 {
        return Err(GenerateError::BeyondArray { index, len: array.len, at });
    }
    access.push(index)?;
    Ok(ty.btf().type_by_id(array.element)?)
}

/// Refuses a step into a type that has no such parts, and says what to do about a pointer.
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

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathStep<'p> {
    Member(&'p str),
    Element(u32),
}

/// Splits a path into its steps, each with the byte that it begins at; stops after an error.
struct PathSteps<'p> {
    path: &'p str,
    at: usize,
    done: bool,
}

impl<'p> PathSteps<'p> {
    fn new(path: &'p str) -> Self {
        Self { path, at: 0, done: false }
    }

    fn next_step(&mut self) -> Result<(usize, PathStep<'p>), GenerateError> {
        let bad = |at, problem| Err(GenerateError::BadPath { at, problem });
        let rest = self.path.get(self.at..).unwrap_or_default();
        if let Some(inside) = rest.strip_prefix('[') {
            let at = self.at;
            let Some((number, _)) = inside.split_once(']') else {
                return bad(at, "has a '[' without a ']'");
            };
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return bad(at.saturating_add(1), "has an index that is no number");
            }
            let Ok(index) = number.parse() else {
                return bad(at.saturating_add(1), "has an index that is too large");
            };
            self.at = at.saturating_add(number.len()).saturating_add(2);
            return Ok((at, PathStep::Element(index)));
        }
        // A dot stands between a part and a member, but not before the first.
        let member = match rest.strip_prefix('.') {
            Some(member) if self.at > 0 => member,
            Some(_) => return bad(self.at, "begins with a '.'"),
            None if self.at > 0 => return bad(self.at, "goes on without a '.' or '['"),
            None => rest,
        };
        let at = self.path.len().saturating_sub(member.len());
        let end = member.find(['.', '[']).unwrap_or(member.len());
        let name = member.get(..end).unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        if name.is_empty() || !name.bytes().all(is_name) {
            return bad(at, "has no member name");
        }
        self.at = at.saturating_add(end);
        Ok((at, PathStep::Member(name)))
    }
}

impl<'p> Iterator for PathSteps<'p> {
    type Item = Result<(usize, PathStep<'p>), GenerateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.next_step();
        self.done = step.is_err() || self.at >= self.path.len();
        Some(step)
    }
}
