//! What the path of a kernel says: its name, and the folders that it is in.

use std::{
    ffi::OsStr,
    fmt,
    path::{Component, Path},
};

use crate::layout::unpacked_name;

/// The path of a kernel's BTF, as names: `debian/12/amd64/6.1.0-50-amd64` of
/// `btfhub/debian/12/amd64/6.1.0-50-amd64.btf.tar.xz!6.1.0-50-amd64.btf` in the folder `btfhub`.
///
/// What is found in an archive, a store or an image is in the folders of that and in those of its entry.
///
/// ```
/// use std::path::Path;
///
/// use core_reloc_targets::KernelPath;
///
/// let path = KernelPath::found_in(Path::new("hub/ol/7/x86_64/5.4.btf.tar.xz!5.4.btf"), Path::new("hub"));
/// assert_eq!(path.to_string(), "ol/7/x86_64/5.4");
/// assert_eq!((path.distribution(), path.architecture()), ("ol/7".to_string(), "x86_64"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelPath {
    folders: Vec<String>,
    /// The number of folders that lead to what was searched.
    above: usize,
    file: String,
}

impl KernelPath {
    /// Reads the path of a kernel that was found in a file or folder.
    pub fn found_in(path: &Path, searched: &Path) -> Self {
        let text = path.to_string_lossy();
        let mut parts = text.split('!');
        let outer = Path::new(parts.next().unwrap_or_default());
        // A part of an image has an offset.
        let entry = parts.take_while(|part| !part.contains("@0x")).last().map(Path::new);
        let below = outer.strip_prefix(searched).ok().and_then(Path::parent);
        let mut folders = names(outer.parent());
        let above = folders.len().saturating_sub(names(below).len());
        folders.extend(names(entry.and_then(Path::parent)));
        let file = entry.unwrap_or(outer).file_name();
        let file = file.map_or_else(|| "kernel".to_string(), lossy);
        Self { folders, above, file }
    }

    /// Returns the kernel's name: that of its file, without what only says how the file is packed.
    pub fn name(&self) -> &str {
        unpacked_name(&self.file)
    }

    /// Returns the name of the kernel's file.
    pub fn file_name(&self) -> &str {
        &self.file
    }

    /// Returns the names of the folders between what was searched and the kernel, the outermost first.
    pub fn folders(&self) -> &[String] {
        self.folders.get(self.above..).unwrap_or_default()
    }

    /// Returns the name of the innermost folder that is named after an architecture; empty if none is.
    pub fn architecture(&self) -> &str {
        let at = self.architecture_index();
        at.and_then(|at| self.folders.get(at)).map_or("", String::as_str)
    }

    fn architecture_index(&self) -> Option<usize> {
        self.folders.iter().rposition(|name| is_architecture(name))
    }

    /// Returns the distribution: the two folders around that of the architecture, as in `debian/12/amd64`; or if
    /// none is named after an architecture, all folders but those of an installed system.
    ///
    /// Folders that lead to what was searched count only if they are those of a version, and of the distribution
    /// that has it: a store of `btfhub/debian/12` is that of the same kernels in `btfhub`, and where the user keeps
    /// files does not show. Empty if no folder states it.
    pub fn distribution(&self) -> String {
        /// The first folders of an installed system.
        const SYSTEM: [&str; 4] = ["boot", "lib", "sys", "usr"];
        let Some(at) = self.architecture_index() else {
            let is_system = |name: &String| SYSTEM.contains(&name.as_str());
            let folders = self.folders().split(is_system).next();
            return folders.unwrap_or_default().join("/");
        };
        let (before, _) = self.folders.split_at_checked(at).unwrap_or_default();
        let start = match before {
            [.., _, version] if is_version(version) => before.len().saturating_sub(2),
            _ => before.len().saturating_sub(2).max(self.above.min(before.len())),
        };
        before.get(start..).unwrap_or_default().join("/")
    }

    /// Returns `true` if a name is the kernel's, or ends with it after folders that the kernel is in:
    /// `6.1.0-50-amd64`, `amd64/6.1.0-50-amd64`.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        is_named(&join(&self.folders, self.name()), name)
    }
}

impl fmt::Display for KernelPath {
    /// Writes the name of the kernel below what was searched.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(self.folders(), self.name()))
    }
}

/// Returns `true` if the name of a kernel in its folders ends with another name.
pub(crate) fn is_named(full: &str, name: &str) -> bool {
    let folders = full.strip_suffix(unpacked_name(name));
    folders.is_some_and(|folders| folders.is_empty() || folders.ends_with('/'))
}

fn join(folders: &[String], name: &str) -> String {
    let mut path = String::new();
    for folder in folders {
        path.push_str(folder);
        path.push('/');
    }
    path + name
}

