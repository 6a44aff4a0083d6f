//! Testing a loader with generated programs.
//!
//! ```sh
//! cargo test -p core-reloc-proptest --example relocation_properties
//! ```
#![allow(clippy::arithmetic_side_effects, reason = "the numbers are those of small types")]

use btf_types::{Btf, PointerSize, Result};
use core_reloc::{Module, Relocation, Relocator, Target};

/// The input of the loader.
struct Program<'a> {
    btf: &'a [u8],
    code: &'a [u8],
    relocations: &'a [btf_types::ext::CoreReloc],
}

/// The loader: relocates a program; `None` if some relocation fails.
fn load(program: &Program<'_>, kernel: &[u8], modules: &[Vec<u8>]) -> Result<Option<Vec<u8>>> {
    let local = Btf::parse(program.btf)?.with_pointer_size(PointerSize::Eight);
    let kernel = Btf::parse(kernel)?;
    let modules = modules
        .iter()
        .map(|module| Btf::parse_split(module, &kernel))
        .collect::<Result<Vec<_>>>()?;
    let target = Target::new(&kernel)
        .with_modules(modules.iter().map(|btf| Module { name: "a module", btf }));
    let mut relocator = Relocator::new(&local, &target);
    let mut code = program.code.to_vec();
    for record in program.relocations {
        let Ok(relocation) = Relocation::from_record(&local, record) else { return Ok(None) };
        if relocator.relocate(&mut code, &relocation).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(code))
}

fn main() -> Result<()> {
    // A program without relocations, and a kernel without types.
    let btf = btf_types::build::Builder::new(btf_types::ByteOrder::NATIVE);
    let Ok(btf) = btf.finish() else { return Ok(()) };
    let exit = [0x95, 0, 0, 0, 0, 0, 0, 0];
    let program = Program { btf: &btf, code: &exit, relocations: &[] };
    println!("{:02x?}", load(&program, &btf, &[])?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use core_reloc_proptest::{CaseProfile, case};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Only the instructions of relocations change, whatever changed in the kernel's types.
        #[test]
        fn nothing_else_changes(case in case(CaseProfile::default())) {
            let input = case.write().unwrap();
            let program =
                Program { btf: &input.local, code: &input.code, relocations: &input.records };
            let Some(code) = load(&program, &input.main, &input.modules).unwrap() else {
                return Ok(());
            };
            prop_assert_eq!(code.len(), input.code.len());
            let slots = input.code.chunks(8).zip(code.chunks(8)).enumerate();
            for (at, _) in slots.filter(|(_, (before, after))| before != after) {
                let offset = u32::try_from(at * 8).unwrap();
                let is_wide = |record: &btf_types::ext::CoreReloc| {
                    input.code[record.insn_off as usize] == 0x18
                };
                let is_relocated = input.records.iter().any(|record| {
                    record.insn_off == offset
                        || (is_wide(record) && record.insn_off + 8 == offset)
                });
                prop_assert!(is_relocated, "the instruction at {offset:#x} changed");
            }
        }
    }
}
