//! Relocations, types and candidates as text, in C syntax.

mod declaration;
mod old_bitfield;
mod plain;
mod quote;

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    fmt::{self, Write},
    mem,
};

use btf_types::{Btf, StrOffset, Type, TypeId, ext::CoreReloc};

pub use self::{declaration::declaration_in_c, quote::quote};
use self::{old_bitfield::why_old_bitfield, plain::plain, quote::Quote};
use crate::{
    budget::Budget,
    candidates::Candidate,
    record::{RelocKind, Relocation, Subject},
    resolve::Unmatched,
    spec::{self, LocalSpec, Mismatch},
    target::Target,
};

/// Writes a relocation's access as C: `task_struct.comm[3]`, `struct foo`, `bar::BAR_TWO`.
///
/// If the access string does not fit the local types, its numbers follow the root type.
pub fn access_in_c(local: &Btf<'_>, relocation: &Relocation) -> String {
    quoted(|text| write_access(text, local, relocation))
}

/// Appends a relocation's access as C to a text.
#[cfg(feature = "elf")]
pub(crate) fn push_access_in_c(text: &mut Vec<u8>, local: &Btf<'_>, relocation: &Relocation) {
    // The only error is that the text is full, and so truncated.
    let _ = write_access(&mut Quote::new(text), local, relocation);
}

/// Writes a relocation as errors name it: `field_byte_offset of task_struct.comm[3]`.
pub fn relocation_in_c(local: &Btf<'_>, relocation: &Relocation) -> String {
    quoted(|text| {
        write!(text, "{} of ", relocation.kind)?;
        write_access(text, local, relocation)
    })
}

/// Names a relocation by its kind and root type, for an error in its access string.
pub(crate) fn type_subject(local: &Btf<'_>, kind: RelocKind, type_id: TypeId) -> Box<str> {
    let record =
        CoreReloc { insn_off: 0, type_id, access_str_off: StrOffset::EMPTY, kind: kind.to_raw() };
    record_subject(local, &record)
}

/// Writes a type as C: `struct foo`, `enum bar`, `u32`, `foo *`, `int[4]`, `int (*)(long)`.
pub fn type_in_c(ty: Type<'_>) -> String {
    quoted(|text| write_type(text, ty))
}

/// Names a record that could not be decoded.
pub(crate) fn record_subject(local: &Btf<'_>, record: &CoreReloc) -> Box<str> {
    quoted(|text| {
        match RelocKind::from_raw(record.kind) {
            Some(kind) => write!(text, "{kind} of ")?,
            None => write!(text, "relocation of kind {} of ", record.kind)?,
        }
        write_record_root(text, local, record)
    })
    .into()
}

/// Names the root type of a record that could not be decoded.
#[cfg(feature = "elf")]
pub(crate) fn record_root(local: &Btf<'_>, record: &CoreReloc) -> String {
    quoted(|text| write_record_root(text, local, record))
}

