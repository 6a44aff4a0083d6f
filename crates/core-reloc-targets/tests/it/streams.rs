//! Streams give the same targets as the files with their bytes.

use std::io::Cursor;

use core_reloc_sys::BtfFile;
use core_reloc_targets::{Found, Kernels, Limits, TargetError, Targets, open, open_stream};
use core_reloc_tests::kernel_files::{Folder, btf, bz_image, elf, image, kernel, pack, pack_in};

/// A file of each format, and two that are no targets.
fn files() -> Vec<Vec<u8>> {
    let [types, module] = ["same.le", "modular.le.stats"].map(btf);
    let source = Folder::new();
    source.file("1.btf", &types);
    source.file("2.txt", b"Not a target.");
    source.file("3.ko", &elf(&[(".BTF", &module)]));
    let mut files = vec![
        types.clone(),
        module,
        elf(&[(".BTF", &types)]),
        image(b"ARMd", 56, &types),
        b"text".to_vec(),
        types[..40].to_vec(),
    ];
    files.extend(pack("gzip -c", &kernel(&types)).map(|it| bz_image(&it, it.len() as u32)));
    files.extend(pack("xz -c", &types));
    files.extend(pack_in(&source.path(""), "tar -c -f - 1.btf 2.txt 3.ko", b""));
    files
}

#[test]
fn streams_give_what_files_give() {
    let folder = Folder::new();
    let limits = Limits::default();
    for bytes in files() {
        let path = folder.file("file", &bytes);
        let stream = || Cursor::new(bytes.clone());
        let target = |target: Result<BtfFile, TargetError>| {
            let target = target.map(|file| (file.path().to_path_buf(), file.as_bytes().to_vec()));
            target.map_err(|error| error.to_string())
        };
        // The messages of files that are of no known format name fewer formats for plain files.
        let is_same = |one: &Result<_, String>, other: &Result<_, String>| match (one, other) {
            (Ok(one), Ok(other)) => one == other,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        let (file, read) =
            (target(open(&path, limits)), target(open_stream(&path, stream(), limits)));
        assert!(is_same(&file, &read), "{file:?} {read:?}");

        let file: Vec<_> = Targets::new(&path, limits).map(target).collect();
        let read: Vec<_> = Targets::of_stream(&path, stream(), limits).map(target).collect();
        let are_same = file.len() == read.len();
        assert!(are_same && file.iter().zip(&read).all(|(one, other)| is_same(one, other)));

        let kind = |found: Result<Found, TargetError>| match found {
            Ok(Found::Kernel(kernel)) => kernel.file().path().display().to_string(),
            Ok(Found::Other(other)) => format!("not a kernel: {}", other.path.display()),
            Err(error) => format!("error: {}", error.path.display()),
        };
        let file: Vec<_> = Kernels::new(&path, limits).map(kind).collect();
        let mut read: Vec<_> = Kernels::of_stream(&path, stream(), limits).map(kind).collect();
        // The modules of a file belong to its kernel, those of a stream to none.
        read.retain(|found| !found.ends_with("!3.ko"));
        assert_eq!(file, read);
    }
}
