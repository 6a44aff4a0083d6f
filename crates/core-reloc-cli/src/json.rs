//! JSON for programs: one object a line, its keys always there and in this order.

use std::{
    io::{self, Write},
    path::Path,
};

use core_reloc::elf::{Counts, ObjectRelocation, Report, SourceLine};
use core_reloc_sys::{FileError, SupportReport, Supported};
use serde::Serialize;

use crate::print::Print;

/// Prints JSON.
pub(crate) struct Json<W> {
    out: W,
}

/// A line of `relocate`. Names that are not UTF-8 are escaped, as in all messages.
#[derive(Serialize)]
struct ReportLine {
    section: String,
    index: usize,
    insn_off: u32,
    kind: Option<&'static str>,
    type_id: u32,
    root: Option<String>,
    access: Option<String>,
    status: &'static str,
    before: Option<String>,
    after: Option<String>,
    value: Option<u64>,
    error: Option<String>,
}

/// A line of `inspect`.
#[derive(Serialize)]
struct RelocationLine {
    section: String,
    index: usize,
    insn_off: u32,
    kind: Option<&'static str>,
    type_id: u32,
    root: Option<String>,
    access: Option<String>,
    /// The access as C writes it.
    path: String,
    insn: Option<String>,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    error: Option<String>,
}

/// The line of `support`.
#[derive(Serialize)]
struct SupportLine<'a> {
    supported: bool,
    release: &'a str,
    path: Option<String>,
    bytes: Option<usize>,
    types: Option<usize>,
    modules: Option<usize>,
    tried: Vec<Attempt>,
}

/// A file that would not do.
#[derive(Serialize)]
struct Attempt {
    path: String,
    error: String,
}

impl<W: Write> Json<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out }
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Print for Json<W> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let relocation = &report.relocation;
        self.line(&ReportLine {
            section: relocation.section().to_string(),
            index: relocation.index(),
            insn_off: relocation.insn_off(),
            kind: relocation.kind().map(|kind| kind.name()),
            type_id: relocation.type_id().0,
            root: relocation.root_name().map(|name| name.to_string()),
            access: relocation.access_string().map(|access| access.to_string()),
            status: report.outcome.name(),
            before: report.before.map(|insn| insn.to_string()),
            after: report.after.map(|insn| insn.to_string()),
            value: report.outcome.value(),
            error: report.reason(),
        })
    }

    /// Every object stands for a relocation: there is no other line.
    fn summary(&mut self, _: Counts, _: Option<&Path>) -> io::Result<()> {
        Ok(())
    }

    fn relocation(
        &mut self,
        relocation: &ObjectRelocation<'_>,
        line: Option<SourceLine<'_>>,
    ) -> io::Result<()> {
        self.line(&RelocationLine {
            section: relocation.section().to_string(),
            index: relocation.index(),
            insn_off: relocation.insn_off(),
            kind: relocation.kind().map(|kind| kind.name()),
            type_id: relocation.type_id().0,
            root: relocation.root_name().map(|name| name.to_string()),
            access: relocation.access_string().map(|access| access.to_string()),
            path: relocation.access_in_c(),
            insn: relocation.insn().map(|insn| insn.to_string()),
            function: relocation.function().ok().flatten().map(|name| name.to_string()),
            file: line.map(|line| line.file.to_string()),
            line: line.map(|line| line.line),
            error: relocation.decode().err().map(|error| error.cause.to_string()),
        })
    }

    fn count(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn support(
        &mut self,
        report: &SupportReport,
        modules: Result<usize, FileError>,
    ) -> io::Result<()> {
        let (supported, attempts) = match &report.supported {
            Ok(supported) => (Some(supported), [].as_slice()),
            Err(error) => (None, error.attempts.as_slice()),
        };
        let attempt = |error: &FileError| Attempt {
            path: error.path.display().to_string(),
            error: error.problem.to_string(),
        };
        let get = |fact: fn(&Supported) -> usize| supported.map(fact);
        self.line(&SupportLine {
            supported: report.is_supported(),
            release: &report.release,
            path: supported.map(|supported| supported.path.display().to_string()),
            bytes: get(|supported| supported.bytes),
            types: get(|supported| supported.types),
            modules: modules.as_ref().ok().copied(),
            tried: attempts.iter().chain(modules.as_ref().err()).map(attempt).collect(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
