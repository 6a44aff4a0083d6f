//! The results as Markdown.

use std::fmt::{self, Write};

use super::minimizing::Written;
use super::process::Cost;
use super::{HUB, OBJECT, Report, Step};

/// A limit: what it is about, the most, and what was measured.
type Limit = (&'static str, f64, f64);

impl Report {
    /// Returns the page `docs/bench-fleet.md`.
    pub(super) fn page(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        writeln!(
            page,
            "# Checks of whole fleets\n\n\
             `cargo xtask bench fleet` generated this page on {}, on {} processors, with the fleet of `cargo \
             xtask fleet`: archives of Debian's kernels as BTFHub has them. The time is that of all \
             processors, of whole processes, unless stated otherwise; medians of {} run{}. core-reloc is built with \
             the feature `liblzma`. Unpacking is `xz --decompress` of the same files, one after the other \
             ({}). The one object is `{OBJECT}`.\n\n\
             ![Time against kernels, and against objects](bench-fleet.svg)\n",
            self.date,
            self.processors,
            self.rounds,
            if self.rounds == 1 { "" } else { "s" },
            self.xz,
        )?;
        self.growth(&mut page)?;
        self.objects(&mut page)?;
        self.minimizing(&mut page)?;
        self.limits(&mut page)?;
        Ok(page)
    }

    fn growth(&self, page: &mut String) -> fmt::Result {
        writeln!(
            page,
            "| kernels (different ones) | packed | unpacked | `xz` | one object | | {} objects | a pair, \
             besides `xz` | peak memory |\n\
             | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            self.objects,
        )?;
        for step in &self.by_kernels {
            writeln!(
                page,
                "| {} ({}) | {:.1} MB | {:.1} MB | {} | {} | {:.2}× | {} | {:.2} ms | {:.1} MiB |",
                step.kernels,
                step.distinct,
                step.packed as f64 / 1e6,
                step.unpacked as f64 / 1e6,
                seconds(step.unpacking.cpu),
                seconds(step.one_object.cpu),
                step.one_object.cpu / step.unpacking.cpu,
                seconds(step.all_objects.cpu),
                self.per_pair(step) * 1e3,
                mebibytes(step.all_objects),
            )?;
        }
        if let Some(time) = self.of_hub() {
            let each = time / self.processors as f64;
            writeln!(
                page,
                "\nA line through these sizes gives {} for all {HUB} kernels of BTFHub and {} objects: {} on {} \
                 processors.",
                seconds(time),
                self.objects,
                seconds(each),
                self.processors,
            )?;
        }
        Ok(())
    }

    fn objects(&self, page: &mut String) -> fmt::Result {
        let Some(kernels) = self.by_kernels.first().map(|step| step.kernels) else { return Ok(()) };
        writeln!(
            page,
            "\n| objects, on {kernels} kernels | time | peak memory |\n| ---: | ---: | ---: |"
        )?;
        for few in &self.by_objects {
            let (time, memory) = (seconds(few.cost.cpu), mebibytes(few.cost));
            writeln!(page, "| {} | {time} | {memory:.1} MiB |", few.objects)?;
        }
        Ok(())
    }

    fn minimizing(&self, page: &mut String) -> fmt::Result {
        let minimizing = &self.minimizing;
        writeln!(
            page,
            "\nMinimized BTF of {} kernels for all objects, unpacking and packing included, each on all processors: \
             `core-reloc minimize -o NAME.tar.xz`, and for each kernel `tar` and `bpftool gen min_core_btf`, then \
             `tar` of the results. bpftool writes none for kernels on which it fails.\n\n\
             | | time on the clock | of the processors | files | packed |\n\
             | --- | ---: | ---: | ---: | ---: |",
            minimizing.kernels,
        )?;
        for (name, side) in [("core-reloc", minimizing.core_reloc), ("bpftool", minimizing.bpftool)]
        {
            let Written { cost, files, packed } = side;
            let (wall, cpu) = (seconds(cost.wall), seconds(cost.cpu));
            writeln!(page, "| {name} | {wall} | {cpu} | {files} | {packed} bytes |")?;
        }
        Ok(())
    }

    fn limits(&self, page: &mut String) -> fmt::Result {
        writeln!(page, "\n| limit | at most | measured | |\n| --- | ---: | ---: | --- |")?;
        for (about, most, measured) in self.compared() {
            let met = if measured <= most { "met" } else { "**missed**" };
            writeln!(page, "| {about} | {most:.2} | {measured:.2} | {met} |")?;
        }
        Ok(())
    }

    /// Returns the limits with what was measured.
    fn compared(&self) -> Vec<Limit> {
        let (Some(first), Some(last)) = (self.by_kernels.first(), self.by_kernels.last()) else {
            return Vec::new();
        };
        let ratio = |measure: fn(Cost) -> f64| measure(last.one_object) / measure(last.unpacking);
        let peak = |step: &Step| mebibytes(step.all_objects);
        let (ours, theirs) = (self.minimizing.core_reloc, self.minimizing.bpftool);
        vec![
            ("one object: the processors' time, in that of `xz`", 1.08, ratio(|cost| cost.cpu)),
            ("one object: the time on the clock, in that of `xz`", 0.6, ratio(|cost| cost.wall)),
            ("all objects: ms a pair, besides `xz`", 2.0, self.per_pair(last) * 1e3),
            (
                "peak memory of all kernels, in that of a tenth of them",
                1.05,
                peak(last) / peak(first),
            ),
            ("minimizing: the time, in bpftool's", 0.25, ours.cost.wall / theirs.cost.wall),
            ("minimizing: the size, in bpftool's", 0.5, ours.packed as f64 / theirs.packed as f64),
        ]
    }

    /// Returns the number of limits that are exceeded.
    pub fn missed(&self) -> usize {
        self.compared().iter().filter(|(_, most, measured)| measured > most).count()
    }

    /// Returns the time of an object on a kernel, in seconds, without unpacking.
    fn per_pair(&self, step: &Step) -> f64 {
        let pairs = step.kernels * self.objects;
        (step.all_objects.cpu - step.unpacking.cpu) / pairs as f64
    }

    /// Returns the time of all objects on the kernels of BTFHub, in seconds, by least squares.
    fn of_hub(&self) -> Option<f64> {
        let points = self.by_kernels.iter();
        line(points.map(|step| (step.kernels as f64, step.all_objects.cpu)), HUB as f64)
    }
}

/// Returns the value at `x` of the line with the least squares through some points.
fn line(points: impl Iterator<Item = (f64, f64)> + Clone, x: f64) -> Option<f64> {
    let count = points.clone().count() as f64;
    let mean = |of: fn((f64, f64)) -> f64| points.clone().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let products = points.clone().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    let squares = points.map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    (squares > 0.0).then(|| mean_y + (x - mean_x) * products / squares)
}

/// Formats a time.
pub(super) fn seconds(seconds: f64) -> String {
    let minutes = (seconds / 60.0).floor();
    if minutes < 2.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{minutes:.0} min {:.0} s", seconds - minutes * 60.0)
    }
}

