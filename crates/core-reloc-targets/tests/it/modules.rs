//! The modules of kernels, in folders and archives.

use std::{fs, path::Path};

use core_reloc_targets::{Found, FoundKernel, FoundModule, Kernels, Limits};
use core_reloc_tests::kernel_files::{Folder, btf, elf, pack, pack_in};

/// Returns the kernels at a path, and each one's modules as `KERNEL: NAME PATH`; `KERNEL: none` if it has none.
fn found(folder: &Folder, kernels: Kernels) -> Vec<String> {
    let mut lines = Vec::new();
    for found in kernels {
        let kernel = match found {
            Ok(Found::Kernel(kernel)) => kernel,
            Ok(Found::Other(error)) => {
                lines.push(format!("other: {}", folder.strip(&error.to_string())));
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let path = folder.strip(kernel.file().path().to_str().unwrap());
        let base = kernel.file().parse().unwrap();
        let modules = kernel.modules().unwrap();
        let before = lines.len();
        for module in &modules {
            let Some(file) = module.open().unwrap() else { continue };
            let btf = file.parse_split(&base).unwrap();
            btf.check_base().unwrap();
            let module_path = folder.strip(module.path().to_str().unwrap());
            lines.push(format!("{path}: {} {module_path}", module.name()));
        }
        if lines.len() == before {
            lines.push(format!("{path}: none"));
        }
    }
    lines
}

fn found_at(folder: &Folder, name: &str) -> Vec<String> {
    found(folder, Kernels::new(&folder.path(name), Limits::default()))
}

/// Returns the only kernel at a path.
fn only(path: &Path) -> FoundKernel {
    match Kernels::new(path, Limits::default()).next() {
        Some(Ok(Found::Kernel(kernel))) => kernel,
        other => panic!("{other:?}"),
    }
}

fn ko(name: &str) -> Vec<u8> {
    elf(&[(".BTF", &btf(name))])
}

/// `minimize` writes modules so.
#[test]
fn modules_are_named_after_their_kernel() {
    let folder = Folder::new();
    for name in ["modular.le", "modular.le.stats", "modular.le.other", "same.le"] {
        folder.file(&format!("k/{name}.btf"), &btf(name));
    }
    let expected = [
        "/k/modular.le.btf: other /k/modular.le.other.btf",
        "/k/modular.le.btf: stats /k/modular.le.stats.btf",
        "/k/same.le.btf: none",
    ];
    assert_eq!(found_at(&folder, "k"), expected);
    // A kernel that is given by its path has them, too.
    assert_eq!(found_at(&folder, "k/modular.le.btf"), expected[..2]);
    assert_eq!(found_at(&folder, "k/same.le.btf"), expected[2..]);
}

/// `cargo xtask data` writes modules so.
#[test]
fn modules_are_in_a_folder_named_after_their_kernel() {
    let folder = Folder::new();
    folder.file("k/6.1.btf", &btf("modular.le"));
    folder.file("k/6.1.modules/stats.btf", &btf("modular.le.stats"));
    folder.file("k/6.2.btf", &btf("same.le"));
    let expected = ["/k/6.1.btf: stats /k/6.1.modules/stats.btf", "/k/6.2.btf: none"];
    assert_eq!(found_at(&folder, "k"), expected);
    assert_eq!(found_at(&folder, "k/6.1.btf"), expected[..1]);
}

#[test]
fn a_distributions_modules_belong_to_the_kernel_of_their_release() {
    let folder = Folder::new();
    for release in ["6.1.0-1", "6.1.0-2"] {
        folder.file(&format!("boot/vmlinux-{release}"), &ko("modular.le"));
        folder.file(&format!("boot/config-{release}"), b"CONFIG_HZ=250\n");
        let map = pack("gzip -c", b"ffffffff81000000 T _text\n").unwrap();
        folder.file(&format!("boot/System.map-{release}"), &map);
        let modules = format!("lib/modules/{release}");
        folder.file(&format!("{modules}/modules.dep"), b"");
        folder.file(&format!("{modules}/kernel/job-stats.ko"), &ko("modular.le.stats"));
        // Built without types.
        folder.file(&format!("{modules}/kernel/plain.ko"), &elf(&[(".text", b"")]));
    }
    let packed = pack("xz -c", &ko("modular.le.other")).unwrap();
    folder.file("lib/modules/6.1.0-2/updates/dkms/other.ko.xz", &packed);
    let stats = |release: &str| {
        format!("/boot/vmlinux-{release}: job_stats /lib/modules/{release}/kernel/job-stats.ko")
    };
    let other = "/boot/vmlinux-6.1.0-2: other /lib/modules/6.1.0-2/updates/dkms/other.ko.xz";
    let expected = [stats("6.1.0-1"), stats("6.1.0-2"), other.to_string()];
    assert_eq!(found_at(&folder, ""), expected);

    let kernel = only(&folder.path("boot/vmlinux-6.1.0-1"));
    assert_eq!(kernel.config().unwrap().unwrap(), b"CONFIG_HZ=250\n");
    assert_eq!(kernel.symbols().unwrap().unwrap(), b"ffffffff81000000 T _text\n");
    let names: Vec<_> = kernel.modules().unwrap().iter().map(|it| it.name().to_string()).collect();
    assert_eq!(names, ["job_stats", "plain"]);
    fs::remove_file(folder.path("boot/config-6.1.0-1")).unwrap();
    assert_eq!(kernel.config().unwrap(), None);

    // Everything is found in an archive, too, wherever it is there.
    for order in ["boot lib", "lib boot"] {
        let command = format!("tar -c -f - {order}");
        let Some(archive) = pack_in(&folder.path(""), &command, b"") else { return };
        let packed = Folder::new();
        packed.file("a.tar", &archive);
        let mut lines = found_at(&packed, "a.tar");
        lines.sort();
        let expected = expected.iter().map(|line| line.replace('/', "!"));
        let lines = lines.iter().map(|line| line.replace("/a.tar", "").replace('/', "!"));
        assert!(lines.eq(expected), "{order}");
        let kernel = only(&packed.path("a.tar"));
        let map = kernel.symbols().unwrap();
        assert_eq!(map.as_deref(), Some(&b"ffffffff81000000 T _text\n"[..]));
    }
}

/// The running kernel publishes its types so.
#[test]
fn modules_around_the_only_kernel_are_its_own() {
    let folder = Folder::new();
    for (name, file) in [("vmlinux", "modular.le"), ("stats", "modular.le.stats")] {
        folder.file(&format!("sys/kernel/btf/{name}"), &btf(file));
        folder.file(&format!("btf/{name}"), &btf(file));
    }
    folder.file("btf/README", b"text");
    for path in ["sys/kernel/btf", "sys/kernel/btf/vmlinux"] {
        let expected = "/sys/kernel/btf/vmlinux: stats /sys/kernel/btf/stats";
        assert_eq!(found_at(&folder, path), [expected], "{path}");
    }
    let found = found_at(&folder, "btf");
    assert_eq!(found[1], "/btf/vmlinux: stats /btf/stats");
    assert!(found[0].starts_with("other: /btf/README: "), "{found:?}");
    // A kernel elsewhere is named for itself.
    assert_eq!(found_at(&folder, "btf/vmlinux"), ["/btf/vmlinux: none"]);
    // Both folders have the same files.
    let both = found_at(&folder, "");
    assert!(both.contains(&"/btf/vmlinux: stats /btf/stats".to_string()), "{both:?}");

    folder.file("btf/vmlinuz", &btf("same.le"));
    let found = found_at(&folder, "btf");
    let module = "other: /btf/stats: contains a module's types, not a kernel's";
    assert_eq!(found[1..], [module, "/btf/vmlinux: none", "/btf/vmlinuz: none"]);
}

#[test]
fn damaged_modules_are_errors_and_other_files_are_not() {
    let folder = Folder::new();
    folder.file("k/6.1.btf", &btf("modular.le"));
    folder.file("k/6.1.stats.btf", &btf("modular.le.stats")[..60]);
    folder.file("k/one/6.2.btf", &btf("modular.le"));
    folder.file("k/one/a.ko", b"\x7fELF");
    folder.file("k/one/any.gz", b"\x1f\x8b\x08\0");
    let results = |kernel: &str| -> Vec<String> {
        let mut found = Kernels::new(&folder.path("k"), Limits::default()).flatten();
        let kernel = found.find_map(|found| match found {
            Found::Kernel(found) if found.file().path().ends_with(kernel) => Some(found),
            _ => None,
        });
        let modules = kernel.unwrap().modules().unwrap();
        let result = |module: &FoundModule| match module.open() {
            Ok(file) => format!("{} {}", module.name(), file.is_some()),
            Err(error) => folder.strip(&error.to_string()),
        };
        modules.iter().map(result).collect()
    };
    let header = "type section at offset 0x18 needs 48 bytes, 36 are left";
    assert_eq!(results("6.1.btf"), [format!("/k/6.1.stats.btf: {header}")]);
    let [ko, any] = &results("6.2.btf")[..] else { panic!("{:?}", results("6.2.btf")) };
    assert!(ko.starts_with("/k/one/a.ko: ELF header at offset 0x0: "), "{ko}");
    assert_eq!(any, "any false");
}

#[test]
fn an_archive_of_kernels_is_read_once() {
    let source = Folder::new();
    source.file("6.1.btf", &btf("modular.le"));
    source.file("6.2.btf", &btf("same.le"));
    let Some(archive) = pack_in(&source.path(""), "tar -c -f - 6.1.btf 6.2.btf", b"") else {
        return;
    };
    let folder = Folder::new();
    let path = folder.file("a.tar", &archive);
    let kernels: Vec<_> = Kernels::new(&path, Limits::default())
        .map(|found| match found.unwrap() {
            Found::Kernel(kernel) => kernel,
            Found::Other(error) => panic!("{error}"),
        })
        .collect();
    // The modules would be missed, if they were searched for.
    source.file("6.1.stats.btf", &btf("modular.le.stats"));
    let with_module = pack_in(&source.path(""), "tar -c -f - 6.1.btf 6.1.stats.btf", b"").unwrap();
    folder.file("a.tar", &with_module);
    assert!(kernels.iter().all(|kernel| kernel.modules().unwrap().is_empty()));
    assert_eq!(only(&path).modules().unwrap().len(), 1);
}

#[test]
fn modules_of_an_archive_are_limited_and_others_are_mentioned() {
    let source = Folder::new();
    let stats = btf("modular.le.stats");
    source.file("6.1.btf", &btf("modular.le"));
    source.file("6.1.stats.btf", &stats);
    source.file("6.2.btf", &btf("same.le"));
    source.file("stray.btf", &stats);
    let command = "tar -c -f - 6.1.stats.btf 6.1.btf 6.2.btf stray.btf";
    let Some(archive) = pack_in(&source.path(""), command, b"") else { return };
    let folder = Folder::new();
    let path = folder.file("a.tar", &archive);
    let expected = [
        "/a.tar!6.1.btf: stats /a.tar!6.1.stats.btf",
        "/a.tar!6.2.btf: none",
        "other: /a.tar!stray.btf: contains a module's types, not a kernel's",
    ];
    assert_eq!(found_at(&folder, "a.tar"), expected);

    let limits = Limits::default().modules(stats.len() as u64 * 2);
    assert_eq!(found(&folder, Kernels::new(&path, limits)), expected);
    let limits = Limits::default().modules(stats.len() as u64 * 2 - 1);
    let Some(Ok(Found::Kernel(kernel))) = Kernels::new(&path, limits).next() else { panic!() };
    assert_eq!(
        folder.strip(&kernel.modules().unwrap_err().to_string()),
        "/a.tar: the modules exceed the limit of 209 bytes"
    );
}
