//! Results as JUnit XML, which most CI systems read as a test report: a suite for each kernel, and in it a test case
//! for each program.

mod report;

use std::io::{self, Write};

use core_reloc_tools::check::Verdict;

use self::report::{Counts, Failure, Outcome, Report, Suite};
use super::{
    Results,
    causes::Thing,
    issue::Issue,
    rows::{CauseResult, ObjectRow},
    rules::Rule,
    wording::thing_heading,
};

pub(super) fn print(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let outcomes = |kernel: usize| {
        let objects = results.objects.iter().enumerate();
        let programs =
            objects.flat_map(|(at, object)| (0..object.programs.len()).map(move |it| (at, it)));
        programs.map(move |(object, program)| outcome(results, object, program, kernel))
    };
    let kernels = results.kernels.iter().enumerate();
    let suites = kernels.map(|(kernel, checked)| Suite {
        name: &checked.label,
        counts: Counts::of(outcomes(kernel)),
    });
    let suites: Vec<Suite<'_>> = suites.collect();
    Report::write(out, "core-reloc check", &suites, |kernel, report| {
        for (at, object) in results.objects.iter().enumerate() {
            for (index, program) in object.programs.iter().enumerate() {
                // Some systems merge the cases of all suites by class and name.
                let name = format!("{} on {}", program.name, results.kernels[kernel].label);
                report.case(&object.label, &name, &outcome(results, at, index, kernel))?;
            }
        }
        Ok(())
    })
}

/// Returns the outcome of a program on a kernel. One fails exactly if the exit status is 1 for it.
fn outcome(results: &Results, object: usize, program: usize, kernel: usize) -> Outcome {
    let row = &results.kernels[kernel].rows[object];
    let result = &row.programs[program];
    let headings = |causes: &[&CauseResult]| {
        causes.iter().map(|cause| heading(cause)).collect::<Vec<_>>().join("; ")
    };
    let problems = result.causes.iter().filter(|cause| cause.verdict.is_problem());
    let problems: Vec<&CauseResult> = problems.collect();
    if !problems.is_empty() && results.objects[object].programs[program].is_optional {
        return Outcome::Skipped(format!("optional, and would fail: {}", headings(&problems)));
    }
    let is_new = |cause: &&CauseResult| !results.accepts(object, program, cause, kernel);
    let new: Vec<&CauseResult> = problems.iter().copied().filter(is_new).collect();
    match (new.first(), result.verdict) {
        (Some(worst), _) => Outcome::Failed(Failure {
            kind: worst.verdict.name(),
            message: heading(worst),
            text: new.iter().map(|cause| described(results, object, program, row, cause)).collect(),
        }),
        (None, _) if !problems.is_empty() => {
            Outcome::Skipped(format!("accepted by the baseline: {}", headings(&problems)))
        }
        (None, Verdict::Skipped) => Outcome::Skipped("asks nothing of the kernel".to_string()),
        (None, Verdict::LeftOpen) => {
            Outcome::Skipped(headings(&result.causes.iter().collect::<Vec<_>>()))
        }
        (None, Verdict::Conditional) => {
            Outcome::Passed(Some(headings(&result.causes.iter().collect::<Vec<_>>())))
        }
        (None, _) => Outcome::Passed(None),
    }
}

fn heading(cause: &CauseResult) -> String {
    let (verdict, what, name) = (cause.verdict, cause.what.clone(), cause.name.clone());
    thing_heading(&Thing { verdict, what, name })
}

/// Describes a cause in lines, with the place of its first relocation, or else of its program.
fn described(
    results: &Results,
    object: usize,
    program: usize,
    row: &ObjectRow,
    cause: &CauseResult,
) -> String {
    let object = &results.objects[object];
    let mut text = heading(cause) + "\n";
    let Some(index) = cause.relocations.first() else {
        if let Some(source) = &object.programs[program].source {
            text += &format!("at: {}\n", source.in_file());
        }
        return text;
    };
    let relocation = &object.relocations[*index];
    text += &format!("at: {} in {}\n", relocation.place(), relocation.function);
    let explanation = row.relocation(*index).and_then(|result| result.explanation.as_ref());
    if let Some(explanation) = explanation {
        text += &format!("why: {}\n", explanation.reason);
        for suggestion in &explanation.suggestions {
            text += &format!("help: {}\n", suggestion.text);
        }
    }
    text
}

/// Prints the issues of `check --lint`: a suite for each object, and in it a test case for each rule.
pub(super) fn print_lint(
    rules: &[Rule],
    objects: &[(String, Vec<Issue>)],
    out: &mut impl Write,
) -> io::Result<()> {
    let outcome = |rule: &Rule, issues: &[Issue]| {
        let broken: Vec<&Issue> = issues.iter().filter(|issue| issue.rule == rule.id).collect();
        match broken.first() {
            None => Outcome::Passed(None),
            Some(first) => Outcome::Failed(Failure {
                kind: rule.id,
                message: first.title.clone(),
                text: broken.iter().map(|issue| issue.text() + "\n").collect(),
            }),
        }
    };
    let suite = |(label, issues): &'_ (String, Vec<Issue>)| {
        let counts = Counts::of(rules.iter().map(|rule| outcome(rule, issues)));
        (label.clone(), counts)
    };
    let suites: Vec<(String, Counts)> = objects.iter().map(suite).collect();
    let suites = suites.iter().map(|(name, counts)| Suite { name, counts: *counts });
    Report::write(out, "core-reloc check --lint", &suites.collect::<Vec<_>>(), |at, report| {
        let (label, issues) = &objects[at];
        rules.iter().try_for_each(|rule| report.case(label, rule.id, &outcome(rule, issues)))
    })
}
