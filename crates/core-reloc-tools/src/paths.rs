//! The instructions of a program that the verifier reaches.
//!
//! The verifier follows all paths from a program's first instruction, and does not follow a branch whose
//! condition it knows to be false. [`Paths::reached`] does the same with less knowledge: numbers in
//! registers and on the stack, through calls of static functions and tables of jumps, as far as the verifier of
//! a [release](Paths::release) follows them, or that of Linux 5.10. So an instruction that is not reached here
//! is not reached by the verifier; the reverse does not hold. [`Paths::cuts`] finds the branches that keep it
//! from being reached.
//!
//! Numbers come from immediates, which relocations have set, and from the addresses of weak symbols that
//! the kernel does not have, which are 0. Global functions are verified by themselves, and so are callbacks
//! here. Read-only data and the kernel's configuration count only where they are [assumed](Assumptions).
//!
//! Paths are merged where many lead to one instruction, and where a loop comes around that the kernel ends
//! (`may_goto`, callbacks, iterators), what differs between rounds is forgotten, as verifiers do. There is a
//! budget of steps. When it is spent, every instruction counts as reached.

mod accesses;
mod cuts;
mod decoded;
mod evaluate;
mod helper;
mod range;
mod rules;
mod stack;
mod state;
mod step;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use btf_types::ByteOrder;
use core_reloc::{
    elf::requirements::{JumpTable, Requirements, Used},
    patch::insn::{Insn, SLOT},
};

pub use self::cuts::{Branch, Cuts};
pub(crate) use self::{
    accesses::{Place, StackAccesses, Write},
    helper::{Writes, writes},
};
use self::{
    decoded::Decoded,
    rules::Rules,
    state::{Position, State},
    step::{Next, Step},
    value::Variables,
};
use crate::{
    callees::callees,
    limits::{MAX_FRAMES, MAX_PATH_STEPS, MAX_PATHS_PER_INSN},
    needs::Release,
};

/// An object's code for one kernel.
#[derive(Debug, Clone, Copy)]
pub struct Paths<'p> {
    /// What the object's code uses.
    pub requirements: &'p Requirements<'p>,
    /// The relocated code of each function, in the order of [`Requirements::functions`].
    pub code: &'p [&'p [u8]],
    /// The byte order of the code.
    pub order: ByteOrder,
    /// The weak symbols that the kernel does not have, by their indices.
    pub missing: &'p BTreeSet<usize>,
    /// The kernel's release, if it is known. What is not known to be of all releases since Linux 5.10 is not
    /// followed without it. Since Linux 6.8, the verifier verifies global functions only where it reaches a call;
    /// before, all that a program contains. Newer ones follow more values on the stack, more arithmetic, and, as far
    /// as it is known from Linux 6.18 on, ranges.
    pub release: Option<Release>,
    /// The values of read-only data and configuration; `None` to know none of them.
    pub assumptions: Option<&'p Assumptions>,
}

/// Values that loading decides: those of read-only data, which user space may set before, and those of the
/// kernel's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Whether read-only data has the values in the object.
    pub data: bool,
    /// The values of undefined symbols in `.kconfig`, by their indices.
    pub config: BTreeMap<usize, u64>,
}

/// A variable whose value was assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Variable {
    /// Read-only data: the number of the section, an offset and a size in bytes, and the value.
    Data {
        /// The number of the section.
        section: u32,
        /// The offset in the section, in bytes.
        offset: u64,
        /// The number of bytes that are read.
        size: u32,
        /// The value.
        value: u64,
    },
    /// An undefined symbol in `.kconfig`: its index, and the value.
    Config {
        /// The index.
        symbol: usize,
        /// The value.
        value: u64,
    },
}

/// What the verifier reaches of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// For each function that is reached, what is known of each instruction, in 8-byte slots.
    functions: BTreeMap<usize, Vec<Mark>>,
    /// The assumed variables that decided a branch.
    pub assumed: Vec<Variable>,
    /// Whether all paths were followed. If not, every instruction counts as reached.
    pub is_complete: bool,
}

/// What paths have done at an instruction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mark {
    is_reached: bool,
    /// Whether a path has taken the conditional jump.
    jumps: bool,
    /// Whether a path has not.
    falls_through: bool,
}

impl Reached {
    /// Returns `true` if the verifier may reach an instruction, given by its function and its index in
    /// 8-byte slots.
    pub fn includes(&self, function: usize, insn: usize) -> bool {
        let is_reached = |marks: &Vec<Mark>| marks.get(insn).is_some_and(|mark| mark.is_reached);
        !self.is_complete || self.functions.get(&function).is_some_and(is_reached)
    }
}

