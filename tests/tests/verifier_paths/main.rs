//! The paths that `core_reloc_tools::paths` follows, compared with those of the running kernel's verifier:
//! generated programs with poisoned instructions. Where none is reached, the kernel must load the program.

mod cuts;
mod generate;
mod object;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use core_reloc::elf::Object;
use core_reloc_tests::judge::kernel::{Program, ProgramType, loads_programs};
use core_reloc_tools::{needs::Release, paths::Paths};

use self::generate::{Code, generate};

/// The message of the verifier at a poisoned instruction.
const POISON: &str = "195896080";

/// What is found out of a generated program.
enum Found {
    /// It has no poisoned instruction.
    Harmless,
    /// No poisoned instruction is reached, and the kernel loads it.
    Guarded,
    /// One is reached by both.
    Poisoned,
    /// The kernel loads it, but one may be reached.
    NotProved,
    /// The kernel rejects it for another reason.
    Rejected(String),
}

/// Compares a program, and panics if it is proved and the kernel rejects it for poison.
fn compare(seed: u64, release: Option<Release>) -> Found {
    let code = generate(seed);
    let is_guarded = is_guarded(&code, release);
    let loaded = Program::new(ProgramType::RawTracepoint, &code.linked()).load();
    match loaded {
        Ok(_) if !code.has_poison() => Found::Harmless,
        Ok(_) if is_guarded => Found::Guarded,
        Ok(_) => Found::NotProved,
        Err(refused) if refused.log.contains(POISON) => {
            assert!(!is_guarded, "program {seed} is guarded, but {refused}");
            Found::Poisoned
        }
        Err(refused) => {
            let last = refused.log.lines().rev().find(|line| !line.starts_with("processed"));
            Found::Rejected(last.unwrap_or_default().to_owned())
        }
    }
}

/// Returns `true` if no path leads to a poisoned instruction.
fn is_guarded(code: &Code, release: Option<Release>) -> bool {
    let bytes = object::write(code);
    let object = Object::parse(&bytes).unwrap();
    let requirements = object.requirements().unwrap();
    assert_eq!(requirements.functions.len(), code.functions.len());
    let functions: Vec<&[u8]> = requirements.functions.iter().map(|it| it.code).collect();
    let program = &requirements.programs[0];
    let paths = Paths {
        requirements: &requirements,
        code: &functions,
        order: object.byte_order(),
        missing: &BTreeSet::new(),
        release,
        assumptions: None,
    };
    let reached = paths.reached(program.function);
    requirements.functions.iter().enumerate().all(|(index, function)| {
        let (slots, _) = function.code.as_chunks::<8>();
        slots
            .iter()
            .enumerate()
            .all(|(at, slot)| *slot != generate::poison() || !reached.includes(index, at))
    })
}

#[test]
fn guarded_programs_load() {
    if let Err(unheard) = loads_programs() {
        return unheard.skip();
    }
    let count = std::env::var("VERIFIER_PROGRAMS").map_or(1_000, |count| count.parse().unwrap());
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let release = Release::find(&release);
    let (mut harmless, mut guarded, mut poisoned, mut not_proved) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut rejected = BTreeMap::<String, u64>::new();
    for seed in 0..count {
        match compare(seed, release) {
            Found::Harmless => harmless += 1,
            Found::Guarded => guarded += 1,
            Found::Poisoned => poisoned += 1,
            Found::NotProved => not_proved += 1,
            Found::Rejected(why) => *rejected.entry(why).or_default() += 1,
        }
    }
    println!(
        "{harmless} without poison, {guarded} guarded, {poisoned} poisoned, {not_proved} not proved; \
         rejected: {rejected:#?}"
    );
    // The generator must make what the test is about. Most guards must be proved: with 30,000 programs, all but
    // 4.9 % are.
    assert!(guarded * 10 > count && poisoned * 10 > count);
    assert!(rejected.values().sum::<u64>() * 50 < count);
    assert!(not_proved * 10 < guarded + not_proved);
}
