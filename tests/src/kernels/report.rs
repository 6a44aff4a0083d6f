//! The tables of verdicts and of what kernels did, as a document.

use std::{collections::BTreeMap, fmt::Write as _};

use core_reloc_tools::check::Verdict;

use super::{
    comparison::{Comparison, Judged},
    recording::Recording,
    refusal::Refusal,
};

/// The start of the document.
const INTRODUCTION: &str = "\
# Verdicts and booted kernels

What real kernels did with every program of Debian's BPF objects, of the kernel's CO-RE selftests and of our fixtures,
by the verdict that `core-reloc check` gives it from the kernel's types, release, configuration and symbols. Each program
was loaded alone by libbpf, with sizes for the maps that leave them to user space. `cargo xtask kernels` boots the kernels
and records their answers in `tests/kernels`; `UPDATE_EXPECT=1 cargo test -p core-reloc-tests --test recorded_kernels`
writes this file.

The columns other than `loads` are reasons of the kernel or of libbpf to refuse a program. Verdicts answer for these:
";

/// Returns the document.
pub fn report<'c>(comparisons: impl IntoIterator<Item = &'c (Recording, Comparison)>) -> String {
    let mut text = INTRODUCTION.to_owned();
    let answered = Refusal::ALL.into_iter().filter(|refusal| refusal.is_answered());
    let answered: Vec<_> = answered.map(|refusal| format!("`{refusal}`")).collect();
    let _ = writeln!(text, "{}.", answered.join(", "));
    for (recording, comparison) in comparisons {
        let judged = &comparison.judged;
        let loaded = comparison.count(|judged| judged.row.loads());
        let _ = writeln!(
            text,
            "\n## {}\n\n{}: {loaded} of {} programs load.\n",
            recording.kernel,
            recording.package,
            judged.len()
        );
        table(&mut text, comparison);
        let others: Vec<_> = judged.iter().filter(|judged| judged.is_other_reason()).collect();
        let _ = writeln!(
            text,
            "\nRefused for other reasons: {} programs, {}.",
            others.len(),
            percent(others.len(), judged.len())
        );
        for Judged { object, program, section, row, .. } in others {
            let _ = writeln!(text, "- {object}, {program} (`{section}`): `{}`", row.line);
        }
        let undecided: Vec<_> = judged.iter().filter(|judged| judged.is_undecided()).collect();
        let _ = writeln!(
            text,
            "\nNot decided: {} programs, {}, and {} whose attach targets have names such as `dummy_file_read`.",
            undecided.len(),
            percent(undecided.len(), judged.len()),
            comparison.count(Judged::is_placeholder)
        );
        let mut reasons = BTreeMap::<String, usize>::new();
        for judged in undecided {
            let cause = judged.causes.first().map_or("it asks nothing", String::as_str);
            *reasons.entry(format!("{}: {cause}", judged.verdict)).or_default() += 1;
        }
        for (reason, count) in reasons {
            let _ = writeln!(text, "- {reason} ({count})");
        }
    }
    text
}

/// Writes a table: a row for each verdict, and a column for each thing that the kernel did.
fn table(text: &mut String, comparison: &Comparison) {
    let mut counts = BTreeMap::<(Verdict, Option<Refusal>), usize>::new();
    for judged in &comparison.judged {
        *counts.entry((judged.verdict, judged.row.refusal)).or_default() += 1;
    }
    let is_there = |what: &Option<Refusal>| counts.keys().any(|(_, found)| found == what);
    let columns: Vec<Option<Refusal>> =
        std::iter::once(None).chain(Refusal::ALL.map(Some)).filter(is_there).collect();
    let names = columns.iter().map(|what| what.map_or("loads", Refusal::name));
    let _ = writeln!(text, "| verdict | {} |", names.collect::<Vec<_>>().join(" | "));
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(columns.len()));
    for verdict in Verdict::ALL {
        let cells = columns
            .iter()
            .map(|what| counts.get(&(verdict, *what)).map_or(String::new(), ToString::to_string));
        let cells: Vec<String> = cells.collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let _ = writeln!(text, "| {verdict} | {} |", cells.join(" | "));
        }
    }
}

fn percent(part: usize, whole: usize) -> String {
    let permille = (part * 1000 + whole / 2) / whole.max(1);
    format!("{}.{} %", permille / 10, permille % 10)
}
