//! Writing minimized BTF to a file, a folder or an archive, completely or not at all.

use std::{collections::BTreeMap, ffi::OsStr, io, path::Path};

use core_reloc_targets::MANIFEST;
use lzma_rust2::{LzmaOptions, XzOptions, XzWriter};

use super::{MinimizedBtf, MinimizedTarget, store::store};
use crate::{
    arguments::Minimize,
    failure::Failure,
    inputs::Inputs,
    output::{Output, folder_of},
};

/// The path to write to.
pub(super) struct Destination<'a> {
    output: Output<'a>,
    /// The layout that the user asked for.
    layout: Option<Layout>,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A single file.
    File,
    /// A folder with a file for each BTF.
    Folder,
    /// A compressed archive of such a folder.
    Archive,
    /// A store.
    Store,
}

/// Returns the options for packing an archive: the default level of xz, with matches as long as they may be, since
/// whole files repeat, and with the words of BTF in mind, which have 4 bytes.
fn xz_options() -> XzOptions {
    const LEVEL: u32 = 6;
    let mut options = XzOptions::with_preset(LEVEL);
    options.lzma_options.nice_len = LzmaOptions::NICE_LEN_MAX;
    (options.lzma_options.lc, options.lzma_options.lp) = (0, 2);
    options
}

impl<'a> Destination<'a> {
    /// Checks that the path's folder exists. A path that ends in `.tar.xz` is an archive, as in BTFHub.
    pub(super) fn new(arguments: &'a Minimize, inputs: Inputs<'a>) -> Result<Self, Failure> {
        let Minimize { output, store, .. } = arguments;
        let path = store.as_deref().or(output.as_deref()).unwrap_or(Path::new("-"));
        let output = Output::new(path, inputs)?;
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let archive = name.ends_with(".tar.xz").then_some(Layout::Archive);
        let layout = if store.is_some() { Some(Layout::Store) } else { archive };
        let folder = folder_of(path);
        if !folder.is_dir() {
            let reason = format!("there is no folder {}", folder.display());
            return Err(output.failure(io::Error::new(io::ErrorKind::NotFound, reason)));
        }
        Ok(Self { output, layout })
    }

    /// Returns `true` if the path stands for standard output.
    pub(super) fn is_standard(&self) -> bool {
        self.output.is_standard()
    }

    /// Returns the error that the output cannot be written.
    pub(super) fn failure(&self, error: io::Error) -> Failure {
        self.output.failure(error)
    }

    /// Chooses the layout. `is_one` means that the user named a single target, which is written to a
    /// file, unless it has modules.
    pub(super) fn layout(&self, targets: &[MinimizedTarget], is_one: bool) -> Layout {
        match (self.layout, targets) {
            (Some(layout), _) => layout,
            (None, [only]) if is_one && only.modules.is_empty() && only.unneeded.is_empty() => {
                Layout::File
            }
            _ => Layout::Folder,
        }
    }

    /// Writes all BTF of the targets; to an archive or folder, the manifest first.
    pub(super) fn write(
        &self,
        targets: &[MinimizedTarget],
        manifest: Option<&[u8]>,
        layout: Layout,
    ) -> Result<(), Failure> {
        let btfs: Vec<&MinimizedBtf> = targets.iter().flat_map(MinimizedTarget::btfs).collect();
        let output = &self.output;
        match (layout, btfs.as_slice()) {
            (Layout::Store, _) => output.write(&store(targets)?),
            (Layout::File, [only]) => output.write(&only.bytes),
            (Layout::Archive, btfs) => {
                let archive = archive(&by_name(btfs)?, manifest);
                output.write(&archive.map_err(|error| output.failure(error))?)
            }
            _ if output.is_standard() => Err(Failure::FolderToStream),
            (_, btfs) => {
                let btfs = by_name(btfs)?;
                output.write_folder(files(&btfs, manifest))
            }
        }
    }

    /// Returns the path of a BTF in the output, in the notation of targets: `ARCHIVE!ENTRY`.
    pub(super) fn path_of(&self, btf: &MinimizedBtf, layout: Layout) -> String {
        let (path, name) = (self.output.path().display(), btf.name.display());
        match layout {
            Layout::File | Layout::Store if self.is_standard() => "standard output".to_string(),
            Layout::File | Layout::Store => path.to_string(),
            Layout::Folder => format!("{path}/{name}"),
            Layout::Archive => format!("{path}!{name}"),
        }
    }
}

/// Sorts BTF by its names, which must be unique.
fn by_name<'m>(btfs: &[&'m MinimizedBtf]) -> Result<BTreeMap<&'m Path, &'m MinimizedBtf>, Failure> {
    let mut sorted: BTreeMap<&Path, &MinimizedBtf> = BTreeMap::new();
    for btf in btfs {
        if let Some(other) = sorted.insert(&btf.name, btf) {
            let targets = [other.target.clone(), btf.target.clone()];
            return Err(Failure::SameName { name: btf.name.clone(), targets });
        }
    }
    Ok(sorted)
}

/// Returns the names and contents of all files, in their order.
fn files<'m>(
    btfs: &BTreeMap<&'m Path, &'m MinimizedBtf>,
    manifest: Option<&'m [u8]>,
) -> impl Iterator<Item = (&'m Path, &'m [u8])> {
    let manifest = manifest.map(|bytes| (Path::new(MANIFEST), bytes));
    manifest.into_iter().chain(btfs.iter().map(|(name, btf)| (*name, &*btf.bytes)))
}

/// Returns a compressed tar archive. The same input gives the same bytes.
fn archive(btfs: &BTreeMap<&Path, &MinimizedBtf>, manifest: Option<&[u8]>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(XzWriter::new(Vec::new(), xz_options())?);
    for (name, bytes) in files(btfs, manifest) {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes)?;
    }
    archive.into_inner()?.finish()
}
