//! `core-reloc blame`.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    path::Path,
};

use core_reloc::{
    Options, Target,
    elf::{Object, SourceLines},
};
use core_reloc_sys::Kernel;
use core_reloc_tools::{blame::PoisonInLog, explain::Explainer};

use crate::{
    Ending,
    arguments::{Blame, Format},
    explain::{Explained, is_of_program, print},
    failure::Failure,
    message, object,
    output::stdout,
    shown::Shown,
    target::with_target,
};

/// The longest log that is read, in bytes: the kernel writes at most a quarter of this.
const MAX_LOG: u64 = 64 << 20;

pub(crate) fn run(arguments: &Blame) -> Result<Ending, Failure> {
    let bytes = object::read(&arguments.object)?;
    let object = object::parse(&arguments.object, &bytes)?;
    let log = read(&arguments.log)
        .map_err(|error| Failure::Log { path: arguments.log.clone(), error })?;
    let Some(poison) = PoisonInLog::find(&log) else {
        message::error(format_args!(
            "{}: there is no poisoned instruction, such as `call unknown#195896080`; is the \
             verifier's log complete?",
            arguments.log.display()
        ));
        return Ok(Ending::Bad);
    };
    with_target(&arguments.target, &Kernel::running(), &object, |target| {
        blame(arguments, &object, target, &poison)
    })?
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut from: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    from.by_ref().take(MAX_LOG + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_LOG {
        let problem = format!("it is longer than {MAX_LOG} bytes, as no verifier's log is");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn blame(
    arguments: &Blame,
    object: &Object<'_>,
    target: &Target<'_>,
    poison: &PoisonInLog,
) -> Result<Ending, Failure> {
    let lines = SourceLines::of(object);
    let poisoned = object.relocate(target, Options::default()).filter(|report| {
        report.outcome.name() == "poisoned"
            && is_of_program(&report.relocation, arguments.program.as_deref())
    });
    let blamed = poison.blame(poisoned, &lines);
    if blamed.is_empty() {
        message::error(format_args!(
            "{}: no relocation is poisoned for this target; is it the kernel that wrote {}?",
            arguments.object.display(),
            arguments.log.display(),
        ));
        return Ok(Ending::Bad);
    }
    let mut out = stdout();
    let format = arguments.format.format;
    if let Format::Text = format {
        let log = Shown(arguments.log.display());
        writeln!(out, "{log}:{}: {}", poison.log_line, poison.text)?;
        let relocations = match blamed.len() {
            1 => "this relocation poisoned it:".to_string(),
            count => format!("one of these {count} relocations poisoned it:"),
        };
        writeln!(out, "{relocations}\n")?;
    }
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    for report in &blamed {
        let line = lines.written_in(&report.relocation);
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(report));
        print(format, &Explained { report, line, explanation }, &mut out)?;
    }
    out.flush()?;
    Ok(Ending::Good)
}
