//! The objects whose programs are loaded.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::data;

/// An object to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name of its file.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Whether it is committed; others are fetched.
    pub is_fixture: bool,
}

/// Returns the objects for kernels of an architecture, given by Debian's name: the fixtures first, then those that
/// were fetched.
///
/// A kernel gets the objects of its byte order. One that Debian compiles for each architecture, it gets in its own
/// version.
///
/// # Errors
/// A folder cannot be read.
pub fn inputs(architecture: &str) -> io::Result<Vec<Input>> {
    let is_big = architecture == "s390x";
    let order = if is_big { ".bpfeb.o" } else { ".bpfel.o" };
    let mut fixtures = data::files(&data::fixture("objects"), order)?;
    fixtures.extend(data::files(&data::fixture("verdicts"), order)?);
    let mut fetched = data::objects()?;
    let names: Vec<String> = fetched.iter().map(|path| name(path)).collect();
    fetched.retain(|path| {
        let name = name(path);
        match (suffix(&name), architecture) {
            ("", "s390x") => false,
            ("", "amd64") => true,
            ("", _) => {
                let own = name.replace(".bpf.o", &format!(".{architecture}.bpf.o"));
                !names.contains(&own)
            }
            (suffix, _) => suffix == architecture,
        }
    });
    // The kernel's own tests: those named `btf__*` have only types.
    let is_program =
        |path: &PathBuf| name(path).starts_with("test_") && name(path).ends_with(order);
    fetched.extend(data::selftests()?.into_iter().filter(is_program));
    let input = |is_fixture| move |path: PathBuf| Input { name: name(&path), path, is_fixture };
    Ok(fixtures.into_iter().map(input(true)).chain(fetched.into_iter().map(input(false))).collect())
}

/// Returns the architecture that a name states: `a.s390x.bpf.o`.
fn suffix(name: &str) -> &'static str {
    let known = ["arm64", "s390x"];
    let is_it = |known: &&&str| name.ends_with(&format!(".{known}.bpf.o"));
    known.iter().find(is_it).copied().unwrap_or("")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Input {
    /// Reads the object.
    ///
    /// # Panics
    /// Panics if the file cannot be read.
    pub fn read(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }
}
