//! The results of comparisons, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::compare::{Compared, End};
use super::target::TargetError;
use crate::judge::accepted::Accepted;

/// The most differences of a row that are described.
const DESCRIBED: usize = 10;

/// The results of all comparisons.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    skipped: Vec<String>,
}

/// The results of a set of objects on one target.
#[derive(Debug)]
pub struct Row {
    objects: String,
    target: String,
    tally: Tally,
    is_unknown_to_libbpf: bool,
    sizes: Option<Sizes>,
    /// Descriptions of unexplained differences, and of what could not be compared.
    unexplained: Vec<String>,
}

/// The number of relocations by result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Compared.
    pub compared: u64,
    /// Relocated to the same bytes by both sides.
    pub relocated: u64,
    /// Poisoned by both sides.
    pub poisoned: u64,
    /// Refused by both sides.
    pub failed: u64,
    /// Skipped by both sides.
    pub skipped: u64,
    /// Different for an accepted reason.
    pub accepted: BTreeMap<Accepted, u64>,
    /// Not comparable, because of an earlier difference.
    pub incomparable: u64,
    /// Different for no accepted reason, or unreadable on one side.
    pub unexplained: u64,
}

/// The sizes of minimized BTF, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The number of times that BTF was minimized.
    pub count: u64,
    /// The total size of the full BTF.
    pub whole: usize,
    /// The total size of the minimized BTF.
    pub minimized: usize,
    /// The total sizes of our result and of bpftool's, where bpftool has one.
    pub with_bpftool: [usize; 2],
    /// The number of times that our result is larger than bpftool's.
    pub larger: u64,
    /// The number of minimized BTFs that the running kernel loads.
    pub loaded: u64,
    /// What bpftool cannot minimize, and why.
    pub refused: Vec<(String, String)>,
}

impl Sizes {
    pub(super) fn of_one(whole: usize, minimized: usize) -> Self {
        Self { count: 1, whole, minimized, ..Self::default() }
    }

    pub(super) fn add_bpftool(&mut self, ours: usize, theirs: usize) {
        self.with_bpftool[0] += ours;
        self.with_bpftool[1] += theirs;
        self.larger += u64::from(ours > theirs);
    }

    pub(super) fn add_refused(&mut self, what: String, why: String) {
        self.refused.push((what, why));
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.whole += other.whole;
        self.minimized += other.minimized;
        for (sum, one) in self.with_bpftool.iter_mut().zip(other.with_bpftool) {
            *sum += one;
        }
        self.larger += other.larger;
        self.loaded += other.loaded;
        self.refused.extend(other.refused);
    }

    fn to_json(&self) -> Value {
        let [ours, bpftool] = self.with_bpftool;
        json!({
            "count": self.count,
            "whole": self.whole,
            "minimized": self.minimized,
            "where_bpftool_minimizes": ours,
            "bpftool": bpftool,
            "larger": self.larger,
            "loaded_by_the_running_kernel": self.loaded,
            "bpftool_refuses": self.refused,
        })
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.compared += other.compared;
        self.relocated += other.relocated;
        self.poisoned += other.poisoned;
        self.failed += other.failed;
        self.skipped += other.skipped;
        for (accepted, count) in &other.accepted {
            *self.accepted.entry(*accepted).or_default() += count;
        }
        self.incomparable += other.incomparable;
        self.unexplained += other.unexplained;
    }

    fn to_json(&self) -> Value {
        let accepted: serde_json::Map<String, Value> =
            self.accepted.iter().map(|(accepted, n)| (accepted.to_string(), json!(n))).collect();
        json!({
            "compared": self.compared,
            "relocated": self.relocated,
            "poisoned": self.poisoned,
            "failed": self.failed,
            "skipped": self.skipped,
            "accepted": accepted,
            "incomparable": self.incomparable,
            "unexplained": self.unexplained,
        })
    }
}

