//! The sources of libbpf in the crate `libbpf-sys`, which the tests use as well, for compiling it for other
//! machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::crates::Metadata;

/// The folder with libbpf's sources.
pub(crate) struct Libbpf {
    folder: PathBuf,
    sources: Vec<PathBuf>,
}

impl Libbpf {
    pub(crate) fn find() -> Result<Self> {
        let metadata = Metadata::read()?;
        let manifest = metadata.package("libbpf-sys", None)?["manifest_path"].as_str();
        let manifest = Path::new(manifest.ok_or("libbpf-sys has no manifest")?);
        let folder = manifest.with_file_name("libbpf");
        let mut sources = Vec::new();
        for entry in fs::read_dir(folder.join("src"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "c") {
                sources.push(path);
            }
        }
        sources.sort();
        Ok(Self { folder, sources })
    }

    /// Adds the sources and the folders of headers to a compiler's arguments. The headers of libelf and zlib are
    /// this machine's; they are the same on all.
    pub(crate) fn add_to(&self, compiler: &mut Command) {
        for include in ["src", "include", "include/uapi"] {
            compiler.arg("-I").arg(self.folder.join(include));
        }
        compiler.args(["-idirafter", "/usr/include"]).args(&self.sources);
    }
}
