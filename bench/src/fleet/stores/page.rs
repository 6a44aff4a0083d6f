//! The results as Markdown, and as plots.

use std::fmt::{self, Write};

use super::super::page::{power, seconds};
use super::super::plot::{Curve, plots};
use super::super::{HUB, OBJECT};
use super::{Report, Sides};

/// A limit: what it is about, the most, and what was measured.
type Limit = (String, f64, f64);

impl Report {
    /// Returns the page `docs/bench-store.md`.
    pub(super) fn page(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        writeln!(
            page,
            "# Stores of whole fleets\n\n\
             `cargo xtask bench store` generated this page on {}, on {} processors, with the fleet of `cargo \
             xtask fleet`: archives of Debian's kernels as BTFHub has them, without those that are made of others. Times are those of all \
             processors, of whole processes, unless stated otherwise; medians of {} run{}. core-reloc is built with \
             the feature `liblzma`.\n\n\
             ![Size against kernels](bench-store.svg)\n",
            self.date,
            self.processors,
            self.rounds,
            if self.rounds == 1 { "" } else { "s" },
        )?;
        self.sizes(&mut page)?;
        self.times(&mut page)?;
        self.agent(&mut page)?;
        writeln!(page, "\n| limit | at most | measured | |\n| --- | ---: | ---: | --- |")?;
        for (about, most, measured) in self.compared() {
            let met = if measured <= most { "met" } else { "**missed**" };
            writeln!(page, "| {about} | {most:.3} | {measured:.3} | {met} |")?;
        }
        Ok(page)
    }

