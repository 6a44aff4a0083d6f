//! A copy of the workspace to plant bugs in.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::bug::Change;
use crate::command::{cargo, shown, text};
use crate::{Result, files};

/// The copy and its target folder, which is kept between runs.
pub(super) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

/// The result of the tests.
pub(super) enum Outcome {
    /// The first test that failed.
    Caught(String),
    Missed,
    /// The compiler's first error.
    DoesNotCompile(String),
}

impl Tree {
    /// Copies the workspace, without files that git ignores.
    pub(super) fn copy() -> Result<Self> {
        let folder = std::env::current_dir()?.join("target/mutants/planted");
        let tree = Self { root: folder.join("tree"), target: folder.join("target") };
        if tree.root.exists() {
            fs::remove_dir_all(&tree.root)?;
        }
        let mut list = Command::new("git");
        list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        let files: Vec<PathBuf> = text(&mut list)?.lines().map(PathBuf::from).collect();
        // A file may have been deleted since it was committed.
        let present: Vec<PathBuf> = files.into_iter().filter(|file| file.exists()).collect();
        files::copy(&present, Path::new(""), &tree.root)?;
        Ok(tree)
    }

    /// Runs the tests that must notice a bug, with the bug in place.
    pub(super) fn test_with(&self, changes: &[Change]) -> Result<Outcome> {
        for Change { path, after, .. } in changes {
            fs::write(self.root.join(path), after)?;
        }
        let outcome = self.test(is_in_elf(changes));
        for Change { path, before, .. } in changes {
            fs::write(self.root.join(path), before)?;
        }
        outcome
    }

    /// Runs the tests of the rules, or those of whole objects.
    pub(super) fn test(&self, elf: bool) -> Result<Outcome> {
        let built = self.cargo_test(elf, &["--no-run"])?;
        if !built.status.success() {
            let errors = String::from_utf8_lossy(&built.stderr);
            let errors = errors.lines().skip_while(|line| !line.starts_with("error"));
            let first: Vec<&str> = errors.take(3).collect();
            return Ok(Outcome::DoesNotCompile(first.join("\n")));
        }
        let run = self.cargo_test(elf, &[])?;
        if run.status.success() {
            return Ok(Outcome::Missed);
        }
        let report = String::from_utf8_lossy(&run.stdout);
        let mut failed = report.lines().filter_map(|line| line.strip_suffix(" ... FAILED"));
        let first = failed.next().unwrap_or("a test that did not finish");
        Ok(Outcome::Caught(first.trim_start_matches("test ").to_string()))
    }

    fn cargo_test(&self, elf: bool, more: &[&str]) -> Result<Output> {
        let mut test = cargo();
        test.current_dir(&self.root).args(["test", "--profile", "mutants", "--offline"]);
        test.args(["--package", "core-reloc", "--target-dir"]).arg(&self.target);
        if elf {
            test.args(["--features", "elf", "--test", "elf"]);
        } else {
            test.args(["--lib", "--test", "rules"]);
        }
        test.args(more);
        test.output().map_err(|error| format!("`{}` did not start: {error}", shown(&test)).into())
    }
}

/// Returns `true` if the tests of whole objects must notice a bug, rather than those of the rules.
pub(super) fn is_in_elf(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.path.iter().any(|folder| folder == "elf"))
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(test) => write!(f, "caught by {test}"),
            Self::Missed => f.write_str("MISSED"),
            Self::DoesNotCompile(error) => write!(f, "DOES NOT COMPILE ({error})"),
        }
    }
}
