//! Finds the instructions of a function that can be reached, given the constants in it.
//!
//! Register values are followed from instruction to instruction; where paths meet, a value that they
//! disagree about becomes unknown. So an instruction that is found to be unreachable is unreachable, also
//! for the verifier, which follows each path by itself. The reverse does not hold.

use std::collections::BTreeMap;

use btf_types::ByteOrder;

use core_reloc::patch::{insn::Class, insn::Insn, insn::SLOT};

use super::evaluate::Evaluate;
use crate::insn::{self, has_32_bits, jump_target};

/// The longest function that is analyzed, in instructions: the kernel's limit.
const MAX_INSNS: usize = 1_000_000;

/// The known values of registers `r0` to `r9`. `r10`, the frame pointer, has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Registers([Option<u64>; 10]);

/// The instructions of a function that can be reached.
#[derive(Debug)]
pub(super) struct Reach {
    /// One flag for each instruction; `None` if the function is too long.
    reached: Option<Vec<bool>>,
}

impl Reach {
    /// Analyzes a function. `is_relocated` returns `true` if a CO-RE relocation has set the immediate of
    /// the instruction at an offset, in bytes; a loader may still change other 64-bit immediates.
    pub(super) fn of(code: &[u8], order: ByteOrder, is_relocated: impl Fn(u32) -> bool) -> Self {
        let insns: Vec<Insn> = code
            .chunks_exact(SLOT)
            .filter_map(|bytes| Some(Insn::decode(bytes.try_into().ok()?, order)))
            .collect();
        if insns.len() > MAX_INSNS {
            return Self { reached: None };
        }
        let analysis = Analysis { insns: &insns, order, is_relocated };
        Self { reached: Some(analysis.run()) }
    }

    /// Returns `true` if an instruction may be reached.
    pub(super) fn includes(&self, insn: usize) -> bool {
        let reached = |reached: &Vec<bool>| reached.get(insn).copied().unwrap_or(true);
        self.reached.as_ref().is_none_or(reached)
    }
}

struct Analysis<'c, F> {
    insns: &'c [Insn],
    order: ByteOrder,
    is_relocated: F,
}

/// What follows an instruction.
enum Next {
    /// The instruction after it, this number of slots further.
    After(usize),
    /// The instruction at an index.
    Jump(usize),
    /// Either the instruction at `target`, with these registers, or the one after it.
    Branch { target: usize, registers: Registers },
    /// Nothing.
    End,
}

