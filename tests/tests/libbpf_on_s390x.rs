//! Relocates every big-endian object of the fixtures for every big-endian made-up kernel. The results must
//! be those of libbpf on a big-endian machine, which `cargo xtask record-s390x` records.
//!
//! On a little-endian machine, libbpf computes shifts for the wrong byte order.

use std::collections::BTreeMap;
use std::fs;

use btf_types::Btf;
use core_reloc::elf::{Object, Report};
use core_reloc::{Code, Module, Options, RelocKind, Target};
use core_reloc_tests::data::{fixture, read_fixture};
use core_reloc_tests::judge::accepted::Accepted;

/// The result of a relocation.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    section: String,
    insn_off: u32,
    status: String,
    /// The new value, or `-` without one.
    value: String,
    /// The patched instruction in hexadecimal.
    after: String,
}

impl Answer {
    /// Parses a recorded line.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map(str::to_owned);
        let answer = Self {
            section: words.next()?,
            insn_off: words.next()?.parse().ok()?,
            status: words.next()?,
            value: words.next()?,
            after: words.next()?,
        };
        words.next().is_none().then_some(answer)
    }
}

/// Our answer, and what may explain a difference.
#[derive(Debug)]
struct Ours {
    answer: Answer,
    kind: Option<RelocKind>,
    /// The original instruction in hexadecimal.
    before: String,
}

impl Ours {
    fn new(report: &Report<'_>) -> Self {
        let relocation = &report.relocation;
        let code = |code: Option<Code>| code.map_or_else(String::new, |code| code.to_string());
        let value = report.outcome.value();
        let answer = Answer {
            section: relocation.section().to_string(),
            insn_off: relocation.insn_off(),
            status: report.outcome.name().to_owned(),
            value: value.map_or_else(|| "-".to_owned(), |value| value.to_string()),
            after: code(report.after),
        };
        Self { answer, kind: relocation.kind(), before: code(report.before) }
    }

    /// Returns `true` if [`Accepted::LargeUnsignedEnumerator`] explains the difference from libbpf's answer.
    fn is_large_unsigned_enumerator(&self, theirs: &Answer) -> bool {
        // 2³¹, which the compiler zero-extends, and libbpf sign-extends.
        const LARGE: &str = "18200000800000000000000000000000";
        // 0xff00000000, of an enum of 64 bits.
        const WIDE: &str = "182000000000000000000000000000ff";
        let extended = |value: &str| {
            let value: u32 = value.parse().ok()?;
            Some(i64::from(value.cast_signed()).cast_unsigned().to_string())
        };
        self.kind == Some(RelocKind::EnumvalValue)
            && match self.before.as_str() {
                LARGE => theirs.status == "failed",
                WIDE => extended(&self.answer.value).as_ref() == Some(&theirs.value),
                _ => false,
            }
    }
}

/// Returns the recorded answers, by object and kernel.
fn recorded() -> BTreeMap<(String, String), Vec<Answer>> {
    let text = fs::read_to_string(fixture("expected/libbpf-s390x.txt")).unwrap();
    let mut recorded: BTreeMap<_, Vec<Answer>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => {
                if let Some((object, kernel)) = heading.split_once(" on ") {
                    current = Some((object.to_owned(), kernel.to_owned()));
                }
            }
            None => {
                let key = current.clone().expect("a heading comes first");
                let answer = Answer::parse(line).unwrap_or_else(|| panic!("{line}"));
                recorded.entry(key).or_default().push(answer);
            }
        }
    }
    recorded
}

#[test]
fn big_endian_objects_are_relocated_as_by_libbpf_on_a_big_endian_machine() {
    let recorded = recorded();
    let (mut compared, mut accepted) = (0, 0);
    for ((object, kernel), theirs) in &recorded {
        let bytes = read_fixture(&format!("objects/{object}"));
        let ours = relocate(&bytes, kernel);
        assert_eq!(ours.len(), theirs.len(), "{object} on {kernel}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            compared += 1;
            if ours.answer != *theirs {
                let is_accepted = ours.is_large_unsigned_enumerator(theirs);
                assert!(is_accepted, "{object} on {kernel}\nours:   {ours:?}\nlibbpf: {theirs:?}");
                accepted += 1;
            }
        }
    }
    println!("{compared} relocations, {accepted} of them {}", Accepted::LargeUnsignedEnumerator);
    assert!(compared > 4000 && accepted < 60, "{compared} {accepted}");
}

/// Relocates an object for a kernel and its modules.
fn relocate(object: &[u8], kernel: &str) -> Vec<Ours> {
    let main = read_fixture(&format!("btf/{kernel}"));
    let main = Btf::parse(&main).unwrap();
    let prefix = kernel.strip_suffix("btf").unwrap();
    let mut modules: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in fs::read_dir(fixture("btf")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name != kernel && name.starts_with(prefix) {
            modules.push((name.to_owned(), fs::read(&path).unwrap()));
        }
    }
    modules.sort();
    let split: Vec<Btf<'_>> =
        modules.iter().map(|(_, bytes)| Btf::parse_split(bytes, &main).unwrap()).collect();
    let modules = modules.iter().zip(&split).map(|((name, _), btf)| Module { name, btf });
    let target = Target::new(&main).with_modules(modules);
    let object = Object::parse(object).unwrap();
    object.relocate(&target, Options::default()).map(|report| Ours::new(&report)).collect()
}
