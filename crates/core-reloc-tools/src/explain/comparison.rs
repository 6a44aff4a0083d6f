//! Two definitions side by side.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::Type;

use core_reloc::describe::type_in_c;

use crate::definition::{Definition, DefinitionLine};

/// Two definitions, their lines aligned by the names of members or enumerators.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// What is on the left, and on the right: the object's and the target's, or two candidates.
    pub titles: [String; 2],
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line of each, or of one.
    Lines {
        /// The line on the left.
        left: Option<DefinitionLine>,
        /// The line on the right.
        right: Option<DefinitionLine>,
        /// Whether something other than the offset differs.
        differs: bool,
        /// Whether this is the field that the relocation is about, or one that may have become of it.
        is_focus: bool,
    },
    /// So many rows were left out.
    LeftOut(usize),
}

/// How many rows a comparison has at most, and how many around one that matters are shown.
const MAX_ROWS: usize = 40;
const CONTEXT: usize = 1;

impl Comparison {
    /// Compares two types. `focus` is the name of the member or enumerator that matters; `found` are
    /// paths of members on the right that matter as well.
    pub fn of(left: Type<'_>, right: Type<'_>, focus: &str, found: &[&str]) -> Self {
        let types = [left, right];
        Self::between(types, types.map(|ty| Definition::of(ty).lines), focus, found)
    }

    /// Compares two types by the lines of their definitions.
    pub(super) fn between(
        types: [Type<'_>; 2],
        [left, right]: [Vec<DefinitionLine>; 2],
        focus: &str,
        found: &[&str],
    ) -> Self {
        let titles = types.map(|ty| {
            let size = ty.size().map_or_else(|_| String::new(), |size| format!(", {size} bytes"));
            format!("{}{size}", type_in_c(ty))
        });
        let found = found.iter().filter_map(|path| line_of(path, &right)).collect();
        let rows = align(left, right, &Focus { name: focus, found });
        Self { titles, rows: leave_out(rows) }
    }
}

/// The names of lines that matter.
struct Focus<'f> {
    /// On both sides.
    name: &'f str,
    /// On the right.
    found: BTreeSet<String>,
}

/// The name of the line that shows a member, or the member that it is inside of or behind.
fn line_of(path: &str, lines: &[DefinitionLine]) -> Option<String> {
    let ends = path.match_indices(['.', '-']).map(|(end, _)| end).chain([path.len()]);
    let mut prefixes = ends.collect::<Vec<_>>().into_iter().rev().filter_map(|end| path.get(..end));
    let shown = prefixes.find(|prefix| lines.iter().any(|line| line.name == *prefix))?;
    Some(shown.to_string())
}

/// Aligns two definitions: every line of the left one is looked for from where the right one stands.
fn align(left: Vec<DefinitionLine>, right: Vec<DefinitionLine>, focus: &Focus<'_>) -> Vec<Row> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (position, line) in right.iter().enumerate().filter(|(_, line)| !line.name.is_empty()) {
        places.entry(line.name.to_string()).or_insert(position);
    }
    let mut right = right.into_iter().enumerate().peekable();
    let mut rows = Vec::new();
    for line in left {
        let next = right.peek().map(|(position, _)| *position);
        let place = if line.name.is_empty() {
            let is_same = |other: &DefinitionLine| other.name.is_empty() && other.text == line.text;
            next.filter(|_| right.peek().is_some_and(|(_, other)| is_same(other)))
        } else {
            places.get(&line.name).copied().filter(|place| next.is_some_and(|next| *place >= next))
        };
        let Some(place) = place else {
            rows.push(row(Some(line), None, focus));
            continue;
        };
        while let Some((_, skipped)) = right.next_if(|(position, _)| *position < place) {
            rows.push(row(None, Some(skipped), focus));
        }
        rows.push(row(Some(line), right.next().map(|(_, line)| line), focus));
    }
    rows.extend(right.map(|(_, line)| row(None, Some(line), focus)));
    rows
}

fn row(left: Option<DefinitionLine>, right: Option<DefinitionLine>, focus: &Focus<'_>) -> Row {
    let said = |line: &Option<DefinitionLine>| {
        let line = line.as_ref()?;
        let place = line.place.map(|place| (place.size, place.bitfield_size));
        Some((line.text.clone(), place))
    };
    let differs = said(&left) != said(&right);
    let is_named = |line: &Option<DefinitionLine>| {
        line.as_ref().is_some_and(|line| !focus.name.is_empty() && line.name == focus.name)
    };
    let is_found = right.as_ref().is_some_and(|line| focus.found.contains(&line.name));
    let is_focus = is_named(&left) || is_named(&right) || is_found;
    Row::Lines { left, right, differs, is_focus }
}

/// Leaves out what is the same, and what only the right one has: kernels' types are long. What is
/// next to a row that matters stays.
fn leave_out(rows: Vec<Row>) -> Vec<Row> {
    /// Comparisons of so few rows are shown whole.
    const FEW: usize = 16;
    if rows.len() <= FEW {
        return rows;
    }
    let matters = |row: &Row| match row {
        Row::Lines { left, differs, is_focus, .. } => *is_focus || (left.is_some() && *differs),
        Row::LeftOut(_) => true,
    };
    let marked: Vec<bool> = rows.iter().map(matters).collect();
    let mut shown: Vec<Row> = Vec::new();
    for (position, row) in rows.into_iter().enumerate() {
        let around = position.saturating_sub(CONTEXT)..=position.saturating_add(CONTEXT);
        let near = around.into_iter().any(|at| marked.get(at).copied().unwrap_or(false));
        // The focus is shown however much there is before it.
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
