//! Memory that a program can access at will: its stack.

use core_reloc_tests::judge::kernel::asm::{
    Insn, STACK_END, Size, add, copy, exit, insn, load, set, store,
};

/// The size of the memory in bytes.
const SIZE: i16 = 128;

/// The register with the start of the memory.
pub(crate) const BASE: u8 = 1;

/// The register whose value affects the result.
pub(crate) const VALUE: u8 = 2;

/// Returns a program that contains some instructions, and their offset in bytes.
///
/// [`BASE`] points to 128 bytes, in which each word holds a different number. [`VALUE`] holds a number as
/// well. The result of the program depends on the final values of all of them.
pub(crate) fn around(inside: &[Insn]) -> (Vec<Insn>, u32) {
    const HASH: u8 = 0;
    const WORD: u8 = 3;
    let words = || (0..SIZE).step_by(8);
    let mut code = vec![copy(BASE, STACK_END), add(BASE, -i32::from(SIZE))];
    code.extend(words().map(|at| store(Size::Double, BASE, at, number(at))));
    code.push(set(VALUE, number(SIZE)));
    let at = code.len() * size_of::<Insn>();
    code.extend(inside);
    code.push(copy(HASH, VALUE));
    for at in words() {
        code.extend([times_31(HASH), load(Size::Double, WORD, BASE, at), add_to(HASH, WORD)]);
    }
    // The kernel gives only the lower half of the result.
    code.extend([copy(WORD, HASH), upper_half(WORD), add_to(HASH, WORD), exit()]);
    (code, at as u32)
}

/// Returns a number whose bytes differ from each other and from those of the next number.
fn number(at: i16) -> i32 {
    0x1122_3344_i32.wrapping_add(i32::from(at).wrapping_mul(0x0104_0307))
}

/// `register *= 31`
fn times_31(register: u8) -> Insn {
    insn(0x27, register, 0, 0, 31)
}

/// `register += other`
fn add_to(register: u8, other: u8) -> Insn {
    insn(0x0f, register, other, 0, 0)
}

/// `register >>= 32`
fn upper_half(register: u8) -> Insn {
    insn(0x77, register, 0, 0, 32)
}
