//! Which modules belong to which kernel, by the paths of all files.
//!
//! 1. `6.1.nf_conntrack.btf` and the files in `6.1.modules` belong to `6.1.btf` beside them.
//! 2. Files in `lib/modules/6.1.0-50-amd64` belong to the kernels of that release.
//! 3. Any other module belongs to the only kernel of the innermost folder that has a kernel.

mod candidates;
mod names;
mod role;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use core_reloc_sys::release_of_path;

pub use self::names::unpacked_name;
use self::{
    candidates::Candidates,
    names::{named_after_kernel, rank, release_folder},
};
pub(crate) use self::{
    names::stem,
    role::{Companion, Role},
};
use crate::files::module_name;

/// The files of a folder or archive.
///
/// What belongs to what is found once for all kernels, in time that grows with the number of files.
#[derive(Debug)]
pub(crate) struct Layout {
    files: Vec<LayoutFile>,
    /// The indices of the files.
    indices: HashMap<PathBuf, usize>,
    /// The paths of files that may be kernels, without extensions such as `.btf`.
    stems: BTreeSet<PathBuf>,
    /// The files that may be kernels.
    kernels: Candidates,
    /// Those whose paths state a release.
    by_release: HashMap<String, Candidates>,
    /// Modules by the stem of the kernel that they are named after.
    named: HashMap<PathBuf, Vec<usize>>,
    /// Modules with a release.
    released: OnceLock<HashMap<Group, Vec<usize>>>,
    /// Modules without a release by the only kernel of the innermost folder that has one.
    around: OnceLock<HashMap<usize, Vec<usize>>>,
    /// The same of modules with a release, for kernels whose own is not known.
    released_around: OnceLock<HashMap<usize, Vec<usize>>>,
}

/// The release of modules, and the innermost folder with a kernel whose path states it.
type Group = (String, Option<PathBuf>);

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
        let (mut stems, mut kernels) = (BTreeSet::new(), Candidates::default());
        let mut by_release: HashMap<String, Candidates> = HashMap::new();
        for (index, LayoutFile { path, role, .. }) in files.iter().enumerate() {
            if *role != Role::Any {
                continue;
            }
            stems.insert(stem(path));
            kernels.insert(path.clone(), index);
            if let Some(release) = release_of_path(path) {
                by_release.entry(release).or_default().insert(path.clone(), index);
            }
        }
        let mut named: HashMap<PathBuf, Vec<usize>> = HashMap::new();
        for (index, file) in files.iter_mut().enumerate() {
            file.named = named_after_kernel(&file.path, &stems);
            if let Some((kernel, _)) = &file.named {
                named.entry(kernel.clone()).or_default().push(index);
            }
        }
        let paths = files.iter().map(|file| file.path.clone());
        Self {
            indices: paths.zip(0..).collect(),
            files,
            stems,
            kernels,
            by_release,
            named,
            released: OnceLock::new(),
            around: OnceLock::new(),
            released_around: OnceLock::new(),
        }
    }

    /// Returns the paths of the files, in the order in which they were given.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Returns the path of a file.
    pub(crate) fn path(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(|file| file.path.as_path())
    }

    /// Returns the index of the file at a path.
    pub(crate) fn index(&self, path: &Path) -> Option<usize> {
        self.indices.get(path).copied()
    }

    /// Returns `true` for a file whose name says that it is a module.
    pub(crate) fn is_named_module(&self, index: usize) -> bool {
        let file = self.files.get(index);
        file.is_some_and(|file| file.role == Role::Module || file.named.is_some())
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
        let Some(own) = self.index(kernel.path) else { return Vec::new() };
        let mut found: Vec<usize> =
            self.named.get(&stem(kernel.path)).into_iter().flatten().copied().collect();
        let around = self.around.get_or_init(|| self.find_around(false, is_kernel));
        found.extend(around.get(&own).into_iter().flatten());
        match kernel.release {
            Some(release) => {
                let released = self.released.get_or_init(|| self.find_released(is_kernel));
                let folders = kernel.path.ancestors().skip(1).map(|it| Some(it.to_path_buf()));
                for folder in folders.chain([None]) {
                    let modules = released.get(&(release.to_string(), folder));
                    found.extend(modules.into_iter().flatten());
                }
            }
            None => {
                let around = &self.released_around;
                let around = around.get_or_init(|| self.find_around(true, is_kernel));
                found.extend(around.get(&own).into_iter().flatten());
            }
        }
        let file = |index: usize| self.files.get(index).map(|file| (index, file));
        let files = found.into_iter().filter(|index| *index != own).filter_map(file);
        let name = |file: &LayoutFile| match &file.named {
            Some((_, name)) => name.clone(),
            None => module_name(&file.path),
        };
        let mut modules: Vec<_> =
            files.map(|(index, file)| (rank(&file.path), index, name(file))).collect();
        modules.sort_unstable();
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
        match release_folder(module) {
            Some(release) => self.by_release.contains_key(release),
            None => self.kernels.only_around(module, is_kernel).is_some(),
        }
    }

    /// Finds the kernel of each module that is not named after one, among those with or without a release.
    fn find_around(
        &self,
        with_release: bool,
        is_kernel: &dyn Fn(usize) -> bool,
    ) -> HashMap<usize, Vec<usize>> {
        let mut around: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, file) in self.unnamed_modules() {
            if release_folder(&file.path).is_some() == with_release
                && let Some(kernel) = self.kernels.only_around(&file.path, is_kernel)
            {
                around.entry(kernel).or_default().push(index);
            }
        }
        around
    }

    fn find_released(&self, is_kernel: &dyn Fn(usize) -> bool) -> HashMap<Group, Vec<usize>> {
        let mut released: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, file) in self.unnamed_modules() {
            let Some(release) = release_folder(&file.path) else { continue };
            let kernels = self.by_release.get(release);
            let folder = kernels.and_then(|kernels| kernels.folder_around(&file.path, is_kernel));
            released.entry((release.to_string(), folder)).or_default().push(index);
        }
        released
    }

    /// Returns the files that may be modules and are not named after a kernel.
    fn unnamed_modules(&self) -> impl Iterator<Item = (usize, &LayoutFile)> {
        self.files.iter().enumerate().filter(|(_, file)| {
            let is_inline = file.path.extension().is_some_and(|extension| extension == "inline");
            file.role != Role::Companion && file.named.is_none() && !is_inline
        })
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

    /// Files in the folder of the modules are not kernels, whatever their paths state.
    #[test]
    fn only_kernels_are_near() {
        let paths =
            ["boot/vmlinuz-6.1.0", "lib/modules/6.1.0/a.ko", "lib/modules/6.1.0/vdso.1.2.3"];
        let expected = [format!("{} a", paths[1]), format!("{} vdso.1.2", paths[2])];
        assert_eq!(modules(paths[0], Some("6.1.0"), &paths), expected);
    }

    /// Every kernel asks for its modules.
    #[test]
    fn many_files_take_little_time() {
        let deep = "d/".repeat(50);
        let paths = (0..5_000).flat_map(|n| {
            [format!("k/{n}/any"), format!("k/{n}/x.ko"), format!("{deep}{n}.a.b.c.d.btf")]
        });
        let layout = Layout::new(paths.map(PathBuf::from).collect());
        let is_kernel = |index: usize| index.is_multiple_of(3);
        let start = std::time::Instant::now();
        for index in (0..15_000).step_by(3) {
            let kernel = LayoutKernel { path: layout.path(index).unwrap(), release: None };
            let modules = layout.modules_of(kernel, &is_kernel);
            assert_eq!(modules, [(index + 1, "x".to_string())]);
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
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
}
