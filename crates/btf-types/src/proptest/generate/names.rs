//! Names: few, so that they meet again, and some with flavors or with what only looks like one.

use std::{format, string::String};

use crate::proptest::Dice;

const TYPES: [&str; 20] = [
    "task", "file", "inode", "dentry", "cred", "page", "sock", "queue", "timer", "rq", "cgroup",
    "net", "dev", "bio", "pid", "mm", "vma", "key", "ns", "work",
];

const MEMBERS: [&str; 24] = [
    "next", "prev", "list", "flags", "state", "lock", "count", "size", "len", "data", "parent",
    "name", "id", "ops", "head", "refs", "mode", "uid", "start", "end", "mask", "rcu", "type",
    "node",
];

const ENUMERATORS: [&str; 16] = [
    "NONE", "NEW", "RUN", "STOP", "DEAD", "IDLE", "READ", "WRITE", "EXEC", "INIT", "EXIT", "LOW",
    "HIGH", "ANY", "ALL", "MAX",
];

const TAGS: [&str; 4] = ["user", "rcu", "percpu", "listed"];

/// The name of a type or function that is not among `taken`, but for `again` percent of cases. One
/// of `slot` differs from those of other slots.
pub(in crate::proptest) fn of_type(
    dice: &mut Dice<'_>,
    taken: &[String],
    slot: usize,
    again: u32,
) -> String {
    let word = any_word(dice, &TYPES);
    let name = flavored(dice, word, 22);
    let free = !taken.contains(&name) || dice.chance(again);
    if free { name } else { format!("{word}{slot}") }
}

/// The name of a member that is not among `taken`, but for `again` percent of cases.
pub(in crate::proptest) fn of_member(dice: &mut Dice<'_>, taken: &[String], again: u32) -> String {
    unique(dice, &MEMBERS, taken, again)
}

/// The name of an enumerator that is not among `taken`.
pub(in crate::proptest) fn of_enumerator(dice: &mut Dice<'_>, taken: &[String]) -> String {
    unique(dice, &ENUMERATORS, taken, 0)
}

/// What a tag says.
pub(in crate::proptest) fn of_tag(dice: &mut Dice<'_>) -> String {
    any_word(dice, &TAGS).into()
}

/// A name with a flavor.
pub(in crate::proptest) fn flavor(dice: &mut Dice<'_>, name: &str) -> String {
    let suffix = dice.one_of(["___v2", "___old", "___a___b", "___1", "____x", "___"]);
    format!("{name}{suffix}")
}

fn unique(dice: &mut Dice<'_>, words: &[&str], taken: &[String], again: u32) -> String {
    let word = any_word(dice, words);
    let name = flavored(dice, word, 4);
    if !taken.contains(&name) || dice.chance(again) {
        return name;
    }
    (taken.len()..)
        .map(|number| format!("{word}{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or(name)
}

fn flavored(dice: &mut Dice<'_>, word: &str, percent: u32) -> String {
    if dice.chance(percent) {
        if dice.chance(10) { format!("___{word}") } else { flavor(dice, word) }
    } else {
        word.into()
    }
}

fn any_word<'w>(dice: &mut Dice<'_>, words: &[&'w str]) -> &'w str {
    dice.pick(words).copied().unwrap_or("x")
}
