//! `core-reloc blame`.

mod print;

use std::{fmt::Display, io::Write};

use core_reloc::{
    Options, Target,
    elf::{Object, Report, SourceLines},
};
use core_reloc_sys::Kernel;
use core_reloc_tools::{
    blame::{Complaint, Reason, Rejection, Role},
    explain::Explainer,
};

use self::print::Part;
use crate::{
    Completion,
    arguments::Blame,
    explain::{Explained, Said, is_of_program},
    failure::Failure,
    inputs::{parse_object, read_file, read_object},
    limits::MAX_LOG,
    target::with_target,
    terminal::{self, stdout},
};

pub(crate) fn run(arguments: &Blame) -> Result<Completion, Failure> {
    let bytes = read_object(&arguments.object)?;
    let object = parse_object(&arguments.object, &bytes)?;
    if object.relocations().next().is_none() {
        return nothing(format_args!(
            "{}: has no relocations left that a log could be about; name the object as it was compiled, \
             not one that was relocated or stripped",
            arguments.object.display(),
        ));
    }
    let log = read_file(&arguments.log, MAX_LOG)?;
    let log = String::from_utf8_lossy(&log);
    let Some(mut rejection) = Rejection::find(&log) else {
        return nothing(format_args!(
            "{}: found no complaint of the verifier, such as `invalid func unknown#195896080`; check that \
             its log is complete",
            arguments.log.display()
        ));
    };
    if rejection.program.is_none() {
        rejection.program.clone_from(&arguments.program);
    }
    let lines = SourceLines::of(&object);
    let parts = match &rejection.reason {
        Reason::Complaint(complaint) => match involved(arguments, &object, &lines, &rejection)? {
            parts if parts.is_empty() => return unrelated(arguments, &rejection, complaint),
            parts => Some(parts),
        },
        _ => None,
    };
    with_target(&arguments.target, &Kernel::running(), &object, |target| {
        let reports = object.relocate(target, Options::default());
        let blamed: Vec<(Report<'_>, Part)> = match &parts {
            Some(parts) => (0..)
                .zip(reports)
                .filter_map(|(index, report)| Some((report, parts.part(index)?)))
                .collect(),
            None => {
                let poisoned = reports.filter(|report| {
                    report.outcome.name() == "poisoned"
                        && is_of_program(&report.relocation, arguments.program.as_deref())
                });
                let poisoned = rejection.poisoned(poisoned, &lines);
                poisoned.into_iter().map(|report| (report, Part::Poisoned)).collect()
            }
        };
        blame(arguments, &object, target, &lines, &rejection, &blamed)
    })?
}

/// The relocations that have to do with a complaint.
struct Parts(Vec<(usize, Part)>);

impl Parts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the part of a relocation, given by its index among all of the object.
    fn part(&self, relocation: usize) -> Option<Part> {
        self.0.iter().find(|(index, _)| *index == relocation).map(|(_, part)| *part)
    }
}

fn involved<'a>(
    arguments: &Blame,
    object: &'a Object<'a>,
    lines: &SourceLines<'a>,
    rejection: &Rejection,
) -> Result<Parts, Failure> {
    let failure = |error| Failure::Object { path: arguments.object.clone(), error };
    let involved = rejection.involved(object, lines).map_err(failure)?;
    let relocations = (0..)
        .zip(object.relocations())
        .filter(|(_, relocation)| is_of_program(relocation, arguments.program.as_deref()));
    let part = |index: usize| {
        let found = involved.iter().find(|found| found.relocation == index)?;
        Some(match found.role {
            Role::Instruction => Part::Instruction,
            _ => Part::Operand,
        })
    };
    Ok(Parts(relocations.filter_map(|(index, _)| Some((index, part(index)?))).collect()))
}

/// Reports that a complaint has nothing to do with relocations.
fn unrelated(
    arguments: &Blame,
    rejection: &Rejection,
    complaint: &Complaint,
) -> Result<Completion, Failure> {
    let log = arguments.log.display();
    let (line, text) = (complaint.log_line, &complaint.text);
    if !complaint.is_about_instruction() {
        return nothing(format_args!("{log}:{line}: {text}: no relocation is the reason"));
    }
    match rejection.insn {
        None => nothing(format_args!(
            "{log}:{line}: {text}: the log does not show the instruction; print all of it (Go: %+v)"
        )),
        Some(_) => nothing(format_args!(
            "{log}:{line}: {text}: no relocation changes instruction `{}`, or what it uses",
            rejection.text
        )),
    }
}

/// Reports that there is nothing to blame.
fn nothing(message: impl Display) -> Result<Completion, Failure> {
    terminal::error(message);
    Ok(Completion::Negative)
}

fn blame<'a>(
    arguments: &Blame,
    object: &'a Object<'a>,
    target: &'a Target<'a>,
    lines: &SourceLines<'a>,
    rejection: &Rejection,
    blamed: &[(Report<'a>, Part)],
) -> Result<Completion, Failure> {
    if blamed.is_empty() {
        return nothing(format_args!(
            "{}: no relocation is poisoned for this target; name the kernel that wrote {} with --target",
            arguments.object.display(),
            arguments.log.display(),
        ));
    }
    let mut out = stdout().in_format(arguments.format.format);
    let printer = print::Printer::new(arguments, rejection, target);
    printer.start(blamed, &mut out)?;
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    let mut said = Said::default();
    for (report, part) in blamed {
        let line = lines.written_in(&report.relocation);
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(report));
        let said_of = said.of(explanation.as_ref(), report);
        let explained = Explained { report, line, explanation, said_of };
        printer.print(&explained, *part, &mut out)?;
    }
    out.flush()?;
    Ok(Completion::Success)
}
