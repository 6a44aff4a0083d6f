//! `core-reloc merge`: the results of all shards from their reports.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use super::{
    collect::{CheckedKernel, KernelResult, labeled},
    given::of_none,
    objects::ObjectInfo,
    shard::{
        key::{GivenRecord, ShardKey},
        read::{ReportProblem, ShardReport, Shared},
    },
};
use crate::{
    arguments::Shard, failure::Failure, format::plural, target::Unreadable, terminal,
    terminal::Escaped,
};

/// The number of ranges of missing shards that are named.
const MAX_NAMED: usize = 8;

/// The results of all shards.
pub(super) struct Merged {
    pub(super) objects: Vec<ObjectInfo>,
    pub(super) kernels: Vec<CheckedKernel>,
    pub(super) unreadable: Unreadable,
}

/// The reports that have been read.
#[derive(Default)]
struct Reports {
    shared: Shared,
    first: Option<First>,
    /// The report of each shard.
    paths: BTreeMap<u32, PathBuf>,
    kernels: Vec<KernelResult>,
    orders: HashSet<[usize; 2]>,
    unreadable: Unreadable,
    /// The shards whose reports are there and cannot be used.
    broken: BTreeSet<u32>,
    /// The number of shards, as a report says that cannot be used.
    count: Option<u32>,
    /// The number of errors that were printed.
    errors: usize,
}

/// The first report, which all others are compared with.
struct First {
    path: PathBuf,
    key: ShardKey,
    objects: Vec<ObjectInfo>,
    given: Vec<GivenRecord>,
}

/// Reads the reports of all shards, and puts their results together.
pub(super) fn merge(paths: &[PathBuf]) -> Result<Merged, Failure> {
    let mut reports = Reports::default();
    for path in paths {
        match ShardReport::read(path, &reports.shared) {
            Ok(report) => reports.add(report),
            Err(problem) => reports.add_broken(&problem),
        }
    }
    reports.finish()
}

impl Reports {
    fn error(&mut self, message: impl std::fmt::Display) {
        terminal::error(message);
        self.errors += 1;
    }

    fn add_broken(&mut self, problem: &ReportProblem) {
        self.error(problem);
        if let Some(Shard { index, count }) = problem.shard {
            self.broken.insert(index.get());
            self.count.get_or_insert(count.get());
        }
    }

    /// Adds the results of a report, if it is of the same check as the others.
    fn add(&mut self, report: ShardReport) {
        let ShardReport { path, shard, key, objects, given, kernels, unreadable } = report;
        let index = shard.index.get();
        if let Some(other) = self.paths.insert(index, path.clone()) {
            let (one, other) = (path.display(), other.display());
            self.error(format_args!(
                "{one}: is of shard {shard}, as {other} is; name one report of each shard"
            ));
            return;
        }
        match &mut self.first {
            None => self.first = Some(First { path: path.clone(), key, objects, given }),
            Some(first) => {
                if let Some(difference) = first.difference(&key, &objects, &given) {
                    let (path, other) = (path.display(), first.path.display().to_string());
                    self.error(format_args!(
                        "{path}: is not of the same check as {other}: {difference}; run both shards again alike"
                    ));
                    self.broken.insert(index);
                    return;
                }
                for (all, one) in first.given.iter_mut().zip(given) {
                    all.used |= one.used;
                    all.reason = all.reason.take().or(one.reason);
                }
            }
        }
        if !kernels.iter().all(|kernel| self.orders.insert(kernel.order)) {
            let path = path.display();
            self.error(format_args!(
                "{path}: has a kernel that the report of another shard has; run all shards again"
            ));
        }
        self.kernels.extend(kernels);
        let errors = unreadable.into_iter().map(Failure::Reported);
        errors.for_each(|error| self.unreadable.add(error));
    }

