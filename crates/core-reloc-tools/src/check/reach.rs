//! Which instructions of a function can be reached, given the constants in it.
//!
//! Registers are followed from instruction to instruction; where paths meet, what they do not agree
//! about is unknown. So an instruction that is said not to be reached is not, and the verifier, which
//! follows each path by itself, sees it likewise. What is said to be reached may not be.

use std::collections::BTreeMap;

use btf_types::ByteOrder;

use core_reloc::patch::{insn::Class, insn::Insn, insn::SLOT};

use super::operation::{self, Evaluate};

/// The longest function that is looked at, in instructions: what the kernel takes, at most.
const MAX_INSNS: usize = 1_000_000;

/// Registers, as far as their values are known; `r10` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Registers([Option<u64>; 10]);

/// What of a function can be reached.
#[derive(Debug)]
pub(super) struct Reach {
    /// For each instruction; none where that was not looked for.
    reached: Option<Vec<bool>>,
}

impl Reach {
    /// Looks at a function. `is_relocated` tells of the instruction at an offset, in bytes, whether a
    /// CO-RE relocation has put its value there; other 64-bit immediates may still be changed by a
    /// loader.
    pub(super) fn of(code: &[u8], order: ByteOrder, is_relocated: impl Fn(u32) -> bool) -> Self {
        let insns: Vec<Insn> = code
            .chunks_exact(SLOT)
            .filter_map(|bytes| Some(Insn::decode(bytes.try_into().ok()?, order)))
            .collect();
        if insns.len() > MAX_INSNS {
            return Self { reached: None };
        }
        let walk = Walk { insns: &insns, order, is_relocated };
        Self { reached: Some(walk.all()) }
    }

    pub(super) fn is_reached(&self, insn: usize) -> bool {
        let reached = |reached: &Vec<bool>| reached.get(insn).copied().unwrap_or(true);
        self.reached.as_ref().is_none_or(reached)
    }
}

struct Walk<'c, F> {
    insns: &'c [Insn],
    order: ByteOrder,
    is_relocated: F,
}

/// Where an instruction leads.
enum Next {
    /// To the one behind it, or behind its second slot.
    Behind(usize),
    /// There, always.
    Jump(usize),
    /// There, or to the one behind it, each with its registers.
    Branch { there: usize, registers: Registers },
    /// Nowhere.
    End,
}

