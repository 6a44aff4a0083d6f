//! Follows values through one function, without any target.
//!
//! A value is a number, the answer to a relocation, or an address made from one; where paths meet, values
//! that differ become unknown. Some values are *open*: they follow from an answer, from data that user
//! space may set, or from another function, so that a branch on them may be a guard that is not understood.
//!
//! Stack slots that the compiler spills to are followed too. A helper is taken to write only as many bytes
//! as it is told.

mod state;
mod step;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use btf_types::ByteOrder;
use core_reloc::{
    elf::{
        Object,
        requirements::{Function, Requirements, Used},
    },
    patch::insn::{Class, Insn, SLOT},
};

use self::step::Next;
pub(crate) use self::{
    state::State,
    value::{KernelPointer, What},
};
use crate::insn::jump_target;

/// The functions of an object with their relocations.
pub(crate) struct Functions<'f, 'a> {
    pub(crate) requirements: &'f Requirements<'a>,
    order: ByteOrder,
    /// The relocations of each function: by instruction, their indices among all of the object.
    relocations: Vec<BTreeMap<usize, Vec<usize>>>,
}

impl<'f, 'a> Functions<'f, 'a> {
    pub(crate) fn of(object: &'a Object<'a>, requirements: &'f Requirements<'a>) -> Self {
        let functions = (0_usize..).zip(&requirements.functions);
        let starts: BTreeMap<(u32, u64), usize> = functions
            .map(|(index, function)| ((function.section_index, function.range.start), index))
            .collect();
        let mut relocations = vec![BTreeMap::new(); requirements.functions.len()];
        for (index, relocation) in object.relocations().enumerate() {
            let range = relocation.function_range();
            let function = range.and_then(|(section, range)| starts.get(&(section, range.start)));
            let insn = relocation.insn_in_function().and_then(|insn| usize::try_from(insn).ok());
            let of_function = function.and_then(|function| relocations.get_mut(*function));
            if let Some((of_function, insn)) = of_function.zip(insn) {
                let of_insn: &mut Vec<usize> = of_function.entry(insn).or_default();
                of_insn.push(index);
            }
        }
        Self { requirements, order: object.byte_order(), relocations }
    }

    /// Returns the relocations of a function: by instruction, their indices among all of the object.
    pub(crate) fn relocations(&self, function: usize) -> impl Iterator<Item = (usize, usize)> {
        let relocations = self.relocations.get(function).into_iter().flatten();
        relocations.flat_map(|(insn, all)| all.iter().map(|relocation| (*insn, *relocation)))
    }

    /// Returns an instruction of a function.
    pub(crate) fn insn(&self, function: usize, at: usize) -> Option<Insn> {
        let (slots, _) = self.requirements.functions.get(function)?.code.as_chunks::<SLOT>();
        slots.get(at).map(|slot| Insn::decode(*slot, self.order))
    }

    /// Prepares to follow values through a function. Takes one step for each instruction from `steps`; returns
    /// `None` if there are too few.
    pub(crate) fn flow(&self, index: usize, steps: &mut u64) -> Option<Flow<'_>> {
        let function = self.requirements.functions.get(index)?;
        let (slots, _) = function.code.as_chunks::<SLOT>();
        *steps = steps.checked_sub(u64::try_from(slots.len()).ok()?)?;
        let insns: Vec<Insn> = slots.iter().map(|slot| Insn::decode(*slot, self.order)).collect();
        let mut is_target = vec![false; insns.len()];
        for (at, insn) in insns.iter().enumerate() {
            if insn.class() == Class::Jump
                && let Some(is_target) = is_target.get_mut(jump_target(*insn, at))
            {
                *is_target = true;
            }
        }
        let is_program = self.requirements.programs.iter().any(|it| it.function == index);
        let relocations = self.relocations.get(index)?;
        Some(Flow { function, order: self.order, relocations, insns, is_target, is_program })
    }
}

/// A function whose values can be followed.
pub(crate) struct Flow<'f> {
    function: &'f Function<'f>,
    order: ByteOrder,
    relocations: &'f BTreeMap<usize, Vec<usize>>,
    insns: Vec<Insn>,
    /// Whether a jump leads to each instruction.
    is_target: Vec<bool>,
    is_program: bool,
}

/// What is assumed while values are followed.
#[derive(Clone, Copy)]
pub(crate) struct World<'w> {
    /// Returns the answer to a relocation, given by its index; `None` if it is open.
    pub(crate) answer: &'w dyn Fn(usize) -> Option<u64>,
}

impl World<'_> {
    /// The world in which all answers are open.
    pub(crate) const OPEN: World<'static> = World { answer: &|_| None };
}

/// The values in a function.
pub(crate) struct Values<'f> {
    flow: &'f Flow<'f>,
    world: World<'f>,
    /// What is known where jumps lead, and at the start.
    heads: BTreeMap<usize, State>,
    /// Whether each instruction is reached.
    reached: Vec<bool>,
    /// Each instruction that is reached, with those that follow it.
    edges: BTreeSet<(usize, usize)>,
}

