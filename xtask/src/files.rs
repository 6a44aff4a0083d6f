//! Files in folders, and hashes of their contents.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The files below a folder, sorted.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.map_err(|error| format!("{}: {error}", folder.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() { &mut folders } else { &mut files }.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Copies files from one folder to another, with the folders between.
pub(crate) fn copy(files: &[PathBuf], from: &Path, to: &Path) -> Result {
    for file in files {
        let copy = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().ok_or("a file is in no folder")?)?;
        fs::copy(file, &copy).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// Returns the SHA-256 of bytes in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> Result<String> {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`sha256sum` did not start: {error}"))?;
    child.stdin.take().ok_or("sha256sum has no standard input")?.write_all(bytes)?;
    let output = String::from_utf8(child.wait_with_output()?.stdout)?;
    Ok(output.split_whitespace().next().ok_or("sha256sum printed nothing")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_copied_with_their_folders() {
        let folder = std::env::temp_dir().join(format!("files-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        for file in ["b", "a/c/d"] {
            fs::create_dir_all(from.join(file).parent().unwrap()).unwrap();
            fs::write(from.join(file), file).unwrap();
        }
        copy(&below(&from).unwrap(), &from, &to).unwrap();
        let copied = below(&to).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(copied, [to.join("a/c/d"), to.join("b")]);
    }
}
