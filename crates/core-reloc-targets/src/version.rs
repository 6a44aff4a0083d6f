//! The versions that the names of kernels state, and the order of kernels by them.

use std::cmp::Ordering;

/// The name or path of a kernel, divided at the version that it states. Names are ordered by what is before
/// the version, and then by the version; others as people order them, with numbers by value.
///
/// The version is the first part of the name that begins with two numbers with a dot between them, up to the end of
/// that component of the path; of a path with several, the last.
///
/// ```
/// use core_reloc_targets::KernelName;
///
/// let name = KernelName::new("kernels/amd64-5.10.0-8-amd64");
/// assert_eq!(name.series(), "kernels/amd64-");
/// assert_eq!(name.version(), Some("5.10.0-8-amd64"));
///
/// let mut names = ["6.1.0", "5.4.0-1009-aws", "6.1.0-rc2", "5.4.0-26-generic", "4.19"];
/// names.sort_by_key(|name| KernelName::new(name));
/// assert_eq!(names, ["4.19", "5.4.0-26-generic", "5.4.0-1009-aws", "6.1.0-rc2", "6.1.0"]);
/// ```
///
/// Versions are compared number by number and word by word, as packages are: a number is higher than a word, as
/// `80.1.2.el8_0` is a later build than `80.el8`; `rc` and what follows is lower than nothing. Names whose
/// versions only differ in their punctuation are different too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KernelName<'a> {
    name: &'a str,
    series: &'a str,
    version: Option<&'a str>,
}

impl<'a> KernelName<'a> {
    /// Divides a name. Extensions such as `.btf` would be part of the version; see
    /// [`unpacked_name`](crate::unpacked_name).
    pub fn new(name: &'a str) -> Self {
        let mut end = name.len();
        for component in name.rsplit('/') {
            let start = end.saturating_sub(component.len());
            if let Some(at) = version_in(component) {
                let at = start.saturating_add(at);
                let (series, version) = (name.get(..at), name.get(at..end));
                return Self { name, series: series.unwrap_or(name), version };
            }
            end = start.saturating_sub(1);
        }
        Self { name, series: name, version: None }
    }

    /// Returns the whole name.
    pub fn as_str(&self) -> &'a str {
        self.name
    }

    /// Returns what is before the version, which kernels of one architecture or distribution often share; or the
    /// whole name if it states none.
    pub fn series(&self) -> &'a str {
        self.series
    }

    /// Returns the version: `5.10.0-8-amd64`, `6.1`.
    pub fn version(&self) -> Option<&'a str> {
        self.version
    }
}

impl Ord for KernelName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let series = natural(self.series, other.series);
        series
            .then_with(|| match (self.version, other.version) {
                (Some(own), Some(other)) => compare_versions(own, other),
                (own, other) => own.cmp(&other),
            })
            .then_with(|| self.name.cmp(other.name))
    }
}

impl PartialOrd for KernelName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Finds two numbers with a dot between them, and returns where the first begins.
fn version_in(component: &str) -> Option<usize> {
    let mut runs = Runs(component).scan(0_usize, |end, run| {
        let start = *end;
        *end = end.saturating_add(run.len());
        Some((start, run))
    });
    let is_number = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
    let (mut before, mut last) = (None, runs.next()?);
    for next in runs {
        if let Some((at, first)) = before
            && is_number(first)
            && last.1 == "."
            && is_number(next.1)
        {
            return Some(at);
        }
        (before, last) = (Some(last), next);
    }
    None
}

/// Compares versions as packages are compared: by their numbers and words, whatever is between them.
fn compare_versions(left: &str, right: &str) -> Ordering {
    fn parts(version: &str) -> impl Iterator<Item = Part<'_>> {
        let words = version.split(|c: char| !c.is_ascii_alphanumeric());
        words.flat_map(Runs).map(Part::of)
    }
    let (mut left, mut right) = (parts(left), parts(right));
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let order = one.unwrap_or(Part::End).cmp(&other.unwrap_or(Part::End));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A part of a version, in the order of what it says about the version.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `rc`: before the release.
    Candidate,
    /// The version has no more parts.
    End,
    Word(&'a str),
    Number(Number<'a>),
}

impl<'a> Part<'a> {
    fn of(run: &'a str) -> Self {
        match Number::of(run) {
            Some(number) => Self::Number(number),
            None if run.eq_ignore_ascii_case("rc") => Self::Candidate,
            None => Self::Word(run),
        }
    }
}

/// A number of any length.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number<'a> {
    /// The number of digits without leading zeros.
    len: usize,
    digits: &'a str,
}

impl<'a> Number<'a> {
    fn of(run: &'a str) -> Option<Self> {
        let is_number = run.starts_with(|c: char| c.is_ascii_digit());
        let digits = run.trim_start_matches('0');
        is_number.then_some(Self { len: digits.len(), digits })
    }
}

