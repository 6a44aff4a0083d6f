//! `core-reloc support`.

use core_reloc_sys::Kernel;

use crate::{Ending, arguments::Support, failure::Failure, printer::printer};

pub(crate) fn run(arguments: &Support) -> Result<Ending, Failure> {
    let kernel = Kernel::running();
    let report = kernel.support();
    let modules = kernel.modules().map(|modules| modules.len());
    let mut printer = printer(arguments.format.format);
    printer.support(&report, modules)?;
    printer.flush()?;
    Ok(if report.is_supported() { Ending::Good } else { Ending::Bad })
}
