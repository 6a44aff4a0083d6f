//! Baselines: files of accepted problems, one per line, which people may edit.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    path::Path,
};

use super::{Results, causes::Causes, kernel_set::KernelSet};
use crate::{failure::Failure, inputs::read_file, limits::MAX_BASELINE};

/// The number of fields in a line.
const FIELDS: usize = 5;

/// Stands for any kernel.
const ANY: &str = "*";

/// The first line, by which `check` knows a file that it has written.
pub(super) const MARK: &str = "# Known problems that core-reloc check --baseline accepts.\n";

const HEADING: &str = "\
# object, program, verdict, cause, kernel; * stands for any kernel
";

/// What identifies a problem, with the kernel: names, which stay the same from build to build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ProblemKey {
    pub(super) object: String,
    pub(super) program: String,
    pub(super) verdict: String,
    /// What the cause is, and its name.
    pub(super) cause: String,
}

/// Accepted problems, each with the name of its kernel.
#[derive(Default)]
pub(super) struct Baseline(BTreeSet<(ProblemKey, String)>);

impl Baseline {
    /// Reads the file at a path; without one, nothing is accepted.
    pub(super) fn named(path: Option<&Path>) -> Result<Self, Failure> {
        path.map_or(Ok(Self::default()), Self::read)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
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
            let [object, program, verdict, cause, kernel] = fields;
            known.insert((ProblemKey { object, program, verdict, cause }, kernel));
        }
        Ok(Self(known))
    }

    /// Returns a baseline of all problems of programs that are loaded by default.
    pub(super) fn of(results: &Results, causes: &Causes) -> Self {
        let known = |(key, kernels): (ProblemKey, &KernelSet)| {
            let label = |kernel: usize| results.kernels[kernel].label.clone();
            kernels.iter().map(|it| (key.clone(), label(it))).collect::<Vec<_>>()
        };
        Self(problems(results, causes).flat_map(known).collect())
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
    pub(super) fn stale(&self, results: &Results, causes: &Causes) -> Vec<String> {
        let objects: HashSet<&str> =
            results.objects.iter().map(|object| object.label.as_str()).collect();
        let labels = results.kernels.iter().map(|kernel| kernel.label.as_str());
        let kernels: HashMap<&str, usize> = labels.zip(0..).collect();
        let mut current: HashMap<ProblemKey, KernelSet> = HashMap::new();
        for (key, kernels) in problems(results, causes) {
            current.entry(key).or_default().add_all(kernels);
        }
        let occurs = |(key, kernel): &(ProblemKey, String)| {
            let is_here = |on: &KernelSet| {
                kernel == ANY || kernels.get(kernel.as_str()).is_some_and(|it| on.contains(*it))
            };
            current.get(key).is_some_and(is_here)
        };
        let was_checked = |(key, kernel): &(ProblemKey, String)| {
            objects.contains(key.object.as_str())
                && (kernel == ANY || kernels.contains_key(kernel.as_str()))
        };
        let stale = self.0.iter().filter(|known| was_checked(known) && !occurs(known));
        stale.map(|(key, kernel)| line(key, kernel)).collect()
    }
}

/// Returns the problems of programs that are loaded by default, each with kernels that have it.
fn problems<'c>(
    results: &'c Results,
    causes: &'c Causes,
) -> impl Iterator<Item = (ProblemKey, &'c KernelSet)> {
    let hits = causes.problems().flat_map(|entry| entry.hits.iter().map(move |hit| (entry, hit)));
    hits.filter_map(|(entry, (hit, kernels))| {
        let program = hit.program?;
        let is_optional = results.objects[hit.object].programs[program].is_optional;
        (!is_optional).then(|| (results.key(hit.object, program, &entry.thing), kernels))
    })
}

/// Formats a line.
fn line(key: &ProblemKey, kernel: &str) -> String {
    let ProblemKey { object, program, verdict, cause } = key;
    [object, program, verdict, cause, kernel].join("\t")
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        f.write_str(HEADING)?;
        self.0.iter().try_for_each(|(key, kernel)| writeln!(f, "{}", line(key, kernel)))
    }
}
