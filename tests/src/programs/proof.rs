//! What [`core_reloc_tools::paths`] finds out about a program.

use std::collections::BTreeSet;

use core_reloc::elf::Object;
use core_reloc_tools::{
    needs::Release,
    paths::{Branch, Paths},
};

use super::{Code, code::poison, object};

/// What paths reach of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// For each function, whether each instruction is reached.
    pub reached: Vec<Vec<bool>>,
    /// Whether no path leads to a poisoned instruction.
    pub is_guarded: bool,
    /// For each function, the branch that keeps the paths from each instruction.
    pub cuts: Vec<Vec<Option<Branch>>>,
    /// Whether all paths were followed.
    pub is_complete: bool,
}

impl Proof {
    /// Follows the paths of a program, for a release of the kernel.
    ///
    /// # Panics
    /// Panics if the program is no object that can be read.
    pub fn of(code: &Code, release: Option<Release>) -> Self {
        let bytes = object::write(code);
        let object = Object::parse(&bytes).expect("an object");
        let requirements = object.requirements().expect("requirements");
        assert_eq!(requirements.functions.len(), code.functions.len());
        let functions: Vec<&[u8]> = requirements.functions.iter().map(|it| it.code).collect();
        let paths = Paths {
            requirements: &requirements,
            code: &functions,
            order: object.byte_order(),
            missing: &BTreeSet::new(),
            release,
            assumptions: None,
        };
        let found = paths.reached(requirements.programs[0].function);
        let cuts = paths.cuts(&found);
        let each = || code.functions.iter().enumerate();
        let reached: Vec<Vec<bool>> = each()
            .map(|(index, it)| (0..it.insns.len()).map(|at| found.includes(index, at)).collect())
            .collect();
        let reaches_poison = |(function, reached): (&super::code::Function, &Vec<bool>)| {
            function.insns.iter().zip(reached).any(|(insn, reached)| *insn == poison() && *reached)
        };
        Self {
            is_guarded: !code.functions.iter().zip(&reached).any(reaches_poison),
            cuts: each()
                .map(|(index, it)| (0..it.insns.len()).map(|at| cuts.before(index, at)).collect())
                .collect(),
            reached,
            is_complete: found.is_complete,
        }
    }
}