impl Row {
    /// Returns an empty row.
    pub fn new(objects: impl Into<String>, target: impl Into<String>) -> Self {
        let (objects, target) = (objects.into(), target.into());
        Self {
            objects,
            target,
            tally: Tally::default(),
            is_unknown_to_libbpf: false,
            sizes: None,
            unexplained: Vec::new(),
        }
    }

    /// Returns the name of the target.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the counts.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Returns `true` if libbpf 1.7 cannot read the target, because of its kinds of types.
    pub fn is_unknown_to_libbpf(&self) -> bool {
        self.is_unknown_to_libbpf
    }

    /// Returns the sizes of minimized BTF, if any was.
    pub fn sizes(&self) -> Option<&Sizes> {
        self.sizes.as_ref()
    }

    /// Returns descriptions of the unexplained differences.
    pub fn unexplained(&self) -> &[String] {
        &self.unexplained
    }

    /// Counts a comparison; `place` identifies the relocation.
    pub(super) fn add(&mut self, place: impl FnOnce() -> String, compared: &Compared) {
        let tally = &mut self.tally;
        if let Compared::Incomparable = compared {
            tally.incomparable += 1;
            return;
        }
        tally.compared += 1;
        match compared {
            Compared::Agreed(End::Relocated) => tally.relocated += 1,
            Compared::Agreed(End::Poisoned) => tally.poisoned += 1,
            Compared::Agreed(End::Failed) => tally.failed += 1,
            Compared::Agreed(End::Skipped) => tally.skipped += 1,
            Compared::Accepted(accepted) => *tally.accepted.entry(*accepted).or_default() += 1,
            Compared::Different(difference) => {
                self.add_unexplained(|| format!("{}: {difference}", place()));
            }
            Compared::Incomparable => {}
        }
    }

    /// Counts a difference that no [`Comparer`](super::compare::Comparer) found.
    pub(super) fn add_difference(&mut self, describe: impl FnOnce() -> String) {
        self.tally.compared += 1;
        self.add_unexplained(describe);
    }

    /// Returns `true` if one more difference would be described.
    pub(super) fn has_room(&self) -> bool {
        self.unexplained.len() < DESCRIBED
    }

    /// Replaces the descriptions of the differences.
    pub(super) fn describe_only(&mut self, description: Option<String>) {
        self.unexplained = description.into_iter().collect();
    }

    /// Adds the results of another row.
    pub(super) fn merge(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.is_unknown_to_libbpf |= other.is_unknown_to_libbpf;
        self.unexplained.extend(other.unexplained);
        self.unexplained.truncate(DESCRIBED);
    }

    pub(super) fn add_sizes(&mut self, sizes: Sizes) {
        self.sizes.get_or_insert_default().add(sizes);
    }

    /// Records whether the row could be compared.
    pub(super) fn add_result(&mut self, result: Result<(), TargetError>) {
        match result {
            Ok(()) => {}
            Err(TargetError::UnknownToLibbpf) => self.is_unknown_to_libbpf = true,
            Err(TargetError::Other(error)) => self.add_unexplained(|| error),
        }
    }

    /// Counts an unexplained difference, or input that could not be compared.
    pub(super) fn add_unexplained(&mut self, describe: impl FnOnce() -> String) {
        self.tally.unexplained += 1;
        if self.has_room() {
            self.unexplained.push(describe());
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn add_skipped(&mut self, why: String) {
        self.skipped.push(why);
    }

    /// Returns the rows, in the order of the comparisons.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns what was skipped, and why.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Returns the sum of all rows.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.rows.iter().for_each(|row| total.add(&row.tally));
        total
    }

    /// Returns the report as one JSON object.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let mut value = row.tally.to_json();
            value["objects"] = json!(row.objects);
            value["target"] = json!(row.target);
            value["unknown_to_libbpf"] = json!(row.is_unknown_to_libbpf);
            value["sizes"] = json!(row.sizes.as_ref().map(Sizes::to_json));
            value["differences"] = json!(row.unexplained);
            value
        };
        json!({
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "total": self.total().to_json(),
            "left_out": self.skipped,
        })
    }
}

