//! The branches that keep the verifier from instructions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use core_reloc::{
    elf::requirements::Used,
    patch::insn::{Class, Insn},
};

use super::{Paths, Reached, decoded::Decoded, evaluate::Jump};
use crate::insn::jump_target;

/// A conditional jump that only ever goes one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Branch {
    /// The index of its function.
    pub function: usize,
    /// The index of the jump in its function, in 8-byte slots.
    pub insn: usize,
    /// Which way it goes: whether its condition always holds, so that it jumps.
    pub jumps: bool,
}

/// For each instruction that is not reached, the branch that keeps the verifier from it.
///
/// [`Paths::cuts`] finds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cuts {
    functions: BTreeMap<usize, Vec<Option<Branch>>>,
}

impl Cuts {
    /// Returns the branch that keeps the verifier from an instruction, which is given by its function and its
    /// index in 8-byte slots: of the conditional jumps that only ever go one way, and from whose other way
    /// code leads to the instruction, the nearest.
    ///
    /// There is none for an instruction that is reached, or that no code leads to.
    pub fn before(&self, function: usize, insn: usize) -> Option<Branch> {
        self.functions.get(&function)?.get(insn).copied().flatten()
    }
}

impl Paths<'_> {
    /// Finds the branches that keep the verifier from what it does not reach, in time that grows with the
    /// size of the code.
    ///
    /// Where [`Reached::is_complete`] is `false`, there are none.
    pub fn cuts(&self, reached: &Reached) -> Cuts {
        let mut search = Search {
            paths: *self,
            reached,
            insns: BTreeMap::new(),
            cuts: Cuts::default(),
            indirect: BTreeSet::new(),
            pending: VecDeque::new(),
        };
        if reached.is_complete {
            search.run();
        }
        search.cuts
    }
}

/// A search through code that is not reached, from all branches into it at once.
struct Search<'s> {
    paths: Paths<'s>,
    reached: &'s Reached,
    /// The decoded functions.
    insns: BTreeMap<usize, Vec<Insn>>,
    cuts: Cuts,
    /// The functions of which an indirect jump was found.
    indirect: BTreeSet<usize>,
    /// Instructions whose branch is known, the nearest to their branches first.
    pending: VecDeque<(usize, usize, Branch)>,
}

impl Search<'_> {
    fn run(&mut self) {
        for (&function, marks) in &self.reached.functions {
            for (insn, mark) in marks.iter().enumerate() {
                if mark.jumps != mark.falls_through {
                    let branch = Branch { function, insn, jumps: mark.jumps };
                    let next = insn.saturating_add(1);
                    let jump = self.insn(function, insn);
                    let jump = jump.map_or(usize::MAX, |jump| jump_target(jump, insn));
                    self.find(function, if branch.jumps { next } else { jump }, branch);
                }
            }
        }
        while let Some((function, at, branch)) = self.pending.pop_front() {
            self.find_after(function, at, branch);
        }
    }

    /// Notes the branch before an instruction, if the instruction is not reached and the first found.
    fn find(&mut self, function: usize, at: usize, branch: Branch) {
        if self.reached.includes(function, at) {
            return;
        }
        let Some(count) = self.decode(function).map(<[Insn]>::len) else { return };
        let cuts = self.cuts.functions.entry(function).or_insert_with(|| vec![None; count]);
        if let Some(cut @ None) = cuts.get_mut(at) {
            *cut = Some(branch);
            self.pending.push_back((function, at, branch));
        }
    }

    /// Notes the branch before all instructions that may follow one.
    fn find_after(&mut self, function: usize, at: usize, branch: Branch) {
        let Some(insn) = self.insn(function, at) else { return };
        if let Some(Used::Function(callee) | Used::Callback(callee)) = self.paths.used(function, at)
        {
            self.find(callee, 0, branch);
        }
        let next = at.saturating_add(if insn.is_ldimm64() { 2 } else { 1 });
        if insn.class() != Class::Jump {
            return self.find(function, next, branch);
        }
        match Jump::of(insn) {
            Jump::Exit => {}
            Jump::Always => self.find(function, jump_target(insn, at), branch),
            Jump::Call => self.find(function, next, branch),
            Jump::Perhaps | Jump::If => {
                self.find(function, next, branch);
                self.find(function, jump_target(insn, at), branch);
            }
            Jump::Indirect => self.find_anywhere(function, branch),
        }
    }

    /// Notes the branch before all instructions that an indirect jump of a function may lead to: the entries of
    /// its tables, or any instruction if it has none.
    fn find_anywhere(&mut self, function: usize, branch: Branch) {
        if !self.indirect.insert(function) {
            return;
        }
        let paths = self.paths;
        let uses = paths.requirements.functions.get(function).map_or(&[][..], |it| &it.uses);
        let tables = uses.iter().filter_map(|used| match used.what {
            Used::JumpTable(table) => Some(table),
            _ => None,
        });
        let tables: BTreeSet<usize> = tables.collect();
        if tables.is_empty() {
            let count = self.decode(function).map_or(0, <[Insn]>::len);
            (0..count).for_each(|target| self.find(function, target, branch));
        }
        for table in tables {
            for target in paths.table_targets(function, table) {
                self.find(function, target, branch);
            }
        }
    }

    fn insn(&mut self, function: usize, at: usize) -> Option<Insn> {
        self.decode(function)?.get(at).copied()
    }

    fn decode(&mut self, function: usize) -> Option<&[Insn]> {
        let Self { paths, insns, .. } = self;
        let code = paths.code.get(function)?;
        let insns = insns.entry(function).or_insert_with(|| Decoded::of(code, paths.order).insns);
        Some(insns)
    }
}
