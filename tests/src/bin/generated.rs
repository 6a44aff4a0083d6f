//! Generated programs for a kernel that is booted elsewhere; `cargo xtask kernels` runs it.
//!
//! - `generated write RELEASE COUNT FILE` writes programs as the kernel takes them
//! - `generated compare RELEASE COUNT ANSWERS` compares what is proved of them with what the kernel did: lines
//!   with a program's number, `loads`, `poison` or `refused`, and the reason, separated by tabs

use std::collections::BTreeMap;
use std::error::Error;
use std::{env, fs};

use core_reloc_tests::programs::{Features, Linked, generate, proof::Proof};
use core_reloc_tools::needs::Release;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [command, release, count, file] = arguments.as_slice() else {
        return Err("usage: generated write|compare RELEASE COUNT FILE".into());
    };
    let release = Release::find(release).ok_or("this is no release")?;
    let count = count.parse()?;
    match command.as_str() {
        "write" => Ok(fs::write(file, write(release, count))?),
        "compare" => compare(release, count, &fs::read_to_string(file)?),
        other => Err(format!("there is no command {other}").into()),
    }
}

/// Returns programs: for each, the numbers of instructions, of functions and of bytes of BTF, and these.
fn write(release: Release, count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for seed in 0..count {
        let Linked { insns, btf, func_info, .. } = generate(seed, Features::of(release)).linked();
        for len in [insns.len(), func_info.len(), btf.len()] {
            bytes.extend((len as u32).to_ne_bytes());
        }
        bytes.extend(insns.concat());
        for function in func_info {
            bytes.extend([function.insn_off, function.type_id].map(u32::to_ne_bytes).concat());
        }
        bytes.extend(btf);
    }
    bytes
}

fn compare(release: Release, count: u64, answers: &str) -> Result<(), Box<dyn Error>> {
    let answers: BTreeMap<u64, (&str, &str)> = answers.lines().filter_map(answer).collect();
    if answers.len() as u64 != count {
        return Err(format!("{} of {count} programs have an answer", answers.len()).into());
    }
    let mut table = BTreeMap::<(&str, &str), u64>::new();
    let mut reasons = BTreeMap::<&str, u64>::new();
    let mut wrong = Vec::new();
    for (seed, (did, why)) in answers {
        let code = generate(seed, Features::of(release));
        let proof = match Proof::of(&code, Some(release)).is_guarded {
            _ if !code.has_poison() => "without poison",
            true => "guarded",
            false => "not proved",
        };
        *table.entry((proof, did)).or_default() += 1;
        match did {
            "poison" if proof == "guarded" => wrong.push(seed),
            "refused" => *reasons.entry(why).or_default() += 1,
            _ => {}
        }
    }
    for ((proof, did), count) in &table {
        println!("{proof:15} {did:8} {count:6}");
    }
    for (why, count) in reasons {
        println!("refused: {count:4} {why}");
    }
    let loaded = |proof| table.get(&(proof, "loads")).copied().unwrap_or(0);
    let (guarded, others) = (loaded("guarded"), loaded("not proved"));
    println!("of those that load with poison, not proved: {others} of {}", guarded + others);
    if wrong.is_empty() && guarded > 0 {
        return Ok(());
    }
    Err(format!("guarded, and refused for poison: {wrong:?}").into())
}

/// Returns a program's number, what the kernel did, and why.
fn answer(line: &str) -> Option<(u64, (&str, &str))> {
    let mut words = line.strip_prefix("@generated\t")?.split('\t');
    let (number, did) = (words.next()?.parse().ok()?, words.next()?);
    Some((number, (did.trim(), words.next().unwrap_or_default().trim())))
}
