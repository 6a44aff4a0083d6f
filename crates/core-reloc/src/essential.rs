//! Flavors: what of a name counts.

/// The name without its flavor: everything from the last `___` that has a non-underscore on both
/// sides is dropped. libbpf's `bpf_core_essential_name_len`.
///
/// ```
/// use core_reloc::essential_name;
///
/// assert_eq!(essential_name(b"task_struct___v2"), b"task_struct");
/// assert_eq!(essential_name(b"a___b___c"), b"a___b");
/// assert_eq!(essential_name(b"___x"), b"___x");
/// assert_eq!(essential_name(b"foo____bar"), b"foo____bar");
/// ```
#[inline]
pub fn essential_name(name: &[u8]) -> &[u8] {
    let is_other = |byte: &u8| *byte != b'_';
    let mut rest = name;
    // From one run of underscores to the one before it; most names have few.
    while let Some(last) = rest.iter().rposition(|byte| *byte == b'_') {
        let before = rest.get(..last).unwrap_or_default();
        let start = before.iter().rposition(is_other).map_or(0, |other| other.saturating_add(1));
        let is_inside = start > 0 && last.saturating_add(1) < name.len();
        if is_inside && last.wrapping_sub(start) == 2 {
            return name.get(..start).unwrap_or(name);
        }
        rest = name.get(..start).unwrap_or_default();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_separator_between_other_characters_counts() {
        for (name, expected) in [
            ("foo", "foo"),
            ("foo___v2", "foo"),
            ("a___b", "a"),
            ("a___b___c", "a___b"),
            ("a___b____c", "a"),
            ("___x", "___x"),
            ("foo____bar", "foo____bar"),
            ("foo___", "foo___"),
            ("foo__bar", "foo__bar"),
            ("", ""),
        ] {
            assert_eq!(essential_name(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }
}
