//! Relocated accesses of local copies: whether they stay within the copy on a kernel.
//!
//! A program that copies a struct of the kernel into a local variable has the size that the compiler
//! knew. If the struct has grown, the offset of a field on the kernel may be past the end of the copy:
//!
//! ```c
//! struct ns_common ns = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns); // 24 bytes
//! return ns.inum;                      // at offset 16 when it was compiled, at 24 on the kernel
//! ```
//!
//! The verifier rejects a load that leaves the stack (`invalid read from stack`). A load within the stack
//! gets other data than the field. The remedy is to read the field itself.
//!
//! ```
//! # fn print_copies(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Target, elf::Object};
//! use core_reloc_tools::{copies::copies, needs::Kernel};
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! for found in copies(&object, &Kernel::new(&Target::new(&kernel)))? {
//!     println!("relocation {}: {}", found.relocation, found);
//! }
//! # Ok(())
//! # }
//! ```

mod access;
mod finding;

use std::collections::{BTreeMap, BTreeSet};

use core_reloc::{
    Options,
    elf::{Object, ObjectError, requirements::Requirements},
};

use self::access::{CopyAccesses, KernelOffsets};
pub use self::finding::{CopyEffect, CopyFinding, CopyHarm};
use crate::{
    limits::MAX_PATH_STEPS,
    needs::{Answer, Effect, Kernel, Subject, needs},
    paths::Paths,
};

/// Finds the accesses of local copies that do not stay within the copy on a kernel, in all programs of an
/// object.
///
/// # Errors
/// As [`Object::requirements`].
pub fn copies<'a>(
    object: &'a Object<'a>,
    kernel: &Kernel<'a>,
) -> Result<Vec<CopyFinding>, ObjectError> {
    let requirements = object.requirements()?;
    let accesses = CopyAccesses::of(object, &requirements);
    if accesses.is_empty() {
        return Ok(Vec::new());
    }
    let mut relocating = object.relocate(kernel.target(), Options::default());
    let offsets: KernelOffsets = relocating
        .by_ref()
        .enumerate()
        .filter_map(|(index, report)| Some((index, report.outcome.value()?)))
        .collect();
    // No loader accepts an object with a relocation that failed.
    let Ok(relocated) = relocating.finish() else { return Ok(Vec::new()) };
    let Ok(relocated) = Object::parse(&relocated.bytes) else { return Ok(Vec::new()) };
    let relocated = relocated.requirements()?;
    let code: Vec<&[u8]> = relocated.functions.iter().map(|function| function.code).collect();

    let missing = missing_weak(object, &requirements, kernel);
    let paths = Paths {
        requirements: &requirements,
        code: &code,
        order: object.byte_order(),
        missing: &missing,
        release: kernel.release(),
        assumptions: None,
    };
    let mut findings: BTreeMap<_, CopyFinding> = BTreeMap::new();
    for program in &requirements.programs {
        let functions = requirements.functions_of(program.function);
        if !functions.iter().any(|function| accesses.are_in(*function)) {
            continue;
        }
        let mut steps = MAX_PATH_STEPS;
        let (reached, stack) = paths.reached_with_accesses(program.function, &mut steps);
        let found = accesses.findings(&functions, &paths, &reached, &stack, &offsets);
        for finding in found {
            let key = (finding.function, finding.insn);
            let known = findings.entry(key).or_insert(finding);
            if finding.effect < known.effect {
                *known = finding;
            }
        }
    }
    Ok(findings.into_values().collect())
}

/// Returns the weak symbols that the kernel does not have.
fn missing_weak<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    kernel: &Kernel<'a>,
) -> BTreeSet<usize> {
    let needs = needs(object, requirements, kernel);
    let missing = needs.iter().filter_map(|need| match (need.subject, need.answer) {
        (Subject::Extern(index), Answer::Absent(Effect::Zero)) => Some(index),
        _ => None,
    });
    missing.collect()
}
