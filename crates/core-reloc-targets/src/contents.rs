//! The modules of an archive, which is read a second time for them.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    error::{TargetError, TargetProblem},
    layout::{Companion, Layout, LayoutKernel, Role},
    open::{Content, open_any},
};

/// An archive whose kernels are being read.
#[derive(Debug)]
pub(crate) struct ArchiveFile {
    path: PathBuf,
    limits: Limits,
    /// The archive was read to its end, and contains nothing but kernels.
    has_only_kernels: AtomicBool,
    contents: OnceLock<Contents>,
}

/// What an archive contains besides kernels.
#[derive(Debug)]
struct Contents {
    layout: Layout,
    /// In the order of the layout.
    entries: Vec<EntryContent>,
    /// The modules are incomplete, because they exceed the limit.
    is_cut: bool,
}

#[derive(Debug)]
enum EntryContent {
    Kernel,
    Module(Arc<BtfFile>),
    Companion(Vec<u8>),
    Other,
}

impl ArchiveFile {
    pub(crate) fn new(path: &Path, limits: Limits) -> Self {
        let path = path.to_path_buf();
        Self { path, limits, has_only_kernels: AtomicBool::new(false), contents: OnceLock::new() }
    }

    /// Notes that the archive contains nothing but kernels, so that it need not be read again.
    pub(crate) fn set_only_kernels(&self) {
        self.has_only_kernels.store(true, Ordering::Relaxed);
    }

    /// Returns `false` if the archive was read to its end, and contains nothing but kernels.
    pub(crate) fn may_have_modules(&self) -> bool {
        !self.has_only_kernels.load(Ordering::Relaxed)
    }

    /// Returns the modules of the kernel in an entry, with their names.
    ///
    /// Reads the archive again, the first time, since modules may come before their kernel. Damage in it was
    /// reported when the kernels were read; the modules before it count.
    pub(crate) fn modules_of(
        &self,
        entry: &Path,
        release: Option<&str>,
    ) -> Result<Vec<(Arc<BtfFile>, String)>, TargetError> {
        let Some(contents) = self.contents() else { return Ok(Vec::new()) };
        if contents.is_cut {
            let problem = TargetProblem::TooManyModules(self.limits.modules);
            return Err(TargetError::new(&self.path, problem));
        }
        let kernel = LayoutKernel { path: entry, release };
        let modules = contents.layout.modules_of(kernel, &|index| contents.is_kernel(index));
        let file = |index: usize| match contents.entries.get(index)? {
            EntryContent::Module(file) => Some(Arc::clone(file)),
            _ => None,
        };
        Ok(modules.into_iter().filter_map(|(index, name)| Some((file(index)?, name))).collect())
    }

    /// Returns the symbols or the configuration of the kernel in an entry.
    pub(crate) fn companion_of(&self, entry: &Path, companion: Companion) -> Option<Vec<u8>> {
        let (contents, path) = (self.contents()?, companion.of(entry)?);
        let index = contents.layout.index(&path)?;
        match contents.entries.get(index)? {
            EntryContent::Companion(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }

    fn contents(&self) -> Option<&Contents> {
        self.may_have_modules()
            .then(|| self.contents.get_or_init(|| Contents::read(&self.path, self.limits)))
    }
}

impl Contents {
    fn read(path: &Path, limits: Limits) -> Self {
        let (mut paths, mut entries) = (Vec::new(), Vec::new());
        let mut remaining = limits.modules;
        if let Ok(Content::Archive(mut archive)) = open_any(path, limits) {
            let mut read = || {
                archive.next_with(|entry| {
                    paths.push(entry.name.clone());
                    let content = match Role::of(&entry.name) {
                        Role::Companion => entry.read_bytes().map(EntryContent::Companion),
                        Role::Module | Role::Any => entry.read_btf().map(|file| {
                            if file.is_split() {
                                EntryContent::Module(Arc::new(file))
                            } else {
                                EntryContent::Kernel
                            }
                        }),
                    };
                    Ok(content.unwrap_or(EntryContent::Other))
                })
            };
            while let Some(content) = read() {
                let content = content.unwrap_or(EntryContent::Other);
                match remaining.checked_sub(content.len()) {
                    Some(rest) => remaining = rest,
                    None => return Self { layout: Layout::new(paths), entries, is_cut: true },
                }
                entries.push(content);
            }
        }
        Self { layout: Layout::new(paths), entries, is_cut: false }
    }

    fn is_kernel(&self, index: usize) -> bool {
        matches!(self.entries.get(index), Some(EntryContent::Kernel))
    }
}

impl EntryContent {
    /// Returns the number of bytes that are kept.
    fn len(&self) -> u64 {
        match self {
            Self::Module(file) => file.as_bytes().len() as u64,
            Self::Companion(bytes) => bytes.len() as u64,
            Self::Kernel | Self::Other => 0,
        }
    }
}
