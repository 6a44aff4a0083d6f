//! What a verdict follows from.

use std::borrow::Cow;

use btf_types::Name;
use core_reloc::{
    RelocKind,
    describe::type_in_c,
    elf::{ObjectRelocation, Outcome},
    essential_name,
    record::Subject,
};

use super::{finding::Finding, verdict::Verdict};
use crate::needs::Need;

/// A reason for a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause<'a> {
    /// The verdict that it leads to.
    pub verdict: Verdict,
    /// What is missing, poisoned, open or assumed, in words: `field`, `function`, `tracepoint`, and so on.
    pub what: &'static str,
    /// Its name, without flavors: `task_struct.state`, `bpf_get_current_task_btf`.
    pub name: Cow<'a, str>,
    /// The relocations behind it, as indices of all relocations of the object.
    pub relocations: Vec<usize>,
}

impl<'a> Cause<'a> {
    pub(super) fn new(verdict: Verdict, what: &'static str, name: impl Into<Cow<'a, str>>) -> Self {
        Self { verdict, what, name: name.into(), relocations: Vec::new() }
    }

    pub(super) fn of_need(verdict: Verdict, need: &Need<'a>) -> Self {
        Self::new(verdict, need.what, need.name.clone())
    }

    pub(super) fn of_relocation(verdict: Verdict, position: usize, finding: &Finding<'_>) -> Self {
        let relocation = &finding.report.relocation;
        let (what, name) = missing_root(finding).unwrap_or_else(|| relocation_thing(relocation));
        Self { verdict, what, name: name.into(), relocations: vec![position] }
    }

    /// Returns `true` if both are about one thing.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        (self.verdict, self.what, &self.name) == (other.verdict, other.what, &other.name)
    }
}

/// Returns the root type of a relocation if the kernel has no type of its name and kind.
fn missing_root(finding: &Finding<'_>) -> Option<(&'static str, String)> {
    let Outcome::Applied { resolution, .. } = &finding.report.outcome else { return None };
    let unmatched = resolution.unmatched.as_ref()?;
    unmatched.ruled_out().is_empty().then_some(())?;
    let relocation = &finding.report.relocation;
    let root = relocation.local().type_by_id(relocation.type_id()).ok()?;
    let (in_c, name) = (type_in_c(root), relocation.root_name()?);
    Some(("type", without_flavor(in_c, name)))
}

/// Returns what a relocation is about, as causes name it: its kind in words, and its name in C's notation
/// without the flavor of its root.
pub fn relocation_thing(relocation: &ObjectRelocation<'_>) -> (&'static str, String) {
    let what = match relocation.kind().map(RelocKind::subject) {
        Some(Subject::Field) => "field",
        Some(Subject::Enumerator) => "enumerator",
        Some(Subject::Type) => "type",
        _ => "relocation",
    };
    let access = relocation.access_in_c();
    let thing = match relocation.root_name() {
        Some(name) => without_flavor(access, name),
        None => access,
    };
    (what, thing)
}

/// Removes the flavor of a name from a text that contains the name.
fn without_flavor(text: String, name: Name<'_>) -> String {
    match (name.to_str(), str::from_utf8(essential_name(name.as_bytes()))) {
        (Ok(name), Ok(essential)) if name != essential => text.replacen(name, essential, 1),
        _ => text,
    }
}
