//! The kernels of a store, each extracted when it is asked for.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use btf_store::{Info, Kernel, Store};
use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    error::{TargetError, TargetProblem, nested_path},
};

/// A store that is being read.
#[derive(Debug)]
pub(crate) struct StoreFile {
    path: PathBuf,
    bytes: Arc<[u8]>,
    limits: Limits,
}

/// A kernel of a store.
#[derive(Debug)]
pub(crate) struct StoredKernel {
    store: Arc<StoreFile>,
    number: u32,
    has_modules: bool,
}

/// The kernels of a store, in its order.
pub(crate) struct StoredKernels(Receiver<Result<(BtfFile, StoredKernel), TargetError>>);

impl StoredKernels {
    /// Opens a store. A thread keeps it open, so that each page is unpacked once, and extracts a kernel whenever
    /// the one before it was taken.
    pub(crate) fn open(path: &Path, bytes: Vec<u8>, limits: Limits) -> Result<Self, TargetError> {
        let file = Arc::new(StoreFile { path: path.to_path_buf(), bytes: bytes.into(), limits });
        let store = Store::open(&file.bytes).map_err(|error| TargetError::new(path, error))?;
        if store.len() as u64 > limits.entries {
            return Err(TargetError::new(path, TargetProblem::TooManyKernels(limits.entries)));
        }
        drop(store);
        let (sender, receiver) = sync_channel(0);
        let extract = move || {
            let Ok(store) = Store::open(&file.bytes) else { return };
            let mut before = None;
            for number in 0..u32::try_from(store.len()).unwrap_or(u32::MAX) {
                let kernel = extract(&file, &store, number, &mut before);
                // Nobody asks for more.
                if sender.send(kernel).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("store".to_string()).spawn(extract);
        thread.map_err(|error| TargetError::new(path, error))?;
        Ok(Self(receiver))
    }

    /// Extracts the next kernel's BTF.
    pub(crate) fn next_target(&mut self) -> Option<Result<BtfFile, TargetError>> {
        self.next().map(|kernel| kernel.map(|(file, _)| file))
    }
}

impl Iterator for StoredKernels {
    type Item = Result<(BtfFile, StoredKernel), TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}

/// Extracts a kernel. `before` is the release of the one before it.
fn extract(
    file: &Arc<StoreFile>,
    store: &Store<'_>,
    number: u32,
    before: &mut Option<String>,
) -> Result<(BtfFile, StoredKernel), TargetError> {
    let error = |error| TargetError::new(&file.path, error);
    let kernel = store.kernel(number).map_err(error)?;
    let info = kernel.info();
    // Kernels are sorted by release.
    let next = number.saturating_add(1);
    let next = (next as usize) < store.len();
    let after = next.then(|| store.kernel(number.saturating_add(1)).ok()).flatten();
    let is_shared = before.as_deref() == Some(info.release)
        || after.is_some_and(|after| after.info().release == info.release);
    *before = Some(info.release.to_string());
    let path = nested_path(&file.path, &label(&info, is_shared));
    let here = |error| TargetError::new(&path, error);
    let has_modules = !kernel.modules().map_err(here)?.is_empty();
    let bytes = kernel.extract().map_err(here)?.into_bytes();
    let btf = BtfFile::from_bytes(&path, bytes)?.with_release(info.release);
    Ok((btf, StoredKernel { store: Arc::clone(file), number, has_modules }))
}

/// Returns the name of a kernel as BTFHub has it: `debian/12/amd64/6.1.0-50-amd64.btf`. Of several kernels with one
/// release, the version is part of it.
fn label(info: &Info<'_>, is_shared: bool) -> String {
    let mut label = String::new();
    for folder in [info.distribution, info.architecture] {
        if !folder.is_empty() {
            label.push_str(folder);
            label.push('/');
        }
    }
    label.push_str(info.release);
    if is_shared && !info.version.is_empty() {
        label.push_str(" (");
        label.push_str(info.version);
        label.push(')');
    }
    label.push_str(".btf");
    label
}

impl StoredKernel {
    pub(crate) fn has_modules(&self) -> bool {
        self.has_modules
    }

    /// Extracts the kernel's modules, with their names.
    pub(crate) fn modules(&self) -> Result<Vec<(Arc<BtfFile>, String)>, TargetError> {
        if !self.has_modules {
            return Ok(Vec::new());
        }
        let error = |error| TargetError::new(&self.store.path, error);
        let store = Store::open(&self.store.bytes).map_err(error)?;
        let kernel = store.kernel(self.number).map_err(error)?;
        self.extract_modules(&kernel)
    }

    fn extract_modules(
        &self,
        kernel: &Kernel<'_>,
    ) -> Result<Vec<(Arc<BtfFile>, String)>, TargetError> {
        let path = nested_path(&self.store.path, &label(&kernel.info(), false));
        let error = |error| TargetError::new(&path, error);
        let main = kernel.extract().map_err(error)?;
        let allowed = self.store.limits.modules;
        let (mut modules, mut len) = (Vec::new(), 0_u64);
        for module in kernel.modules().map_err(error)? {
            let bytes = main.module(&module).map_err(error)?;
            len = len.saturating_add(bytes.len() as u64);
            if len > allowed {
                return Err(TargetError::new(&path, TargetProblem::TooManyModules(allowed)));
            }
            let name = module.name().to_string();
            // A name of a hostile store may have what an extension must not.
            let path = path.with_extension(format!("{}.btf", name.replace('/', "_")));
            modules.push((Arc::new(BtfFile::from_bytes(path, bytes)?), name));
        }
        Ok(modules)
    }
}
