//! Problems that are known: a line of text each, which people read and edit.

use std::{
    collections::{BTreeSet, HashSet},
    fmt, fs,
    path::Path,
};

use super::{
    Results,
    problems::{Key, Problems},
};
use crate::failure::Failure;

/// The fields of a line.
const FIELDS: usize = 6;

/// In place of a kernel's name: any.
const ANY: &str = "*";

const HEADING: &str = "\
# Problems of BPF objects on kernels that are known and accepted, for core-reloc check --baseline.
# object, program, kind of relocation, access, verdict, kernel; * stands for any kernel
";

/// Problems that are accepted.
#[derive(Default)]
pub(crate) struct Baseline(BTreeSet<(Key, String)>);

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::Baseline { path: path.to_path_buf(), error })?;
        let mut known = BTreeSet::new();
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let fields: Vec<String> = text.split('\t').map(str::to_string).collect();
            let fields: [String; FIELDS] = fields.try_into().map_err(|fields: Vec<_>| {
                let (found, expected) = (fields.len(), FIELDS);
                Failure::BaselineLine { path: path.to_path_buf(), line, found, expected }
            })?;
            let [object, program, kind, access, verdict, kernel] = fields;
            known.insert((Key { object, program, kind, access, verdict }, kernel));
        }
        Ok(Self(known))
    }

    /// All problems there are.
    pub(crate) fn of(results: &Results, problems: &Problems) -> Self {
        let label = |kernel: usize| results.kernels[kernel].label.clone();
        let known = problems.0.iter().flat_map(|problem| {
            let kernels = problem.kernels.iter();
            kernels.map(move |(kernel, _)| (problem.key.clone(), label(*kernel)))
        });
        Self(known.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, key: &Key, kernel: &str) -> bool {
        let has = |kernel: &str| self.0.contains(&(key.clone(), kernel.to_string()));
        !self.0.is_empty() && (has(kernel) || has(ANY))
    }

    /// The lines that are of an object and a kernel that were checked, and of no problem.
    pub(crate) fn stale(&self, results: &Results, problems: &Problems) -> Vec<String> {
        let objects: HashSet<&str> =
            results.objects.iter().map(|object| object.label.as_str()).collect();
        let kernels: HashSet<&str> =
            results.kernels.iter().map(|kernel| kernel.label.as_str()).collect();
        let there = Self::of(results, problems);
        let happens = |(key, kernel): &(Key, String)| match kernel.as_str() {
            ANY => there.0.iter().any(|(other, _)| other == key),
            _ => there.0.contains(&(key.clone(), kernel.clone())),
        };
        let was_checked = |(key, kernel): &(Key, String)| {
            objects.contains(key.object.as_str())
                && (kernel == ANY || kernels.contains(kernel.as_str()))
        };
        let stale = self.0.iter().filter(|known| was_checked(known) && !happens(known));
        stale.map(|(key, kernel)| line(key, kernel)).collect()
    }
}

fn line(key: &Key, kernel: &str) -> String {
    let Key { object, program, kind, access, verdict } = key;
    [object, program, kind, access, verdict, kernel].join("\t")
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADING)?;
        self.0.iter().try_for_each(|(key, kernel)| writeln!(f, "{}", line(key, kernel)))
    }
}
