//! Why a program that the kernel loads is not proved.

use std::collections::{BTreeMap, BTreeSet};

use core_reloc_tests::programs::{Linked, proof::Proof};

/// Returns what the kernel knows at the first branch that it decides and the proof does not, and what the
/// program has that explains it.
///
/// `steps` is the verifier's log of each instruction. It has lines such as
/// `7: (15) if r6 == 0x1 goto pc+3   ; R6=scalar(...)`.
pub(crate) fn reason(linked: &Linked, proof: &Proof, steps: &str) -> &'static str {
    let lines: Vec<(usize, &str)> = steps.lines().filter_map(instruction).collect();
    let seen: BTreeSet<usize> = lines.iter().map(|(at, _)| *at).collect();
    let is_reached = |at: usize| {
        let after = linked.functions.partition_point(|(_, start)| *start <= at);
        let (function, start) = linked.functions[after - 1];
        proof.reached[function].get(at - start).copied().unwrap_or(false)
    };
    if !proof.is_complete {
        return "too many steps";
    }
    let mut registers = BTreeMap::new();
    for (at, text) in lines {
        registers.extend(values(text));
        let [code, _, o0, o1, ..] = linked.insns[at];
        let is_branch = matches!(code & 0x07, 5 | 6) && !matches!(code & 0xf0, 0x00 | 0x80 | 0x90);
        let target = (at as i64 + 1 + i64::from(i16::from_ne_bytes([o0, o1]))) as usize;
        if is_branch
            && [at + 1, target].iter().any(|next| !seen.contains(next) && is_reached(*next))
        {
            return describe(text, &registers, steps);
        }
    }
    "none that is seen"
}

/// Returns the index and the text of an instruction that a line of the log shows.
fn instruction(line: &str) -> Option<(usize, &str)> {
    let (at, text) = line.split_once(": (")?;
    Some((at.parse().ok()?, text.split_once(") ")?.1))
}

/// Returns the registers that a line of the log shows, with what the kernel knows of them.
fn values(text: &str) -> impl Iterator<Item = (String, String)> {
    let known = text.split_once(';').map_or("", |(_, known)| known);
    known.split_whitespace().filter_map(|word| {
        let (register, value) = word.strip_prefix('R')?.split_once('=')?;
        Some((register.trim_end_matches("_w").to_owned(), value.to_owned()))
    })
}

/// Names what the kernel knows of a branch's operands, and what came before.
fn describe(text: &str, registers: &BTreeMap<String, String>, steps: &str) -> &'static str {
    let branch = text.split_once(';').map_or(text, |(branch, _)| branch);
    let is_range = branch.split_whitespace().any(|operand| {
        let register = operand.strip_prefix(['r', 'w']);
        let known = register.and_then(|register| registers.get(register));
        known.is_some_and(|known| known.starts_with("scalar"))
    });
    let has = |words: &[&str]| words.iter().any(|word| steps.contains(word));
    match () {
        () if is_range => "ranges",
        () if has(&["may_goto", "bpf_loop"]) => {
            "numbers, in a program with a loop that the kernel ends"
        }
        () if has(&["= be16", "= be32", "= be64"]) => "numbers, in a program with byte swaps",
        () => "numbers",
    }
}
