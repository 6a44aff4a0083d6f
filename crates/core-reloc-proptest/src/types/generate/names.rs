//! Random names: few different ones, so that they occur repeatedly, some with flavors or with
//! suffixes that only look like flavors.

use crate::strategy::Random;

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

/// Returns a name for a type, function or variable that is not in `taken`, except that `again`
/// percent of the repeated names are kept. The others get the number of their slot.
pub(crate) fn for_type(
    random: &mut Random<'_>,
    taken: &[String],
    slot: usize,
    again: u32,
) -> String {
    let word = any_word(random, &TYPES);
    let name = sometimes_with_suffix(random, word, 22);
    let free = !taken.contains(&name) || random.chance(again);
    if free { name } else { format!("{word}{slot}") }
}

/// Returns a name for a member or parameter that is not in `taken`, except that `again` percent of
/// the repeated names are kept.
pub(crate) fn for_member(random: &mut Random<'_>, taken: &[String], again: u32) -> String {
    unique(random, &MEMBERS, taken, again)
}

/// Returns a name for an enumerator that is not in `taken`.
pub(crate) fn for_enumerator(random: &mut Random<'_>, taken: &[String]) -> String {
    unique(random, &ENUMERATORS, taken, 0)
}

/// Returns the text of a tag.
pub(crate) fn for_tag(random: &mut Random<'_>) -> String {
    any_word(random, &TAGS).into()
}

/// Adds a suffix to a name: usually a flavor, sometimes one that only looks like a flavor.
pub(crate) fn with_suffix(random: &mut Random<'_>, name: &str) -> String {
    let suffix = random.one_of(["___v2", "___old", "___a___b", "___1", "____x", "___"]);
    format!("{name}{suffix}")
}

fn unique(random: &mut Random<'_>, words: &[&str], taken: &[String], again: u32) -> String {
    let word = any_word(random, words);
    let name = sometimes_with_suffix(random, word, 4);
    if !taken.contains(&name) || random.chance(again) {
        return name;
    }
    (taken.len()..)
        .map(|number| format!("{word}{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or(name)
}

fn sometimes_with_suffix(random: &mut Random<'_>, word: &str, percent: u32) -> String {
    if random.chance(percent) {
        if random.chance(10) { format!("___{word}") } else { with_suffix(random, word) }
    } else {
        word.into()
    }
}

fn any_word<'w>(random: &mut Random<'_>, words: &[&'w str]) -> &'w str {
    random.pick(words).copied().unwrap_or("x")
}
