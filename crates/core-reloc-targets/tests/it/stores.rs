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
    let Ok(Found::Kernel(kernel)) =
        Kernels::new(&path, Limits::default().modules(10)).next().unwrap()
    else {
        panic!("no kernel")
    };
    let large = kernel.modules().unwrap_err().to_string();
    assert!(large.ends_with("exceed the limit of 10 bytes"), "{large}");
}
