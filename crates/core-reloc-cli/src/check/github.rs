//! Issues as workflow commands of GitHub Actions, which show them at their lines in a pull request.
//!
//! The runner takes lines of a job's output that start with `::` as commands:
//! `::error file=FILE,line=LINE,title=TITLE::MESSAGE`. It shows only the first ten errors, ten warnings and ten
//! notices of a step. The others are lines of the log, in a group that is folded.

use std::io::{self, Write};

use super::{
    issue::{Issue, Severity},
    place::Place,
};
use crate::{format::plural, terminal::Escaped};

/// The number of annotations of each kind that GitHub shows of a step.
const MAX_SHOWN: usize = 10;

/// Prints issues, but not those that a baseline accepts, and a summary.
pub(super) fn print(
    issues: impl Iterator<Item = Issue>,
    summary: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    let (mut errors, mut warnings, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    for issue in issues.filter(|issue| !issue.is_accepted) {
        match issue.severity {
            Severity::Error => errors.push(issue),
            Severity::Warning => warnings.push(issue),
            Severity::Note | Severity::Info => notices.push(issue),
        }
    }
    for (command, issues) in [("error", errors), ("warning", warnings), ("notice", notices)] {
        // The last annotation counts the others.
        let shown = if issues.len() > MAX_SHOWN { MAX_SHOWN - 1 } else { issues.len() };
        let (shown, others) = issues.split_at(shown);
        for issue in shown {
            annotation(command, issue, out)?;
        }
        if !others.is_empty() {
            left_out(command, others, out)?;
        }
    }
    writeln!(out, "core-reloc: {}", plain(summary))
}

/// Prints an issue as a command.
fn annotation(command: &str, issue: &Issue, out: &mut impl Write) -> io::Result<()> {
    write!(out, "::{command} ")?;
    if let Some(Place { path, line, column, .. }) = issue.places.first() {
        write!(out, "file={},", property(path))?;
        for (name, number) in [("line", line), ("col", column)] {
            if let Some(number) = number {
                write!(out, "{name}={number},")?;
            }
        }
    }
    let mut message = issue.details.join("\n");
    let others = issue.places.get(1..).unwrap_or_default();
    if !others.is_empty() {
        let others: Vec<String> = others.iter().take(MAX_SHOWN).map(in_file).collect();
        message += &format!("\nalso at: {}", others.join(", "));
    }
    writeln!(out, "title={}::{}", property(&issue.title), data(&message))
}

/// Prints how many issues GitHub would not show, and each of them as a line of the log.
fn left_out(command: &str, issues: &[Issue], out: &mut impl Write) -> io::Result<()> {
    let count = plural(issues.len(), format_args!("more {command}"));
    writeln!(out, "::{command} title=core-reloc check::{count} in the log of this step")?;
    writeln!(out, "::group::{count}")?;
    for issue in issues {
        let place = issue.places.first().map(in_file).unwrap_or_default();
        writeln!(
            out,
            "{command}: {}: {}",
            plain(&place),
            plain(&issue.text().replace('\n', "; "))
        )?;
    }
    writeln!(out, "::endgroup::")
}

/// Returns `FILE:LINE`, or the file alone.
fn in_file(place: &Place) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.path),
        None => place.path.clone(),
    }
}

/// Escapes the message of a command.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| Escaped(line).to_string()).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns a line that is no command. Besides `::` at the start of a line, the runner knows an older form, which
/// may be anywhere in it: `##[command]`.
fn plain(text: &str) -> String {
    Escaped(text).to_string().replace("##[", "## [")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(title: &str, details: &[&str], place: Option<Place>) -> Issue {
        Issue {
            rule: "missing",
            severity: Severity::Error,
            title: title.to_string(),
            details: details.iter().map(ToString::to_string).collect(),
            places: place.into_iter().collect(),
            identity: String::new(),
            is_accepted: false,
        }
    }

    fn printed(issues: Vec<Issue>) -> String {
        let mut out = Vec::new();
        print(issues.into_iter(), "the sum ##[error]", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// As `@actions/core` escapes them.
    #[test]
    fn no_text_ends_a_command_or_a_property() {
        let place = Place {
            path: "a,b:c\r\n::error::d%.c".to_string(),
            line: Some(3),
            column: None,
            function: None,
        };
        let issues = vec![issue("a: b, c\n", &["50 %", "::set-output name=a::b\r"], Some(place))];
        assert_eq!(
            printed(issues),
            "::error file=a%2Cb%3Ac\\r%0A%3A%3Aerror%3A%3Ad%25.c,line=3,title=a%3A b%2C c%0A::50 %25%0A::set-output \
             name=a::b\\r\ncore-reloc: the sum ## [error]\n"
        );
    }

    #[test]
    fn what_github_does_not_show_is_in_the_log() {
        let issues =
            |count: usize| (0..count).map(|at| issue(&format!("##[{at}]"), &["a", "b"], None));
        let lines = |count| printed(issues(count).collect()).lines().count();
        assert_eq!((lines(0), lines(1), lines(10)), (1, 2, 11));
        let printed = printed(issues(12).collect());
        let errors = printed.lines().filter(|line| line.starts_with("::error ")).count();
        assert_eq!(errors, 10);
        let end = "\
::error title=core-reloc check::3 more errors in the log of this step
::group::3 more errors
error: : ## [9]; a; b
error: : ## [10]; a; b
error: : ## [11]; a; b
::endgroup::
core-reloc: the sum ## [error]
";
        assert!(printed.ends_with(end), "{printed}");
    }
}
