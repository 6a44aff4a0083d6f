//! Folding lines that are wider than the terminal.

use std::iter;

/// What a folded line's continuation is indented by, more than the line itself, unless it is said otherwise.
const INDENT: usize = 4;

/// Starts the sequences that set colors.
const ESCAPE: char = '\x1b';

/// Folds a line at spaces, so that each part has at most `width` columns, and appends it to `out`. All parts
/// but the first are indented to the column `hang`. A word that alone is wider stays whole: it is a name that
/// people copy.
pub(super) fn fold(line: &str, width: usize, hang: Option<usize>, out: &mut String) {
    let indent = line.chars().take_while(|char| *char == ' ').count();
    let hang = hang.unwrap_or(indent.saturating_add(INDENT)).min(width / 2);
    let mut column = 0;
    // A space after this column may become the end of a line.
    let mut first_break = indent;
    for (space, word) in words(line) {
        let (blank, wide) = (space.len(), columns(word));
        if column > first_break && column + blank + wide > width {
            // A long word is indented less, so that it fits.
            let hang = hang.min(width.saturating_sub(wide));
            out.push('\n');
            out.extend(iter::repeat_n(' ', hang));
            (column, first_break) = (hang, hang);
        } else {
            out.push_str(space);
            column += blank;
        }
        out.push_str(word);
        column += wide;
    }
}

/// Splits a line into words, each with the spaces before it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    iter::from_fn(move || {
        let start = rest.find(|char| char != ' ')?;
        let (space, after) = rest.split_at(start);
        let (word, after) = after.split_at(after.find(' ').unwrap_or(after.len()));
        rest = after;
        Some((space, word))
    })
}

/// Returns the number of columns of a text: its characters, without the sequences that set colors.
pub(crate) fn columns(text: &str) -> usize {
    let mut in_sequence = false;
    let is_visible = |char: &char| {
        let is_visible = !in_sequence && *char != ESCAPE;
        // A letter ends a sequence.
        in_sequence = *char == ESCAPE || in_sequence && !char.is_ascii_alphabetic();
        is_visible
    };
    text.chars().filter(is_visible).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(line: &str, width: usize, hang: Option<usize>) -> String {
        let mut out = String::new();
        fold(line, width, hang, &mut out);
        out
    }

    #[test]
    fn lines_are_folded_at_spaces() {
        for (line, hang, expected) in [
            ("", None, ""),
            ("short", None, "short"),
            ("exactly twenty chars", None, "exactly twenty chars"),
            ("exactly twenty chars more", None, "exactly twenty chars\n    more"),
            ("  = on: one, two, three", None, "  = on: one, two,\n      three"),
            ("a   b               c", Some(4), "a   b\n    c"),
            ("one two three four five six", Some(0), "one two three four\nfive six"),
            ("  a_name_that_alone_is_wider next", None, "  a_name_that_alone_is_wider\n      next"),
            ("a sixteen_columns_", Some(10), "a sixteen_columns_"),
            ("some a_sixteen_column", Some(10), "some\n    a_sixteen_column"),
            // A deep indent leaves half of the width.
            ("                  aa bb cc", None, "                  aa\n          bb cc"),
        ] {
            assert_eq!(folded(line, 20, hang), expected, "{line:?}");
        }
    }

    #[test]
    fn colors_have_no_width() {
        let colored = "\x1b[31;1merror\x1b[0m: \x1b[1mtwo\x1b[0m words";
        assert_eq!(columns(colored), "error: two words".len());
        assert_eq!(folded(colored, 16, None), colored);
        assert_eq!(folded(colored, 15, None), colored.replace(" words", "\n    words"));
    }
}
