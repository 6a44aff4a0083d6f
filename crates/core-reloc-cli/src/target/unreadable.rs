//! Targets that cannot be read, and files that are none.

use std::path::Path;

use crate::{
    Completion,
    failure::Failure,
    terminal::{self, Escaped},
};

/// Targets that cannot be read. The others are used all the same.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Vec<Failure>);

impl Unreadable {
    pub(crate) fn add(&mut self, error: impl Into<Failure>) {
        self.0.push(error.into());
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Returns the errors.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    /// Returns the errors as text.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().map(|error| Escaped(error).to_string()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Prints the errors, and returns the result for a number of targets that were read.
    ///
    /// # Errors
    /// Returns an error if none was read: the only one, if there is one.
    pub(crate) fn report(mut self, read: usize) -> Result<Completion, Failure> {
        let failed = self.0.len();
        if failed == 0 {
            return Ok(Completion::Success);
        }
        if read == 0 && failed == 1 {
            return self.0.pop().map_or(Ok(Completion::Success), Err);
        }
        self.0.iter().for_each(terminal::error);
        let summary = Failure::Targets { failed, total: failed + read };
        if read == 0 {
            return Err(summary);
        }
        terminal::error(summary);
        Ok(Completion::Negative)
    }
}

/// Files of a folder or archive that are not kernels.
#[derive(Debug, Default)]
pub(crate) struct SkippedFiles {
    count: usize,
    /// What the first one is instead.
    first: Option<String>,
}

impl SkippedFiles {
    /// Returns a number of files, the first of which is something else.
    pub(crate) fn of(count: usize, first: String) -> Self {
        Self { count, first: Some(first) }
    }

    /// Returns the number of files.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns what the first one is instead.
    pub(crate) fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    pub(crate) fn add(&mut self, what: String) {
        self.count += 1;
        self.first.get_or_insert(what);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.count += others.count;
        self.first = self.first.take().or(others.first);
    }

    /// Prints one warning about all of them.
    pub(crate) fn warn(&self, path: &Path) {
        let Some(first) = &self.first else { return };
        let path = path.display();
        match self.count {
            1 => terminal::warning(format_args!(
                "{path}: skipped a file that is not a kernel: {first}"
            )),
            count => terminal::warning(format_args!(
                "{path}: skipped {count} files that are not kernels, first: {first}"
            )),
        }
    }
}
