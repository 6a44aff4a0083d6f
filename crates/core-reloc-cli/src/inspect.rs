//! `core-reloc inspect`.

use core_reloc::elf::SourceLines;

use crate::{Ending, arguments::Inspect, failure::Failure, object, printer::printer};

pub(crate) fn run(arguments: &Inspect) -> Result<Ending, Failure> {
    let bytes = object::read(&arguments.object)?;
    let object = object::parse(&arguments.object, &bytes)?;
    let lines = SourceLines::of(&object);
    let mut printer = printer(arguments.format.format);
    let mut count = 0;
    for relocation in object.relocations() {
        printer.relocation(&relocation, lines.written_in(&relocation))?;
        count += 1;
    }
    printer.count(count)?;
    printer.flush()?;
    Ok(Ending::Good)
}
