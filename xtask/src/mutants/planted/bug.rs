//! A planted bug: what it changes, and which test notices.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::command::{cargo, shown};

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

/// What the tests said about a bug.
pub(super) enum Outcome {
    /// This test failed.
    Caught(String),
    Missed,
    /// The bug is none that a compiler takes.
    DoesNotCompile(String),
}

impl Bug {
    /// The files that the bug changes, with what they become.
    pub(super) fn plant(&self) -> std::result::Result<BTreeMap<String, String>, String> {
        let mut files = BTreeMap::new();
        for edit in &self.edits {
            let path = format!("crates/{}", edit.file);
            let source = match files.get(&path) {
                Some(changed) => String::clone(changed),
                None => fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?,
            };
            let changed = edit.apply(&source).map_err(|found| {
                format!("{path} has {found} times `{}`, of the bug: {self}", edit.before)
            })?;
            files.insert(path, changed);
        }
        Ok(files)
    }

    /// Runs the tests that must notice, in a tree that has the bug.
    pub(super) fn test(&self, tree: &Path, target: &Path) -> Result<Outcome> {
        let elf = self.edits.iter().any(|edit| edit.file.contains("/elf/"));
        let tests: &[&str] = if elf {
            &["--features", "elf", "--test", "elf"]
        } else {
            &["--lib", "--test", "rules"]
        };
        let test = |more: &[&str]| {
            let mut test = cargo();
            test.current_dir(tree).arg("test").args(["--profile", "mutants", "--offline"]);
            test.args(["--package", "core-reloc", "--target-dir"]).arg(target);
            test.args(tests).args(more);
            let shown = shown(&test);
            test.output().map_err(|error| format!("`{shown}` did not start: {error}"))
        };
        let built = test(&["--no-run"])?;
        if !built.status.success() {
            let said = String::from_utf8_lossy(&built.stderr).into_owned();
            return Ok(Outcome::DoesNotCompile(said));
        }
        let run = test(&[])?;
        if run.status.success() {
            return Ok(Outcome::Missed);
        }
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let mut failed = said.lines().filter_map(|line| line.strip_suffix(" ... FAILED"));
        let first = failed.next().unwrap_or("a test that did not end well");
        Ok(Outcome::Caught(first.trim_start_matches("test ").to_string()))
    }
}

impl Edit {
    /// The source with the edit, or how often there is what it changes, if that is not once.
    fn apply(&self, source: &str) -> std::result::Result<String, usize> {
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

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(test) => write!(f, "caught by {test}"),
            Self::Missed => f.write_str("MISSED"),
            Self::DoesNotCompile(said) => write!(f, "DOES NOT COMPILE:\n{said}\n"),
        }
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
