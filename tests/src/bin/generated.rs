//! Generated programs for a booted kernel; `cargo xtask kernels generated` runs it.
//!
//! ```text
//! generated write RELEASE COUNT FILE      writes programs as the kernel takes them
//! generated conclude KERNEL RELEASE FILE  compares what the kernel did with what is proved, and records it in
//!                                         `tests/generated`
//! ```
//!
//! The second FILE has a line for each program: `@generated`, its number, what the kernel did, and why, separated by
//! tabs.

use std::collections::BTreeMap;
use std::error::Error;
use std::{env, fs};

use core_reloc_tests::programs::recorded::{Did, Recorded, file_of_programs, folder};
use core_reloc_tools::needs::Release;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let release = |text| Release::find(text).ok_or("this is no release");
    match arguments[..] {
        ["write", of, count, file] => {
            Ok(fs::write(file, file_of_programs(release(of)?, count.parse()?))?)
        }
        ["conclude", kernel, of, file] => {
            conclude(kernel, release(of)?, &fs::read_to_string(file)?)
        }
        _ => Err("the arguments are not those that the module describes".into()),
    }
}

fn conclude(kernel: &str, release: Release, text: &str) -> Result<(), Box<dyn Error>> {
    let mut answers = Vec::new();
    let mut reasons = BTreeMap::<&str, u64>::new();
    for line in text.lines() {
        let Some(words) = line.strip_prefix("@generated\t") else { continue };
        let words: Vec<&str> = words.split('\t').map(str::trim).collect();
        let did = words.get(1).and_then(|word| Did::of_word(word)).ok_or(line)?;
        if words[0].parse() != Ok(answers.len()) {
            return Err(format!("program {} has no answer", answers.len()).into());
        }
        answers.push(did);
        if did == Did::Reject {
            *reasons.entry(words.get(2).copied().unwrap_or_default()).or_default() += 1;
        }
    }
    let recorded = Recorded::new(release, answers);
    let compared = recorded.compare();
    println!("{compared}");
    for (why, count) in reasons {
        println!("refused: {count:4} {why}");
    }
    if !compared.wrong.is_empty() {
        return Err(format!("guarded, and refused for poison: {:?}", compared.wrong).into());
    }
    fs::create_dir_all(folder())?;
    Ok(fs::write(folder().join(format!("{kernel}.txt")), recorded.to_string())?)
}
