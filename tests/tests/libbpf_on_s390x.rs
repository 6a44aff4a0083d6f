//! Every big-endian object of `fixtures/objects` on every big-endian made-up kernel: we do what
//! libbpf does on a big-endian machine, whose answers `cargo xtask record-s390x` has recorded.
//!
//! On this machine libbpf would compute shifts for the wrong byte order.

use std::collections::BTreeMap;
use std::fs;

use btf_types::Btf;
use core_reloc::elf::{Object, Report};
use core_reloc::{Code, Module, Options, RelocKind, Target};
use core_reloc_tests::data::{fixture, read_fixture};
use core_reloc_tests::judge::accepted::Accepted;

/// What was done about a relocation.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    section: String,
    insn_off: u32,
    status: String,
    /// What the relocation comes to, `-` if to nothing.
    value: String,
    /// The instruction in hexadecimal.
    after: String,
}

impl Answer {
    /// Reads a line of the record.
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

/// Our answer, and what a difference is explained by.
#[derive(Debug)]
struct Ours {
    answer: Answer,
    kind: Option<RelocKind>,
    /// The instruction as it was, in hexadecimal.
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

    /// Whether this is why libbpf's answer is another one: [`Accepted::LargeUnsignedEnumerator`].
    fn is_large_unsigned_enumerator(&self, theirs: &Answer) -> bool {
        const LDIMM64: &str = "1820000080000000";
        let extended = |value: &str| {
            let value: u32 = value.parse().ok()?;
            Some(i64::from(value.cast_signed()).cast_unsigned().to_string())
        };
        let is_explained = match theirs.status.as_str() {
            // The value that the compiler wrote, 2³¹, is not what libbpf extends it to.
            "failed" => self.before.starts_with(LDIMM64),
            _ => extended(&self.answer.value).as_ref() == Some(&theirs.value),
        };
        self.kind == Some(RelocKind::EnumvalValue) && is_explained
    }
}

/// The answers by object and kernel, as the record has them.
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
fn big_endian_objects_relocate_as_on_a_big_endian_machine() {
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
    assert!(compared > 4000 && accepted < 20, "{compared} {accepted}");
}

/// What we make of an object on a kernel with its modules.
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
