//! Which modules belong to which kernel, by the paths of all files.
//!
//! 1. `6.1.nf_conntrack.btf` and the files in `6.1.modules` belong to `6.1.btf` beside them.
//! 2. Files in `lib/modules/6.1.0-50-amd64` belong to the kernels of that release.
//! 3. Any other module belongs to the only kernel of the innermost folder that has a kernel.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use core_reloc_sys::release_of_path;

use crate::{Compression, files::module_name};

/// What a file is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A module: `nf_conntrack.ko`, also compressed.
    Module,
    /// A kernel's symbols or configuration, or a list of modules, without types.
    Companion,
    /// Anything else, such as a kernel, or a module's BTF.
    Any,
}

impl Role {
    /// Returns the role of the file at a path.
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_list = || name.starts_with("modules.") && release_folder(path).is_some();
        if without_compression(name).ends_with(".ko") {
            Self::Module
        } else if Companion::ALL.iter().any(|companion| companion.is_named(name)) || is_list() {
            Self::Companion
        } else {
            Self::Any
        }
    }
}

/// A file that tells of a kernel what its types do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Companion {
    /// `System.map-6.1.0`: the symbols.
    Symbols,
    /// `config-6.1.0`: the configuration.
    Config,
}

impl Companion {
    const ALL: [Self; 2] = [Self::Symbols, Self::Config];

    fn name(self) -> &'static str {
        match self {
            Self::Symbols => "System.map",
            Self::Config => "config",
        }
    }

    /// Returns `true` for a name such as `config` or `config-6.1.0`.
    fn is_named(self, name: &str) -> bool {
        name.strip_prefix(self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Returns the path of a kernel's file of this kind: `boot/config-6.1.0` for `boot/vmlinuz-6.1.0`.
    pub(crate) fn of(self, kernel: &Path) -> Option<PathBuf> {
        let name = kernel.file_name()?.to_str()?;
        let kinds = ["vmlinuz", "vmlinux", "Image", "kernel"];
        let rest = kinds.iter().find_map(|kind| name.strip_prefix(kind))?;
        (rest.is_empty() || rest.starts_with('-'))
            .then(|| kernel.with_file_name(format!("{}{rest}", self.name())))
    }
}

/// The files of a folder or archive.
#[derive(Debug)]
pub(crate) struct Layout {
    files: Vec<LayoutFile>,
    /// The paths of files that may be kernels, without extensions such as `.btf`.
    stems: BTreeSet<PathBuf>,
    /// The files that may be kernels, by the releases that their paths state.
    by_release: HashMap<String, Vec<usize>>,
    /// How many kernels are in a folder: 0, 1, or 2 for more.
    counts: Mutex<BTreeMap<PathBuf, usize>>,
}

#[derive(Debug)]
struct LayoutFile {
    path: PathBuf,
    role: Role,
    /// For a module named after its kernel: the stem of the kernel, and the name of the module.
    named: Option<(PathBuf, String)>,
}

/// A kernel of a layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayoutKernel<'a> {
    pub(crate) path: &'a Path,
    pub(crate) release: Option<&'a str>,
}