impl<'p> Paths<'p> {
    /// Follows all paths of a program, which is given by its function.
    pub fn reached(&self, program: usize) -> Reached {
        self.reached_within(program, &mut { MAX_PATH_STEPS })
    }

    /// Follows all paths of a program within a number of steps, which is then reduced by those that were taken.
    /// For one program, there are at most [`MAX_PATH_STEPS`].
    pub fn reached_within(&self, program: usize, steps: &mut u64) -> Reached {
        self.follow(program, steps, None).0
    }

    /// Follows all paths of a program as [`reached_within`](Self::reached_within) does, and returns what it
    /// accesses in stacks too.
    pub(crate) fn reached_with_accesses(
        &self,
        program: usize,
        steps: &mut u64,
    ) -> (Reached, StackAccesses) {
        let (reached, accesses) = self.follow(program, steps, Some(StackAccesses::default()));
        (reached, accesses.unwrap_or_default())
    }

    fn follow(
        &self,
        program: usize,
        steps: &mut u64,
        accesses: Option<StackAccesses>,
    ) -> (Reached, Option<StackAccesses>) {
        let available = MAX_PATH_STEPS.min(*steps);
        let mut walk = Walk {
            paths: *self,
            rules: Rules::of(self.release, self.order),
            functions: BTreeMap::new(),
            seen: BTreeMap::new(),
            pending: Vec::new(),
            roots: BTreeSet::new(),
            marks: BTreeMap::new(),
            accesses,
            variables: Vec::new(),
            decided_by: 0,
            steps: available,
        };
        let is_complete = walk.start(program).and_then(|()| walk.run()).is_some();
        *steps = steps.saturating_sub(available.saturating_sub(walk.steps));
        let decided =
            |(bit, _): &(u32, _)| walk.decided_by & (1_u64.checked_shl(*bit).unwrap_or(0)) != 0;
        let assumed = (0_u32..).zip(walk.variables.iter().copied()).filter(decided);
        let assumed = assumed.map(|(_, variable)| variable).collect();
        (Reached { functions: walk.marks, assumed, is_complete }, walk.accesses)
    }

    fn is_global(&self, function: usize) -> bool {
        self.requirements.functions.get(function).is_some_and(|function| function.is_global)
    }

    /// Returns the instructions of a function that the entries of a table of jumps lead to. Loaders reject a
    /// table that leads elsewhere.
    fn table_targets(
        &self,
        function: usize,
        table: usize,
    ) -> impl Iterator<Item = usize> + use<'p> {
        let start = self.requirements.functions.get(function).map_or(0, |it| it.range.start);
        let table = self.requirements.jump_tables.get(table);
        let targets = table.into_iter().flat_map(JumpTable::targets);
        targets.filter_map(move |target| {
            let at = target.checked_sub(start)?;
            usize::try_from(at).ok().filter(|at| at.is_multiple_of(SLOT))?.checked_div(SLOT)
        })
    }

    /// Returns what an instruction uses.
    fn used(&self, function: usize, insn: usize) -> Option<Used> {
        let uses = &self.requirements.functions.get(function)?.uses;
        let insn = u32::try_from(insn).ok()?;
        let found = uses.binary_search_by_key(&insn, |used| used.insn).ok()?;
        uses.get(found).map(|used| used.what)
    }
}

/// Paths that are being followed.
struct Walk<'p> {
    paths: Paths<'p>,
    rules: Rules,
    /// The decoded functions.
    functions: BTreeMap<usize, Decoded>,
    /// The states that were followed from each position.
    seen: BTreeMap<Position, Vec<State>>,
    /// The states that remain to be followed, with their next instruction.
    pending: Vec<(State, usize)>,
    /// The functions that are verified by themselves.
    roots: BTreeSet<usize>,
    marks: BTreeMap<usize, Vec<Mark>>,
    /// What is accessed in stacks, if that is asked for.
    accesses: Option<StackAccesses>,
    /// The assumed variables, by their bit in [`Variables`].
    variables: Vec<Variable>,
    /// Those that have decided a branch.
    decided_by: Variables,
    /// The steps that remain.
    steps: u64,
}

