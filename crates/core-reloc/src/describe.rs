//! Relocations and candidates in words, as a C programmer writes them.

use alloc::{
    boxed::Box,
    string::{String, ToString},
};
use core::fmt::{self, Write};

use btf_types::{Btf, Error as BtfError, StrOffset, Type, TypeId, ext::CoreReloc};

use crate::{
    AccessPath, Candidate, Mismatch, RelocKind, Relocation, Subject, Target, Unmatched,
    budget::Budget,
    definition::declare,
    limits::MAX_QUOTE,
    spec::{LocalSpec, local::local_spec},
};

/// Writes a relocation's access as C: `task_struct.comm[3]`, `struct foo`, `bar::BAR_TWO`.
///
/// It works from the local types as far as they go; from where the access string leads nowhere it
/// says the numbers.
pub fn access_in_c(local: &Btf<'_>, relocation: &Relocation) -> String {
    let mut text = Quote::default();
    // A full quote refuses more text, and that is all that can go wrong.
    let _ = write_access(&mut text, local, relocation);
    text.finish()
}

/// Names a relocation for an error: its kind and its access.
pub(crate) fn subject(local: &Btf<'_>, relocation: &Relocation) -> Box<str> {
    let mut text = Quote::default();
    let _ = write!(text, "{} of ", relocation.kind);
    let _ = write_access(&mut text, local, relocation);
    text.finish().into()
}

/// Names a question about a type, for an error about its access string.
pub(crate) fn type_subject(local: &Btf<'_>, kind: RelocKind, type_id: TypeId) -> Box<str> {
    let record =
        CoreReloc { insn_off: 0, type_id, access_str_off: StrOffset::EMPTY, kind: kind.to_raw() };
    record_subject(local, &record)
}

/// A type as C writes it: `struct foo`, `enum bar`, `u32`, `foo *`, `int[4]`, `int (*)(long)`.
pub fn type_in_c(ty: Type<'_>) -> String {
    let mut text = Quote::default();
    let _ = write_type(&mut text, ty);
    text.finish()
}

/// Names a record that could not be decoded.
pub(crate) fn record_subject(local: &Btf<'_>, record: &CoreReloc) -> Box<str> {
    let mut text = Quote::default();
    let _ = match RelocKind::from_raw(record.kind) {
        Some(kind) => write!(text, "{kind} of "),
        None => write!(text, "relocation of kind {} of ", record.kind),
    };
    let _ = write_record_root(&mut text, local, record);
    text.finish().into()
}

/// Names the root type of a record that could not be decoded.
#[cfg(feature = "elf")]
pub(crate) fn record_root(local: &Btf<'_>, record: &CoreReloc) -> String {
    let mut text = Quote::default();
    let _ = write_record_root(&mut text, local, record);
    text.finish()
}

fn write_record_root(text: &mut Quote, local: &Btf<'_>, record: &CoreReloc) -> fmt::Result {
    match local.type_by_id(record.type_id) {
        Ok(root) => write_type(text, root),
        Err(_) => write!(text, "type {}", record.type_id),
    }
}

/// Names a candidate: its kind, name, id, and module.
pub(crate) fn candidate_name(target: &Target<'_>, candidate: Candidate) -> String {
    let mut text = Quote::default();
    let _ = match target.candidate(candidate) {
        Ok(ty) => write_type(&mut text, ty),
        Err(_) => text.write_str("type"),
    };
    let _ = write!(text, " {}", candidate.type_id);
    let module = candidate.module.and_then(|module| target.modules().get(module as usize));
    if let Some(module) = module {
        let _ = write!(text, " of module {}", module.name);
    }
    text.finish()
}

/// Says why no candidate matched, with the names of all that was tried.
pub fn describe_unmatched(
    local: &Btf<'_>,
    target: &Target<'_>,
    relocation: &Relocation,
    unmatched: &Unmatched,
) -> String {
    let spec = local_spec(local, relocation, &mut Budget::for_relocation()).ok();
    if unmatched.ruled_out().is_empty() {
        let root = local.type_by_id(relocation.type_id);
        let name = root.map_or_else(|_| relocation.type_id.to_string(), type_in_c);
        return alloc::format!("the target has no {name}");
    }
    /// How many candidates are spelled out.
    const SHOWN: usize = 8;
    let mut text = String::new();
    for (position, (candidate, mismatch)) in unmatched.ruled_out().iter().enumerate() {
        if position == SHOWN {
            let more = unmatched.ruled_out().len().saturating_sub(SHOWN);
            text.push_str(&alloc::format!("; and {more} more candidates"));
            break;
        }
        if position > 0 {
            text.push_str("; ");
        }
        let name = candidate_name(target, *candidate);
        let why = why(target, spec.as_ref(), *candidate, *mismatch);
        text.push_str(&alloc::format!("candidate {name}: {why}"));
    }
    text
}