impl<F: Fn(u32) -> bool> Walk<'_, F> {
    /// Goes all ways. Registers are kept where jumps lead to, and each is at most once found to be
    /// unknown there, so that no instruction is looked at more than a dozen times.
    fn all(&self) -> Vec<bool> {
        let mut reached = Vec::new();
        reached.resize(self.insns.len(), false);
        let mut met: BTreeMap<usize, Registers> = BTreeMap::new();
        let meeting = self.meeting();
        let mut open = Vec::from([(0_usize, Registers::default())]);
        while let Some((mut at, mut registers)) = open.pop() {
            while let Some(insn) = self.insns.get(at) {
                if meeting.get(at) == Some(&true) {
                    match met.get_mut(&at) {
                        None => {
                            met.insert(at, registers);
                        }
                        Some(known) => {
                            if !known.meet(&registers) {
                                break;
                            }
                            registers = *known;
                        }
                    }
                }
                if let Some(reached) = reached.get_mut(at) {
                    *reached = true;
                }
                match self.step(at, *insn, &mut registers) {
                    Next::Behind(slots) => at = at.saturating_add(slots),
                    Next::Jump(there) => at = there,
                    Next::Branch { there, registers } => {
                        open.push((there, registers));
                        at = at.saturating_add(1);
                    }
                    Next::End => break,
                }
            }
        }
        reached
    }

    /// Where paths may meet: what jumps lead to.
    fn meeting(&self) -> Vec<bool> {
        let mut meeting = Vec::new();
        meeting.resize(self.insns.len(), false);
        for (at, insn) in self.insns.iter().enumerate() {
            if insn.class() == Class::Jump
                && let Some(meeting) = meeting.get_mut(jump_target(*insn, at))
            {
                *meeting = true;
            }
        }
        meeting
    }

    fn step(&self, at: usize, insn: Insn, registers: &mut Registers) -> Next {
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
                return Next::Behind(2);
            }
            // Packet loads are calls in disguise.
            Class::Ld => registers.call(),
            Class::Ldx => registers.set(dst, None),
            Class::St => {}
            // An atomic operation may leave what was there in the one or the other.
            Class::Stx if insn.is_atomic() => {
                for register in [0, dst, src] {
                    registers.set(register, None);
                }
            }
            Class::Stx => {}
            Class::Jump => return self.jump(at, insn, registers),
        }
        Next::Behind(1)
    }

    fn jump(&self, at: usize, insn: Insn, registers: &mut Registers) -> Next {
        let (dst, src) = (insn.dst_reg(self.order), insn.src_reg(self.order));
        let there = jump_target(insn, at);
        match insn.operation() {
            operation::JA => Next::Jump(there),
            operation::CALL => {
                registers.call();
                Next::Behind(1)
            }
            operation::EXIT => Next::End,
            jump => {
                let right = insn.operand(registers.of(src));
                match insn.holds(registers.of(dst), right) {
                    Some(true) => Next::Jump(there),
                    Some(false) => Next::Behind(1),
                    None => {
                        let mut taken = *registers;
                        // Where they are equal, the one is known if the other is.
                        match jump {
                            operation::JEQ if !insn.has_32_bits() => taken.set(dst, right),
                            operation::JNE if !insn.has_32_bits() => registers.set(dst, right),
                            _ => {}
                        }
                        Next::Branch { there, registers: taken }
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
        if let Some(place) = self.0.get_mut(usize::from(register)) {
            *place = value;
        }
    }

    /// A call changes the first six.
    fn call(&mut self) {
        for register in 0..6 {
            self.set(register, None);
        }
    }

    /// Forgets what the others do not agree with; whether there was anything.
    fn meet(&mut self, others: &Self) -> bool {
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

/// Returns the index of the instruction that a jump at `at` leads to; `usize::MAX` if it leads out of the
/// code.
fn jump_target(jump: Insn, at: usize) -> usize {
    let is_long = jump.has_32_bits() && jump.operation() == operation::JA;
    let offset = if is_long { jump.imm } else { jump.off.into() };
    let offset = isize::try_from(offset).ok();
    offset.and_then(|offset| at.checked_add(1)?.checked_add_signed(offset)).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests may panic"
)]
mod tests {

    use super::*;

    /// Instructions, as `code dst src off imm`, one a line; `;` begins a comment. A `*` at the end
    /// stands for a relocation.
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
    fn a_branch_on_a_constant_goes_one_way() {
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
        // The other way, by 32 bits: the upper half does not count.
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
    fn what_is_not_known_goes_both_ways() {
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
        // A call leaves the others alone.
        check("b7 6 0 0 0\n85 0 0 0 5\n15 6 0 1 0\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 1, 0, 1]);
    }

    #[test]
    fn where_paths_meet_they_must_agree() {
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
    fn equality_makes_known() {
        // if r1 == 5 goto +1; exit; if r1 == 5 goto +1; call; exit
        check("15 1 0 1 5\n95 0 0 0 0\n15 1 0 1 5\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 1, 0, 1]);
        check("55 1 0 2 5\n15 1 0 1 5\n85 0 0 0 9\n95 0 0 0 0", &[1, 1, 0, 1]);
    }

    #[test]
    fn large_immediates_are_known_if_they_are_relocated() {
        for (mark, expected) in [("*", [1, 0, 1, 0, 1]), ("", [1, 0, 1, 1, 1])] {
            let text = format!("18 1 0 0 0 {mark}\n0 0 0 0 1\n55 1 0 1 0\n85 0 0 0 9\n95 0 0 0 0");
            check(&text, &expected);
        }
    }

    #[test]
    fn loops_end() {
        // r1 += 1; if r1 != 9 goto -2; exit
        check("b7 1 0 0 0\n07 1 0 0 1\n55 1 0 -2 9\n95 0 0 0 0", &[1, 1, 1, 1]);
        // goto -1; and out of the code.
        check("05 0 0 -1 0\n95 0 0 0 0", &[1, 0]);
        check("05 0 0 100 0\n95 0 0 0 0", &[1, 0]);
        check("06 0 0 0 1\n95 0 0 0 0\n95 0 0 0 0", &[1, 0, 1]);
    }
}
