//! Issues as SARIF 2.1.0 (Static Analysis Results Interchange Format, an OASIS standard).

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::{
    issue::{Issue, Severity},
    place::Place,
    rules::Rule,
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What is escaped in a path: all but what RFC 3986 calls unreserved, and slashes.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of fingerprints, with the version of what they are made of.
const FINGERPRINT: &str = "coreRelocIssue/v1";

#[derive(Serialize)]
struct Log<'r, R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r, R>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r, R> {
    tool: Tool<'r>,
    automation_details: Id,
    /// Paths start from the folder of the repository.
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    results: R,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'r> {
    name: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    information_uri: &'static str,
    rules: Vec<Descriptor<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'r> {
    id: &'r str,
    short_description: Text<'r>,
    full_description: Text<'r>,
    help: Text<'r>,
}

#[derive(Serialize)]
struct Id {
    id: String,
}

#[derive(Serialize)]
struct Base {
    description: Text<'static>,
}

#[derive(Serialize)]
struct Text<'r> {
    text: &'r str,
}

/// The results, which are made one at a time while they are written.
struct SarifResults<'r, F> {
    rules: &'r [Rule],
    issues: F,
}

impl<F: Fn() -> I, I: Iterator<Item = Issue>> Serialize for SarifResults<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.issues)().map(|issue| SarifResult::of(issue, self.rules)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: &'static str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[derive(Serialize)]
struct LogicalLocation {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: &'static str,
}

/// Prints a log of issues. `issues` makes them, and `analysis` names what found them.
pub(super) fn print<I: Iterator<Item = Issue>>(
    analysis: &str,
    rules: &[Rule],
    issues: impl Fn() -> I,
    out: &mut impl Write,
) -> io::Result<()> {
    let description = Text { text: "The folder in which core-reloc ran." };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "core-reloc",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    // Empty as long as the manifest has none.
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: rules.iter().map(descriptor).collect(),
                },
            },
            // What is after the last slash would differ from run to run.
            automation_details: Id { id: format!("core-reloc/{analysis}/") },
            original_uri_base_ids: [(BASE, Base { description })].into(),
            column_kind: "unicodeCodePoints",
            results: SarifResults { rules, issues },
        }],
    };
    serde_json::to_writer(&mut *out, &log)?;
    writeln!(out)
}

const BASE: &str = "%SRCROOT%";

fn descriptor(rule: &Rule) -> Descriptor<'_> {
    Descriptor {
        id: rule.id,
        short_description: Text { text: rule.about },
        full_description: Text { text: rule.about },
        help: Text { text: rule.help },
    }
}

impl SarifResult {
    fn of(issue: Issue, rules: &[Rule]) -> Self {
        let (kind, level) = match issue.severity {
            Severity::Error => ("fail", "error"),
            Severity::Warning => ("fail", "warning"),
            Severity::Note => ("fail", "note"),
            Severity::Info => ("informational", "none"),
        };
        let accepted = issue.is_accepted.then_some(Suppression {
            kind: "external",
            status: "accepted",
            justification: "the baseline has it",
        });
        Self {
            rule_id: issue.rule,
            rule_index: rules.iter().position(|rule| rule.id == issue.rule).unwrap_or_default(),
            kind,
            level,
            message: Message { text: without_links(&issue.text()) },
            locations: issue.places.into_iter().map(location).collect(),
            partial_fingerprints: [(FINGERPRINT, issue.identity)].into(),
            suppressions: accepted.into_iter().collect(),
        }
    }
}

fn location(place: Place) -> Location {
    let Place { path, line, column, function } = place;
    let is_absolute = path.starts_with('/');
    let path = utf8_percent_encode(&path, ESCAPED);
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: if is_absolute { format!("file://{path}") } else { path.to_string() },
                uri_base_id: (!is_absolute).then_some(BASE),
            },
            // Code scanning shows nothing without a line, also where the file is an object.
            region: Region { start_line: line.unwrap_or(1), start_column: column },
        },
        logical_locations: function.map(|name| [LogicalLocation { name, kind: "function" }]),
    }
}

/// Separates what would be a link: `[text](address)`.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_or_whole_addresses() {
        for (path, expected) in [
            ("bpf/a b.c", "bpf/a%20b.c"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("/usr/include/größe#1.h", "file:///usr/include/gr%C3%B6%C3%9Fe%231.h"),
        ] {
            let place = Place { path: path.to_string(), line: None, column: None, function: None };
            let artifact = location(place).physical_location.artifact_location;
            assert_eq!(artifact.uri, expected);
            assert_eq!(artifact.uri_base_id.is_none(), path.starts_with('/'));
        }
    }

    #[test]
    fn messages_have_no_links() {
        assert_eq!(without_links("[a](http://b) c[3]"), "[a] (http://b) c[3]");
    }
}
