//! The kernels of stores: names that a file name cannot have, and limits.

use btf_store::{Info, Writer};
use btf_types::Btf;
use core_reloc_targets::{Found, Kernels, Limits};
use core_reloc_tests::kernel_files::{Folder, btf};

/// Writes a store with two kernels, each with two modules, one of which has a path for a name.
fn store(folder: &Folder) -> std::path::PathBuf {
    let (main, stats, other) =
        (btf("modular.le"), btf("modular.le.stats"), btf("modular.le.other"));
    let kernel = Btf::parse(&main).unwrap();
    let [stats, other] = [&stats, &other].map(|bytes| Btf::parse_split(bytes, &kernel).unwrap());
    let mut writer = Writer::new();
    for release in ["6.1.0-9", "../6.1.0-10"] {
        let info = Info { release, ..Info::default() };
        writer.add(info, &kernel, &[("a/../b", &stats), ("other", &other)]).unwrap();
    }
    folder.file("fleet.store", &writer.finish_packed().unwrap())
}

#[test]
fn modules_may_have_any_name() {
    let folder = Folder::new();
    for kernel in Kernels::new(&store(&folder), Limits::default()) {
        let Ok(Found::Kernel(kernel)) = kernel else { panic!("{kernel:?}") };
        let modules = kernel.modules().unwrap();
        let mut names: Vec<_> = modules.iter().map(|module| module.name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a/../b", "other"]);
        for module in &modules {
            let file = module.open().unwrap().unwrap();
            file.parse_split(&kernel.file().parse().unwrap()).unwrap();
        }
    }
}

#[test]
fn stores_have_the_limits_of_archives() {
    let folder = Folder::new();
    let path = store(&folder);
    let few = Kernels::new(&path, Limits::default().entries(1)).next().unwrap().unwrap_err();
    assert!(few.to_string().ends_with("the store exceeds the limit of 1 kernels"), "{few}");
    let len = std::fs::metadata(&path).unwrap().len();
    // The limit of one kernel's file is another.
    let limits = Limits::default().file(10).store(len);
    assert_eq!(Kernels::new(&path, limits).filter(Result::is_ok).count(), 2);
    let large = Kernels::new(&path, limits.store(len - 1)).next().unwrap().unwrap_err();
    let allowed = len - 1;
    assert!(
        large
            .to_string()
            .ends_with(&format!("the file has {len} bytes, at most {allowed} are read")),
        "{large}"
    );
    let Ok(Found::Kernel(kernel)) =
        Kernels::new(&path, Limits::default().modules(10)).next().unwrap()
    else {
        panic!("no kernel")
    };
    let large = kernel.modules().unwrap()[0].open().unwrap_err().to_string();
    assert!(large.ends_with("exceed the limit of 10 bytes"), "{large}");
}

/// Writes kernels of one release, by their distribution, architecture and version, and one of another.
fn similar_kernels(folder: &Folder) -> std::path::PathBuf {
    let bytes = btf("same.le");
    let kernel = Btf::parse(&bytes).unwrap();
    let mut writer = Writer::new();
    for (distribution, architecture, version) in [
        ("debian/12", "amd64", "#1 Debian 6.1.1-1"),
        ("debian/12", "amd64", "#1 Debian 6.1.1-2"),
        ("debian/12", "arm64", "#1 Debian 6.1.1-1"),
        ("ubuntu/22.04", "amd64", ""),
    ] {
        let info = Info { release: "6.1.0-9", distribution, architecture, version, origin: "" };
        writer.add(info, &kernel, &[]).unwrap();
    }
    let info = Info { release: "6.12.0-1", ..Info::default() };
    writer.add(info, &kernel, &[]).unwrap();
    folder.file("similar.store", &writer.finish_packed().unwrap())
}

#[test]
fn a_kernel_is_chosen_by_what_its_name_ends_with() {
    let folder = Folder::new();
    let path = similar_kernels(&folder);
    let choose = |name: Option<&str>| {
        let chosen = Kernels::new(&path, Limits::default()).choose(name);
        chosen.map(|kernel| kernel.file().path().display().to_string())
    };
    for (name, expected) in [
        ("6.12.0-1", "6.12.0-1"),
        ("arm64/6.1.0-9", "debian/12/arm64/6.1.0-9"),
        ("debian/12/arm64/6.1.0-9.btf", "debian/12/arm64/6.1.0-9"),
        ("22.04/amd64/6.1.0-9", "ubuntu/22.04/amd64/6.1.0-9"),
        ("6.1.0-9 (#1 Debian 6.1.1-2)", "debian/12/amd64/6.1.0-9 (#1 Debian 6.1.1-2)"),
    ] {
        assert_eq!(choose(Some(name)).unwrap(), format!("{}!{expected}.btf", path.display()));
    }
    let one = "debian/12/amd64/6.1.0-9 (#1 Debian 6.1.1-1)";
    let two = "debian/12/amd64/6.1.0-9 (#1 Debian 6.1.1-2)";
    let (three, four) = ("debian/12/arm64/6.1.0-9", "ubuntu/22.04/amd64/6.1.0-9");
    // In the order of the store: by version, then architecture and distribution.
    for (name, expected) in [
        (Some("amd64/6.1.0-9"), format!("has several kernels amd64/6.1.0-9: {four}, {one}, {two}")),
        (Some("6.1.0-9"), format!("has several kernels 6.1.0-9: {four}, {one}, {three}, {two}")),
        (None, format!("has several kernels: {four}, {one}, {three}, {two}, 6.12.0-1")),
        (
            Some("6.12"),
            format!("has no kernel 6.12; it has {four}, {one}, {three}, {two}, 6.12.0-1"),
        ),
    ] {
        let error = choose(name).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {expected}", path.display()));
    }
}

#[test]
fn a_kernel_is_chosen_in_folders_and_archives() {
    let folder = Folder::new();
    folder.file("k/debian/12/amd64/6.1.0-9.btf", &btf("same.le"));
    folder.file("k/debian/12/arm64/6.1.0-9.btf", &btf("moved.le"));
    folder.file("k/README", b"These are kernels.");
    let store = std::fs::read(store(&folder)).unwrap();
    folder.file("k/more.store", &store);
    let root = folder.path("k");
    let choose = |name| Kernels::new(&root, Limits::default()).choose(Some(name));
    let kernel = choose("arm64/6.1.0-9").unwrap();
    assert_eq!(kernel.file().as_bytes(), btf("moved.le"));
    let error = choose("6.1.0-9").unwrap_err().to_string();
    let expected = "has several kernels 6.1.0-9: debian/12/amd64/6.1.0-9, debian/12/arm64/6.1.0-9";
    assert_eq!(error, format!("{}: {expected}", root.display()));
    let kernel = choose("6.1.0-10").unwrap();
    assert_eq!(kernel.modules().unwrap().len(), 2);
}

#[test]
fn a_store_is_handed_out_before_its_kernels() {
    let folder = Folder::new();
    let mut kernels = Kernels::new(&similar_kernels(&folder), Limits::default());
    let store = kernels.store().unwrap();
    let mut count = 0;
    for (number, found) in (0..).zip(kernels) {
        let Ok(Found::Kernel(kernel)) = found else { panic!("{found:?}") };
        let extracted = store.extract(number).unwrap();
        assert_eq!(store.path(number), kernel.file().path());
        assert_eq!(extracted.file().path(), kernel.file().path());
        assert_eq!(extracted.file().release(), kernel.file().release());
        assert!(extracted.file().as_bytes() == kernel.file().as_bytes());
        count += 1;
    }
    assert_eq!(store.store().len(), count);
    assert!(store.extract(u32::try_from(count).unwrap()).is_err());

    // What is no store is still read.
    let file = folder.file("6.1.btf", &btf("same.le"));
    let mut kernels = Kernels::new(&file, Limits::default());
    assert!(kernels.store().is_none());
    assert_eq!(kernels.filter(Result::is_ok).count(), 1);
}