impl Layout {
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        let of_file = |path: PathBuf| LayoutFile { role: Role::of(&path), path, named: None };
        let mut files: Vec<LayoutFile> = paths.into_iter().map(of_file).collect();
        let mut by_release: HashMap<String, Vec<usize>> = HashMap::new();
        let mut stems = BTreeSet::new();
        let any = files.iter().enumerate().filter(|(_, file)| file.role == Role::Any);
        for (index, LayoutFile { path, .. }) in any {
            stems.insert(stem(path));
            if let Some(release) = release_of_path(path) {
                by_release.entry(release).or_default().push(index);
            }
        }
        for file in &mut files {
            file.named = named_after_kernel(&file.path, &stems);
        }
        Self { files, stems, by_release, counts: Mutex::default() }
    }

    /// Returns the paths of the files, in the order in which they were given.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Returns the path of a file.
    pub(crate) fn path(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(|file| file.path.as_path())
    }

    /// Returns the files that are modules of a kernel, unless they turn out to be something else, with the
    /// modules' names. `is_kernel` reads a file, by its index.
    ///
    /// Of several modules with the same name, the one that Linux would load is returned.
    pub(crate) fn modules_of(
        &self,
        kernel: LayoutKernel<'_>,
        is_kernel: &dyn Fn(usize) -> bool,
    ) -> Vec<(usize, String)> {
        let mut shares = BTreeMap::new();
        let mut modules: Vec<(usize, usize, String)> = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let is_inline = file.path.extension().is_some_and(|extension| extension == "inline");
            if file.path == kernel.path || file.role == Role::Companion || is_inline {
                continue;
            }
            let (belongs, name) = match &file.named {
                Some((stem_of_kernel, name)) => {
                    (*stem_of_kernel == stem(kernel.path), name.clone())
                }
                None => {
                    let belongs = match (release_folder(&file.path), kernel.release) {
                        (Some(of_module), Some(release)) => {
                            of_module == release && self.is_nearest(kernel, &file.path, release)
                        }
                        _ => {
                            let folder = common_folder(kernel.path, &file.path);
                            *shares.entry(folder).or_insert_with_key(|folder| {
                                !self.has_other_kernel(folder, kernel.path, is_kernel)
                            })
                        }
                    };
                    (belongs, module_name(&file.path))
                }
            };
            if belongs {
                modules.push((rank(&file.path), index, name));
            }
        }
        modules.sort_by_key(|(rank, index, _)| (*rank, *index));
        let mut seen = BTreeSet::new();
        modules.retain(|(_, _, name)| seen.insert(name.clone()));
        modules.sort_by_key(|(_, index, _)| *index);
        modules.into_iter().map(|(_, index, name)| (index, name)).collect()
    }

    /// Returns `true` if the module at a path belongs to a kernel of the layout.
    pub(crate) fn has_kernel_of(&self, module: &Path, is_kernel: &dyn Fn(usize) -> bool) -> bool {
        if named_after_kernel(module, &self.stems).is_some() {
            return true;
        }
        if let Some(release) = release_folder(module) {
            return self.by_release.contains_key(release);
        }
        let mut counts = module.ancestors().skip(1).map(|folder| self.count_in(folder, is_kernel));
        counts.find(|count| *count > 0) == Some(1)
    }

    /// Counts the kernels in a folder, at most two.
    fn count_in(&self, folder: &Path, is_kernel: &dyn Fn(usize) -> bool) -> usize {
        let lock = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = lock().get(folder) {
            return *count;
        }
        // Without the lock, because files are read.
        let count = self.any_in(folder).filter(|(index, _)| is_kernel(*index)).take(2).count();
        lock().insert(folder.to_path_buf(), count);
        count
    }

    fn has_other_kernel(
        &self,
        folder: &Path,
        kernel: &Path,
        is_kernel: &dyn Fn(usize) -> bool,
    ) -> bool {
        self.any_in(folder).any(|(index, path)| path != kernel && is_kernel(index))
    }

    /// Returns the files in a folder that may be kernels.
    fn any_in(&self, folder: &Path) -> impl Iterator<Item = (usize, &Path)> {
        let files = self.files.iter().enumerate();
        let files = files.filter(|(_, file)| file.role == Role::Any);
        let files = files.map(|(index, file)| (index, file.path.as_path()));
        files.filter(move |(_, path)| path.starts_with(folder))
    }

    /// Returns `true` if no other kernel of the same release shares more folders with a module.
    fn is_nearest(&self, kernel: LayoutKernel<'_>, module: &Path, release: &str) -> bool {
        let shared = |path: &Path| common_folder(path, module).components().count();
        let own = shared(kernel.path);
        let others = self.by_release.get(release).into_iter().flatten();
        let mut others = others.filter_map(|index| self.files.get(*index));
        others.all(|other| shared(&other.path) <= own)
    }
}

/// Returns the path of a kernel without the extensions that only say how BTF is packed.
pub(crate) fn stem(path: &Path) -> PathBuf {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) => path.with_file_name(unpacked_name(name)),
        None => path.to_path_buf(),
    }
}

