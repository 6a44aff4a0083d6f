//! Rules about questions: whether a field, type or enumerator exists.
//!
//! For each thing that a function asks for, its values are followed once as if the thing did not exist, and
//! once as if it did. What is used only in the second case is guarded. A use in the first case is a finding,
//! unless it depends on a branch on an open value, with paths to the use on one side only: that may be a
//! guard of another form, such as a variable that user space sets.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{Code, finding::LintFinding, rule::Rule, thing::Thing};
use crate::flow::{Flow, World};

/// Applies the rules to a function.
pub(super) fn lint<'a>(
    code: &Code<'_, 'a>,
    function: usize,
    steps: &mut u64,
    findings: &mut Vec<LintFinding<'a>>,
) {
    let found = Things::of(code, function);
    if found.asked.is_empty() || found.used.is_empty() {
        return;
    }
    let Some(flow) = code.functions.flow(function, steps) else { return };
    // Everything that is asked for is compared with everything else, and with everything that is used.
    let pairs =
        found.asked.len().saturating_mul(found.asked.len().saturating_add(found.used.len()));
    let remaining = u64::try_from(pairs).ok().and_then(|pairs| steps.checked_sub(pairs));
    let Some(remaining) = remaining else { return };
    *steps = remaining;
    let by_relocation = found.asked.iter().map(|(_, by, thing)| (*by, thing)).collect();
    // An access is reported once: for the smallest thing that is asked for.
    let mut reported = BTreeSet::new();
    for (at, (_, asked_by, thing)) in found.asked.iter().enumerate() {
        // Once for each thing, however often it is asked for.
        let is_first = found.asked.iter().take(at).all(|(_, _, other)| other != thing);
        let is_used = found.used.iter().any(|(_, _, used)| thing.contains(used));
        if !is_first || !is_used {
            continue;
        }
        let Some(uses) = Uses::of(&flow, &found, &by_relocation, thing, steps) else { return };
        let name = |relocation: usize| {
            let relocation = code.relocations.get(relocation);
            relocation.map(|relocation| relocation.access_in_c()).unwrap_or_default()
        };
        let mut add = |rule, insn, relocation, message| {
            if !reported.insert(insn) {
                return;
            }
            findings.extend(code.finding(rule, (function, insn), Some(relocation), message));
        };
        for (insn, relocation) in &uses.wrong {
            let message = format!("accesses {} only where it does not exist", name(*relocation));
            add(Rule::WrongBranch, *insn, *relocation, message);
        }
        if uses.has_guarded {
            for (insn, relocation) in &uses.unguarded {
                let message = format!(
                    "accesses {} even if it does not exist; another access is guarded",
                    name(*relocation)
                );
                add(Rule::UnguardedAccess, *insn, *relocation, message);
            }
        } else if let Some((insn, relocation)) = uses.unguarded.first() {
            let message = format!(
                "asks whether {} exists, and accesses {} whatever the answer is",
                name(*asked_by),
                name(*relocation)
            );
            add(Rule::IdleQuestion, *insn, *relocation, message);
        }
    }
}

/// What a function asks for and uses: the instruction, the relocation, and the thing.
struct Things<'a> {
    /// The smallest things first.
    asked: Vec<(usize, usize, Thing<'a>)>,
    used: Vec<(usize, usize, Thing<'a>)>,
}

impl<'a> Things<'a> {
    fn of(code: &Code<'_, 'a>, function: usize) -> Self {
        let mut found = Self { asked: Vec::new(), used: Vec::new() };
        for (insn, index) in code.functions.relocations(function) {
            let Some(relocation) = code.relocations.get(index) else { continue };
            let asked = Thing::asked(relocation);
            found.asked.extend(asked.map(|thing| (insn, index, thing)));
            let used = Thing::used(relocation);
            found.used.extend(used.map(|thing| (insn, index, thing)));
        }
        found.asked.sort_by_key(|(.., thing)| Reverse(thing.depth()));
        found
    }
}

/// The uses of a thing that a function asks for: instructions and relocations.
#[derive(Default)]
struct Uses {
    /// Those that are reached only if it does not exist.
    wrong: Vec<(usize, usize)>,
    /// Those that are reached in both cases.
    unguarded: Vec<(usize, usize)>,
    /// Whether some are reached only if it exists.
    has_guarded: bool,
}

impl Uses {
    /// Follows the values of a function; `None` if that takes too many steps.
    fn of(
        flow: &Flow<'_>,
        found: &Things<'_>,
        asked: &BTreeMap<usize, &Thing<'_>>,
        thing: &Thing<'_>,
        steps: &mut u64,
    ) -> Option<Self> {
        let present = |by: usize| asked.get(&by).filter(|asked| **asked == thing).map(|_| 1);
        let absent = |by: usize| asked.get(&by).filter(|asked| thing.contains(asked)).map(|_| 0);
        let if_present = flow.values(World { answer: &present }, steps)?;
        let if_absent = flow.values(World { answer: &absent }, steps)?;
        let mut uses = Self::default();
        let mut unguarded = Vec::new();
        for (insn, relocation, used) in &found.used {
            if !thing.contains(used) {
                continue;
            }
            match (if_absent.reaches(*insn), if_present.reaches(*insn)) {
                (true, _) => unguarded.push((*insn, *relocation)),
                (false, is_guarded) => uses.has_guarded |= is_guarded,
            }
        }
        if unguarded.is_empty() {
            return Some(uses);
        }
        let (open, backwards) = (if_absent.open_branches(), if_absent.backwards());
        for (insn, relocation) in unguarded {
            let leads = backwards.leading_to(insn, steps)?;
            let leads = |at: usize| leads.get(at).copied().unwrap_or(false);
            let is_guard =
                |(at, target): &(usize, usize)| leads(*target) != leads(at.saturating_add(1));
            if open.iter().any(is_guard) {
                continue;
            }
            if if_present.reaches(insn) {
                uses.unguarded.push((insn, relocation));
            } else {
                uses.wrong.push((insn, relocation));
            }
        }
        Some(uses)
    }
}
