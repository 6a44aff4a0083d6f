//! Ranges of versions.

use std::ops::Range;

use core_reloc_targets::KernelName;

use crate::terminal::Escaped;

/// Kernels of consecutive versions that are alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VersionRange {
    /// The index of the first.
    pub(crate) first: usize,
    /// The index of the last.
    pub(crate) last: usize,
    /// `5.10 to 6.1`, `from 6.12`, or the name of a single kernel.
    pub(crate) title: String,
}

/// Divides kernels, which are in the order of their versions, into ranges. Only kernels whose names are the same
/// before the version are in one range: those of an architecture or distribution.
pub(crate) fn ranges(
    labels: &[&str],
    are_alike: impl Fn(usize, usize) -> bool,
) -> Vec<VersionRange> {
    let names: Vec<KernelName<'_>> = labels.iter().map(|label| KernelName::new(label)).collect();
    let all_series = series(labels);
    // What all names begin with says nothing.
    let is_one_series = all_series.len() < 2;
    let short = |at: usize| {
        let version = names[at].version().filter(|_| is_one_series);
        Escaped(version.unwrap_or(labels[at])).to_string()
    };
    let mut ranges = Vec::new();
    for series in all_series {
        let series: Vec<usize> = series.collect();
        let mut alike = series.chunk_by(|one, other| are_alike(*one, *other)).peekable();
        while let Some(range) = alike.next() {
            let (first, last) = (range[0], range[range.len() - 1]);
            // The last differs from those before it, and so may all later versions.
            let title = match alike.peek() {
                None if first != series[0] => format!("from {}", short(first)),
                _ if first == last => short(first),
                _ => format!("{} to {}", short(first), short(last)),
            };
            ranges.push(VersionRange { first, last, title });
        }
    }
    ranges
}

/// Divides kernels, which are in the order of their versions, by their series: what is before the version. A kernel
/// without a version is alone.
pub(crate) fn series(labels: &[&str]) -> Vec<Range<usize>> {
    let names: Vec<KernelName<'_>> = labels.iter().map(|label| KernelName::new(label)).collect();
    let are_of_one = |one: &KernelName<'_>, other: &KernelName<'_>| {
        one.version().is_some() && other.version().is_some() && one.series() == other.series()
    };
    let mut end = 0;
    let range = |series: &[KernelName<'_>]| {
        let start = end;
        end += series.len();
        start..end
    };
    names.chunk_by(are_of_one).map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the titles of ranges of kernels, each of which has one answer.
    fn titles(kernels: &[(&str, u32)]) -> Vec<String> {
        let labels: Vec<&str> = kernels.iter().map(|(label, _)| *label).collect();
        let ranges = ranges(&labels, |one, other| kernels[one].1 == kernels[other].1);
        ranges
            .into_iter()
            .map(|range| format!("{}: {}", range.title, kernels[range.first].1))
            .collect()
    }

    #[test]
    fn kernels_of_consecutive_versions_are_a_range() {
        assert_eq!(
            titles(&[("5.10", 2560), ("5.15", 2560), ("6.1", 2560), ("6.12", 2464)]),
            ["5.10 to 6.1: 2560", "from 6.12: 2464"]
        );
        assert_eq!(titles(&[("5.10", 1), ("6.1", 1)]), ["5.10 to 6.1: 1"]);
        assert_eq!(
            titles(&[("5.10", 1), ("6.1", 2), ("6.12", 1)]),
            ["5.10: 1", "6.1: 2", "from 6.12: 1"]
        );
        assert_eq!(titles(&[]), [""; 0]);
    }

    #[test]
    fn kernels_of_several_series_are_apart() {
        let kernels = [
            ("amd64-5.10", 1),
            ("amd64-6.1", 1),
            ("amd64-sid", 1),
            ("arm64-6.1", 1),
            ("arm64-6.12", 1),
        ];
        assert_eq!(
            titles(&kernels),
            ["amd64-5.10 to amd64-6.1: 1", "amd64-sid: 1", "arm64-6.1 to arm64-6.12: 1"]
        );
        // Names without versions are in no order that a range could state.
        assert_eq!(titles(&[("build2", 1), ("build10", 1)]), ["build2: 1", "build10: 1"]);
    }
}
