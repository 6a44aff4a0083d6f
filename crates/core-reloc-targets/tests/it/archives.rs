//! Tar archives.

use std::{fs, path::Path};

use core_reloc_targets::{Found, Kernels, Limits, open};
use core_reloc_tests::kernel_files::{Folder, btf, bz_image, elf, kernel, pack, pack_in};

use crate::support::targets;

/// Makes an archive of a folder's files, sorted by name.
fn tar(folder: &Folder, options: &str) -> Option<Vec<u8>> {
    let names = fs::read_dir(folder.path("")).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    pack_in(&folder.path(""), &format!("tar {options} -c -f - {}", names.join(" ")), b"")
}

const EXPECTED: &str =
    "expected BTF, ELF, a kernel image, a tar archive or compressed data of these";

#[test]
fn every_entry_is_a_target() {
    let [kernel_btf, other, module] = ["same.le", "grown.be", "modular.le.stats"].map(btf);
    let source = Folder::new();
    source.file("1.btf", &kernel_btf);
    source.file("2/vmlinux", &elf(&[(".BTF", &other)]));
    source.file("3.txt", b"Not a target.");
    source.file("5-empty", b"");
    let mut expected = vec![
        Ok(("!1.btf", kernel_btf.clone())),
        Ok(("!2/vmlinux", other)),
        Err(format!("!3.txt: starts with 4e 6f 74 20, {EXPECTED}")),
    ];
    if let Some(image) = pack("gzip -c", &kernel(&kernel_btf)) {
        source.file("4-vmlinuz", &bz_image(&image, image.len() as u32));
        expected.push(Ok(("!4-vmlinuz!payload(gzip)@0x700", kernel_btf)));
    }
    expected.push(Err("!5-empty: is empty".into()));
    if let Some(module_xz) = pack("xz -c", &elf(&[(".BTF", &module)])) {
        source.file("6.ko.xz", &module_xz);
        expected.push(Ok(("!6.ko.xz", module)));
    }
    source.file("7.tar", &tar(&source, "").unwrap());
    expected.push(Err("!7.tar: is an archive inside an archive, which is not supported".into()));

    for options in ["", "--format=ustar", "--format=posix", "--format=gnu"] {
        let Some(archive) = tar(&source, options) else { return };
        for packer in ["cat", "xz -c", "gzip -c", "zstd -c", "bzip2 -c", "lz4 -c"] {
            let Some(packed) = pack(packer, &archive) else { continue };
            let folder = Folder::new();
            folder.file("archive", &packed);
            let found = targets(&folder, "archive", Limits::default());
            let expected: Vec<_> = expected
                .iter()
                .map(|target| match target {
                    Ok((path, btf)) => Ok((format!("/archive{path}"), btf.clone())),
                    Err(message) => Err(format!("/archive{message}")),
                })
                .collect();
            assert_eq!(found, expected, "{options} {packer}");
        }
    }
}

#[test]
fn an_archive_of_one_target_is_opened() {
    let btf = btf("same.le");
    let source = Folder::new();
    source.file("5.4.0-26-generic.btf", &btf);
    source.file("README", b"Types.");
    let archive = tar(&source, "").and_then(|archive| pack("xz -c", &archive));
    let Some(archive) = archive else { return };
    let folder = Folder::new();
    let path = folder.file("5.4.0-26-generic.btf.tar.xz", &archive);
    let file = open(&path, Limits::default()).unwrap();
    assert_eq!(file.as_bytes(), btf);
    let name = "/5.4.0-26-generic.btf.tar.xz!5.4.0-26-generic.btf";
    assert_eq!(folder.strip(file.path().to_str().unwrap()), name);
}

