//! Breaking lines.

/// The spaces before a line that continues another.
const HANGING: &str = "        ";

/// Breaks a text at its spaces into lines of at most a width, if its words allow it.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{HANGING}{word}")),
            None => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrap("a bb ccc dddd", 12), ["a bb ccc", "        dddd"]);
        assert_eq!(wrap("  a bb ccc", 10), ["  a bb ccc"]);
        assert_eq!(wrap("longer than", 3), ["longer", "        than"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
