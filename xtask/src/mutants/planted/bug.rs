//! A planted bug, and what it changes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A bug of the table.
pub(super) struct Bug {
    /// The rule that it breaks.
    pub(super) rule: &'static str,
    /// What is wrong then.
    pub(super) name: &'static str,
    pub(super) edits: Vec<Edit>,
}

/// One place that a bug changes.
pub(super) struct Edit {
    /// From `crates/`.
    pub(super) file: &'static str,
    /// What is there, exactly once, whatever the white space.
    pub(super) before: String,
    pub(super) after: String,
}

/// A file that a bug changes.
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) before: String,
    pub(super) after: String,
}

impl Bug {
    /// What the bug changes in a workspace.
    pub(super) fn changes(&self, root: &Path) -> Result<Vec<Change>, String> {
        let mut changes: Vec<Change> = Vec::new();
        for edit in &self.edits {
            let path = root.join("crates").join(edit.file);
            let at = match changes.iter().position(|change| change.path == path) {
                Some(at) => at,
                None => {
                    let before = fs::read_to_string(&path)
                        .map_err(|error| format!("{}: {error}", path.display()))?;
                    changes.push(Change { path, after: before.clone(), before });
                    changes.len() - 1
                }
            };
            let change = &mut changes[at];
            change.after = edit.apply(&change.after).map_err(|times| {
                format!("{} has this {times} times: `{}` ({self})", edit.file, edit.before)
            })?;
        }
        Ok(changes)
    }

    /// Whether tests of ELF objects must notice, rather than those of the rules.
    pub(super) fn is_in_elf(&self) -> bool {
        self.edits.iter().any(|edit| edit.file.contains("/elf/"))
    }
}

impl Edit {
    /// The source with the edit, or how often there is what it changes, if that is not once.
    fn apply(&self, source: &str) -> Result<String, usize> {
        let solid = |text: &str| -> Vec<(usize, char)> {
            text.char_indices().filter(|(_, char)| !char.is_whitespace()).collect()
        };
        let (source_chars, wanted) = (solid(source), solid(&self.before));
        let same = |window: &&[(usize, char)]| {
            window.iter().zip(&wanted).all(|((_, one), (_, other))| one == other)
        };
        let found: Vec<_> = source_chars.windows(wanted.len().max(1)).filter(same).collect();
        match found[..] {
            [[(start, _), .., (last, end)]] => {
                let (before, rest) = (&source[..*start], &source[last + end.len_utf8()..]);
                Ok(format!("{before}{}{rest}", self.after))
            }
            _ => Err(found.len()),
        }
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} But: {}.", self.rule, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_the_one_place_that_it_names() {
        let edit =
            |before: &str| Edit { file: "", before: before.to_string(), after: "new".to_string() };
        assert_eq!(edit("a\n+ b").apply("x(a + b)").unwrap(), "x(new)");
        assert_eq!(edit("a+b").apply("x(a +\n    b) ß").unwrap(), "x(new) ß");
        assert_eq!(edit("a + b").apply("a + b, a + b"), Err(2));
        assert_eq!(edit("a + b").apply("a"), Err(0));
        assert_eq!(edit("").apply(""), Err(0));
    }
}
