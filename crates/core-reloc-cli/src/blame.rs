//! `core-reloc blame`.

use std::io::Write;

use core_reloc::{
    Options, Target,
    elf::{Object, SourceLines},
};
use core_reloc_sys::Kernel;
use core_reloc_tools::{blame::PoisonInLog, explain::Explainer};

use crate::{
    Completion,
    arguments::{Blame, Format},
    explain::{Explained, Said, is_of_program, print},
    failure::Failure,
    inputs::{parse_object, read_file, read_object},
    limits::MAX_LOG,
    target::with_target,
    terminal::{self, Escaped, stdout},
};

pub(crate) fn run(arguments: &Blame) -> Result<Completion, Failure> {
    let bytes = read_object(&arguments.object)?;
    let object = parse_object(&arguments.object, &bytes)?;
    let log = read_file(&arguments.log, MAX_LOG)?;
    let log = String::from_utf8_lossy(&log);
    let Some(poison) = PoisonInLog::find(&log) else {
        terminal::error(format_args!(
            "{}: found no poisoned instruction, such as `call unknown#195896080`; check that the \
             verifier's log is complete",
            arguments.log.display()
        ));
        return Ok(Completion::Negative);
    };
    with_target(&arguments.target, &Kernel::running(), &object, |target| {
        blame(arguments, &object, target, &poison)
    })?
}

fn blame(
    arguments: &Blame,
    object: &Object<'_>,
    target: &Target<'_>,
    poison: &PoisonInLog,
) -> Result<Completion, Failure> {
    let lines = SourceLines::of(object);
    let poisoned = object.relocate(target, Options::default()).filter(|report| {
        report.outcome.name() == "poisoned"
            && is_of_program(&report.relocation, arguments.program.as_deref())
    });
    let blamed = poison.blame(poisoned, &lines);
    if blamed.is_empty() {
        terminal::error(format_args!(
            "{}: no relocation is poisoned for this target; name the kernel that wrote {} with --target",
            arguments.object.display(),
            arguments.log.display(),
        ));
        return Ok(Completion::Negative);
    }
    let format = arguments.format.format;
    let mut out = stdout().in_format(format);
    if let Format::Text = format {
        let log = Escaped(arguments.log.display());
        writeln!(out, "{log}:{}: {}", poison.log_line, poison.text)?;
        let relocations = match blamed.len() {
            1 => "this relocation poisoned it:".to_string(),
            count => format!("one of these {count} relocations poisoned it:"),
        };
        writeln!(out, "{relocations}\n")?;
    }
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    let mut said = Said::default();
    for report in &blamed {
        let line = lines.written_in(&report.relocation);
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(report));
        let said_of = said.of(explanation.as_ref(), report);
        print(format, &Explained { report, line, explanation, said_of }, &mut out)?;
    }
    out.flush()?;
    Ok(Completion::Success)
}