impl<'f> Flow<'f> {
    pub(crate) fn insn(&self, at: usize) -> Option<Insn> {
        self.insns.get(at).copied()
    }

    /// Returns what an instruction uses.
    pub(crate) fn used(&self, at: usize) -> Option<Used> {
        let at = u32::try_from(at).ok()?;
        let found = self.function.uses.binary_search_by_key(&at, |used| used.insn).ok()?;
        self.function.uses.get(found).map(|used| used.what)
    }

    /// Returns the relocations of an instruction.
    pub(crate) fn relocations(&self, at: usize) -> &[usize] {
        self.relocations.get(&at).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn order(&self) -> ByteOrder {
        self.order
    }

    /// Follows all paths. Takes one step for each instruction from `steps`; returns `None` if there are too
    /// few, or if a jump leads to an unknown place.
    pub(crate) fn values(&'f self, world: World<'f>, steps: &mut u64) -> Option<Values<'f>> {
        let mut values = Values {
            flow: self,
            world,
            heads: BTreeMap::new(),
            reached: vec![false; self.insns.len()],
            edges: BTreeSet::new(),
        };
        let mut pending = vec![(0, State::start(self.is_program))];
        while let Some((mut at, mut state)) = pending.pop() {
            while let Some(insn) = self.insn(at) {
                *steps = steps.checked_sub(1)?;
                if at == 0 || self.is_target.get(at) == Some(&true) {
                    let merged = match values.heads.get(&at) {
                        Some(known) => known.merged(&state),
                        None => Some(state.clone()),
                    };
                    let Some(merged) = merged else { break };
                    values.heads.insert(at, merged.clone());
                    state = merged;
                }
                if let Some(reached) = values.reached.get_mut(at) {
                    *reached = true;
                }
                let next = match values.step(at, insn, &mut state)? {
                    Next::After(slots) => at.saturating_add(slots),
                    Next::Jump(target) => target,
                    Next::Branch(target) => {
                        values.edges.insert((at, target));
                        pending.push((target, state.clone()));
                        at.saturating_add(1)
                    }
                    Next::End => break,
                };
                values.edges.insert((at, next));
                at = next;
            }
        }
        Some(values)
    }
}

impl Values<'_> {
    /// Returns `true` if an instruction is reached.
    pub(crate) fn reaches(&self, at: usize) -> bool {
        self.reached.get(at).copied().unwrap_or(false)
    }

    /// Passes each instruction that is reached to `visit`, with what is known before it.
    pub(crate) fn visit(&self, mut visit: impl FnMut(usize, Insn, &State)) {
        for (head, state) in &self.heads {
            let (mut at, mut state) = (*head, state.clone());
            while let Some(insn) = self.flow.insn(at) {
                visit(at, insn, &state);
                let next = match self.step(at, insn, &mut state) {
                    Some(Next::After(slots)) => at.saturating_add(slots),
                    Some(Next::Branch(_)) => at.saturating_add(1),
                    // The target of a jump is a head.
                    Some(Next::Jump(_) | Next::End) | None => break,
                };
                if self.flow.is_target.get(next) == Some(&true) {
                    break;
                }
                at = next;
            }
        }
    }

    /// Returns the branches on open conditions, each with its target.
    pub(crate) fn open_branches(&self) -> Vec<(usize, usize)> {
        let mut branches = Vec::new();
        self.visit(|at, insn, state| {
            if self.flow.is_open_branch(insn, state) {
                branches.push((at, jump_target(insn, at)));
            }
        });
        branches
    }

    /// Returns the paths backwards.
    pub(crate) fn backwards(&self) -> Backwards {
        let sources = self.edges.iter().map(|(from, to)| (*to, *from)).collect();
        Backwards { sources, len: self.reached.len() }
    }
}

/// The paths of a function, followed backwards.
pub(crate) struct Backwards {
    /// Each instruction that is reached, with those that lead to it.
    sources: BTreeSet<(usize, usize)>,
    len: usize,
}

impl Backwards {
    /// Returns whether a path leads from each instruction to another one. Takes one step for each from
    /// `steps`; returns `None` if there are too few.
    pub(crate) fn leading_to(&self, at: usize, steps: &mut u64) -> Option<Vec<bool>> {
        *steps = steps.checked_sub(u64::try_from(self.len).ok()?)?;
        let mut leads = vec![false; self.len];
        let mut pending = vec![at];
        while let Some(at) = pending.pop() {
            let Some(leads) = leads.get_mut(at).filter(|leads| !**leads) else { continue };
            *leads = true;
            let sources = self.sources.range((at, 0)..=(at, usize::MAX));
            pending.extend(sources.map(|(_, from)| *from));
        }
        Some(leads)
    }
}
