//! What a verdict follows from.

use std::borrow::Cow;

use core_reloc::{RelocKind, elf::ObjectRelocation, essential_name, record::Subject};

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
        let what = match relocation.kind().map(RelocKind::subject) {
            Some(Subject::Field) => "field",
            Some(Subject::Enumerator) => "enumerator",
            Some(Subject::Type) => "type",
            _ => "relocation",
        };
        let relocations = vec![position];
        Self { verdict, what, name: accessed(relocation).into(), relocations }
    }

    /// Returns `true` if both are about one thing.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        (self.verdict, self.what, &self.name) == (other.verdict, other.what, &other.name)
    }
}

/// Returns what a relocation accesses, in C's notation and without the flavor of its root.
fn accessed(relocation: &ObjectRelocation<'_>) -> String {
    let access = relocation.access_in_c();
    let Some(name) = relocation.root_name() else { return access };
    let essential = essential_name(name.as_bytes());
    match (name.to_str(), str::from_utf8(essential)) {
        (Ok(name), Ok(essential)) if name != essential => access.replacen(name, essential, 1),
        _ => access,
    }
}
