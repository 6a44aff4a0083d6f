//! The list of what the fleet has.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files::sha256;

/// The columns of the file.
const HEADER: &str =
    "# path\tSHA-256 of the BTF\tbytes\tsuite or variant\tpackage or original\tversion or seed\n";

/// The fleet's folder, and what it has.
pub(super) struct Manifest {
    folder: PathBuf,
    /// By path in the folder.
    entries: BTreeMap<String, Entry>,
}

/// A kernel or variant.
struct Entry {
    sha256: String,
    len: usize,
    source: Source,
}

/// Where BTF is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A package of Debian.
    Package { suite: String, package: String, version: String },
    /// Another kernel of the fleet, changed at random.
    Variant { of: String, seed: u64 },
}

impl Manifest {
    /// Reads the manifest of a folder. An entry whose file is no longer there is left out.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("manifest.tsv");
        let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
        let mut entries = BTreeMap::new();
        // A run may have been ended while it wrote the last line.
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        for line in lines.filter(|line| !line.starts_with('#')) {
            let (path, entry) = parse(line.trim_end())
                .ok_or_else(|| format!("{}: unexpected line `{line}`", path.display()))?;
            if folder.join(&path).exists() {
                entries.insert(path, entry);
            }
        }
        let manifest = Self { folder: folder.to_owned(), entries };
        manifest.sort()?;
        Ok(manifest)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// Returns the paths of the kernels, sorted.
    pub(super) fn kernels(&self) -> impl Iterator<Item = &str> {
        self.paths(|source| matches!(source, Source::Package { .. }))
    }

    /// Returns the paths of the variants, sorted.
    pub(super) fn variants(&self) -> impl Iterator<Item = &str> {
        self.paths(|source| matches!(source, Source::Variant { .. }))
    }

    /// Returns `true` if there is a variant with a seed.
    pub(super) fn has_seed(&self, wanted: u64) -> bool {
        let mut sources = self.entries.values().map(|entry| &entry.source);
        sources.any(|source| matches!(source, Source::Variant { seed, .. } if *seed == wanted))
    }

    fn paths(&self, is_wanted: impl Fn(&Source) -> bool) -> impl Iterator<Item = &str> {
        let wanted = self.entries.iter().filter(move |(_, entry)| is_wanted(&entry.source));
        wanted.map(|(path, _)| path.as_str())
    }

    /// Adds an entry at the end of the file, so that it is there if this run is ended.
    pub(super) fn add(&mut self, path: &str, btf: &[u8], source: Source) -> Result {
        let entry = Entry { sha256: sha256(btf)?, len: btf.len(), source };
        let mut file = File::options().append(true).open(self.folder.join("manifest.tsv"))?;
        file.write_all(line(path, &entry).as_bytes())?;
        self.entries.insert(path.to_owned(), entry);
        Ok(())
    }

    /// Writes all entries, sorted by path.
    pub(super) fn sort(&self) -> Result {
        let mut text = HEADER.to_owned();
        for (path, entry) in &self.entries {
            write!(text, "{}", line(path, entry))?;
        }
        let path = self.folder.join("manifest.tsv");
        let new = path.with_extension("new");
        fs::write(&new, text)?;
        Ok(fs::rename(new, path)?)
    }
}

fn line(path: &str, entry: &Entry) -> String {
    let Entry { sha256, len, source } = entry;
    let (kind, from, which) = match source {
        Source::Package { suite, package, version } => (suite.as_str(), package, version.clone()),
        Source::Variant { of, seed } => ("variant", of, seed.to_string()),
    };
    format!("{path}\t{sha256}\t{len}\t{kind}\t{from}\t{which}\n")
}

fn parse(line: &str) -> Option<(String, Entry)> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [path, sha256, len, kind, from, which] = columns[..] else { return None };
    let source = match kind {
        "variant" => Source::Variant { of: from.to_owned(), seed: which.parse().ok()? },
        suite => Source::Package {
            suite: suite.to_owned(),
            package: from.to_owned(),
            version: which.to_owned(),
        },
    };
    let entry = Entry { sha256: sha256.to_owned(), len: len.parse().ok()?, source };
    Some((path.to_owned(), entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_outlive_a_run_that_was_ended() {
        let folder = std::env::temp_dir().join(format!("manifest-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["a", "b"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let package = Source::Package {
            suite: "sid".into(),
            package: "linux".into(),
            version: "7.2-1".into(),
        };
        let mut manifest = Manifest::read(&folder).unwrap();
        manifest.add("b", b"btf", Source::Variant { of: "a".into(), seed: 7 }).unwrap();
        manifest.add("a", b"btf", package).unwrap();
        manifest.add("gone", b"btf", Source::Variant { of: "a".into(), seed: 8 }).unwrap();
        let path = folder.join("manifest.tsv");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}c\tcut")).unwrap();

        let manifest = Manifest::read(&folder).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(manifest.kernels().collect::<Vec<_>>(), ["a"]);
        assert_eq!(manifest.variants().collect::<Vec<_>>(), ["b"]);
        // sha256sum of the three bytes.
        let hash = sha256(b"btf").unwrap();
        let lines = format!("a\t{hash}\t3\tsid\tlinux\t7.2-1\nb\t{hash}\t3\tvariant\ta\t7\n");
        assert_eq!(text, format!("{HEADER}{lines}"));
    }
}
