//! The branches that keep the verifier from poisoned instructions, in programs written out.

use core_reloc_tests::{
    judge::kernel::asm::{Insn, call, exit, insn, set},
    programs::{
        Code,
        code::{Function, call_function, poison},
        proof::Proof,
    },
};

/// `if register == value goto +offset`
fn if_equal(register: u8, value: i32, offset: i16) -> Insn {
    insn(0x15, register, 0, offset, value)
}

/// The instructions of a function, and its links to others.
type Part<'p> = (&'p [Insn], &'p [(usize, usize)]);

/// Returns the branch before an instruction of a program's functions: its function, its index, and whether it
/// jumps.
fn cut(functions: &[Part<'_>], (index, at): (usize, usize)) -> Option<(usize, usize, bool)> {
    let function = |(insns, links): &Part<'_>| Function {
        insns: insns.to_vec(),
        links: links.to_vec(),
        ..Function::default()
    };
    let proof = Proof::of(&Code { functions: functions.iter().map(function).collect() }, None);
    let branch = proof.cuts[index][at]?;
    assert!(!proof.reached[index][at] && proof.reached[branch.function][branch.insn]);
    Some((branch.function, branch.insn, branch.jumps))
}

#[test]
fn the_nearest_branch_that_goes_one_way_is_found() {
    const RANDOM: i32 = 7;
    // The answer is 0, so that both tests of it keep the verifier from the poison.
    let code = [set(6, 0), if_equal(6, 0, 2), if_equal(6, 1, 1), poison(), set(0, 0), exit()];
    assert_eq!(cut(&[(&code, &[])], (0, 3)), Some((0, 1, true)));
    let code = [set(6, 0), if_equal(6, 1, 1), insn(0x05, 0, 0, 1, 0), poison(), set(0, 0), exit()];
    assert_eq!(cut(&[(&code, &[])], (0, 3)), Some((0, 1, false)));
    // A branch that may go both ways is none.
    let code = [
        set(6, 0),
        if_equal(6, 0, 3),
        call(RANDOM),
        if_equal(0, 1, 1),
        poison(),
        set(0, 0),
        exit(),
    ];
    assert_eq!(cut(&[(&code, &[])], (0, 4)), Some((0, 1, true)));
    // From two branches, the instruction is one and two steps away.
    let code = [
        set(6, 0),
        if_equal(6, 1, 2),
        if_equal(6, 2, 2),
        insn(0x05, 0, 0, 2, 0),
        set(7, 0),
        poison(),
        set(0, 0),
        exit(),
    ];
    assert_eq!(cut(&[(&code, &[])], (0, 4)), Some((0, 1, false)));
    assert_eq!(cut(&[(&code, &[])], (0, 5)), Some((0, 2, false)));
}

#[test]
fn a_branch_of_the_caller_guards_a_function() {
    let main = [set(6, 0), if_equal(6, 0, 1), call_function(), set(0, 0), exit()];
    let callee = [set(0, 0), poison(), exit()];
    assert_eq!(cut(&[(&main, &[(2, 1)]), (&callee, &[])], (1, 1)), Some((0, 1, true)));
}

#[test]
fn what_is_reached_or_what_no_code_leads_to_has_no_branch() {
    let code = [set(0, 0), if_equal(0, 1, 1), exit(), poison(), exit(), poison(), exit()];
    let cut = |at| cut(&[(&code, &[])], (0, at));
    assert_eq!([0, 1, 3, 5].map(cut), [None, None, Some((0, 1, false)), None]);
}