/// Returns what is written, truncated.
fn quoted(write: impl FnOnce(&mut Quote<'_>) -> fmt::Result) -> String {
    let mut text = Vec::new();
    // The only error is that the text is full.
    let _ = write(&mut Quote::new(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

fn write_record_root(text: &mut Quote<'_>, local: &Btf<'_>, record: &CoreReloc) -> fmt::Result {
    match local.type_by_id(record.type_id) {
        Ok(root) => write_type(text, root),
        Err(_) => write!(text, "type {}", record.type_id),
    }
}

/// Names a candidate by its kind, name, id and module.
pub fn candidate_name(target: &Target<'_>, candidate: Candidate) -> String {
    quoted(|text| {
        match target.candidate(candidate) {
            Ok(ty) => write_type(text, ty)?,
            Err(_) => text.write_str("type")?,
        }
        write!(text, " {}", candidate.type_id)?;
        let module = candidate.module.and_then(|module| target.modules().get(module as usize));
        module.map_or(Ok(()), |module| write!(text, " of module {}", module.name))
    })
}

/// Describes why no candidate matched, with the name of each candidate.
pub fn describe_unmatched(
    local: &Btf<'_>,
    target: &Target<'_>,
    relocation: &Relocation,
    unmatched: &Unmatched,
) -> String {
    if unmatched.ruled_out().is_empty() {
        let root = local.type_by_id(relocation.type_id);
        let name = root.map_or_else(|_| relocation.type_id.to_string(), type_in_c);
        return format!("the target has no {name}");
    }
    describe_ruled_out(local, target, relocation, unmatched.ruled_out().iter())
}

/// Describes candidates and what ruled each out.
fn describe_ruled_out<'u>(
    local: &Btf<'_>,
    target: &Target<'_>,
    relocation: &Relocation,
    mut ruled_out: impl Iterator<Item = &'u (Candidate, Mismatch)>,
) -> String {
    /// The number of candidates that are named.
    const SHOWN: usize = 8;
    let spec = LocalSpec::within(local, relocation, &mut Budget::for_relocation()).ok();
    let mut text = String::new();
    for (candidate, mismatch) in ruled_out.by_ref().take(SHOWN) {
        if !text.is_empty() {
            text.push_str("; ");
        }
        let name = candidate_name(target, *candidate);
        let why = why(target, spec.as_ref(), *candidate, *mismatch);
        text.push_str(&format!("candidate {name}: {why}"));
    }
    match ruled_out.count() {
        0 => {}
        more => text.push_str(&format!("; and {more} more candidates")),
    }
    text
}

/// Describes a mismatch, with the names that can be read from the BTFs.
fn why(
    target: &Target<'_>,
    local: Option<&LocalSpec<'_>>,
    candidate: Candidate,
    mismatch: Mismatch,
) -> String {
    let candidate = target.candidate(candidate);
    let btf = candidate.map(|ty| ty.btf());
    let target_type = |id: TypeId| {
        let ty = btf.and_then(|btf| btf.type_by_id(id));
        ty.map_or_else(|_| format!("type {id}"), type_in_c)
    };
    let member = |accessor: usize| {
        let named = local.and_then(|spec| {
            let name_off = spec.accessors().get(accessor)?.name_off?;
            spec.spec().btf.string(name_off).ok()
        });
        named.map(|name| format!("`{}`", quote(&name)))
    };
    let in_words = match mismatch {
        Mismatch::NoMember { accessor, target } => {
            member(accessor).map(|name| format!("{} has no member {name}", target_type(target)))
        }
        Mismatch::Incompatible { accessor, local: local_id, target } => {
            let local = local.and_then(|spec| spec.spec().btf.type_by_id(local_id).ok());
            member(accessor).zip(local).map(|(name, local)| {
                let target_found = btf.and_then(|btf| btf.type_by_id(target)).ok();
                let [there, here] = match target_found {
                    Some(there) => tell_apart(there, local),
                    None => [target_type(target), type_in_c(local)],
                };
                let why = why_old_bitfield(Some(local), target_found);
                format!("{name} is {there} there, {here} here{why}")
            })
        }
        Mismatch::TypesIncompatible => {
            let local = local.and_then(|spec| spec.spec().btf.type_by_id(spec.spec().root).ok());
            Some(format!("{mismatch}{}", why_old_bitfield(local, candidate.ok())))
        }
        Mismatch::NoEnumerator => member(0).map(|name| format!("there is no enumerator {name}")),
        _ => None,
    };
    in_words.unwrap_or_else(|| mismatch.to_string())
}

/// Writes two types as C, with the kinds of the underlying types if the words are the same: an INT `double`,
/// as BTF without floats has it, and a FLOAT `double`.
fn tell_apart(one: Type<'_>, other: Type<'_>) -> [String; 2] {
    let types = [one, other];
    let texts = types.map(type_in_c);
    let kinds = types.map(|ty| ty.skip_modifiers_and_typedefs().unwrap_or(ty).kind());
    match (&texts, kinds) {
        ([one, other], [first, second]) if one == other && first != second => {
            [format!("{one} ({first})"), format!("{other} ({second})")]
        }
        _ => texts,
    }
}

fn write_access(text: &mut Quote<'_>, local: &Btf<'_>, relocation: &Relocation) -> fmt::Result {
    let Ok(root) = local.type_by_id(relocation.type_id) else {
        return write!(text, "type {} + {}", relocation.type_id, relocation.access);
    };
    let subject = relocation.kind.subject();
    if subject == Subject::Type {
        return write_type(text, root);
    }
    write_root(text, root)?;
    if !write_accessors(text, root, subject, relocation)? {
        write!(text, " + {}", relocation.access)?;
    }
    Ok(())
}

/// Writes the accessors after the root. Returns `false`, and writes nothing, if the access string does not fit the
/// type.
fn write_accessors(
    text: &mut Quote<'_>,
    root: Type<'_>,
    subject: Subject,
    relocation: &Relocation,
) -> Result<bool, fmt::Error> {
    let start = text.mark();
    let mut is_first = true;
    let mut written = Ok(());
    // Names are written while the path is followed: reports have thousands, and a `LocalSpec` for each takes time.
    let spec = spec::follow(root.btf(), relocation, &mut Budget::for_relocation(), |accessor| {
        let is_root = mem::take(&mut is_first) && accessor.index == 0;
        written = written.and_then(|()| match accessor.name_off {
            Some(name) => {
                text.write_ascii(if subject == Subject::Enumerator { b"::" } else { b"." })?;
                write_name(text, root.btf(), name)
            }
            None if is_root => Ok(()),
            None => write!(text, "[{}]", accessor.index),
        });
    });
    if spec.is_err() {
        text.rewind(start);
        return Ok(false);
    }
    written.map(|()| true)
}

/// Writes the root of an access: its name, or its type if it has none.
fn write_root(text: &mut Quote<'_>, root: Type<'_>) -> fmt::Result {
    match plain_name(root.btf(), root.name_off()) {
        Some(plain @ [_, ..]) => text.write_ascii(plain),
        _ if root.name().is_ok_and(|name| !name.is_empty()) => {
            write_name(text, root.btf(), root.name_off())
        }
        _ => write_type(text, root),
    }
}

fn write_type(text: &mut Quote<'_>, ty: Type<'_>) -> fmt::Result {
    text.write_str(&declaration_in_c(ty, ""))
}

fn write_name(text: &mut Quote<'_>, btf: &Btf<'_>, name_off: StrOffset) -> fmt::Result {
    if let Some(plain) = plain_name(btf, name_off) {
        return text.write_ascii(plain);
    }
    match btf.string(name_off) {
        Ok(name) => text.write_str(&quote(&name)),
        Err(_) => text.write_str("?"),
    }
}

/// Returns a name that needs no escapes: to format it would take longer than all the rest.
fn plain_name<'a>(btf: &Btf<'a>, name_off: StrOffset) -> Option<&'a [u8]> {
    plain(btf.string_and_rest(name_off)?)
}
