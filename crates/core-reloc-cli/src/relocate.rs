//! `core-reloc relocate`.

use core_reloc::{
    Options, Target,
    elf::{Object, Outcome},
};
use core_reloc_sys::Kernel;

use crate::{
    Ending, arguments::Relocate, failure::Failure, message, object, output::write_file,
    print::Print, printer::printer, target::with_target,
};

pub(crate) fn run(arguments: &Relocate) -> Result<Ending, Failure> {
    let bytes = object::read(&arguments.object)?;
    let object = object::parse(&arguments.object, &bytes)?;
    let mut printer = printer(arguments.format.format);
    let ending = with_target(&arguments.target, &Kernel::running(), &object, |target| {
        relocate(arguments, &object, target, printer.as_mut())
    })??;
    printer.flush()?;
    Ok(ending)
}

fn relocate(
    arguments: &Relocate,
    object: &Object<'_>,
    target: &Target<'_>,
    printer: &mut dyn Print,
) -> Result<Ending, Failure> {
    let options = Options::default().unresolved(arguments.unresolved.into());
    let mut relocating = object.relocate(target, options);
    let mut failed = Vec::new();
    for report in &mut relocating {
        printer.report(&report)?;
        if let Outcome::Failed(_) = report.outcome {
            failed.push(report.to_string());
        }
    }
    let written = arguments.output.as_deref();
    match relocating.finish() {
        Ok(relocated) => {
            if let Some(path) = written {
                write_file(path, &relocated.bytes)
                    .map_err(|error| Failure::Write { path: path.to_path_buf(), error })?;
            }
            printer.summary(relocated.counts, written)?;
            Ok(Ending::Good)
        }
        Err(error) => {
            printer.summary(error.counts, None)?;
            printer.flush()?;
            let object = arguments.object.display();
            for report in failed {
                message::error(format_args!("{object}: {report}"));
            }
            match written {
                Some(path) => {
                    let path = path.display();
                    message::error(format_args!("{object}: {error}; {path} was not written"));
                }
                None => message::error(format_args!("{object}: {error}")),
            }
            Ok(Ending::Bad)
        }
    }
}
