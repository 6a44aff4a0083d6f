//! Listings that are committed, so that a change of what they list shows in review.

use std::fs;
use std::path::Path;

use crate::Result;

/// How many lines of a difference are shown.
const SHOWN: usize = 30;

/// A listing, as it would be recorded now.
pub(crate) struct Listing {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Records the listings; or, to check, finds that each is as recorded. `command` records them.
pub(crate) fn settle(listings: &[Listing], check: bool, command: &str) -> Result {
    let mut drift = String::new();
    for Listing { path, text } in listings {
        let recorded = match fs::read_to_string(path) {
            Ok(recorded) => recorded,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{path}: {error}").into()),
        };
        if recorded == *text {
            continue;
        }
        if check {
            drift.push_str(&format!("{path}:\n{}", difference(&recorded, text)));
            continue;
        }
        if let Some(folder) = Path::new(path).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).map_err(|error| format!("{path}: {error}"))?;
        println!("recorded: {path}");
    }
    if drift.is_empty() {
        return Ok(());
    }
    Err(format!("{drift}if it is meant, record it in the same commit: {command}").into())
}

/// The lines that only one of the texts has.
fn difference(recorded: &str, now: &str) -> String {
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
        lines.push("  the same lines in another order, or more often\n".to_owned());
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_lines() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), "  - a\n  + c\n");
        assert_eq!(difference("a\nb\n", "b\na\n").lines().count(), 1);
        let many: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert!(difference("", &many).ends_with("and 70 more\n"));
    }

    #[test]
    fn drift_is_an_error_that_says_how_to_record() {
        let path = std::env::temp_dir().join(format!("recorded-{}", std::process::id()));
        let listing = |text: &str| {
            [Listing { path: path.to_string_lossy().into_owned(), text: text.to_owned() }]
        };
        assert!(settle(&listing("a\n"), true, "record it").is_err());
        settle(&listing("a\n"), false, "record it").unwrap();
        settle(&listing("a\n"), true, "record it").unwrap();
        let error = settle(&listing("b\n"), true, "record it").unwrap_err().to_string();
        fs::remove_file(&path).unwrap();
        assert!(error.contains("- a\n  + b\n") && error.ends_with("record it"), "{error}");
    }
}
