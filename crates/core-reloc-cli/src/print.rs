//! What commands find, to be printed in one format or another.

use std::{io, path::Path};

use core_reloc::elf::{Counts, ObjectRelocation, Report, SourceLine};
use core_reloc_sys::{FileError, SupportReport};

use crate::{arguments::Format, json::Json, output::stdout, text::Text};

/// A format, on its way to standard output.
pub(crate) trait Print {
    /// What became of a relocation.
    fn report(&mut self, report: &Report<'_>) -> io::Result<()>;

    /// What became of all of an object's, and where the object was written.
    fn summary(&mut self, counts: Counts, written: Option<&Path>) -> io::Result<()>;

    /// A relocation as the object has it.
    fn relocation(
        &mut self,
        relocation: &ObjectRelocation<'_>,
        line: Option<SourceLine<'_>>,
    ) -> io::Result<()>;

    /// How many relocations an object has.
    fn count(&mut self, count: usize) -> io::Result<()>;

    /// Whether CO-RE is supported, and how many modules have BTF.
    fn support(
        &mut self,
        report: &SupportReport,
        modules: Result<usize, FileError>,
    ) -> io::Result<()>;

    /// Writes what is still kept back.
    fn flush(&mut self) -> io::Result<()>;
}

/// Prints in a format.
pub(crate) fn printer(format: Format) -> Box<dyn Print> {
    match format {
        Format::Text => Box::new(Text::new(stdout())),
        Format::Json => Box::new(Json::new(stdout())),
    }
}