/// Compares names as people do: numbers in them by value, so that build2 comes before build10.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (Runs(left), Runs(right));
    loop {
        let (one, other) = match (left.next(), right.next()) {
            (Some(one), Some(other)) => (one, other),
            // The shorter one comes first.
            (one, other) => return one.cmp(&other),
        };
        let order = match (Number::of(one), Number::of(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The runs of digits, and of other characters, in a text.
#[derive(Debug)]
struct Runs<'a>(&'a str);

impl<'a> Iterator for Runs<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let is_digit = self.0.chars().next()?.is_ascii_digit();
        let end = self.0.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that names are in strictly ascending order, each compared with every other.
    #[track_caller]
    fn are_in_order(names: &[&str]) {
        for (at, one) in names.iter().enumerate() {
            for (other_at, other) in names.iter().enumerate() {
                let order = KernelName::new(one).cmp(&KernelName::new(other));
                assert_eq!(order, at.cmp(&other_at), "{one} {other}");
            }
        }
    }

    #[test]
    fn kernels_of_distributions_are_in_order() {
        // Debian, with backports, which have revisions that begin with 0.
        are_in_order(&[
            "4.9.0-13-amd64",
            "4.19.0-0.bpo.19-amd64",
            "4.19.0-18-amd64",
            "5.10.0-0.bpo.3-amd64",
            "5.10.0-0.deb10.16-amd64",
            "5.10.0-8-amd64",
            "5.10.0-21-amd64",
            "6.1.0-18-amd64",
            "6.1.0-18-cloud-amd64",
        ]);
        // Ubuntu.
        are_in_order(&[
            "4.15.0-20-generic",
            "4.18.0-1006-azure",
            "5.4.0-26-generic",
            "5.4.0-150-generic",
            "5.4.0-1009-aws",
            "5.4.0-1009-gcp",
            "5.4.0-1010-aws",
            "5.15.0-25-generic",
        ]);
        // Red Hat, whose updates of a release add numbers before `el8`, and others that use RPM.
        are_in_order(&[
            "3.10.0-957.el7.x86_64",
            "3.10.0-957.1.3.el7.x86_64",
            "4.12.14-122.37-default",
            "4.14.26-54.32.amzn2.x86_64",
            "4.18.0-80.el8.x86_64",
            "4.18.0-80.1.2.el8_0.x86_64",
            "4.18.0-80.11.2.el8_0.x86_64",
            "4.18.0-147.el8.x86_64",
            "4.18.0-147.0.3.el8_1.x86_64",
            "5.4.17-2011.0.7.el8uek.x86_64",
            "5.4.17-2102.200.13.el8uek.x86_64",
            "5.6.0-0.rc7.git0.2.fc32.x86_64",
            "5.6.0-300.fc32.x86_64",
            "5.6.6-200.fc31.x86_64",
        ]);
    }

    #[test]
    fn candidates_come_before_their_release() {
        are_in_order(&["6.1-rc2", "6.1-rc10", "6.1", "6.1.0-rc1", "6.1.0", "6.1.1", "6.2-rc1"]);
        are_in_order(&["6.1~rc2", "6.1", "6.1-amd64", "6.1.2-amd64", "6.01.3", "6.12"]);
    }

    #[test]
    fn what_is_before_the_version_comes_first() {
        are_in_order(&[
            "5.10",
            "a/vmlinuz-6.12",
            "amd64-4.19",
            "amd64-5.10",
            "amd64-6.1",
            "amd64-sid",
            "arm64-6.1",
            "build2",
            "build10",
            "build10a",
            "vmlinuz-4.19",
            "vmlinuz-5.4",
        ]);
        are_in_order(&[
            "ubuntu/18.04/x86_64/5.4.0-42-generic",
            "ubuntu/20.04/x86_64/5.4.0-26-generic",
        ]);
    }

    #[test]
    fn a_name_is_divided_at_its_version() {
        for (name, series, version) in [
            ("5.4.0-1009-aws", "", Some("5.4.0-1009-aws")),
            ("4.18.0-80.1.2.el8_0.x86_64", "", Some("4.18.0-80.1.2.el8_0.x86_64")),
            ("k/vmlinuz-6.1", "k/vmlinuz-", Some("6.1")),
            ("20.04/x86_64/5.4.0-26", "20.04/x86_64/", Some("5.4.0-26")),
            ("linux-6.1/vmlinux", "linux-", Some("6.1")),
            ("v6.1/", "v", Some("6.1")),
            ("vmlinux", "vmlinux", None),
            ("x86_64-7", "x86_64-7", None),
            ("", "", None),
            ("/", "/", None),
            ("1.", "1.", None),
            ("1..2", "1..2", None),
            ("ß1.2ß", "ß", Some("1.2ß")),
        ] {
            let divided = KernelName::new(name);
            assert_eq!((divided.series(), divided.version()), (series, version), "{name}");
            assert_eq!(divided.as_str(), name);
        }
    }
}