impl<F: Fn(u32) -> bool> Analysis<'_, F> {
    /// Follows all paths. Registers are remembered at the targets of jumps. Each of the ten can become
    /// unknown there only once, so no instruction is visited more than a dozen times.
    fn run(&self) -> Vec<bool> {
        let mut reached = Vec::new();
        reached.resize(self.insns.len(), false);
        let mut known: BTreeMap<usize, Registers> = BTreeMap::new();
        let targets = self.jump_targets();
        let mut open = Vec::from([(0_usize, Registers::default())]);
        while let Some((mut at, mut registers)) = open.pop() {
            while let Some(insn) = self.insns.get(at) {
                if targets.get(at) == Some(&true) {
                    match known.get_mut(&at) {
                        None => {
                            known.insert(at, registers);
                        }
                        Some(known) => {
                            if !known.merge(&registers) {
                                break;
                            }
                            registers = *known;
                        }
                    }
                }
                if let Some(reached) = reached.get_mut(at) {
                    *reached = true;
                }
                match self.follow(at, *insn, &mut registers) {
                    Next::After(slots) => at = at.saturating_add(slots),
                    Next::Jump(target) => at = target,
                    Next::Branch { target, registers } => {
                        open.push((target, registers));
                        at = at.saturating_add(1);
                    }
                    Next::End => break,
                }
            }
        }
        reached
    }

    /// Marks the targets of jumps, where paths may meet.
    fn jump_targets(&self) -> Vec<bool> {
        let mut targets = Vec::new();
        targets.resize(self.insns.len(), false);
        for (at, insn) in self.insns.iter().enumerate() {
            if insn.class() == Class::Jump
                && let Some(is_target) = targets.get_mut(jump_target(*insn, at))
            {
                *is_target = true;
            }
        }
        targets
    }

    /// Updates the registers for an instruction, and returns what follows it.
    fn follow(&self, at: usize, insn: Insn, registers: &mut Registers) -> Next {
        let (dst, src) = (insn.dst_reg(self.order), insn.src_reg(self.order));
        match insn.class() {
            Class::Alu | Class::Alu64 => {
                let value = insn.result(registers.of(dst), registers.of(src));
                registers.set(dst, value);
            }
            Class::Ld if insn.is_ldimm64() => {
                let offset = at.checked_mul(SLOT).and_then(|offset| u32::try_from(offset).ok());
                let is_plain = src == 0 && offset.is_some_and(&self.is_relocated);
                let high = self.insns.get(at.saturating_add(1)).map(|second| second.imm);
                let value = high.filter(|_| is_plain).map(|high| {
                    (u64::from(high.cast_unsigned()) << 32) | u64::from(insn.imm.cast_unsigned())
                });
                registers.set(dst, value);
                return Next::After(2);
            }
            // Packet loads change the same registers as calls.
            Class::Ld => registers.clear_after_call(),
            Class::Ldx => registers.set(dst, None),
            Class::St => {}
            // An atomic operation may load the old value into any of these.
            Class::Stx if insn.is_atomic() => {
                for register in [0, dst, src] {
                    registers.set(register, None);
                }
            }
            Class::Stx => {}
            Class::Jump => return self.jump(at, insn, registers),
        }
        Next::After(1)
    }

    fn jump(&self, at: usize, insn: Insn, registers: &mut Registers) -> Next {
        let (dst, src) = (insn.dst_reg(self.order), insn.src_reg(self.order));
        let target = jump_target(insn, at);
        match insn.operation() {
            insn::JA => Next::Jump(target),
            insn::CALL => {
                registers.clear_after_call();
                Next::After(1)
            }
            insn::EXIT => Next::End,
            jump => {
                let right = insn.operand(registers.of(src));
                match insn.holds(registers.of(dst), right) {
                    Some(true) => Next::Jump(target),
                    Some(false) => Next::After(1),
                    None => {
                        let mut taken = *registers;
                        // If the operands are equal, the first has the value of the second.
                        match jump {
                            insn::JEQ if !has_32_bits(insn) => taken.set(dst, right),
                            insn::JNE if !has_32_bits(insn) => registers.set(dst, right),
                            _ => {}
                        }
                        Next::Branch { target, registers: taken }
                    }
                }
            }
        }
    }
}

impl Registers {
    fn of(&self, register: u8) -> Option<u64> {
        self.0.get(usize::from(register)).copied().flatten()
    }

    fn set(&mut self, register: u8, value: Option<u64>) {
        if let Some(known) = self.0.get_mut(usize::from(register)) {
            *known = value;
        }
    }

    /// Forgets `r0` to `r5`, which a call changes.
    fn clear_after_call(&mut self) {
        for register in 0..6 {
            self.set(register, None);
        }
    }

