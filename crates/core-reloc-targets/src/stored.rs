//! The kernels of a store, each extracted when it is asked for.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use btf_store::{Extracted, Store};
use core_reloc_sys::BtfFile;
use self_cell::self_cell;

use crate::{
    Limits,
    error::{TargetError, TargetProblem, nested_path},
    kernel_path::is_named,
};

self_cell! {
    /// A store with its bytes, so that all its kernels share the pages that were unpacked.
    struct Opened {
        owner: Vec<u8>,
        #[covariant]
        dependent: Store,
    }
}

/// A store that is being read.
pub(crate) struct StoreFile {
    path: PathBuf,
    opened: Opened,
    names: Vec<StoredName>,
    limits: Limits,
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The name of a kernel in its store; empty if the store is damaged there.
#[derive(Debug, Default)]
struct StoredName {
    name: String,
    /// What distinguishes it from others of the name; empty if there are none, or nothing does.
    version: String,
}

impl StoredName {
    /// Returns the name as no other kernel has it: `debian/12/amd64/6.1.0-50-amd64`.
    fn unique(&self) -> String {
        let Self { name, version } = self;
        if version.is_empty() { name.clone() } else { format!("{name} ({version})") }
    }

    fn is(&self, name: &str) -> bool {
        is_named(&self.name, name) || is_named(&self.unique(), name)
    }
}

impl StoreFile {
    pub(crate) fn store(&self) -> &Store<'_> {
        self.opened.borrow_dependent()
    }

    /// Returns the path of a kernel, as BTFHub has it: `debian/12/amd64/6.1.0-50-amd64.btf` in the store.
    pub(crate) fn path_of(&self, number: u32) -> PathBuf {
        let name = self.names.get(number as usize).map(StoredName::unique).unwrap_or_default();
        nested_path(&self.path, &format!("{name}.btf"))
    }
}

/// Returns the name of each kernel.
fn names(store: &Store<'_>) -> Vec<StoredName> {
    let mut names: Vec<StoredName> = Vec::with_capacity(store.len());
    let mut counts: HashMap<String, u32> = HashMap::new();
    for kernel in store.kernels() {
        let info = kernel.as_ref().map(|kernel| kernel.info()).unwrap_or_default();
        let name = info.name();
        let count = counts.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        names.push(StoredName { name, version: info.version.to_string() });
    }
    for name in &mut names {
        if counts.get(&name.name) == Some(&1) {
            name.version.clear();
        }
    }
    names
}

/// The kernels of a store, in its order.
#[derive(Debug)]
pub(crate) struct StoredKernels {
    file: Arc<StoreFile>,
    /// The numbers of the kernels to extract.
    numbers: Vec<u32>,
    /// What extracts them, once the first one was asked for.
    extracted: Option<Receiver<Result<(BtfFile, StoredKernel), TargetError>>>,
}

impl StoredKernels {
    /// Opens a store.
    pub(crate) fn open(path: &Path, bytes: Vec<u8>, limits: Limits) -> Result<Self, TargetError> {
        let opened = Opened::try_new(bytes, |bytes| Store::open(bytes));
        let opened = opened.map_err(|error| TargetError::new(path, error))?;
        let store = opened.borrow_dependent();
        if store.len() as u64 > limits.entries {
            return Err(TargetError::new(path, TargetProblem::TooManyKernels(limits.entries)));
        }
        let names = names(store);
        let numbers = (0..u32::try_from(store.len()).unwrap_or(u32::MAX)).collect();
        let file = Arc::new(StoreFile { path: path.to_path_buf(), opened, names, limits });
        Ok(Self { file, numbers, extracted: None })
    }

    /// Returns the store.
    pub(crate) fn file(&self) -> &Arc<StoreFile> {
        &self.file
    }

