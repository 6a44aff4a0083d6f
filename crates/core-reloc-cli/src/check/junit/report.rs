//! The XML of a report: suites with test cases.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use btf_types::is_plain;
use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

/// A report that is written.
pub(super) struct Report<W: Write>(Writer<W>);

/// A suite.
pub(super) struct Suite<'r> {
    pub(super) name: &'r str,
    pub(super) counts: Counts,
}

/// The numbers of test cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    tests: usize,
    failures: usize,
    skipped: usize,
}

/// The outcome of a test case.
pub(super) enum Outcome {
    /// With what it depends on.
    Passed(Option<String>),
    Failed(Failure),
    /// With the reason.
    Skipped(String),
}

/// Why a test case failed.
pub(super) struct Failure {
    /// A name.
    pub(super) kind: &'static str,
    /// A line.
    pub(super) message: String,
    /// Lines.
    pub(super) text: String,
}

impl Counts {
    pub(super) fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.tests += 1;
            match outcome {
                Outcome::Passed(_) => {}
                Outcome::Failed(_) => counts.failures += 1,
                Outcome::Skipped(_) => counts.skipped += 1,
            }
        }
        counts
    }

    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.skipped += other.skipped;
    }
}

impl<W: Write> Report<W> {
    /// Writes a report. `cases` writes the test cases of the suite with an index.
    pub(super) fn write(
        out: W,
        name: &str,
        suites: &[Suite<'_>],
        cases: impl Fn(usize, &mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut report = Self(Writer::new_with_indent(out, b' ', 1));
        let mut all = Counts::default();
        suites.iter().for_each(|suite| all.add(suite.counts));
        report.0.get_mut().write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        let [tests, failures, _] = numbers(all);
        report.start("testsuites", [("name", name), tests.pair(), failures.pair(), NO_ERRORS])?;
        for (index, Suite { name, counts }) in suites.iter().enumerate() {
            let [tests, failures, skipped] = numbers(*counts);
            let (tests, failures, skipped) = (tests.pair(), failures.pair(), skipped.pair());
            report.start("testsuite", [("name", *name), tests, failures, NO_ERRORS, skipped])?;
            cases(index, &mut report)?;
            report.end("testsuite")?;
        }
        report.end("testsuites")?;
        report.0.get_mut().write_all(b"\n")
    }

    /// Writes a test case.
    pub(super) fn case(&mut self, class: &str, name: &str, outcome: &Outcome) -> io::Result<()> {
        let attributes = [("classname", class), ("name", name)];
        if let Outcome::Passed(None) = outcome {
            return self.0.write_event(Event::Empty(element("testcase", attributes)));
        }
        self.start("testcase", attributes)?;
        match outcome {
            Outcome::Passed(note) => {
                self.text("system-out", [], note.as_deref().unwrap_or_default())?;
            }
            Outcome::Failed(Failure { kind, message, text }) => {
                self.text("failure", [("type", *kind), ("message", message.as_str())], text)?;
            }
            Outcome::Skipped(why) => {
                self.0
                    .write_event(Event::Empty(element("skipped", [("message", why.as_str())])))?;
            }
        }
        self.end("testcase")
    }

    fn start<const N: usize>(
        &mut self,
        name: &str,
        attributes: [(&str, &str); N],
    ) -> io::Result<()> {
        self.0.write_event(Event::Start(element(name, attributes)))
    }

    fn end(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn text<const N: usize>(
        &mut self,
        name: &str,
        attributes: [(&str, &str); N],
        text: &str,
    ) -> io::Result<()> {
        self.start(name, attributes)?;
        self.0.write_event(Event::Text(BytesText::new(&in_xml(text, |c| c == '\n'))))?;
        self.end(name)
    }
}

const NO_ERRORS: (&str, &str) = ("errors", "0");

/// An attribute whose value is a number.
struct Number(&'static str, String);

impl Number {
    fn pair(&self) -> (&str, &str) {
        (self.0, &self.1)
    }
}

fn numbers(Counts { tests, failures, skipped }: Counts) -> [Number; 3] {
    [("tests", tests), ("failures", failures), ("skipped", skipped)]
        .map(|(name, count)| Number(name, count.to_string()))
}

fn element<'n, const N: usize>(name: &'n str, attributes: [(&str, &str); N]) -> BytesStart<'n> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        // A line break in an attribute would become a space.
        element.push_attribute((name, &*in_xml(value, |_| false)));
    }
    element
}

/// Escapes what XML cannot have, and what is not plain, in the way of Rust; the writer escapes markup.
fn in_xml(text: &str, is_allowed: fn(char) -> bool) -> Cow<'_, str> {
    let is_good = |c: char| is_allowed(c) || (is_plain(c) && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    if text.chars().all(is_good) {
        return text.into();
    }
    let mut out = String::new();
    for character in text.chars() {
        if is_good(character) {
            out.push(character);
        } else {
            out.extend(character.escape_default());
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// XML 1.0 has no way to write U+0000 or U+FFFE.
    #[test]
    fn text_stays_text() {
        let mut out = Vec::new();
        let hostile = "a\"<b>&\u{0}\u{1b}\r\n\u{fffe}]]>\u{202e}ß";
        let failure =
            || Failure { kind: "missing", message: hostile.to_string(), text: hostile.to_string() };
        let outcomes = || {
            let passed = Outcome::Passed(None);
            [passed, Outcome::Failed(failure()), Outcome::Skipped("x".to_string())].into_iter()
        };
        let suite = Suite { name: "k", counts: Counts::of(outcomes()) };
        let cases = |_, report: &mut Report<_>| {
            outcomes().try_for_each(|outcome| report.case("class", "name", &outcome))
        };
        Report::write(&mut out, "a & b", &[suite], cases).unwrap();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="a &amp; b" tests="3" failures="1" errors="0">
 <testsuite name="k" tests="3" failures="1" errors="0" skipped="1">
  <testcase classname="class" name="name"/>
  <testcase classname="class" name="name">
   <failure type="missing" message="a&quot;&lt;b&gt;&amp;\u{0}\u{1b}\r\n\u{fffe}]]&gt;\u{202e}ß">a&quot;&lt;b&gt;&amp;\u{0}\u{1b}\r
\u{fffe}]]&gt;\u{202e}ß</failure>
  </testcase>
  <testcase classname="class" name="name">
   <skipped message="x"/>
  </testcase>
 </testsuite>
</testsuites>
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
