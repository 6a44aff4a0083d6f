//! Objects that were compiled for another architecture.
//!
//! BPF code is the same on all architectures of one byte order, but programs read the registers of a task,
//! and these differ.

use btf_types::{ByteOrder, Name, Type};
use core_reloc::elf::{Object, requirements::Requirements};

use super::{cause::Cause, finding::Finding, program::ProgramVerdict, verdict::Verdict};
use crate::needs::{Architecture, Kernel, REGISTERS};

/// Returns a cause if an object has another byte order than a kernel.
pub(super) fn other_byte_order(object: &Object<'_>, kernel: &Kernel<'_>) -> Option<Cause<'static>> {
    let [object, kernel] =
        [object.byte_order(), kernel.target().main().byte_order()].map(|order| match order {
            ByteOrder::Little => "little-endian",
            ByteOrder::Big => "big-endian",
        });
    let name = format!("{object} on a {kernel} kernel");
    (object != kernel).then(|| Cause::new(Verdict::OtherArchitecture, "byte order", name))
}

/// Returns a cause if an object's programs read registers that only another architecture has, and so cannot
/// be relocated. Structs with a flavor do not count: an object may have one for each architecture.
pub(super) fn other_registers(
    kernel: &Kernel<'_>,
    findings: &[Finding<'_>],
) -> Option<Cause<'static>> {
    let mut here = None;
    for finding in findings.iter().filter(|finding| finding.has_poison()) {
        let relocation = &finding.report.relocation;
        let is_registers = |name: Name<'_>| REGISTERS.iter().any(|it| name == *it);
        if !relocation.root_name().is_some_and(is_registers) {
            continue;
        }
        let root = relocation.local().type_by_id(relocation.type_id());
        let root = root.and_then(Type::skip_modifiers_and_typedefs).ok()?;
        let there = Architecture::of_registers(root);
        let here = *here.get_or_insert_with(|| Architecture::of_kernel(kernel.target()));
        if let (Some(there), Some(here)) = (there, here)
            && there != here
        {
            let name = format!("those of {there} on {here}");
            return Some(Cause::new(Verdict::OtherArchitecture, "registers", name));
        }
    }
    None
}

/// Returns the same verdict for all programs.
pub(super) fn refuse_all<'a>(
    requirements: &Requirements<'a>,
    cause: &Cause<'static>,
) -> Vec<ProgramVerdict<'a>> {
    let programs = requirements.programs.iter().enumerate();
    let refuse = programs.map(|(index, program)| ProgramVerdict {
        program: index,
        name: program.name,
        section: program.section,
        is_optional: program.is_optional(),
        verdict: cause.verdict,
        causes: vec![cause.clone()],
    });
    refuse.collect()
}
