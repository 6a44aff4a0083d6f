//! Archives as BTFHub has them: `RELEASE.btf.tar.xz` with the file `RELEASE.btf`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::command::output;

/// Writes the archive of a kernel. The same BTF gives the same bytes.
pub(super) fn write(path: &Path, release: &str, btf: &[u8]) -> Result {
    let folder = path.parent().ok_or("an archive is in a folder")?;
    fs::create_dir_all(folder)?;
    let name = format!("{release}.btf");
    let (plain, packed) = (folder.join(&name), folder.join(format!("{name}.new")));
    fs::write(&plain, btf)?;
    let written = output(
        Command::new("tar")
            .args(["--create", "--format=gnu", "--sort=name", "--mtime=@0", "--mode=0644"])
            .args(["--owner=0", "--group=0", "--numeric-owner", "--xz"])
            .arg("--file")
            .arg(&packed)
            .arg("--directory")
            .arg(folder)
            .arg(&name)
            .stderr(Stdio::inherit()),
    );
    fs::remove_file(plain)?;
    written?;
    Ok(fs::rename(packed, path)?)
}