fn lossy(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// Returns the names that a path consists of, without what leads out of a folder or to its root.
fn names(path: Option<&Path>) -> Vec<String> {
    let components = path.into_iter().flat_map(Path::components);
    let names = components.filter_map(|component| match component {
        Component::Normal(name) => Some(lossy(name)),
        _ => None,
    });
    names.collect()
}

/// Returns `true` if a folder has the name that BTFHub, Debian or Linux gives an architecture.
fn is_architecture(folder: &str) -> bool {
    /// Those that have BTF.
    const NAMES: [&str; 13] = [
        "x86_64",
        "amd64",
        "aarch64",
        "arm64",
        "s390x",
        "ppc64le",
        "ppc64el",
        "riscv64",
        "loongarch64",
        "loong64",
        "i386",
        "i686",
        "armhf",
    ];
    NAMES.contains(&folder)
}

/// Returns `true` if a folder has the name of a distribution's version.
fn is_version(folder: &str) -> bool {
    /// Those without a number.
    const NAMES: [&str; 5] = ["experimental", "rawhide", "sid", "testing", "tumbleweed"];
    folder.starts_with(|c: char| c.is_ascii_digit()) || NAMES.contains(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(searched: &str, path: &str) -> KernelPath {
        KernelPath::found_in(Path::new(path), Path::new(searched))
    }

    #[test]
    fn folders_say_what_a_kernel_is() {
        let known = |searched: &str, kernel: &str| {
            let path = path(searched, kernel);
            [path.distribution(), path.architecture().to_string(), path.name().to_string()]
        };
        let expected = ["debian/12", "amd64", "6.1.0-50-amd64"];
        let archive = "/hub/debian/12/amd64/6.1.0-50-amd64.btf.tar.xz!6.1.0-50-amd64.btf";
        let file = "/hub/debian/12/amd64/6.1.0-50-amd64.btf.tar.xz";
        for searched in
            ["/hub", "/hub/debian", "/hub/debian/12", "/hub/debian/12/amd64", file, archive]
        {
            assert_eq!(known(searched, archive), expected, "{searched}");
        }
        assert_eq!(known("s", "s!debian/12/amd64/6.1.0-50-amd64.btf"), expected);
        for (searched, kernel, distribution, architecture) in [
            ("kernels", "kernels/6.1.btf", "", ""),
            ("/tmp/kernels", "/tmp/kernels/amd64/6.1.btf", "", "amd64"),
            ("/tmp/kernels", "/tmp/kernels/debian/amd64/6.1.btf", "debian", "amd64"),
            ("debian", "debian/sid/amd64/6.1.btf", "debian/sid", "amd64"),
            ("k", "k/old/debian/12/arm64/6.1.btf", "debian/12", "arm64"),
            ("k", "k/debian/12/6.1.btf", "debian/12", ""),
            ("image", "image/boot/vmlinuz-6.1!payload(xz)@0x3a5b", "", ""),
            ("k", "k/a/usr/lib/modules/6.1/vmlinux", "a", ""),
        ] {
            let [found, machine, _] = known(searched, kernel);
            assert_eq!((&*found, &*machine), (distribution, architecture), "{kernel}");
        }
    }

    #[test]
    fn names_are_those_below_what_was_searched() {
        for (kernel, expected) in [
            ("k/6.1.btf", "6.1"),
            ("k/debian/12/x86_64/6.1.btf.tar.xz!6.1.btf", "debian/12/x86_64/6.1"),
            ("k/all.tar.xz!ubuntu/20.04/5.4.btf", "ubuntu/20.04/5.4"),
            ("k/old/all.tar!./4.19.btf", "old/4.19"),
            ("k/a/vmlinuz-6.1!payload(xz)@0x3a5b", "a/vmlinuz-6.1"),
            ("k/all.tar!../../vmlinuz!payload(gzip)@0x10", "vmlinuz"),
            ("k/all.tar!..", "kernel"),
            ("elsewhere/a/6.1.btf", "6.1"),
        ] {
            assert_eq!(path("k", kernel).to_string(), expected, "{kernel}");
        }
    }

    #[test]
    fn a_kernel_has_the_names_that_its_path_ends_with() {
        let kernel = path("k", "k/debian/12/amd64/6.1.0-5.btf.tar.xz!6.1.0-5.btf");
        for name in
            ["6.1.0-5", "amd64/6.1.0-5", "debian/12/amd64/6.1.0-5.btf", "k/debian/12/amd64/6.1.0-5"]
        {
            assert!(kernel.is_named(name), "{name}");
        }
        for name in ["", "/", "0-5", "64/6.1.0-5", "6.1.0-50", "arm64/6.1.0-5", "12/amd64/"] {
            assert!(!kernel.is_named(name), "{name}");
        }
    }
}