/// Returns the power of `x` by which some points grow, and the value at `x`: a line through their logarithms.
pub(super) fn power(
    points: impl Iterator<Item = (f64, f64)> + Clone,
    x: f64,
) -> Option<(f64, f64)> {
    let logarithms = points.map(|(x, y)| (x.ln(), y.ln()));
    let at = |x: f64| line(logarithms.clone(), x);
    Some((at(1.0)? - at(0.0)?, at(x.ln())?.exp()))
}

fn mebibytes(cost: Cost) -> f64 {
    cost.peak_kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_continues_its_points() {
        let points = [(1.0, 3.0), (2.0, 5.0), (4.0, 9.0)];
        assert_eq!(line(points.into_iter(), 10.0), Some(21.0));
        assert_eq!(line([(1.0, 3.0)].into_iter(), 10.0), None);
        // Not on one line: the mean of both at their middle.
        assert_eq!(line([(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)].into_iter(), 1.0), Some(1.0));
    }

    #[test]
    fn powers_of_points_are_found() {
        let points = [(1.0, 3.0), (10.0, 300.0), (100.0, 30_000.0)];
        let (rise, at) = power(points.into_iter(), 1000.0).unwrap();
        assert!((rise - 2.0).abs() < 1e-9 && (at / 3e6 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(0.5), "0.50 s");
        assert_eq!(seconds(119.0), "119.00 s");
        assert_eq!(seconds(150.0), "2 min 30 s");
    }
}