    /// Returns the names of the kernels to extract.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let name = |number: &u32| self.file.names.get(*number as usize).map(StoredName::unique);
        self.numbers.iter().filter_map(name)
    }

    /// Keeps the kernels with a name.
    pub(crate) fn keep_named(&mut self, wanted: &str) {
        let names = &self.file.names;
        let is_kept = |number: u32| names.get(number as usize).is_some_and(|name| name.is(wanted));
        self.numbers.retain(|number| is_kept(*number));
    }

    /// Extracts the next kernel's BTF.
    pub(crate) fn next_target(&mut self) -> Option<Result<BtfFile, TargetError>> {
        self.next().map(|kernel| kernel.map(|(file, _)| file))
    }

    /// Starts a thread that extracts a kernel whenever the one before it was taken.
    fn start(&mut self) -> Result<(), TargetError> {
        let (sender, receiver) = sync_channel(0);
        let (file, numbers) = (Arc::clone(&self.file), std::mem::take(&mut self.numbers));
        let extract = move || {
            for number in numbers {
                // Nobody asks for more if it cannot be sent.
                if sender.send(extract(&file, number)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("store".to_string()).spawn(extract);
        thread.map_err(|error| TargetError::new(&self.file.path, error))?;
        self.extracted = Some(receiver);
        Ok(())
    }
}

impl Iterator for StoredKernels {
    type Item = Result<(BtfFile, StoredKernel), TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.extracted.is_none()
            && !self.numbers.is_empty()
            && let Err(error) = self.start()
        {
            return Some(Err(error));
        }
        self.extracted.as_ref()?.recv().ok()
    }
}

pub(crate) fn extract(
    file: &Arc<StoreFile>,
    number: u32,
) -> Result<(BtfFile, StoredKernel), TargetError> {
    let error = |error| TargetError::new(&file.path, error);
    let kernel = file.store().kernel(number).map_err(error)?;
    let path = file.path_of(number);
    let here = |error| TargetError::new(&path, error);
    let modules = kernel.modules().map_err(here)?;
    let modules = modules.iter().map(|module| module.name().to_string()).collect();
    let bytes = kernel.extract().map_err(here)?.into_bytes();
    let info = kernel.info();
    let mut btf = BtfFile::from_bytes(&path, bytes)?.with_release(info.release);
    if !info.version.is_empty() {
        btf = btf.with_version(info.version);
    }
    let file = Arc::clone(file);
    let kernel = Inner { file, number, modules, main: OnceLock::new(), len: AtomicU64::new(0) };
    Ok((btf, StoredKernel(Arc::new(kernel))))
}

/// A kernel of a store, which extracts its modules.
#[derive(Debug, Clone)]
pub(crate) struct StoredKernel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Arc<StoreFile>,
    number: u32,
    /// The names of the modules, in the order of the store.
    modules: Vec<String>,
    /// The kernel, which all of its modules need.
    main: OnceLock<Result<Extracted, btf_store::Error>>,
    /// The number of bytes of all modules that were extracted.
    len: AtomicU64,
}

/// A module of a kernel of a store.
#[derive(Debug, Clone)]
pub(crate) struct StoredModule {
    kernel: StoredKernel,
    index: usize,
    path: PathBuf,
}

impl StoredKernel {
    pub(crate) fn has_modules(&self) -> bool {
        !self.0.modules.is_empty()
    }

    /// Returns the kernel's modules, with their names.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (StoredModule, String)> {
        let kernel = self.0.file.path_of(self.0.number);
        self.0.modules.iter().enumerate().map(move |(index, name)| {
            // A name of a hostile store may have what an extension must not.
            let path = kernel.with_extension(format!("{}.btf", name.replace('/', "_")));
            (StoredModule { kernel: self.clone(), index, path }, name.clone())
        })
    }
}

impl StoredModule {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Extracts the module.
    pub(crate) fn open(&self) -> Result<BtfFile, TargetError> {
        let Inner { file, number, main, len, .. } = &*self.kernel.0;
        let bytes = || {
            let kernel = file.store().kernel(*number)?;
            let main = main.get_or_init(|| kernel.extract()).as_ref().map_err(Clone::clone)?;
            let modules = kernel.modules()?;
            modules.get(self.index).map(|module| main.module(module)).transpose()
        };
        let bytes = bytes().map_err(|error| TargetError::new(&self.path, error))?;
        let bytes = bytes.unwrap_or_default();
        let before = len.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let allowed = file.limits.modules;
        if before.saturating_add(bytes.len() as u64) > allowed {
            let problem = TargetProblem::TooManyModules(allowed);
            return Err(TargetError::new(&self.path, problem));
        }
        Ok(BtfFile::from_bytes(&self.path, bytes)?)
    }
}