impl Report {
    /// Writes a table of the sizes of minimized BTF, and what bpftool rejects.
    fn write_sizes(
        &self,
        f: &mut fmt::Formatter<'_>,
        (objects, target): (usize, usize),
    ) -> fmt::Result {
        let rows: Vec<(&Row, &Sizes)> =
            self.rows.iter().filter_map(|row| Some((row, row.sizes.as_ref()?))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let mut line = |first: &str, second: &str, columns: [&str; 7]| {
            write!(f, "{first:objects$}  {second:target$}")?;
            columns.iter().try_for_each(|column| write!(f, " {column:>12}"))?;
            writeln!(f)
        };
        line("", "", [""; 7])?;
        line(
            "bytes",
            "",
            ["minimized", "whole", "ours", "comparable", "bpftool's", "larger", "it rejects"],
        )?;
        let mut total = Sizes::default();
        rows.iter().for_each(|(_, sizes)| total.add((*sizes).clone()));
        let rows = rows.iter().map(|(row, sizes)| (&*row.objects, &*row.target, *sizes));
        for (first, second, sizes) in rows.chain([("total", "", &total)]) {
            let [ours, bpftool] = sizes.with_bpftool;
            let columns = [
                format!("{} times", sizes.count),
                sizes.whole.to_string(),
                sizes.minimized.to_string(),
                ours.to_string(),
                bpftool.to_string(),
                sizes.larger.to_string(),
                sizes.refused.len().to_string(),
            ];
            line(first, second, columns.each_ref().map(|column| &**column))?;
        }
        writeln!(f, "the running kernel loads {}", total.loaded)?;
        let mut reasons: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for (what, why) in &total.refused {
            reasons.entry(why).or_insert((0, what)).0 += 1;
        }
        for (why, (count, what)) in reasons {
            writeln!(f, "bpftool rejects {count}, the first for {what}: {why}")?;
        }
        Ok(())
    }
}

/// A table, the reasons for accepted differences, and the unexplained differences.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&Row) -> &str| {
            self.rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0).max(7)
        };
        let (objects, target) = (width(|row| &row.objects), width(|row| &row.target));
        let mut line = |first: &str, second: &str, columns: [&str; 8]| {
            write!(f, "{first:objects$}  {second:target$}")?;
            columns.iter().try_for_each(|column| write!(f, " {column:>12}"))?;
            writeln!(f)
        };
        line(
            "objects",
            "target",
            [
                "compared",
                "relocated",
                "poisoned",
                "failed",
                "skipped",
                "accepted",
                "incomparable",
                "unexplained",
            ],
        )?;
        let total = self.total();
        let rows = self.rows.iter().map(|row| (&*row.objects, &*row.target, &row.tally));
        for (first, second, tally) in rows.chain([("total", "", &total)]) {
            let counts = [
                tally.compared,
                tally.relocated,
                tally.poisoned,
                tally.failed,
                tally.skipped,
                tally.accepted.values().sum(),
                tally.incomparable,
                tally.unexplained,
            ];
            line(first, second, counts.map(|count| count.to_string()).each_ref().map(|c| &**c))?;
        }
        if !total.accepted.is_empty() {
            writeln!(f, "\naccepted differences:")?;
        }
        for (accepted, count) in &total.accepted {
            writeln!(f, "{count:>9} {accepted}: {}", accepted.reason())?;
        }
        self.write_sizes(f, (objects, target))?;
        for row in self.rows.iter().filter(|row| row.is_unknown_to_libbpf) {
            writeln!(f, "\n{}: libbpf 1.7 does not know all its kinds of types", row.target)?;
        }
        for row in self.rows.iter().filter(|row| row.tally.unexplained > 0) {
            let (shown, all) = (row.unexplained.len(), row.tally.unexplained);
            writeln!(f, "\n{} on {}, {shown} of {all} unexplained:", row.objects, row.target)?;
            row.unexplained.iter().try_for_each(|difference| writeln!(f, "{difference}"))?;
        }
        self.skipped.iter().try_for_each(|why| writeln!(f, "SKIPPED: {why}"))
    }
}
