//! The report as Markdown.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::time::Duration;

use super::goals::goals;
use super::job::Floor;
use super::machine::Machine;
use super::report::{Beside, Measured, Names, Outcome, Program, Report, WholeProcess};
use crate::contenders::Who;

/// The other contenders.
const PEERS: [Who; 2] = [Who::Libbpf, Who::AyaObj];

/// Returns the page `docs/bench.md`.
///
/// # Errors
/// None: writing to a string always succeeds.
pub fn page(report: &Report, plot: &str) -> Result<String, fmt::Error> {
    let mut page = String::new();
    head(&mut page, report, plot)?;
    times(&mut page, report)?;
    floor(&mut page, report)?;
    names(&mut page, report)?;
    memory(&mut page, report)?;
    programs(&mut page, report)?;
    growth(&mut page, report)?;
    if !report.quick {
        limits(&mut page, report)?;
    }
    Ok(page)
}

fn head(page: &mut String, report: &Report, plot: &str) -> fmt::Result {
    let Machine { date, cpu, threads, memory_gib, kernel, rustc, libbpf, aya_obj } =
        &report.machine;
    let target = &report.kernel;
    writeln!(
        page,
        "# Speed\n\n\
         `cargo xtask bench` generated this page on {date}: {cpu}, {threads} threads, {memory_gib} GiB, \
         {kernel}, {rustc}. Contenders: libbpf {libbpf} (crate libbpf-sys), aya-obj {aya_obj}.\n\n\
         All contenders get the same files, in turn, each in its own processes. A time is the median of \
         its rounds. It counts only because all contenders produce the same code, byte for byte. Unless \
         stated otherwise, the target is the BTF of a real kernel, `{}`: {} bytes, {} types. All files \
         are in the page cache.\n\n\
         ![Time against relocations, and against the size of the target]({plot})",
        target.name,
        grouped(target.bytes),
        grouped(target.types),
    )
}

fn times(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(page, "\n## Times\n")?;
    let about = |case: &Measured<_>| {
        let object: &super::inputs::Object = &case.of;
        let (relocations, roots) = (grouped(object.relocations), grouped(object.roots));
        let what = format!("{relocations} relocations of {roots} root types");
        match case.key.as_str() {
            "a" => format!("(a) read the target, relocate `{}`: {what}", object.name),
            "d" => "(d) as (c), with the target read and indexed before".to_owned(),
            "f" => {
                let names: BTreeSet<_> = report.kernels.iter().map(|kernel| &kernel.name).collect();
                let (count, different) = (report.kernels.len(), names.len());
                format!("(f) as (a), for {count} kernels ({different} different ones) in a row")
            }
            key => format!("({key}) read the target, relocate a generated object: {what}"),
        }
    };
    comparison(page, "", &report.cases, about)?;
    let each = |who| {
        let case = report.case("d");
        let count = u32::try_from(case.of.relocations).unwrap_or(u32::MAX);
        case.median(who)
            .map_or("–".to_owned(), |time| format!("{} ({who})", duration(time / count)))
    };
    let each: Vec<String> = Who::ALL.into_iter().map(each).collect();
    writeln!(page, "\nAverage time per relocation in (d): {}.", each.join(", "))?;
    let mut refusals: Vec<String> = Vec::new();
    for case in &report.cases {
        for (who, outcome) in &case.results {
            if let Outcome::Refused(why) = outcome {
                refusals.push(format!("- {who} refuses ({}): {why}", case.key));
            }
        }
    }
    if !refusals.is_empty() {
        writeln!(page, "\n{}", refusals.join("\n"))?;
    }
    Ok(())
}

/// Writes a table with a row for each case, and columns for the contenders and their ratios.
fn comparison<Of>(
    page: &mut String,
    title: &str,
    cases: &[Measured<Of>],
    about: impl Fn(&Measured<Of>) -> String,
) -> fmt::Result {
    writeln!(page, "| {title} | core-reloc | libbpf | ratio | aya-obj | ratio |")?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for case in cases {
        let time = |who| case.median(who).map_or("refuses".to_owned(), duration);
        write!(page, "| {} | {} |", about(case), time(Who::CoreReloc))?;
        for peer in PEERS {
            let ratio = case.ratio(peer).map_or("–".to_owned(), times_as_much);
            write!(page, " {} | {ratio} |", time(peer))?;
        }
        writeln!(page)?;
    }
    Ok(())
}

fn floor(page: &mut String, report: &Report) -> fmt::Result {
    let part = |floor| duration(report.floor[&floor].median);
    let Some(ours) = report.case("a").median(Who::CoreReloc) else { return Ok(()) };
    writeln!(
        page,
        "\nThe floor: reading the target's file takes {} (mapping it and touching its pages {}), \
         walking over its types once to find their offsets {}, and both together {}. Case (a) takes \
         {} of that.",
        part(Floor::Read),
        part(Floor::Map),
        part(Floor::Walk),
        duration(report.least()),
        times_as_much(ours.as_secs_f64() / report.least().as_secs_f64()),
    )
}

