//! A planted bug, and what it changes.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::pattern::substitute;
use super::place::Places;
use crate::Result;

/// A bug of the table.
pub(super) struct Bug {
    /// The rule that it breaks.
    pub(super) rule: &'static str,
    /// How it breaks the rule.
    pub(super) name: &'static str,
    pub(super) edits: Vec<Edit>,
}

/// A substitution in a function.
pub(super) struct Edit {
    /// The package, and the end of the function's path.
    pub(super) anchor: &'static str,
    /// A pattern that matches exactly once in the function.
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
    /// What the bug changes in the workspace.
    pub(super) fn changes(&self, places: &mut Places) -> Result<Vec<Change>> {
        let mut edits: BTreeMap<PathBuf, Vec<(Range<usize>, String)>> = BTreeMap::new();
        for Edit { anchor, before, after } in &self.edits {
            let place = places.find(anchor).map_err(|error| format!("{error} ({self})"))?;
            let code = &places.texts[&place.file][place.range.clone()];
            let (range, text) = substitute(code, before, after)?
                .map_err(|times| format!("{anchor} has `{before}` {times} times ({self})"))?;
            let start = place.range.start;
            let range = start + range.start..start + range.end;
            edits.entry(place.file).or_default().push((range, text));
        }
        let changes = edits.into_iter().map(|(path, mut edits)| {
            let before = places.texts[&path].clone();
            let mut after = before.clone();
            // From the end, so that the other ranges stay right.
            edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            for (range, text) in edits {
                after.replace_range(range, &text);
            }
            Change { path, before, after }
        });
        Ok(changes.collect())
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} But: {}.", self.rule, self.name)
    }
}
