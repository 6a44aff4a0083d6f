//! Text for people: a line for each relocation, under the name of its section.

use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
};

use core_reloc::Status;
use core_reloc::elf::{Counts, ObjectRelocation, Outcome, Report, SourceLine};
use core_reloc_sys::{FileError, SupportReport};
use owo_colors::{OwoColorize, Style};

use crate::{failure, print::Print, shown::Shown};

/// Prints text.
pub(crate) struct Text<W> {
    out: W,
    /// The section whose name was printed last.
    section: Option<String>,
}

impl<W: Write> Text<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, section: None }
    }

    /// Prints the name of a relocation's section, if it is another than before.
    fn heading(&mut self, relocation: &ObjectRelocation<'_>) -> io::Result<()> {
        let section = relocation.section().to_string();
        if self.section.as_ref() != Some(&section) {
            writeln!(self.out, "{}", section.bold())?;
            self.section = Some(section);
        }
        Ok(())
    }
}

impl<W: Write> Print for Text<W> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let relocation = &report.relocation;
        self.heading(relocation)?;
        let status = format!("{:9}", report.outcome.name());
        write!(
            self.out,
            "{:>#8x}  {}  {:17}  {}",
            relocation.insn_off(),
            status.style(style(&report.outcome)),
            kind(relocation),
            relocation.access_in_c(),
        )?;
        match &report.outcome {
            // It names the relocation, which the line has just done.
            Outcome::Failed(error) => write!(self.out, ": {}", error.cause)?,
            outcome => {
                if let Some(value) = outcome.value() {
                    write!(self.out, " = {}", number(value))?;
                }
                if let Some(original) = original(outcome) {
                    write!(self.out, ", was {}", number(original))?;
                }
                if let Some(reason) = report.reason() {
                    write!(self.out, ": {reason}")?;
                }
            }
        }
        writeln!(self.out)
    }

    fn summary(&mut self, counts: Counts, written: Option<&Path>) -> io::Result<()> {
        write!(self.out, "{}", plural(counts.total(), "relocation"))?;
        let parts = [
            (counts.relocated, "relocated"),
            (counts.poisoned, "poisoned"),
            (counts.kept, "kept"),
            (counts.skipped, "skipped"),
            (counts.failed, "failed"),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        for (position, (count, name)) in parts.enumerate() {
            let separator = if position == 0 { ":" } else { "," };
            write!(self.out, "{separator} {count} {name}")?;
        }
        if let Some(path) = written {
            write!(self.out, "; written to {}", Shown(path.display()))?;
        }
        writeln!(self.out)
    }

    fn relocation(
        &mut self,
        relocation: &ObjectRelocation<'_>,
        line: Option<SourceLine<'_>>,
    ) -> io::Result<()> {
        self.heading(relocation)?;
        write!(
            self.out,
            "{:>#8x}  {:17}  {:32}",
            relocation.insn_off(),
            kind(relocation),
            relocation.access_in_c()
        )?;
        match relocation.function() {
            Ok(Some(name)) => write!(self.out, "  {name}")?,
            Ok(None) => write!(self.out, "  ?")?,
            Err(skip) => write!(self.out, "  ({skip})")?,
        }
        if let Some(SourceLine { file, line, .. }) = line {
            write!(self.out, " {file}:{line}")?;
        }
        if let Err(error) = relocation.decode() {
            write!(self.out, ": {}", error.cause.red())?;
        }
        writeln!(self.out)
    }

    fn count(&mut self, count: usize) -> io::Result<()> {
        writeln!(self.out, "{}", plural(count, "relocation"))
    }

    fn support(
        &mut self,
        report: &SupportReport,
        modules: Result<usize, FileError>,
    ) -> io::Result<()> {
        match &report.supported {
            Ok(supported) => {
                writeln!(self.out, "CO-RE is supported")?;
                writeln!(self.out, "kernel   {}", report.release)?;
                let (path, types) = (Shown(supported.path.display()), supported.types);
                writeln!(self.out, "BTF      {path}: {types} types, {} bytes", supported.bytes)?;
                match modules {
                    Ok(count) => writeln!(self.out, "modules  {count}"),
                    Err(error) => writeln!(self.out, "modules  {error}"),
                }
            }
            Err(error) => {
                writeln!(self.out, "CO-RE is not supported: {}", failure::list(error))?;
                writeln!(
                    self.out,
                    "what helps: a kernel built with CONFIG_DEBUG_INFO_BTF=y; or the types of this \
                     release from elsewhere, such as BTFHub, named by --target",
                )
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The name of a relocation's kind, or the number of one that is not known.
pub(crate) fn kind(relocation: &ObjectRelocation<'_>) -> String {
    match relocation.kind() {
        Some(kind) => kind.name().to_string(),
        None => format!("kind {}", relocation.record().kind),
    }
}

/// What an instruction held before, where it now holds something else.
fn original(outcome: &Outcome) -> Option<u64> {
    let Outcome::Applied { status: Status::Relocated, resolution } = outcome else { return None };
    let change = resolution.change.filter(|change| change.checked)?;
    (change.original != change.value).then_some(change.original)
}

fn style(outcome: &Outcome) -> Style {
    match outcome {
        Outcome::Applied { status: Status::Relocated, .. } => Style::new().green(),
        Outcome::Applied { status: Status::Poisoned(_) | Status::Kept(_), .. } => {
            Style::new().yellow()
        }
        Outcome::Skipped(_) => Style::new().dimmed(),
        Outcome::Failed(_) => Style::new().red(),
    }
}

/// A value: in hexadecimal where it is most likely a negative one, sign-extended.
pub(crate) fn number(value: u64) -> String {
    if i64::try_from(value).is_ok() { value.to_string() } else { format!("{value:#x}") }
}

fn plural(count: usize, what: impl Display) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use core_reloc_sys::Kernel;

    use super::*;

    /// What the guide shows of it: `…` stands for some lines.
    #[test]
    fn a_kernel_without_btf_is_told_what_helps() {
        let root = tempfile::tempdir().unwrap();
        let report = Kernel::at(root.path(), "5.3.0-1-generic").support();
        let mut text = Text::new(Vec::new());
        text.support(&report, Ok(0)).unwrap();
        let printed = String::from_utf8(text.out).unwrap();
        let printed = printed.replace(root.path().to_str().unwrap(), "");

        let page = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../core-reloc/guide/troubleshooting/no-kernel-btf.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, behind) = page.split_once("```text\n").unwrap();
        let (shown, _) = behind.split_once("```").unwrap();
        let (start, end) = shown.split_once("  …\n").unwrap();
        assert!(printed.starts_with(start) && printed.ends_with(end), "{printed}");
    }
}
