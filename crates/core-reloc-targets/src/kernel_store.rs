//! The kernels of a store in any order, for those who do not need each of them whole.

use std::{path::PathBuf, sync::Arc};

use btf_store::Store;

use crate::{
    error::TargetError,
    found::{FoundKernel, Source},
    stored::{StoreFile, extract},
};

/// A store of kernels, as a target: [`Kernels::store`](crate::Kernels::store).
///
/// What it has in common for many kernels can be asked by groups ([`Store::groups`]), without extracting each.
#[derive(Debug, Clone)]
pub struct KernelStore(pub(crate) Arc<StoreFile>);

impl KernelStore {
    /// Returns the store.
    pub fn store(&self) -> &Store<'_> {
        self.0.store()
    }

    /// Returns the path of a kernel, by its number in the store; that of its BTF once it is extracted.
    pub fn path(&self, number: u32) -> PathBuf {
        self.0.path_of(number)
    }

    /// Extracts a kernel, by its number in the store.
    ///
    /// # Errors
    /// If the store does not have it, or is damaged there.
    pub fn extract(&self, number: u32) -> Result<FoundKernel, TargetError> {
        let (file, kernel) = extract(&self.0, number)?;
        Ok(FoundKernel::new(file, Source::Stored(kernel)))
    }
}