fn names(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(
        page,
        "\n## Names\n\n\
         Open the target and look up names that are spread over its types, as the types of a kernel are \
         read without any object. core-reloc maps the file, and answers all names of a case in one call: \
         `query_all` or `Target::find_all`. libbpf reads it, and answers one name after the other with \
         `btf__find_by_name_kind` and by walking over members, or over all enumerators. Both give the \
         same offsets, values and ids. Memory is what they allocate, which for libbpf includes the {} of \
         the file.\n",
        mebibytes(report.kernel.bytes),
    )?;
    writeln!(page, "| | core-reloc | libbpf | ratio | peak of core-reloc | peak of libbpf |")?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for case in &report.names {
        let Names { what, names, memory } = &case.of;
        let time = |who| case.median(who).map_or("–".to_owned(), duration);
        let peak = |who| memory.get(&who).map_or("–".to_owned(), |memory| mebibytes(memory.peak));
        writeln!(
            page,
            "| ({}) {} {} | {} | {} | {} | {} | {} |",
            case.key,
            names.len(),
            what.name(),
            time(Who::CoreReloc),
            time(Who::Libbpf),
            case.ratio(Who::Libbpf).map_or("–".to_owned(), times_as_much),
            peak(Who::CoreReloc),
            peak(Who::Libbpf),
        )?;
    }
    Ok(())
}

fn memory(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(
        page,
        "\n## Memory\n\n\
         Allocated memory in case (e), with the target and object of (a): the peak, and what is kept to \
         relocate further objects (including core-reloc's index of names). libbpf keeps the {} of the \
         target's file; core-reloc maps the file, and aya-obj converts everything to its own values.\n",
        mebibytes(report.kernel.bytes),
    )?;
    writeln!(page, "| | peak | kept | kept besides the file |\n| --- | ---: | ---: | ---: |")?;
    for (who, memory) in &report.memory {
        let besides = match who {
            Who::CoreReloc | Who::AyaObj => mebibytes(memory.kept),
            Who::Libbpf => mebibytes(memory.kept.saturating_sub(report.kernel.bytes)),
        };
        writeln!(
            page,
            "| {who} | {} | {} | {besides} |",
            mebibytes(memory.peak),
            mebibytes(memory.kept)
        )?;
    }
    Ok(())
}

fn programs(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(
        page,
        "\n## Whole processes\n\n\
         `core-reloc relocate OBJECT --target TARGET -o OUT` for the objects of (a), (b) and (c), and a \
         minimal program that does the same with libbpf: the time from start to end, and the peak memory, \
         including pages of files.\n\n\
         | relocations | core-reloc | with libbpf | ratio | peak of core-reloc | peak with libbpf |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for WholeProcess { object, programs } in &report.programs {
        let [ours, theirs] = [Who::CoreReloc, Who::Libbpf].map(|who| &programs[&who]);
        beside(page, &grouped(object.relocations), ours, theirs)?;
    }
    writeln!(
        page,
        "\nOther commands, beside programs that do the same. pahole reads the oldest kernel, because it \
         does not know all kinds of types of the newest.\n\n\
         | | core-reloc | other | ratio | peak of core-reloc | peak of the other |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for Beside { about, other, ours, theirs } in &report.commands {
        match theirs {
            Ok(theirs) => beside(page, &format!("{about} ({other})"), ours, theirs)?,
            Err(why) => {
                let time = duration(ours.took.median);
                writeln!(page, "| {about} ({other}: {why}) | {time} | – | – | – | – |")?;
            }
        }
    }
    Ok(())
}

/// Writes a row with the costs of two processes.
fn beside(page: &mut String, about: &str, ours: &Program, theirs: &Program) -> fmt::Result {
    let peak = |it: &Program| {
        mebibytes(usize::try_from(it.peak_kib.saturating_mul(1024)).unwrap_or(usize::MAX))
    };
    let ratio = theirs.took.median.as_secs_f64() / ours.took.median.as_secs_f64();
    writeln!(
        page,
        "| {about} | {} | {} | {} | {} | {} |",
        duration(ours.took.median),
        duration(theirs.took.median),
        times_as_much(ratio),
        peak(ours),
        peak(theirs),
    )
}

fn growth(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(
        page,
        "\n## Growth\n\n\
         Case (g): objects that are generated from the target's types, and the object of (a) for targets \
         that have several copies of the types of `{}` with other names.\n",
        report.kernel.name
    )?;
    comparison(page, "relocations (root types)", &report.more_relocations, |case| {
        format!("{} ({})", grouped(case.of.relocations), grouped(case.of.roots))
    })?;
    writeln!(page)?;
    comparison(page, "types in the target", &report.larger_targets, |case| grouped(case.of.types))
}

fn limits(page: &mut String, report: &Report) -> fmt::Result {
    writeln!(page, "\n## Goals\n\n| | limit | measured | |\n| --- | ---: | ---: | --- |")?;
    for goal in goals(report) {
        let (limit, measured) = (goal.limit(), goal.measured());
        let met = if goal.is_met() { "met" } else { "**missed**" };
        writeln!(page, "| {} | {limit} | {measured} | {met} |", goal.about)?;
    }
    Ok(())
}

/// Formats a time with three significant digits.
pub fn duration(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (value, unit) = match nanos {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let decimals = if value >= 100.0 || unit == "ns" {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {unit}")
}

fn times_as_much(ratio: f64) -> String {
    let decimals = if ratio >= 10.0 { 0 } else { 1 };
    format!("{ratio:.decimals$}×")
}

fn mebibytes(bytes: usize) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Formats a number with separated thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(118_487), "118,487");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(duration(Duration::from_nanos(287)), "287 ns");
        assert_eq!(duration(Duration::from_nanos(1_234)), "1.23 µs");
        assert_eq!(duration(Duration::from_micros(12_345)), "12.3 ms");
        assert_eq!(duration(Duration::from_millis(234_567)), "235 s");
        assert_eq!(times_as_much(1.44), "1.4×");
        assert_eq!(times_as_much(143.9), "144×");
    }
}
