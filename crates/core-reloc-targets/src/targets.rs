//! All targets of a file or folder.

use std::{fmt, io::Read, path::Path};

use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    archive::Archive,
    error::TargetError,
    files::Files,
    open::{Content, open_any, stream_content},
    stored::StoredKernels,
};

/// The targets in a file or folder: files sorted by name, the entries of an archive in its order.
///
/// Each target is read when it is its turn, and dropped by the iterator. After an error the
/// iterator continues with the next target; if the rest of an archive cannot be read, with the next
/// file.
///
/// Files in a folder or archive that are not targets are errors too;
/// [`TargetError::is_unrecognized`] distinguishes those of an unknown format.
pub struct Targets {
    limits: Limits,
    files: Files,
    /// What was opened and not returned yet.
    opened: Option<Result<Content, TargetError>>,
    archive: Option<Archive>,
    store: Option<StoredKernels>,
}

impl Targets {
    /// Searches a file or folder. To read the files of a folder in parallel, search each of its
    /// [`Files`] on its own.
    pub fn new(path: &Path, limits: Limits) -> Self {
        Self { limits, files: Files::with_types(path), opened: None, archive: None, store: None }
    }

    /// Searches a stream, such as standard input. The path names it, and need not exist.
    pub fn of_stream(path: &Path, stream: impl Read + Send + 'static, limits: Limits) -> Self {
        let opened = Some(stream_content(path, stream, limits));
        Self { limits, files: Files::none(), opened, archive: None, store: None }
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets")
            .field("limits", &self.limits)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Iterator for Targets {
    type Item = Result<BtfFile, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(archive) = &mut self.archive {
                match archive.next_target() {
                    Some(target) => return Some(target),
                    None => self.archive = None,
                }
            }
            if let Some(store) = &mut self.store {
                match store.next_target() {
                    Some(target) => return Some(target),
                    None => self.store = None,
                }
            }
            let opened = match self.opened.take() {
                Some(opened) => opened,
                None => self.files.next()?.and_then(|path| open_any(&path, self.limits)),
            };
            match opened {
                Ok(Content::Single(file)) => return Some(Ok(file)),
                Ok(Content::Archive(archive)) => self.archive = Some(archive),
                Ok(Content::Store(store)) => self.store = Some(store),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