impl Walk<'_> {
    fn add_root(&mut self, function: usize) {
        if self.roots.insert(function) {
            self.pending.push((State::start(function), 0));
        }
    }

    /// Adds a program, and the functions that are always verified with it.
    fn start(&mut self, program: usize) -> Option<()> {
        self.add_root(program);
        if !self.rules.lazy_globals {
            for function in callees(self.paths.requirements, program, &mut self.steps)? {
                if self.paths.is_global(function) {
                    self.add_root(function);
                }
            }
        }
        Some(())
    }

    /// Follows all states. Returns `None` if there are too many.
    fn run(&mut self) -> Option<()> {
        while let Some((state, insn)) = self.pending.pop() {
            self.follow(state, insn)?;
        }
        Some(())
    }

    /// Follows a state until its path ends or joins one that was followed.
    fn follow(&mut self, mut state: State, mut at: usize) -> Option<()> {
        loop {
            // Comparing and merging states takes time in proportion to their frames.
            self.steps = self.steps.checked_sub(state.cost())?;
            let function = state.frames.last()?.function;
            let Some(insn) = self.insn(function, at) else { return Some(()) };
            let is_join = self.functions.get(&function).is_none_or(|it| it.is_join(at));
            if is_join && !self.is_new(&mut state, at) {
                return Some(());
            }
            self.mark(function, at, |mark| mark.is_reached = true);
            let next = Step { walk: self, function, at, insn }.take(&mut state);
            match next {
                Next::After(slots) => at = at.saturating_add(slots),
                Next::Jump(target) => at = target,
                Next::Branch { target, taken } => {
                    self.pending.push((*taken, target));
                    at = at.saturating_add(1);
                }
                Next::Table(table) => {
                    for target in self.paths.table_targets(function, table) {
                        self.steps = self.steps.checked_sub(state.cost())?;
                        self.pending.push((state.clone(), target));
                    }
                    return Some(());
                }
                Next::Anywhere => {
                    for target in 0..self.functions.get(&function).map_or(0, |it| it.insns.len()) {
                        self.steps = self.steps.checked_sub(state.cost())?;
                        self.pending.push((state.clone(), target));
                    }
                    return Some(());
                }
                Next::Call(callee) => {
                    if state.frames.len() >= MAX_FRAMES {
                        return None;
                    }
                    let arguments = state.arguments();
                    if let Some(frame) = state.frames.last_mut() {
                        frame.return_to = at.saturating_add(1);
                    }
                    state.push(callee, &arguments);
                    at = 0;
                }
                Next::Return => {
                    let result = state.register(0);
                    state.frames.pop();
                    let Some(caller) = state.frames.last_mut() else { return Some(()) };
                    at = caller.return_to;
                    caller.return_to = 0;
                    state.forget_after_call();
                    state.set(0, result);
                }
                Next::End => return Some(()),
            }
        }
    }

    /// Returns `true` if a state at a position was not followed before. Where there were many, the state is
    /// merged with the last of them, so that it becomes less and less known.
    fn is_new(&mut self, state: &mut State, at: usize) -> bool {
        let seen = self.seen.entry(state.position(at)).or_default();
        if seen.contains(state) {
            return false;
        }
        if seen.len() < MAX_PATHS_PER_INSN {
            seen.push(state.clone());
            return true;
        }
        let Some(last) = seen.last_mut() else { return true };
        if !last.merge(state) {
            return false;
        }
        *state = last.clone();
        true
    }

    /// Returns an instruction of a function, which is decoded when it is first reached.
    fn insn(&mut self, function: usize, at: usize) -> Option<Insn> {
        let Self { paths, functions, marks, .. } = self;
        let decoded = functions.entry(function).or_insert_with(|| {
            let code = paths.code.get(function).copied().unwrap_or_default();
            let decoded = Decoded::of(code, paths.order);
            marks.insert(function, vec![Mark::default(); decoded.insns.len()]);
            decoded
        });
        decoded.insns.get(at).copied()
    }

    /// Notes what a path does at an instruction.
    fn mark(&mut self, function: usize, at: usize, note: impl FnOnce(&mut Mark)) {
        if let Some(mark) = self.marks.get_mut(&function).and_then(|marks| marks.get_mut(at)) {
            note(mark);
        }
    }

    /// Returns the bit of an assumed variable; `None` if there are too many.
    fn assume(&mut self, variable: Variable) -> Option<Variables> {
        let known = self.variables.iter().position(|other| *other == variable);
        let index = known.unwrap_or_else(|| {
            self.variables.push(variable);
            self.variables.len().saturating_sub(1)
        });
        1_u64.checked_shl(u32::try_from(index).ok()?)
    }
}
