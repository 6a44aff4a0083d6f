//! `core-reloc check --lint`: what is wrong with objects on any kernel.

use std::{
    io::{self, Write},
    path::Path,
};

use core_reloc::elf::{SourceLine, SourceLines};
use core_reloc_tools::lint::{LintFinding, lint};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{
    github,
    issue::{Issue, Severity},
    junit,
    place::{Place, Sources},
    rules, sarif,
};
use crate::{
    Completion,
    arguments::{Check, CheckFormat},
    failure::Failure,
    format::{json_line, plural},
    inputs::{parse_object, read_objects},
    names, terminal,
};

pub(super) fn run(arguments: &Check) -> Result<Completion, Failure> {
    let files = read_objects(&arguments.objects)?;
    let labels = names::labels(files.iter().map(|(path, _)| path.display().to_string()));
    let sources = Sources::new(arguments.report.source_root.as_deref());
    let format = (!arguments.report.quiet.quiet).then_some(arguments.report.format);
    let mut out = terminal::stdout().folded_if(arguments.report.format == CheckFormat::Text);
    let (mut count, mut issues) = (0, Vec::new());
    for ((path, bytes), label) in files.iter().zip(labels) {
        let object = parse_object(path, bytes)?;
        let failure = |error| Failure::Object { path: path.clone(), error };
        let findings = lint(&object).map_err(failure)?;
        let lines = SourceLines::of(&object);
        count += findings.len();
        let mut of_object = Vec::new();
        for finding in &findings {
            let finding = Found { object: &label, finding, source: finding.source_line(&lines) };
            match format {
                Some(CheckFormat::Text) => finding.print(&mut out)?,
                Some(CheckFormat::Json) => json_line(&finding.line(), &mut out)?,
                Some(_) => of_object.push(finding.issue(path, &sources)),
                None => {}
            }
        }
        issues.push((label, of_object));
    }
    let summary = format!("{}: {}", plural(files.len(), "object"), plural(count, "finding"));
    let all = || issues.iter().flat_map(|(_, issues)| issues).cloned();
    match format {
        Some(CheckFormat::Text) => writeln!(out, "{summary}")?,
        Some(CheckFormat::Json) | None => {}
        Some(CheckFormat::Github) => github::print(all(), &summary, &mut out)?,
        Some(CheckFormat::Sarif) => sarif::print("lint", &rules::of_lint(), all, &mut out)?,
        Some(CheckFormat::Junit) => junit::print_lint(&rules::of_lint(), &issues, &mut out)?,
    }
    out.flush()?;
    Ok(if count == 0 { Completion::Success } else { Completion::Negative })
}

/// A finding, with where it is.
struct Found<'f> {
    object: &'f str,
    finding: &'f LintFinding<'f>,
    source: Option<SourceLine<'f>>,
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'f> {
    r#type: &'static str,
    object: &'f str,
    section: String,
    function: String,
    insn_off: u32,
    rule: &'static str,
    message: &'f str,
    help: &'static str,
    /// The number of the relocation within its section.
    index: Option<usize>,
    /// The access in C's notation.
    path: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl<'f> Found<'f> {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { object, finding, source, .. } = self;
        let LintFinding { rule, message, function, section, insn_off, .. } = finding;
        writeln!(out, "{}: {}", rule.red().bold(), message.bold())?;
        let place = match source {
            Some(SourceLine { file, line, column, .. }) => format!("{file}:{line}:{column}"),
            None => format!("{section}+{insn_off:#x}"),
        };
        writeln!(out, "  {} {function} in {object} at {place}", "-->".blue())?;
        if let Some(source) = source {
            let text = source.text.to_string().replace("\\t", " ");
            writeln!(out, "  {} {}", "|".blue(), text.trim())?;
        }
        writeln!(out, "  {} {}: {}\n", "=".blue(), "help".bold(), rule.help())
    }

    /// Returns the finding as CI systems show it.
    fn issue(&self, path: &Path, sources: &Sources) -> Issue {
        let Self { object, finding, source } = self;
        let LintFinding { rule, message, function, .. } = finding;
        let place = match source {
            Some(SourceLine { file, line, column, .. }) => {
                Place::of_source(&file.to_string(), *line, *column, sources)
            }
            None => Place::of_file(path, sources),
        };
        Issue {
            rule: rule.name(),
            severity: Severity::Error,
            title: message.clone(),
            details: Vec::from([
                format!("in: {function} in {object}"),
                format!("help: {}", rule.help()),
            ]),
            places: Vec::from([Place { function: Some(function.to_string()), ..place }]),
            identity: format!("{rule} {message} in {function} of {object}"),
            is_accepted: false,
        }
    }

    fn line(&self) -> Line<'f> {
        let finding = self.finding;
        let source = self.source;
        Line {
            r#type: "lint",
            object: self.object,
            section: finding.section.to_string(),
            function: finding.function.to_string(),
            insn_off: finding.insn_off,
            rule: finding.rule.name(),
            message: &finding.message,
            help: finding.rule.help(),
            index: finding.relocation.map(|it| it.index()),
            path: finding.relocation.map(|it| it.access_in_c()),
            file: source.map(|source| source.file.to_string()),
            line: source.map(|source| source.line),
            column: source.map(|source| source.column),
        }
    }
}
