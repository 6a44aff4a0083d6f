//! Choosing one of several kernels by its name.

use std::path::Path;

use crate::{
    error::{TargetError, TargetProblem},
    found::FoundKernel,
    kernel_names::KernelNames,
    kernel_path::KernelPath,
    stored::StoredKernels,
};

/// The kernels that were seen while one is chosen.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// The name of the kernel; `None` for the only one.
    name: Option<String>,
    matching: KernelNames,
    others: KernelNames,
}

impl Choice {
    pub(crate) fn new(name: Option<&str>) -> Self {
        Self { name: name.map(str::to_string), ..Self::default() }
    }

    /// Returns `true` if several kernels have the name.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.matching.len() > 1
    }

    /// Notes the kernels of a store, and keeps those with the name.
    pub(crate) fn look_at(&mut self, store: &mut StoredKernels) {
        let all: Vec<String> = store.names().collect();
        if let Some(name) = &self.name {
            store.keep_named(name);
        }
        let mut kept = store.names().peekable();
        for name in all {
            match kept.next_if_eq(&name) {
                Some(name) => self.matching.add(name),
                None => self.others.add(name),
            }
        }
    }

    /// Returns `true` if a kernel has the name, and notes it, unless it is one of a store.
    pub(crate) fn takes(&mut self, kernel: &FoundKernel, root: &Path) -> bool {
        if kernel.is_stored() {
            return true;
        }
        let file = kernel.file();
        let path = KernelPath::found_in(file.path(), root);
        let has = |name: &String| file.release() == Some(name.as_str()) || path.is_named(name);
        let is_it = self.name.as_ref().is_none_or(has);
        let seen = if is_it { &mut self.matching } else { &mut self.others };
        seen.add(path.to_string());
        is_it
    }

    /// Returns the error of a choice of none, or of several.
    pub(crate) fn error(self, root: &Path) -> TargetError {
        let Self { name, matching, others } = self;
        let problem = match name {
            name if !matching.is_empty() => {
                TargetProblem::SeveralKernels { name, found: matching.into() }
            }
            Some(name) => TargetProblem::NoSuchKernel { name, found: others.into() },
            None => TargetProblem::NoTarget,
        };
        TargetError::new(root, problem)
    }
}
