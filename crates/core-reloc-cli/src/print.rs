//! What commands print, in every format.

use std::{io, path::Path};

use core_reloc::elf::{Counts, ObjectRelocation, Report, SourceLine};
use core_reloc_sys::{FileError, SupportReport};

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
