use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

pub fn fixture(path: &str) -> Vec<u8> {
    let path = root().join("fixtures").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objects of Debian's packages that `cargo xtask data` fetched, with their names.
pub fn debian_objects() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(root().join("target/data/objects")).into_iter().flatten();
    let paths = files.map(|file| file.unwrap().path());
    let mut objects: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "o"))
        .map(|path| (path.file_name().unwrap().display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    objects.sort();
    objects
}

/// Reports that a test cannot run here. In CI every test must run.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{why}");
    println!("SKIPPED: {why}");
}