    /// Returns the results, if all shards are there.
    fn finish(mut self) -> Result<Merged, Failure> {
        let count = self.first.as_ref().map(|first| first.key.count).or(self.count);
        let count = count.unwrap_or_default();
        let is_missing = |index: &u32| !self.paths.contains_key(index);
        let missing: Vec<u32> = (1..=count).filter(is_missing).collect();
        let unnamed: Vec<u32> =
            missing.iter().copied().filter(|index| !self.broken.contains(index)).collect();
        if !unnamed.is_empty() {
            let shards = shards(&unnamed);
            let each = unnamed[0];
            self.error(format_args!(
                "no report of {shards} of {count}; name it, or run check again with --shard {each}/{count}"
            ));
        }
        let Some(First { objects, given, .. }) = self.first.filter(|_| self.errors == 0) else {
            let problems = plural(self.errors, "problem");
            return Err(Failure::Merge(format!("nothing was merged: {problems} with the reports")));
        };
        let (kernels, unreadable) = (labeled(self.kernels), self.unreadable);
        if kernels.is_empty() && unreadable.is_empty() {
            return Err(Failure::NoTarget("the targets of the shards".into()));
        }
        if let Some(unused) = given.iter().find(|it| !it.used && !kernels.is_empty()) {
            let (path, reason) = (Path::new(&unused.path), unused.reason.clone());
            return Err(of_none(&unused.option, path, kernels.len(), reason));
        }
        Ok(Merged { objects, kernels, unreadable })
    }
}

impl First {
    /// Says in what another report differs.
    fn difference(
        &self,
        key: &ShardKey,
        objects: &[ObjectInfo],
        given: &[GivenRecord],
    ) -> Option<String> {
        let own = &self.key;
        if own.program != key.program {
            let (one, other) = (Escaped(&key.program), Escaped(&own.program));
            return Some(format!("it was made by core-reloc {one}, the other by {other}"));
        }
        if own.count != key.count {
            return Some(format!("it has one of {} shards, the other of {}", key.count, own.count));
        }
        if own.files != key.files {
            return Some("the targets have other files".to_string());
        }
        let differs = |(one, other): &(&ObjectInfo, &ObjectInfo)| {
            (&one.label, &one.digest) != (&other.label, &other.digest)
                || one.programs.len() != other.programs.len()
                || one.relocations.len() != other.relocations.len()
        };
        if let Some((_, other)) = self.objects.iter().zip(objects).find(differs) {
            return Some(format!("the object {} differs", other.label));
        }
        if self.objects.len() != objects.len() {
            return Some(format!(
                "it has {}, the other {}",
                plural(objects.len(), "object"),
                self.objects.len()
            ));
        }
        let same = |one: &GivenRecord, other: &GivenRecord| {
            (&one.option, &one.digest) == (&other.option, &other.digest)
        };
        let is_same = self.given.len() == given.len()
            && self.given.iter().zip(given).all(|(one, other)| same(one, other));
        (!is_same).then(|| "--module, --symbols or --config name other files".to_string())
    }
}

/// Names shards: `shard 2`, or `shards 2, 5 to 9`.
fn shards(indices: &[u32]) -> String {
    let ranges: Vec<String> = indices
        .chunk_by(|one, next| one + 1 == *next)
        .map(|range| match range {
            [first, .., last] => format!("{first} to {last}"),
            _ => range[0].to_string(),
        })
        .collect();
    let named = ranges.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if ranges.len() > MAX_NAMED { ", …" } else { "" };
    let shards = if indices.len() == 1 { "shard" } else { "shards" };
    format!("{shards} {named}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_shards_are_named_as_ranges() {
        assert_eq!(shards(&[2]), "shard 2");
        assert_eq!(shards(&[2, 5, 6, 7, 9]), "shards 2, 5 to 7, 9");
        let odd: Vec<u32> = (1..40).step_by(2).collect();
        assert_eq!(shards(&odd), "shards 1, 3, 5, 7, 9, 11, 13, 15, …");
    }
}
