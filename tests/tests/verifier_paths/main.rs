//! The paths that `core_reloc_tools::paths` follows, compared with those of the running kernel's verifier:
//! generated programs with poisoned instructions. Where none is reached, the kernel must load the program.

mod cuts;
mod reasons;

use std::collections::BTreeMap;
use std::fs;

use core_reloc_tests::{
    judge::kernel::{Btf, CoreRelos, Program, ProgramType, Refused, loads_programs},
    programs::{Features, Linked, POISON, generate, proof::Proof, recorded::recorded},
};
use core_reloc_tools::needs::Release;

use self::reasons::reason;

/// What is found out of a generated program.
enum Found {
    /// It has no poisoned instruction.
    Harmless,
    /// No poisoned instruction is reached, and the kernel loads it.
    Guarded,
    /// One is reached by both.
    Poisoned,
    /// The kernel loads it, but one may be reached.
    NotProved(&'static str),
    /// The kernel rejects it for another reason.
    Rejected(String),
}

/// Has the running kernel load a program. Returns the verifier's steps if they are wanted.
fn load(linked: &Linked, with_steps: bool) -> Result<String, Refused> {
    let insns = linked.insns.concat();
    let btf = Btf::load(&linked.btf)?;
    let types = CoreRelos { btf: &btf, func_info: &linked.func_info, records: &[] };
    let program = Program::new(ProgramType::RawTracepoint, &insns).with_relocations(types);
    if with_steps { program.steps() } else { program.load().map(|_| String::new()) }
}

/// Compares a program, and panics if it is proved and the kernel rejects it for poison.
fn compare(seed: u64, release: Release) -> Found {
    let code = generate(seed, Features::of(release));
    let (proof, linked) = (Proof::of(&code, Some(release)), code.linked());
    let is_guarded = proof.is_guarded;
    match load(&linked, false) {
        Ok(_) if !code.has_poison() => Found::Harmless,
        Ok(_) if is_guarded => Found::Guarded,
        Ok(_) => {
            let steps = load(&linked, true).unwrap_or_default();
            Found::NotProved(reason(&linked, &proof, &steps))
        }
        Err(refused) if refused.log.contains(POISON) => {
            assert!(!is_guarded, "program {seed} is guarded, but {refused}");
            Found::Poisoned
        }
        Err(refused) => {
            let last = refused.log.lines().rev().find(|line| !line.starts_with("processed"));
            Found::Rejected(format!("{} {}", refused.error, last.unwrap_or_default()))
        }
    }
}

#[test]
fn guarded_programs_load() {
    if let Err(unheard) = loads_programs() {
        return unheard.skip();
    }
    let count = std::env::var("VERIFIER_PROGRAMS").map_or(1_000, |count| count.parse().unwrap());
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let release = Release::find(&release).unwrap();
    let (mut harmless, mut guarded, mut poisoned) = (0_u64, 0_u64, 0_u64);
    let mut reasons = BTreeMap::<&str, u64>::new();
    let mut rejected = BTreeMap::<String, u64>::new();
    for seed in 0..count {
        match compare(seed, release) {
            Found::Harmless => harmless += 1,
            Found::Guarded => guarded += 1,
            Found::Poisoned => poisoned += 1,
            Found::NotProved(why) => *reasons.entry(why).or_default() += 1,
            Found::Rejected(why) => *rejected.entry(why).or_default() += 1,
        }
    }
    let not_proved = reasons.values().sum::<u64>();
    println!(
        "{harmless} without poison, {guarded} guarded, {poisoned} poisoned, {not_proved} not proved; \
         {reasons:#?}; rejected: {rejected:#?}"
    );
    // The generator must make what the test is about.
    assert!(guarded * 10 > count && poisoned * 10 > count);
    assert!(rejected.values().sum::<u64>() * 50 < count);
    // Of many programs, all but 5 % of the guards must be proved; of few, chance plays a part.
    let limit = if count < 10_000 { 10 } else { 20 };
    assert!(not_proved * limit <= guarded + not_proved);
}

/// As for the running kernel, with the recorded answers of those that `cargo xtask kernels generated` has booted.
#[test]
fn programs_that_are_guarded_on_booted_kernels_loaded() {
    let kernels = recorded().unwrap();
    assert!(!kernels.is_empty());
    for (name, recorded) in kernels {
        assert!(
            recorded.is_current(),
            "{name}: the generator has changed: run `cargo xtask kernels generated 2000`"
        );
        let compared = recorded.compare();
        println!("{name}\n{compared}");
        assert!(compared.wrong.is_empty(), "{name}: {:?}", compared.wrong);
        let (proved, others) = compared.loaded();
        assert!(proved > others * 4, "{name}: {proved} are proved, {others} are not");
    }
}