/// Strips the extensions of a name or path that only say how BTF is packed: `.btf`, `.tar` and those of
/// compressed files.
///
/// ```
/// use core_reloc_targets::unpacked_name;
///
/// assert_eq!(unpacked_name("5.4.0-26-generic.btf.tar.xz"), "5.4.0-26-generic");
/// assert_eq!(unpacked_name("kernels/vmlinux.zst"), "kernels/vmlinux");
/// assert_eq!(unpacked_name(".btf"), ".btf");
/// ```
pub fn unpacked_name(mut path: &str) -> &str {
    while let Some((stem, extension)) = path.rsplit_once('.') {
        let is_packing = ["btf", "tar"].contains(&extension)
            || Compression::from_extension(extension.as_ref()).is_some();
        let is_whole_name = stem.is_empty() || stem.ends_with('/');
        if !is_packing || is_whole_name {
            break;
        }
        path = stem;
    }
    path
}

/// Strips the extension of a compressed file.
fn without_compression(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if Compression::from_extension(extension.as_ref()).is_some() => {
            stem
        }
        _ => name,
    }
}

/// Returns the stem of the kernel that a module is named after, or that its folder is, and the name of the
/// module.
fn named_after_kernel(module: &Path, kernels: &BTreeSet<PathBuf>) -> Option<(PathBuf, String)> {
    let folders = module.ancestors().skip(1);
    let mut folders = folders.filter(|folder| folder.extension().is_some_and(|it| it == "modules"));
    if let Some(kernel) = folders.find_map(|folder| kernels.get(&folder.with_extension(""))) {
        return Some((kernel.clone(), module_name(module)));
    }
    let name = module.file_name()?.to_str()?;
    if !without_compression(name).ends_with(".btf") {
        return None;
    }
    let name = unpacked_name(name);
    let mut dots = name.rmatch_indices('.');
    dots.find_map(|(at, _)| {
        let (kernel, name) = name.split_at_checked(at)?;
        let kernel = kernels.get(&module.with_file_name(kernel))?;
        let name = name.strip_prefix('.').filter(|name| !name.is_empty())?;
        Some((kernel.clone(), name.to_string()))
    })
}

/// Returns the release of the folder `modules/RELEASE` that a file is in.
fn release_folder(path: &Path) -> Option<&str> {
    let mut names = path.parent()?.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    names.find(|name| *name == "modules")?;
    names.next().filter(|release| release.starts_with(|first: char| first.is_ascii_digit()))
}

/// Returns the innermost folder that two files are in.
fn common_folder(one: &Path, other: &Path) -> PathBuf {
    let [one, other] = [one, other].map(|path| path.parent().unwrap_or(Path::new("")).components());
    let shared = one.zip(other).take_while(|(one, other)| one == other);
    shared.map(|(component, _)| component).collect()
}

