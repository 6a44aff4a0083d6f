//! Places of issues: lines of source, and objects, with paths as a repository has them.

use std::{
    collections::HashSet,
    env,
    path::{Path, PathBuf},
};

use super::objects::{ObjectInfo, ProgramInfo, RelocationInfo, SourceLocation};

/// The number of places of an issue. GitHub looks at a hundred.
const MAX_PLACES: usize = 50;

/// A line of source, or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The path from the current folder; absolute if it leads out of it.
    pub(super) path: String,
    /// `None` for an object, and for a line that the compiler did not record.
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) function: Option<String>,
}

/// Where the sources of objects are.
pub(super) struct Sources {
    root: PathBuf,
    current: PathBuf,
}

/// Places that differ in their lines.
#[derive(Default)]
pub(super) struct Places {
    known: HashSet<(String, Option<u32>)>,
    places: Vec<Place>,
}

impl Sources {
    /// `root` is the folder that relative paths of sources start from.
    pub(super) fn new(root: Option<&Path>) -> Self {
        let current = env::current_dir().unwrap_or_default();
        Self { root: current.join(root.unwrap_or(Path::new(""))), current }
    }

    /// Returns the path of a source file that an object names.
    fn source(&self, path: &str) -> String {
        self.in_current(&self.root.join(path))
    }

    /// Returns the path of a file that the user names.
    pub(super) fn file(&self, path: &Path) -> String {
        self.in_current(&self.current.join(path))
    }

    /// Returns a path from the current folder if it leads into it. Links are not followed, because the path of a
    /// source may be of another machine.
    fn in_current(&self, path: &Path) -> String {
        let path = without_dots(path);
        let inner = path.strip_prefix(without_dots(&self.current));
        inner.unwrap_or(&path).display().to_string()
    }
}

/// Removes `.` and `..` from a path.
fn without_dots(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            // At the root of the file system, it stays there.
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

impl Place {
    /// The line of a relocation, or else its object.
    pub(super) fn of_relocation(
        object: &ObjectInfo,
        relocation: &RelocationInfo,
        sources: &Sources,
    ) -> Self {
        let function = Some(relocation.function.clone());
        Self { function, ..Self::at(relocation.source.as_ref(), object, sources) }
    }

    /// The line where a program starts, or else its object.
    pub(super) fn of_program(
        object: &ObjectInfo,
        program: &ProgramInfo,
        sources: &Sources,
    ) -> Self {
        let function = Some(program.name.clone());
        Self { function, ..Self::at(program.source.as_ref(), object, sources) }
    }

    pub(super) fn of_object(object: &ObjectInfo, sources: &Sources) -> Self {
        Self::of_file(&object.path, sources)
    }

    /// A file that the user names.
    pub(super) fn of_file(path: &Path, sources: &Sources) -> Self {
        Self { path: sources.file(path), line: None, column: None, function: None }
    }

    /// A line of a source file that an object names.
    pub(super) fn of_source(file: &str, line: u32, column: u32, sources: &Sources) -> Self {
        let known = |number: u32| (number > 0).then_some(number);
        let (line, column) = (known(line), known(column));
        let column = column.filter(|_| line.is_some());
        Self { path: sources.source(file), line, column, function: None }
    }

    fn at(source: Option<&SourceLocation>, object: &ObjectInfo, sources: &Sources) -> Self {
        match source {
            Some(SourceLocation { file, line, column, .. }) if !file.is_empty() => {
                Self::of_source(file, *line, *column, sources)
            }
            _ => Self::of_object(object, sources),
        }
    }
}

impl Places {
    /// Adds a place, unless there is one in its line, or there are many already.
    pub(super) fn add(&mut self, place: Place) {
        let is_new =
            self.places.len() < MAX_PLACES && self.known.insert((place.path.clone(), place.line));
        if is_new {
            self.places.push(place);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn finish(self) -> Vec<Place> {
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_from_the_current_folder() {
        let sources = |root: &str| Sources {
            root: Path::new("/home/me/repository").join(root),
            current: "/home/me/repository".into(),
        };
        for (root, path, expected) in [
            ("", "./guards.c", "guards.c"),
            ("", "guards.c", "guards.c"),
            ("bpf", "./guards.c", "bpf/guards.c"),
            ("bpf", "../common/a.h", "common/a.h"),
            ("bpf", "../../other/a.h", "/home/me/other/a.h"),
            ("/tmp/build", "a.c", "/tmp/build/a.c"),
            ("/home/me/repository/bpf", "a.c", "bpf/a.c"),
            ("bpf", "/home/me/repository/src/a.c", "src/a.c"),
            ("bpf", "/usr/include/bpf/bpf_helpers.h", "/usr/include/bpf/bpf_helpers.h"),
            ("", "/../../a.c", "/a.c"),
            ("", "a//b/./c.c", "a/b/c.c"),
        ] {
            assert_eq!(sources(root).source(path), expected, "{root} {path}");
        }
    }
}
