//! Reads of structs of the kernel at offsets that no relocation changes.
//!
//! Only what is sure counts: addresses that a program for tracing finds in its context, or that a helper
//! returns, which the program moves by a constant. The first field of a struct is at offset 0, as is what a
//! pointer to a number points to, so that such reads are left out.

use core_reloc::{
    elf::requirements::{Hook, Used},
    patch::insn::Class,
};

use super::{Code, finding::LintFinding, rule::Rule};
use crate::flow::{KernelPointer, What, World};

/// `bpf_probe_read` and `bpf_probe_read_kernel`.
const READS: [u32; 2] = [4, 113];
/// `bpf_get_current_task`, whose result is a number for the verifier.
const CURRENT_TASK: u32 = 35;
/// `bpf_get_current_task_btf`.
const CURRENT_TASK_BTF: u32 = 158;

/// Applies the rule to a function.
pub(super) fn lint<'a>(
    code: &Code<'_, 'a>,
    function: usize,
    steps: &mut u64,
    findings: &mut Vec<LintFinding<'a>>,
) {
    let is_tracing = is_tracing(code, function);
    let uses = code.functions.requirements.functions.get(function).map(|it| &it.uses);
    let has_pointers = uses.is_some_and(|uses| {
        uses.iter().any(|used| matches!(used.what, Used::Helper(helper) if returns(helper)))
    });
    if !is_tracing && !has_pointers {
        return;
    }
    let Some(flow) = code.functions.flow(function, steps) else { return };
    let Some(values) = flow.values(World::OPEN, steps) else { return };
    let mut found = Vec::new();
    values.visit(|at, insn, state| {
        if !flow.relocations(at).is_empty() {
            return;
        }
        let is_read =
            flow.used(at).is_some_and(|it| matches!(it, Used::Helper(it) if READS.contains(&it)));
        let (base, after, is_load) = match insn.class() {
            Class::Ldx => (state.register(insn.src_reg(flow.order())), insn.off.into(), true),
            Class::Jump if is_read => (state.register(3), 0, false),
            _ => return,
        };
        let What::Kernel(pointer, offset) = base.what else { return };
        let offset: i64 = offset.saturating_add(after);
        let is_sure = match pointer {
            // A helper also reads what is no struct.
            KernelPointer::Argument => is_tracing && is_load,
            KernelPointer::Helper(helper) => {
                is_load || helper == CURRENT_TASK || helper == CURRENT_TASK_BTF
            }
        };
        if is_sure && offset > 0 {
            found.push((at, offset, pointer));
        }
    });
    for (at, offset, pointer) in found {
        let of = match pointer {
            KernelPointer::Argument => "a struct that an argument points to",
            KernelPointer::Helper(CURRENT_TASK | CURRENT_TASK_BTF) => "the current task_struct",
            KernelPointer::Helper(_) => "a struct that a helper returns",
        };
        let message = format!("reads offset {offset} of {of}, which no relocation changes");
        findings.extend(code.finding(Rule::UnrecordedRead, (function, at), None, message));
    }
}

fn returns(helper: u32) -> bool {
    KernelPointer::is_returned_by(helper)
}

/// Returns `true` for a program whose context has typed addresses of structs.
fn is_tracing(code: &Code<'_, '_>, function: usize) -> bool {
    let requirements = code.functions.requirements;
    let program = requirements.programs.iter().find(|program| program.function == function);
    let hook = program.and_then(|program| program.stated).map(|stated| stated.hook);
    matches!(
        hook,
        Some(Hook::Function { .. } | Hook::TypedTracepoint { .. } | Hook::Lsm(_) | Hook::StructOps)
    )
}