/// What rules a candidate out, with names as far as the BTFs have them.
fn why(
    target: &Target<'_>,
    local: Option<&LocalSpec<'_>>,
    candidate: Candidate,
    mismatch: Mismatch,
) -> String {
    let btf = target.candidate(candidate).map(|ty| ty.btf());
    let target_type = |id: TypeId| {
        let ty = btf.and_then(|btf| btf.type_by_id(id));
        ty.map_or_else(|_| alloc::format!("type {id}"), type_in_c)
    };
    let member = |accessor: usize| {
        let named = local.and_then(|spec| {
            let name_off = spec.accessors.get(accessor)?.name_off?;
            spec.place.btf.string(name_off).ok()
        });
        named.map(|name| alloc::format!("`{}`", quote(&name)))
    };
    let in_words = match mismatch {
        Mismatch::NoMember { accessor, target } => member(accessor)
            .map(|name| alloc::format!("{} has no member {name}", target_type(target))),
        Mismatch::Incompatible { accessor, local: local_id, target } => {
            let local_type =
                local.and_then(|spec| spec.place.btf.type_by_id(local_id).ok()).map(type_in_c);
            member(accessor).zip(local_type).map(|(name, local)| {
                alloc::format!("{name} is {} there, {local} here", target_type(target))
            })
        }
        Mismatch::NoEnumerator => {
            member(0).map(|name| alloc::format!("there is no enumerator {name}"))
        }
        _ => None,
    };
    in_words.unwrap_or_else(|| mismatch.to_string())
}

fn write_access(text: &mut Quote, local: &Btf<'_>, relocation: &Relocation) -> fmt::Result {
    let Ok(root) = local.type_by_id(relocation.type_id) else {
        return write!(text, "type {} + {}", relocation.type_id, relocation.access);
    };
    let subject = relocation.kind.subject();
    if subject == Subject::Type {
        return write_type(text, root);
    }
    write_root(text, root)?;
    if write_steps(text, root, subject, &relocation.access)?.is_err() {
        write!(text, " + {}", relocation.access)?;
    }
    Ok(())
}

/// Writes the accessors behind the root; an inner error where the access string leads nowhere.
fn write_steps(
    text: &mut Quote,
    root: Type<'_>,
    subject: Subject,
    access: &AccessPath,
) -> Result<Result<(), BtfError>, fmt::Error> {
    let kind = match subject {
        Subject::Enumerator => RelocKind::EnumvalExists,
        _ => RelocKind::FieldExists,
    };
    let relocation = Relocation::new(0, root.id(), access.clone(), kind);
    let nowhere = BtfError::NoSize { id: root.id(), kind: root.kind() };
    let spec = local_spec(root.btf(), &relocation, &mut Budget::for_relocation());
    let Ok(spec) = spec else {
        return Ok(Err(nowhere));
    };
    for (position, accessor) in spec.accessors.iter().enumerate() {
        match accessor.name_off {
            Some(name) => {
                text.write_str(if subject == Subject::Enumerator { "::" } else { "." })?;
                write_name(text, root.btf(), name)?;
            }
            None if position == 0 && accessor.index == 0 => {}
            None => write!(text, "[{}]", accessor.index)?,
        }
    }
    Ok(Ok(()))
}

/// The root of an access: its name, or what it is if it has none.
fn write_root(text: &mut Quote, root: Type<'_>) -> fmt::Result {
    if root.name().is_ok_and(|name| !name.is_empty()) {
        write_name(text, root.btf(), root.name_off())
    } else {
        write_type(text, root)
    }
}

fn write_type(text: &mut Quote, ty: Type<'_>) -> fmt::Result {
    text.write_str(&declare(ty, ""))
}

fn write_name(text: &mut Quote, btf: &Btf<'_>, name_off: StrOffset) -> fmt::Result {
    match btf.string(name_off) {
        Ok(name) => text.write_str(&quote(&name)),
        Err(_) => text.write_str("?"),
    }
}

/// A name cut to what a message can bear.
pub(crate) fn quote(name: &btf_types::Name<'_>) -> String {
    match name.get(..MAX_QUOTE) {
        Some(start) if name.len() > MAX_QUOTE => {
            alloc::format!("{}…", btf_types::Name::new(start))
        }
        _ => name.to_string(),
    }
}

/// A text that stops at [`MAX_QUOTE`] bytes, so that hostile names cannot make errors grow.
#[derive(Default)]
struct Quote(String);

impl Quote {
    fn finish(self) -> String {
        self.0
    }
}

impl Write for Quote {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_QUOTE.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push_str(text.get(..end).unwrap_or_default());
        if !self.0.ends_with('…') {
            self.0.push('…');
        }
        Err(fmt::Error)
    }
}
