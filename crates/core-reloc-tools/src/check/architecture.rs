//! Objects that were compiled for another architecture.
//!
//! BPF code is the same on all architectures of one byte order, but programs read the registers of a task,
//! and these differ.

use btf_types::{Btf, ByteOrder, Kind, Name, Type};
use core_reloc::elf::{Object, requirements::Requirements};

use super::{cause::Cause, finding::Finding, program::ProgramVerdict, verdict::Verdict};
use crate::needs::Kernel;

/// The structs with the registers of a task. The second is part of the interface of some architectures.
pub(super) const REGISTERS: [&str; 2] = ["pt_regs", "user_pt_regs"];

/// Members of these structs that only one architecture has.
const SIGNS: [(&str, &str); 16] = [
    ("di", "x86"),
    ("si", "x86"),
    ("ax", "x86"),
    ("ip", "x86"),
    ("orig_x0", "arm64"),
    ("pstate", "arm64"),
    ("orig_gpr2", "s390"),
    ("gprs", "s390"),
    ("psw", "s390"),
    ("uregs", "arm"),
    ("gpr", "powerpc"),
    ("epc", "riscv"),
    ("csr_era", "loongarch"),
    ("cp0_epc", "mips"),
    ("tpc", "sparc"),
    ("blink", "arc"),
];

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
        let there = architecture_of(root);
        let here = *here.get_or_insert_with(|| kernel_architecture(kernel.target().main()));
        if let (Some(there), Some(here)) = (there, here)
            && there != here
        {
            let name = format!("those of {there} on {here}");
            return Some(Cause::new(Verdict::OtherArchitecture, "registers", name));
        }
    }
    None
}

fn kernel_architecture(btf: &Btf<'_>) -> Option<&'static str> {
    REGISTERS.iter().find_map(|name| architecture_of(btf.find(name, Kind::Struct)?))
}

/// Returns the architecture that has a struct of registers.
fn architecture_of(registers: Type<'_>) -> Option<&'static str> {
    registers.members().into_iter().find_map(|member| {
        let name = member.name().ok()?;
        let sign = SIGNS.iter().find(|(sign, _)| name == *sign);
        sign.map(|(_, architecture)| *architecture)
    })
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
