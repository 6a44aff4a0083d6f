//! Names, looked up with libbpf's functions for BTF, as a C program does.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::time::Instant;

use libbpf_sys::{
    BTF_KIND_CONST, BTF_KIND_ENUM, BTF_KIND_ENUM64, BTF_KIND_FUNC, BTF_KIND_RESTRICT,
    BTF_KIND_STRUCT, BTF_KIND_TYPE_TAG, BTF_KIND_TYPEDEF, BTF_KIND_UNION, BTF_KIND_VOLATILE,
    btf_enum, btf_enum64, btf_member, btf_type,
};

use super::{Answer, Found, What};
use crate::Result;
use crate::contenders::libbpf::Btf;

/// Reads a file and looks up names.
///
/// # Errors
/// The file is broken, or lacks a name.
pub fn look_up(file: &Path, what: What, names: &[String]) -> Result<Found> {
    // A C program has such strings.
    let paths: Vec<Vec<CString>> = names
        .iter()
        .map(|name| name.split('.').map(CString::new).collect())
        .collect::<std::result::Result<_, _>>()?;
    let started = Instant::now();
    let btf = Btf::read(file)?;
    let mut answers = Vec::new();
    for (path, name) in paths.iter().zip(names) {
        let [root, rest @ ..] = path.as_slice() else { continue };
        let answer = match what {
            What::Fields => field(&btf, root, rest),
            What::Enumerators => enumerator(&btf, root),
            What::Functions => find(&btf, root, BTF_KIND_FUNC).map(|id| (id, 0)),
        };
        answers.push(answer.ok_or_else(|| format!("libbpf does not find `{name}`"))?);
    }
    Ok(Found { time: started.elapsed(), answers })
}

fn find(btf: &Btf, name: &CStr, kind: u32) -> Option<u32> {
    // SAFETY: the BTF is alive.
    let id = unsafe { libbpf_sys::btf__find_by_name_kind(btf.as_ptr(), name.as_ptr(), kind) };
    u32::try_from(id).ok()
}

/// Finds a field: a member for each name, in the struct or union that is the type of the one before.
fn field(btf: &Btf, root: &CStr, path: &[CString]) -> Option<Answer> {
    let mut field = (find(btf, root, BTF_KIND_STRUCT)?, 0);
    for name in path {
        let within = strip(btf, field.0)?;
        let (id, offset) = member(btf, within, name)?;
        field = (id, field.1 + i128::from(offset));
    }
    Some(field)
}

/// Finds a member by name, also in anonymous members: its type and its offset in bits.
fn member(btf: &Btf, within: &btf_type, wanted: &CStr) -> Option<(u32, u32)> {
    if ![BTF_KIND_STRUCT, BTF_KIND_UNION].contains(&kind(within)) {
        return None;
    }
    for member in elements::<btf_member>(within) {
        let has_bitfields = kind_flag(within);
        let offset = if has_bitfields { member.offset & 0x00ff_ffff } else { member.offset };
        if member.name_off == 0 {
            let found =
                strip(btf, member.type_).and_then(|inside| self::member(btf, inside, wanted));
            if let Some((id, inner)) = found {
                return Some((id, offset + inner));
            }
        } else if is_named(btf, member.name_off, wanted) {
            return Some((member.type_, offset));
        }
    }
    None
}

/// Finds an enumerator in any enum.
fn enumerator(btf: &Btf, wanted: &CStr) -> Option<Answer> {
    // SAFETY: the BTF is alive.
    let count = unsafe { libbpf_sys::btf__type_cnt(btf.as_ptr()) };
    (1..count).find_map(|id| {
        let ty = type_by_id(btf, id)?;
        let value = match kind(ty) {
            BTF_KIND_ENUM => {
                elements::<btf_enum>(ty).iter().find(|one| is_named(btf, one.name_off, wanted)).map(
                    |one| {
                        if kind_flag(ty) { one.val.into() } else { one.val.cast_unsigned().into() }
                    },
                )
            }
            BTF_KIND_ENUM64 => elements::<btf_enum64>(ty)
                .iter()
                .find(|one| is_named(btf, one.name_off, wanted))
                .map(|one| {
                    let value = u64::from(one.val_hi32) << 32 | u64::from(one.val_lo32);
                    if kind_flag(ty) { value.cast_signed().into() } else { value.into() }
                }),
            _ => None,
        };
        Some((id, value?))
    })
}

fn type_by_id(btf: &Btf, id: u32) -> Option<&btf_type> {
    // SAFETY: the BTF is alive as long as the reference, and is not changed.
    unsafe { libbpf_sys::btf__type_by_id(btf.as_ptr(), id).as_ref() }
}

/// Strips modifiers and typedefs.
fn strip(btf: &Btf, id: u32) -> Option<&btf_type> {
    let mut ty = type_by_id(btf, id)?;
    while [
        BTF_KIND_CONST,
        BTF_KIND_VOLATILE,
        BTF_KIND_RESTRICT,
        BTF_KIND_TYPE_TAG,
        BTF_KIND_TYPEDEF,
    ]
    .contains(&kind(ty))
    {
        // SAFETY: types of these kinds store an id.
        ty = type_by_id(btf, unsafe { ty.__bindgen_anon_1.type_ })?;
    }
    Some(ty)
}

fn is_named(btf: &Btf, offset: u32, wanted: &CStr) -> bool {
    // SAFETY: the BTF is alive, and libbpf has checked the offsets of names when it read it.
    unsafe {
        let name = libbpf_sys::btf__name_by_offset(btf.as_ptr(), offset);
        libc::strcmp(name, wanted.as_ptr()) == 0
    }
}

/// The macro `btf_kind`.
fn kind(ty: &btf_type) -> u32 {
    (ty.info >> 24) & 0x1f
}

/// The macro `btf_kflag`.
fn kind_flag(ty: &btf_type) -> bool {
    ty.info >> 31 != 0
}

/// The macros `btf_members`, `btf_enum` and `btf_enum64`.
fn elements<T>(ty: &btf_type) -> &[T] {
    let len = (ty.info & 0xffff) as usize;
    // SAFETY: libbpf has checked that this many elements follow the type; the caller names the struct
    // of its kind.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(ty).add(1).cast::<T>(), len) }
}
