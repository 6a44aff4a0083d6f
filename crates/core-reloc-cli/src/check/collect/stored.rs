//! Checking objects on the kernels of a store.
//!
//! To extract a kernel takes longer than to check many objects on it, so that [`groups`] of kernels are checked
//! instead. A kernel is only extracted for the objects that need all of its types.

mod groups;
mod selection;

use std::{cell::LazyCell, sync::Arc};

use core_reloc_targets::KernelStore;
use rayon::prelude::*;

use self::{
    groups::{GroupRows, Groups},
    selection::LikeNames,
};
use super::{
    super::{
        rows::{KernelRows, ObjectRow},
        shard::split,
    },
    Collector, FileResults, TargetFile,
};
use crate::failure::Failure;

impl Collector<'_> {
    /// Checks the objects on the kernels of a store.
    pub(super) fn check_store(
        &self,
        kernels: &KernelStore,
        file: &TargetFile,
        in_parallel: bool,
    ) -> FileResults {
        let numbers = 0..u32::try_from(kernels.store().len()).unwrap_or(u32::MAX);
        let is_own = |number: &u32| {
            let has = |shard| split::has(shard, &kernels.path(*number), &file.root);
            file.folder.is_some() || self.shard.is_none_or(has)
        };
        let numbers: Vec<u32> = numbers.filter(is_own).collect();
        // What the user names besides may change any verdict.
        let shown: Vec<GroupRows> = if self.given.is_empty() && numbers.len() > 1 {
            let names = LikeNames::new(kernels.store());
            let of_object = |(checker, object)| {
                Groups { collector: self, names: &names, checker, object }.rows()
            };
            self.checkers.par_iter().zip(self.objects).map(of_object).collect()
        } else {
            self.checkers.iter().map(|_| GroupRows::new()).collect()
        };
        // Parallel kernels with parallel objects would have waiting workers extract more kernels.
        let in_parallel = in_parallel && numbers.len() == 1;
        let check = |number: &u32| self.check_stored(kernels, file, *number, &shown, in_parallel);
        let parts: Vec<FileResults> = numbers.par_iter().with_max_len(1).map(check).collect();
        let mut results = FileResults::default();
        parts.into_iter().for_each(|part| results.extend(part));
        results
    }

    /// Checks the objects on a kernel, which is only extracted if its groups do not show everything.
    fn check_stored(
        &self,
        kernels: &KernelStore,
        file: &TargetFile,
        number: u32,
        shown: &[GroupRows],
        in_parallel: bool,
    ) -> FileResults {
        let mut results = FileResults::default();
        let has_modules = LazyCell::new(|| {
            let modules = kernels.store().kernel(number).and_then(|kernel| kernel.modules());
            modules.map_or(true, |modules| !modules.is_empty())
        });
        let known = shown.iter().map(|rows| {
            let known = rows.get(&number).filter(|known| !known.lacks || !*has_modules);
            known.map(|known| Arc::clone(&known.row))
        });
        let known: Vec<Option<Arc<ObjectRow>>> = known.collect();
        let all: Option<KernelRows> = known.iter().cloned().collect();
        let checked = match all {
            Some(rows) => Ok((kernels.path(number).display().to_string(), rows)),
            None => kernels.extract(number).map_err(Failure::from).and_then(|kernel| {
                self.check_kernel(&kernel, file, &known, in_parallel, &mut results.warnings)
            }),
        };
        results.add(checked, file, number as usize);
        results
    }
}