/// `minimize` writes it at the top. Deeper, the name means nothing.
#[test]
fn the_manifest_of_minimize_is_passed_over() {
    let source = Folder::new();
    source.file("core-reloc.json", br#"{"format":"core-reloc minimize 1"}"#);
    source.file("a/core-reloc.json", b"Types.");
    source.file("b.btf", &btf("same.le"));
    let expected = |outer: &str| {
        let unknown = format!("{outer}a/core-reloc.json: starts with 54 79 70 65, {EXPECTED}");
        [Err(unknown), Ok((format!("{outer}b.btf"), btf("same.le")))]
    };
    let kernels = |path: &Path| -> Vec<bool> {
        let found = Kernels::new(path, Limits::default()).map(Result::unwrap);
        found.map(|found| matches!(found, Found::Kernel(_))).collect()
    };
    assert_eq!(targets(&source, "", Limits::default()), expected("/"));
    assert_eq!(kernels(&source.path("")), [false, true]);

    for options in ["--format=gnu", "--format=posix"] {
        let Some(archive) = tar(&source, options) else { return };
        let folder = Folder::new();
        let path = folder.file("a.tar", &archive);
        assert_eq!(targets(&folder, "a.tar", Limits::default()), expected("/a.tar!"));
        assert_eq!(kernels(&path), [false, true]);
        assert_eq!(open(&path, Limits::default()).unwrap().as_bytes(), btf("same.le"));
    }
}

#[test]
fn an_archive_of_several_targets_or_none_is_not_opened() {
    let source = Folder::new();
    source.file("README", b"Types.");
    let Some(archive) = tar(&source, "") else { return };
    let folder = Folder::new();
    let message = |bytes: &[u8]| {
        let path = folder.file("a.tar", bytes);
        folder.strip(&open(&path, Limits::default()).unwrap_err().to_string())
    };
    assert_eq!(message(&archive), "/a.tar: contains no BTF");
    source.file("a.btf", &btf("same.le"));
    source.file("b.btf", &btf("same.be"));
    assert_eq!(
        message(&tar(&source, "").unwrap()),
        "/a.tar: contains several targets, expected one: /a.tar!a.btf and /a.tar!b.btf"
    );
}

#[test]
fn long_names_are_cut_and_control_characters_are_escaped() {
    let btf = btf("same.le");
    let long = "long/".repeat(50);
    let source = Folder::new();
    source.file(&format!("{long}name.btf"), &btf);
    for options in ["--format=posix", "--format=gnu"] {
        let Some(archive) = tar(&source, options) else { return };
        let folder = Folder::new();
        folder.file("a.tar", &archive);
        let found = targets(&folder, "a.tar", Limits::default());
        let name = format!("{long}name.btf");
        assert_eq!(found, [Ok((format!("/a.tar!{}", &name[..255]), btf.clone()))]);
    }
    let source = Folder::new();
    source.file("\x1b[31mred\n\u{202e}\u{2028}.btf", &btf);
    let Some(archive) = pack_in(&source.path(""), "tar -c -f - .", b"") else { return };
    let folder = Folder::new();
    folder.file("a.tar", &archive);
    let found = targets(&folder, "a.tar", Limits::default());
    assert_eq!(found, [Ok((r"/a.tar!\u{1b}[31mred\n\u{202e}\u{2028}.btf".into(), btf))]);
}

#[test]
fn links_folders_and_pipes_are_skipped() {
    let btf = btf("same.le");
    let source = Folder::new();
    source.file("folder/a.btf", &btf);
    std::os::unix::fs::symlink("folder/a.btf", source.path("link.btf")).unwrap();
    fs::hard_link(source.path("folder/a.btf"), source.path("twin.btf")).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(source.path("pipe")).status().unwrap().success()
    );
    let Some(archive) = tar(&source, "") else { return };
    let folder = Folder::new();
    folder.file("a.tar", &archive);
    let found = targets(&folder, "a.tar", Limits::default());
    assert_eq!(found, [Ok(("/a.tar!folder/a.btf".into(), btf))]);
}

/// GNU tar writes the archive; its old format has a second block of the map from the fifth part on.
#[test]
fn sparse_files_are_named_and_the_rest_is_read() {
    let btf = btf("same.le");
    let source = Folder::new();
    let file = fs::File::create(source.path("sparse.btf")).unwrap();
    file.set_len(40 << 20).unwrap();
    for part in 0..60 {
        std::os::unix::fs::FileExt::write_all_at(&file, b"part", part << 19).unwrap();
    }
    source.file("target.btf", &btf);
    for options in
        ["-S --format=gnu", "-S --format=posix", "-S --format=posix --sparse-version=0.0"]
    {
        let Some(archive) = tar(&source, options) else { return };
        assert!(archive.len() < 10 << 20, "{options}: the file is written as a sparse one");
        let folder = Folder::new();
        folder.file("a.tar", &archive);
        let found = targets(&folder, "a.tar", Limits::default());
        let error = "/a.tar!sparse.btf: is a sparse file, which is not supported in archives";
        let target = Ok(("/a.tar!target.btf".into(), btf.clone()));
        assert_eq!(found, [Err(error.into()), target], "{options}");
    }
}