    fn sizes(&self, page: &mut String) -> fmt::Result {
        writeln!(
            page,
            "## Size\n\n\
             The store is packed. Its definitions are packed by themselves, with their names. The goal is 1.3 times \
             these, and 2 KiB for each kernel.\n\n\
             | kernels (different ones) | raw BTF | a tar.xz of each | definitions | packed | goal | store | of the \
             tar.xz | making it |\n\
             | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        )?;
        for step in &self.steps {
            writeln!(
                page,
                "| {} ({}) | {} | {} | {} | {} | {} | {} | 1/{:.0} | {} |",
                step.kernels,
                step.distinct,
                megabytes(step.raw as f64),
                megabytes(step.archives as f64),
                step.definitions,
                megabytes(step.definitions_packed as f64),
                megabytes(step.goal()),
                megabytes(step.store as f64),
                step.archives as f64 / step.store as f64,
                seconds(step.adding.cpu),
            )?;
        }
        let points = || self.steps.iter().map(|step| (step.kernels as f64, step.store as f64));
        if let (Some((rise, least)), Some(last)) = (power(points(), HUB as f64), self.steps.last())
            && let [.., before, _] = self.steps.as_slice()
        {
            let added = (last.kernels - before.kernels).max(1) as f64;
            let each = last.store.saturating_sub(before.store) as f64 / added;
            let most = last.store as f64 + each * HUB.saturating_sub(last.kernels) as f64;
            writeln!(
                page,
                "\nThe store of {HUB} kernels, as many as BTFHub has, would take {} if it grew as up to here, by the \
                 power {rise:.2} of their number, and {} if each further kernel took {each:.0} bytes, as the last \
                 did. That holds for kernels that share as much as these; kernels of more distributions share less.",
                megabytes(least),
                megabytes(most),
            )?;
        }
        if let Some(kernels) = self.steps.get(1).map(|step| step.kernels) {
            writeln!(
                page,
                "\nSolid archives of the same {kernels} kernels, by their paths in order:\n\n\
                 | program | size | time |\n| --- | ---: | ---: |",
            )?;
            for solid in &self.solid {
                let (size, time) = (megabytes(solid.size as f64), seconds(solid.cost.cpu));
                writeln!(page, "| `tar`, `{}` | {size} | {time} |", solid.program)?;
            }
        }
        Ok(())
    }

    fn times(&self, page: &mut String) -> fmt::Result {
        writeln!(
            page,
            "\n## Time\n\n\
             `core-reloc check`, JSON, over the store and over the archives: the reports are the same to the byte. \
             The one object is `{OBJECT}`. Opening is the median of 101 times in one process.\n\n\
             | kernels | opening | one object, store | archives | | {} objects, store | archives | |\n\
             | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            self.objects,
        )?;
        for step in &self.steps {
            write!(page, "| {} | {:.2} µs |", step.kernels, step.opening)?;
            for sides in [step.one_object, step.all_objects] {
                let (store, archives) = (seconds(sides.store.cpu), seconds(sides.archives.cpu));
                write!(page, " {store} | {archives} | 1/{:.0} |", 1.0 / ratio(sides))?;
            }
            writeln!(page)?;
        }
        Ok(())
    }

    fn agent(&self, page: &mut String) -> fmt::Result {
        let agent = &self.agent;
        writeln!(
            page,
            "\n## What an agent ships\n\n\
             Minimized BTF of {} kernels for {} objects. bpftool writes none for kernels on which it \
             fails.\n\n\
             | | kernels | size | time |\n| --- | ---: | ---: | ---: |",
            agent.kernels, self.objects,
        )?;
        let rows = [
            ("`core-reloc minimize --store`", agent.kernels, agent.store, agent.cost.cpu),
            (
                "`core-reloc minimize`, a tar.xz",
                agent.archive.files,
                agent.archive.packed,
                agent.archive.cost.cpu,
            ),
            (
                "`bpftool gen min_core_btf`, a tar.xz",
                agent.bpftool.files,
                agent.bpftool.packed,
                agent.bpftool.cost.cpu,
            ),
        ];
        for (name, kernels, size, time) in rows {
            writeln!(page, "| {name} | {kernels} | {size} bytes | {} |", seconds(time))?;
        }
        Ok(())
    }

    /// Returns the limits with what was measured.
    fn compared(&self) -> Vec<Limit> {
        let mut limits = Vec::new();
        for step in &self.steps {
            let about = |what| format!("{} kernels: {what}", step.kernels);
            limits.push((about("the store, in its goal"), 1.0, step.store as f64 / step.goal()));
        }
        if let Some(last) = self.steps.last() {
            let about = |what| format!("{} kernels: {what}", last.kernels);
            let (one, all) = (ratio(last.one_object), ratio(last.all_objects));
            limits.push((about("one object over the store, in the archives' time"), 0.02, one));
            limits.push((about("all objects over the store, in the archives' time"), 0.05, all));
            if let Some(first) = self.steps.first() {
                let opening = last.opening / first.opening;
                limits.push((about("opening, in that of the fewest"), 1.5, opening));
            }
        }
        if let Some(step) = self.steps.get(1) {
            let solid = self.solid.iter().map(|solid| solid.size).min();
            let solid = solid.map(|size| step.store as f64 / size as f64);
            let about = |what| format!("{} kernels: {what}", step.kernels);
            limits.extend(
                solid.map(|solid| (about("the store, in the smallest solid archive"), 1.0, solid)),
            );
            let agent = |size: u64| self.agent.store as f64 / size as f64;
            let (archive, bpftool) = (self.agent.archive.packed, self.agent.bpftool.packed);
            limits.push((about("the agent's store, in the tar.xz"), 0.25, agent(archive)));
            limits.push((about("the agent's store, in bpftool's"), 0.25, agent(bpftool)));
        }
        limits
    }

    /// Returns the number of limits that are exceeded.
    pub fn missed(&self) -> usize {
        self.compared().iter().filter(|(_, most, measured)| measured > most).count()
    }

    /// Returns the picture `docs/bench-store.svg`.
    pub(super) fn plots(&self) -> Result<String, fmt::Error> {
        let points = |size: fn(&super::Step) -> f64| {
            self.steps.iter().map(|step| (step.kernels as f64, size(step) / 1e6)).collect()
        };
        let archives: Curve = ("tar.xz", "all", points(|step| step.archives as f64));
        let store = |class| -> Curve { ("store", class, points(|step| step.store as f64)) };
        let goal: Curve = ("goal", "xz", points(|step| step.goal()));
        let definitions: Curve =
            ("definitions", "all", points(|step| step.definitions_packed as f64));
        plots([
            ("MB against kernels", &[archives, store("one")]),
            ("MB against kernels, without the archives", &[goal, store("one"), definitions]),
        ])
    }
}

/// Returns the time over a store in that over archives.
fn ratio(sides: Sides) -> f64 {
    sides.store.cpu / sides.archives.cpu
}

fn megabytes(bytes: f64) -> String {
    format!("{:.2} MB", bytes / 1e6)
}