/// Returns 0 for modules that replace others of the same name: depmod's default is to search `updates` first,
/// and distributions add `extra`.
fn rank(module: &Path) -> usize {
    let is_in = |folder: &str| module.components().any(|component| component.as_os_str() == folder);
    if is_in("updates") {
        0
    } else if is_in("extra") {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the modules of a kernel, as `PATH NAME`. Files named `vmlinu…`, `6.…` and `any` are kernels.
    fn modules(kernel: &str, release: Option<&str>, paths: &[&str]) -> Vec<String> {
        let layout = Layout::new(paths.iter().map(PathBuf::from).collect());
        let is_kernel = |index: usize| {
            let name = Path::new(paths[index]).file_name().unwrap().to_str().unwrap();
            name.starts_with("vmlinu") || name == "any" || name.starts_with("6.")
        };
        let kernel = LayoutKernel { path: Path::new(kernel), release };
        let modules = layout.modules_of(kernel, &is_kernel);
        modules.into_iter().map(|(index, name)| format!("{} {name}", paths[index])).collect()
    }

    #[test]
    fn modules_may_be_named_after_their_kernel() {
        let paths = ["k/6.1.btf", "k/6.1.a.btf", "k/6.1.b.btf.xz", "k/6.12.btf", "k/6.12.a.btf"];
        assert_eq!(modules("k/6.1.btf", None, &paths), ["k/6.1.a.btf a", "k/6.1.b.btf.xz b"]);
        assert_eq!(modules("k/6.12.btf", None, &paths), ["k/6.12.a.btf a"]);
        // The longest name counts, and so does the folder.
        let paths = ["k/6.1.btf", "k/6.1.5.btf", "k/6.1.5.a.btf", "other/6.1.c.btf", "k/6.1.ko"];
        assert_eq!(modules("k/6.1.5.btf", None, &paths), ["k/6.1.5.a.btf a"]);
    }

    #[test]
    fn modules_may_be_in_a_folder_named_after_their_kernel() {
        let paths = ["k/6.1.btf", "k/6.1.modules/a.btf", "k/6.1.modules/b/c.ko.zst", "k/6.2.btf"];
        let expected = ["k/6.1.modules/a.btf a", "k/6.1.modules/b/c.ko.zst c"];
        assert_eq!(modules("k/6.1.btf", None, &paths), expected);
        assert!(modules("k/6.2.btf", None, &paths).is_empty());
    }

    #[test]
    fn modules_belong_to_the_kernel_of_their_release() {
        let paths = [
            "boot/config-6.1.0-1",
            "boot/vmlinuz-6.1.0-1",
            "boot/vmlinuz-6.1.0-2",
            "lib/modules/6.1.0-1/kernel/a.ko.xz",
            "lib/modules/6.1.0-1/modules.dep",
            "lib/modules/6.1.0-1/updates/dkms/b-c.ko",
            "lib/modules/6.1.0-2/kernel/a.ko.xz",
        ];
        let expected = [format!("{} a", paths[3]), format!("{} b_c", paths[5])];
        assert_eq!(modules(paths[1], Some("6.1.0-1"), &paths), expected);
        assert_eq!(modules(paths[2], Some("6.1.0-2"), &paths), [format!("{} a", paths[6])]);
        assert!(modules(paths[2], Some("6.1.0-3"), &paths).is_empty());
        // Without a release the kernel is not the only one.
        assert!(modules(paths[1], None, &paths).is_empty());
    }

    #[test]
    fn kernels_of_the_same_release_are_told_apart_by_their_folders() {
        let paths = [
            "debian/boot/vmlinuz-6.1.0",
            "debian/lib/modules/6.1.0/a.ko",
            "fedora/lib/modules/6.1.0/a.ko",
            "fedora/lib/modules/6.1.0/vmlinuz",
        ];
        for (kernel, module) in [(0, 1), (3, 2)] {
            let expected = [format!("{} a", paths[module])];
            assert_eq!(modules(paths[kernel], Some("6.1.0"), &paths), expected);
        }
    }

    #[test]
    fn other_modules_belong_to_the_only_kernel_around_them() {
        let paths = ["a/any", "a/x.ko", "a/deep/y.ko", "b/vmlinux", "b/z", "c.ko", "a/x.inline"];
        assert_eq!(modules("a/any", None, &paths), ["a/x.ko x", "a/deep/y.ko y"]);
        // That `b/z` is no kernel shows when it is read.
        let paths = ["a/any", "b/vmlinux", "b/z.1.2.3", "c.ko"];
        assert_eq!(modules("b/vmlinux", None, &paths), ["b/z.1.2.3 z.1.2"]);
        let layout = Layout::new(paths.iter().map(PathBuf::from).collect());
        let is_kernel = |index: usize| index < 2;
        assert!(layout.has_kernel_of(Path::new("b/z.1.2.3"), &is_kernel));
        assert!(!layout.has_kernel_of(Path::new("c.ko"), &is_kernel));
    }

    #[test]
    fn modules_that_replace_others_are_preferred() {
        let paths = [
            "lib/modules/6.1.0/extra/a.ko",
            "lib/modules/6.1.0/kernel/a.ko",
            "lib/modules/6.1.0/kernel/b.ko",
            "lib/modules/6.1.0/updates/b.ko",
            "vmlinux",
        ];
        let expected = [format!("{} a", paths[0]), format!("{} b", paths[3])];
        assert_eq!(modules("vmlinux", Some("6.1.0"), &paths), expected);
    }

    #[test]
    fn companions_are_named_as_their_kernel() {
        for (kernel, config) in [
            ("boot/vmlinuz-6.1.0-1", Some("boot/config-6.1.0-1")),
            ("lib/modules/6.1.0/vmlinuz", Some("lib/modules/6.1.0/config")),
            ("6.1.btf", None),
            ("vmlinuz.old", None),
        ] {
            let found = Companion::Config.of(Path::new(kernel));
            assert_eq!(found.as_deref(), config.map(Path::new));
        }
    }
}
