//! What the library finds, in a form that tests can compare.

use core_reloc_sys::BtfFile;
use core_reloc_targets::{Limits, TargetError, Targets};
use core_reloc_tests::kernel_files::Folder;

/// The path of a target, without that of its folder, and the bytes of its BTF.
pub(crate) type Target = (String, Vec<u8>);

/// Reads all targets below a path in a folder: each target, or the message of its error.
pub(crate) fn targets(folder: &Folder, name: &str, limits: Limits) -> Vec<Result<Target, String>> {
    let shown = |target: Result<BtfFile, TargetError>| match target {
        Ok(file) => Ok((folder.strip(file.path().to_str().unwrap()), file.as_bytes().to_vec())),
        Err(error) => Err(folder.strip(&error.to_string())),
    };
    Targets::new(&folder.path(name), limits).map(shown).collect()
}

/// Reads the only target in a file with these bytes.
pub(crate) fn target_in(bytes: &[u8], limits: Limits) -> Result<Target, String> {
    let folder = Folder::new();
    folder.file("file", bytes);
    let mut targets = targets(&folder, "file", limits);
    assert_eq!(targets.len(), 1, "{targets:?}");
    targets.remove(0)
}