    /// Forgets the values that differ in `others`, and returns `true` if there were any.
    fn merge(&mut self, others: &Self) -> bool {
        let mut changed = false;
        for (known, other) in self.0.iter_mut().zip(&others.0) {
            if known.is_some() && known != other {
                *known = None;
                changed = true;
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Analyzes instructions written as `code dst src off imm`, one per line. `;` starts a comment, and
    /// a `*` at the end marks a relocated instruction.
    fn reached(text: &str) -> String {
        let mut relocated = Vec::new();
        let mut code: [Vec<u8>; 2] = Default::default();
        let lines = text.lines().map(|line| line.split(';').next().unwrap().trim());
        for (at, line) in lines.filter(|line| !line.is_empty()).enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| -> i64 { words[at].parse().unwrap() };
            let insn = |regs: i64, order| {
                let code = u8::from_str_radix(words[0], 16).unwrap();
                let (off, imm) = (number(3) as i16, number(4) as i32);
                Insn { code, regs: regs as u8, off, imm }.encode(order)
            };
            code[0].extend(insn(number(2) << 4 | number(1), ByteOrder::Little));
            code[1].extend(insn(number(1) << 4 | number(2), ByteOrder::Big));
            if words.get(5) == Some(&"*") {
                relocated.push(at as u32 * 8);
            }
        }
        let is_relocated = |offset| relocated.contains(&offset);
        let [little, big] = [(0, ByteOrder::Little), (1, ByteOrder::Big)]
            .map(|(at, order)| format!("{:?}", Reach::of(&code[at], order, is_relocated).reached));
        assert_eq!(little, big);
        little
    }

    #[track_caller]
    fn check(text: &str, expected: &[u8]) {
        let expected: Vec<bool> = expected.iter().map(|reached| *reached == 1).collect();
        assert_eq!(reached(text), format!("{:?}", Some(expected)));
    }

    #[test]
    fn a_branch_on_a_constant_has_one_outcome() {
        for (value, expected) in [(0, [1, 1, 0, 1]), (1, [1, 1, 1, 1])] {
            check(
                &format!(
                    "b7 1 0 0 {value} ; r1 = value
                     15 1 0 1 0       ; if r1 == 0 goto +1
                     85 0 0 0 99      ; call
                     95 0 0 0 0       ; exit"
                ),
                &expected,
            );
        }
        // A 32-bit comparison ignores the upper half.
        check(
            "b7 1 0 0 1
             67 1 0 0 32 ; r1 <<= 32
             56 1 0 1 0  ; if w1 != 0 goto +1
             95 0 0 0 0
             95 0 0 0 0",
            &[1, 1, 1, 1, 0],
        );
        // Signed: -1 < 0.
        check("b7 1 0 0 -1\nc5 1 0 1 0\n95 0 0 0 0\n95 0 0 0 0", &[1, 1, 0, 1]);
        check("b7 1 0 0 -1\na5 1 0 1 0\n95 0 0 0 0\n95 0 0 0 0", &[1, 1, 1, 0]);
    }

    #[test]
    fn a_branch_on_an_unknown_value_has_both_outcomes() {
        for unknown in [
            "bf 1 2 0 0",  // r1 = r2
            "79 1 10 0 0", // r1 = *(u64 *)(r10 + 0)
            "85 0 0 0 5",  // call
            "3f 1 1 0 0",  // r1 /= r1
            "c3 10 1 -8 1 ; atomic_fetch_add",
            "dc 1 0 0 64 ; bswap",
        ] {
            let text = format!("b7 1 0 0 0\n{unknown}\n15 1 0 1 0\n85 0 0 0 9\n95 0 0 0 0");
            check(&text, &[1, 1, 1, 1, 1]);
        }
        // A call keeps r6 to r9.
        check("b7 6 0 0 0\n85 0 0 0 5\n15 6 0 1 0\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 1, 0, 1]);
    }

    #[test]
    fn a_value_is_known_where_all_paths_agree() {
        for (other, expected) in [(1, [1, 1, 1, 1, 1, 0, 1]), (0, [1, 1, 1, 1, 1, 1, 1])] {
            check(
                &format!(
                    "b7 1 0 0 1
                     15 2 0 2 0       ; if r2 == 0 goto +2
                     b7 3 0 0 7
                     b7 1 0 0 {other}
                     55 1 0 1 0       ; if r1 != 0 goto +1
                     85 0 0 0 9
                     95 0 0 0 0"
                ),
                &expected,
            );
        }
    }

    #[test]
    fn a_comparison_for_equality_makes_a_value_known() {
        // if r1 == 5 goto +1; exit; if r1 == 5 goto +1; call; exit
        check("15 1 0 1 5\n95 0 0 0 0\n15 1 0 1 5\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 1, 0, 1]);
        check("55 1 0 2 5\n15 1 0 1 5\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 0, 1]);
    }

    #[test]
    fn a_64_bit_immediate_is_known_if_it_is_relocated() {
        for (mark, expected) in [("*", [1, 0, 1, 0, 1]), ("", [1, 0, 1, 1, 1])] {
            let text = format!("18 1 0 0 0 {mark}\n0 0 0 0 1\n55 1 0 1 0\n85 0 0 0 9\n95 0 0 0 0");
            check(&text, &expected);
        }
    }

    #[test]
    fn the_analysis_of_loops_ends() {
        // r1 += 1; if r1 != 9 goto -2; exit
        check("b7 1 0 0 0\n07 1 0 0 1\n55 1 0 -2 9\n95 0 0 0 0", &[1, 1, 1, 1]);
        // goto -1, and jumps out of the code.
        check("05 0 0 -1 0\n95 0 0 0 0", &[1, 0]);
        check("05 0 0 100 0\n95 0 0 0 0", &[1, 0]);
        check("06 0 0 0 1\n95 0 0 0 0\n95 0 0 0 0", &[1, 0, 1]);
    }
}
