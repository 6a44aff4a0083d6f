//! Baselines: files of accepted problems, one per line, which people may edit.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    path::Path,
};

use super::{
    Results,
    problems::{ProblemKey, Problems},
};
use crate::{failure::Failure, inputs::read_file, limits::MAX_BASELINE};

/// The number of fields in a line.
const FIELDS: usize = 6;

/// Stands for any kernel.
const ANY: &str = "*";

/// The first line, by which `check` knows a file that it has written.
pub(super) const MARK: &str = "# Known problems that core-reloc check --baseline accepts.\n";

const HEADING: &str = "\
# object, program, kind of relocation, access, verdict, kernel; * stands for any kernel
";

/// Accepted problems, each with the name of its kernel.
#[derive(Default)]
pub(super) struct Baseline(BTreeSet<(ProblemKey, String)>);

impl Baseline {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read_file(path, MAX_BASELINE)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Failure::BaselineText(path.to_path_buf()))?;
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
            known.insert((ProblemKey { object, program, kind, access, verdict }, kernel));
        }
        Ok(Self(known))
    }

    /// Returns a baseline of all problems.
    pub(super) fn of(results: &Results, problems: &Problems) -> Self {
        let label = |kernel: usize| results.kernels[kernel].label.clone();
        let known = problems.0.iter().flat_map(|problem| {
            let kernels = problem.kernels.iter();
            kernels.map(move |it| (problem.key.clone(), label(it.kernel)))
        });
        Self(known.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if a problem is accepted on a kernel.
    pub(super) fn accepts(&self, key: &ProblemKey, kernel: &str) -> bool {
        let has = |kernel: &str| self.0.contains(&(key.clone(), kernel.to_string()));
        !self.0.is_empty() && (has(kernel) || has(ANY))
    }

    /// Returns the lines whose object and kernel were checked, and whose problem does not occur.
    pub(super) fn stale(&self, results: &Results, problems: &Problems) -> Vec<String> {
        let objects: HashSet<&str> =
            results.objects.iter().map(|object| object.label.as_str()).collect();
        let kernels: HashSet<&str> =
            results.kernels.iter().map(|kernel| kernel.label.as_str()).collect();
        let current = Self::of(results, problems);
        let occurs = |(key, kernel): &(ProblemKey, String)| match kernel.as_str() {
            ANY => current.0.iter().any(|(other, _)| other == key),
            _ => current.0.contains(&(key.clone(), kernel.clone())),
        };
        let was_checked = |(key, kernel): &(ProblemKey, String)| {
            objects.contains(key.object.as_str())
                && (kernel == ANY || kernels.contains(kernel.as_str()))
        };
        let stale = self.0.iter().filter(|known| was_checked(known) && !occurs(known));
        stale.map(|(key, kernel)| line(key, kernel)).collect()
    }
}

/// Formats a line.
fn line(key: &ProblemKey, kernel: &str) -> String {
    let ProblemKey { object, program, kind, access, verdict } = key;
    [object, program, kind, access, verdict, kernel].join("\t")
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        f.write_str(HEADING)?;
        self.0.iter().try_for_each(|(key, kernel)| writeln!(f, "{}", line(key, kernel)))
    }
}
