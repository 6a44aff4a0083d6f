//! ELF files with many sections and symbols.

use super::{
    Attack,
    raw::{Elf, FIELD_EXISTS, Group, PROGBITS, Types, ext},
};

/// The most sections, below the number from which ELF needs extended section indices.
const MOST_SECTIONS: usize = 60_000;

/// `n` sections of code, with a relocation each.
pub(super) fn code_sections(n: usize) -> Attack {
    let count = n.min(MOST_SECTIONS);
    let mut types = Types::new();
    let int = types.int();
    let (name, path) = (types.string("t"), types.string("0:0"));
    let root = types.structure(name, 4, &[[name, int, 0]]);
    let mut file = Elf::new();
    let mut groups = Vec::new();
    for number in 0..count {
        let name = format!("p{number}");
        file.add_code(&name, 1);
        let name = types.string(name);
        groups.push(Group { name, records: vec![[0, root, path, FIELD_EXISTS]] });
    }
    let target = types.bytes();
    file.add_types(&target, &ext(16, &groups));
    Attack { object: file.bytes(), target }
}

/// Irrelevant sections, whose names are the same or share one long string.
pub(super) fn useless_sections(n: usize) -> Attack {
    let (mut file, target) = program(64);
    let long = file.name([b'a'; 4000]);
    for number in 0..n.min(MOST_SECTIONS) {
        let name = if number % 2 == 0 { long } else { long + number as u32 % 3900 };
        file.section(name, PROGBITS, 6, Vec::new());
    }
    Attack { object: file.bytes(), target }
}

/// Functions that overlap.
pub(super) fn overlapping_functions(n: usize) -> Attack {
    let (mut file, target) = program(1024);
    for number in 0..n as u64 {
        let start = number % 512;
        file.function(0, 2, start * 8, (number % (1024 - start) + 1) * 8);
    }
    Attack { object: file.bytes(), target }
}

/// Functions in sections without code, and in missing sections.
pub(super) fn useless_symbols(n: usize) -> Attack {
    let (mut file, target) = program(16);
    (0..n).for_each(|number| file.function(1, 3 + (number % 3) as u16, 0, 8));
    Attack { object: file.bytes(), target }
}

/// Returns a program of instructions with a relocation each, and its types. Its code is section 2.
fn program(insns: u32) -> (Elf, Vec<u8>) {
    let mut types = Types::new();
    let int = types.int();
    let (name, path, section) = (types.string("t"), types.string("0:0"), types.string("p"));
    let root = types.structure(name, 4, &[[name, int, 0]]);
    let records = (0..insns).map(|insn| [insn * 8, root, path, FIELD_EXISTS]).collect();
    let target = types.bytes();
    let mut file = Elf::new();
    file.add_code("p", insns);
    file.add_types(&target, &ext(16, &[Group { name: section, records }]));
    (file, target)
}
