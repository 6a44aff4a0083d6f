//! Compares two definitions side by side.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::Type;
use core_reloc::describe::type_in_c;

use super::spelling::canonical;
use crate::definition::DefinitionLine;

/// Two definitions whose lines are aligned by the names of members or enumerators.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The headings of the two sides: the object's type and the target's, or two candidates.
    pub titles: [String; 2],
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line of both sides, or of one.
    Lines {
        /// The line on the left.
        left: Option<DefinitionLine>,
        /// The line on the right.
        right: Option<DefinitionLine>,
        /// Whether the lines differ in more than the offset.
        differs: bool,
        /// Whether this is the field that the relocation is about, or a likely replacement.
        is_focus: bool,
    },
    /// This number of rows was left out.
    LeftOut(usize),
}

/// The maximum number of rows, apart from those in focus.
const MAX_ROWS: usize = 40;
/// The number of rows shown before and after each relevant one.
const CONTEXT: usize = 1;

impl Comparison {
    /// Compares two types by the lines of their definitions. In focus are the member or enumerator
    /// `name` on both sides, and the members on the right that the paths in `found` lead to.
    pub(super) fn between(
        types: [Type<'_>; 2],
        [left, right]: [Vec<DefinitionLine>; 2],
        name: &str,
        found: &[&str],
    ) -> Self {
        let titles = types.map(|ty| {
            let size = ty.size().map_or_else(|_| String::new(), |size| format!(", {size} bytes"));
            format!("{}{size}", type_in_c(ty))
        });
        let found = found.iter().filter_map(|path| line_of(path, &right)).collect();
        let rows = align(left, right, &Focus { name, found });
        Self { titles, rows: leave_out(rows) }
    }
}

/// The names of the lines in focus.
struct Focus<'f> {
    /// The name on both sides.
    name: &'f str,
    /// Names on the right.
    found: BTreeSet<String>,
}

/// Returns the name of the line for a member, or for the member that contains it or points to it.
fn line_of(path: &str, lines: &[DefinitionLine]) -> Option<String> {
    let ends = path.match_indices(['.', '-']).map(|(end, _)| end).chain([path.len()]);
    let mut prefixes = ends.collect::<Vec<_>>().into_iter().rev().filter_map(|end| path.get(..end));
    let shown = prefixes.find(|prefix| lines.iter().any(|line| line.name == *prefix))?;
    Some(shown.to_string())
}

/// Aligns two definitions: searches the rest of the right one for each line of the left one.
fn align(left: Vec<DefinitionLine>, right: Vec<DefinitionLine>, focus: &Focus<'_>) -> Vec<Row> {
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    for (position, line) in right.iter().enumerate().filter(|(_, line)| !line.name.is_empty()) {
        positions.entry(line.name.clone()).or_insert(position);
    }
    let mut right = right.into_iter().enumerate().peekable();
    let mut rows = Vec::new();
    for line in left {
        let next = right.peek().map(|(position, _)| *position);
        let position = if line.name.is_empty() {
            let is_same = |other: &DefinitionLine| other.name.is_empty() && other.text == line.text;
            next.filter(|_| right.peek().is_some_and(|(_, other)| is_same(other)))
        } else {
            let found = positions.get(&line.name).copied();
            found.filter(|position| next.is_some_and(|next| *position >= next))
        };
        let Some(wanted) = position else {
            rows.push(row(Some(line), None, focus));
            continue;
        };
        while let Some((_, skipped)) = right.next_if(|(position, _)| *position < wanted) {
            rows.push(row(None, Some(skipped), focus));
        }
        rows.push(row(Some(line), right.next().map(|(_, line)| line), focus));
    }
    rows.extend(right.map(|(_, line)| row(None, Some(line), focus)));
    rows
}

fn row(left: Option<DefinitionLine>, right: Option<DefinitionLine>, focus: &Focus<'_>) -> Row {
    let compared = |line: &Option<DefinitionLine>| {
        let line = line.as_ref()?;
        let layout = line.layout.map(|layout| (layout.size, layout.bitfield_size));
        Some((canonical(&line.text), layout))
    };
    let differs = compared(&left) != compared(&right);
    let is_named = |line: &Option<DefinitionLine>| {
        line.as_ref().is_some_and(|line| !focus.name.is_empty() && line.name == focus.name)
    };
    let is_found = right.as_ref().is_some_and(|line| focus.found.contains(&line.name));
    let is_focus = is_named(&left) || is_named(&right) || is_found;
    Row::Lines { left, right, differs, is_focus }
}

/// Leaves out rows that are equal or only on the right, because kernel types are long. Relevant rows, and
/// those next to them, stay.
fn leave_out(rows: Vec<Row>) -> Vec<Row> {
    /// Comparisons with at most this number of rows are shown whole.
    const FEW: usize = 16;
    if rows.len() <= FEW {
        return rows;
    }
    let is_relevant = |row: &Row| match row {
        Row::Lines { left, differs, is_focus, .. } => *is_focus || (left.is_some() && *differs),
        Row::LeftOut(_) => true,
    };
    let relevant: Vec<bool> = rows.iter().map(is_relevant).collect();
    let mut shown: Vec<Row> = Vec::new();
    for (position, row) in rows.into_iter().enumerate() {
        let around = position.saturating_sub(CONTEXT)..=position.saturating_add(CONTEXT);
        let near = around.into_iter().any(|at| relevant.get(at).copied().unwrap_or(false));
        // The focus is shown even after the maximum.
        let is_focus = matches!(row, Row::Lines { is_focus: true, .. });
        if near && (shown.len() < MAX_ROWS || is_focus) {
            shown.push(row);
        } else if let Some(Row::LeftOut(count)) = shown.last_mut() {
            *count = count.saturating_add(1);
        } else {
            shown.push(Row::LeftOut(1));
        }
    }
    shown
}
