//! How alike two names are.

/// The longest name that is compared, in bytes; longer ones are no typing errors.
const MAX_LEN: usize = 64;

/// How far a name is from the one that is looked for, if it is near enough to be what was meant:
/// the number of bytes to insert, delete or replace, at most a third of the name. A name that only
/// has something put before or behind it, such as `__state` for `state`, is near too.
pub(crate) fn nearness(wanted: &[u8], name: &[u8]) -> Option<usize> {
    if wanted.is_empty() || name.is_empty() || wanted == name {
        return None;
    }
    let near = wanted.len().max(name.len()).div_ceil(3);
    if wanted.len() >= 3 && (name.ends_with(wanted) || name.starts_with(wanted)) {
        let added = name.len().saturating_sub(wanted.len());
        return (added <= near.saturating_add(2)).then_some(added.min(2));
    }
    if wanted.len().abs_diff(name.len()) > near || wanted.len().max(name.len()) > MAX_LEN {
        return None;
    }
    // Where nothing of the name is left, nothing is alike.
    Some(edit_distance(wanted, name))
        .filter(|distance| *distance <= near && *distance < wanted.len())
}

/// Levenshtein's distance, row by row.
fn edit_distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, byte) in (1..).zip(one) {
        let mut left = above;
        let mut cells = row.iter_mut();
        let Some(first) = cells.next() else { break };
        let mut diagonal = std::mem::replace(first, above);
        for (cell, other) in cells.zip(other) {
            let replaced = diagonal.saturating_add(usize::from(byte != other));
            diagonal = *cell;
            left = replaced.min(diagonal.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (one, other, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("saturday", "sunday", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(edit_distance(one.as_bytes(), other.as_bytes()), distance, "{one} {other}");
        }
    }

    #[test]
    fn near_is_what_may_have_been_meant() {
        for (wanted, name, expected) in [
            ("state", "__state", Some(2)),
            ("rss_stat", "rss_stats", Some(1)),
            ("pid", "tgid", Some(2)),
            ("pid", "number", None),
            ("pid", "pid", None),
            ("", "pid", None),
            ("id", "uid", Some(1)),
            ("id", "grid", None),
            ("start_time", "start_boottime", Some(4)),
        ] {
            assert_eq!(nearness(wanted.as_bytes(), name.as_bytes()), expected, "{wanted} {name}");
        }
    }
}
