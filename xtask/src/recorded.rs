//! Generated files that are committed, so that a change of what they describe shows in review.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::Result;

/// How many lines of a difference are shown.
const SHOWN: usize = 30;

/// A file with the content that it should have.
pub(crate) struct Recorded {
    /// From the workspace's root.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

/// Writes the files that have changed and removes other files from `folders`; with `check`, reports
/// them as an error instead. `command` is the one that records them.
pub(crate) fn settle(files: &[Recorded], folders: &[&str], check: bool, command: &str) -> Result {
    let mut drift = String::new();
    for Recorded { path, content } in files {
        let recorded = match fs::read(path) {
            Ok(recorded) => recorded,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(format!("{path}: {error}").into()),
        };
        if recorded == *content {
            continue;
        }
        if check {
            drift.push_str(&format!("{path}:\n{}", difference(&recorded, content)));
            continue;
        }
        if let Some(folder) = Path::new(path).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, content).map_err(|error| format!("{path}: {error}"))?;
        println!("recorded: {path}");
    }
    for path in stale(files, folders)? {
        if check {
            drift.push_str(&format!("{path}: no longer generated\n"));
        } else {
            fs::remove_file(&path)?;
            println!("removed: {path}");
        }
    }
    if drift.is_empty() {
        println!("{} generated files are up to date", files.len());
        return Ok(());
    }
    Err(format!("{drift}if the change is intended, record it in the same commit: {command}").into())
}

/// The paths in the folders that are not among the files.
fn stale(files: &[Recorded], folders: &[&str]) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for folder in folders.iter().filter(|folder| Path::new(folder).exists()) {
        for entry in fs::read_dir(folder)? {
            let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
            if files.iter().all(|file| file.path != path) {
                stale.push(path);
            }
        }
    }
    stale.sort();
    Ok(stale)
}

/// The lines that only one of the texts has.
fn difference(recorded: &[u8], now: &[u8]) -> String {
    let (Ok(recorded), Ok(now)) = (str::from_utf8(recorded), str::from_utf8(now)) else {
        return "  binary files differ\n".to_owned();
    };
    let only = |these: &str, those: &str, sign: char| -> Vec<String> {
        let those: Vec<&str> = those.lines().collect();
        let missing = these.lines().filter(|line| !those.contains(line));
        missing.map(|line| format!("  {sign} {line}\n")).collect()
    };
    let mut lines = only(recorded, now, '-');
    lines.extend(only(now, recorded, '+'));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("  and {more} more\n"));
    }
    if lines.is_empty() {
        lines.push("  the same lines in another order or number\n".to_owned());
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_lines() {
        assert_eq!(difference(b"a\nb\n", b"b\nc\n"), "  - a\n  + c\n");
        assert_eq!(difference(b"a\nb\n", b"b\na\n").lines().count(), 1);
        assert_eq!(difference(b"", b"\xff"), "  binary files differ\n");
        let many: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert!(difference(b"", many.as_bytes()).ends_with("and 70 more\n"));
    }

    #[test]
    fn drift_is_an_error_that_names_the_command() {
        let folder = std::env::temp_dir().join(format!("recorded-{}", std::process::id()));
        let folder = folder.to_string_lossy().into_owned();
        let settle = |name: &str, text: &str, check| {
            let file = Recorded { path: format!("{folder}/{name}"), content: text.into() };
            settle(&[file], &[&folder], check, "record it").map_err(|error| error.to_string())
        };
        assert!(settle("a", "a\n", true).is_err());
        settle("a", "a\n", false).unwrap();
        settle("a", "a\n", true).unwrap();
        let changed = settle("a", "b\n", true).unwrap_err();
        let stale = settle("b", "", true).unwrap_err();
        settle("b", "b\n", false).unwrap();
        let left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        fs::remove_dir_all(&folder).unwrap();
        assert!(changed.contains("- a\n  + b\n") && changed.ends_with("record it"), "{changed}");
        assert!(stale.contains("/a: no longer generated"), "{stale}");
        assert_eq!(left, ["b"]);
    }
}
