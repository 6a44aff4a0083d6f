//! Nested types: branches, cycles and long chains.

use std::iter;

use super::{
    Attack,
    raw::{
        CONST, FIELD_BYTE_OFFSET, FIELD_BYTE_SIZE, FIELD_EXISTS, Member, PTR, Program, TYPE_EXISTS,
        TYPE_MATCHES, TYPE_SIZE, TYPEDEF, Types,
    },
};

/// Returns the access string of `count` zeros.
fn zeros(count: usize) -> String {
    vec!["0"; count].join(":")
}

/// Adds nested composites, each with `width` members of the next composite. The outermost is `t`.
fn composites(types: &mut Types, levels: u32, width: usize, named: bool, last: &str) -> u32 {
    let int = types.int();
    let name = types.string("t");
    let root = types.next();
    let names: Vec<u32> = (0..width)
        .map(|number| if named { types.string(format!("m{number}")) } else { 0 })
        .collect();
    for level in 0..levels {
        let members: Vec<Member> = names.iter().map(|name| [*name, root + level + 1, 0]).collect();
        types.structure(if level == 0 { name } else { 0 }, 4, &members);
    }
    let last = types.string(last);
    types.structure(0, 4, &[[last, int, 0]]);
    root
}

fn branching(levels: u32, width: usize, named: bool) -> Attack {
    let mut program = Program::new();
    let root = composites(&mut program.types, levels, width, named, "here");
    // A member that the target has at no level.
    let missing = program.types.string("missing");
    let (name, int) = (program.types.string("t___missing"), root - 1);
    let other = program.types.structure(name, 4, &[[missing, int, 0]]);
    let types = program.types.string("0");
    let deep = program.types.string(zeros(levels.min(62) as usize + 2));
    let first = program.types.string("0:0");
    for kind in [TYPE_MATCHES, TYPE_EXISTS, TYPE_SIZE] {
        program.relocate(root, types, kind);
    }
    for kind in [FIELD_EXISTS, FIELD_BYTE_OFFSET, FIELD_BYTE_SIZE] {
        program.relocate(root, deep, kind);
        program.relocate(other, first, kind);
    }
    // The innermost member differs, so that the search for a match covers all levels.
    let mut target = Types::new();
    composites(&mut target, levels, width, named, "there");
    program.on(&target)
}

/// 60 levels of anonymous members; each composite has `n` members of the next.
pub(super) fn anonymous_deep(n: usize) -> Attack {
    branching(60, n, false)
}

/// The same, with named members.
pub(super) fn named_deep(n: usize) -> Attack {
    branching(60, n, true)
}

/// The same, with 29 levels, to which `type_matches` descends.
pub(super) fn anonymous(n: usize) -> Attack {
    branching(29, n, false)
}

/// The same, with named members.
pub(super) fn named(n: usize) -> Attack {
    branching(29, n, true)
}

/// Adds nested prototypes, each with `width` parameters of the next prototype, or of pointers to it.
fn prototypes(types: &mut Types, levels: u32, width: usize, pointers: bool, last: u32) -> u32 {
    let name = types.string("t");
    let step = if pointers { 2 } else { 1 };
    let root = types.next();
    types.add(name, (TYPEDEF, 0), root + 1, []);
    for level in 1..=levels {
        let (own, next) = (root + 1 + (level - 1) * step, root + 1 + level * step);
        if pointers {
            types.add(0, (PTR, 0), own + 1, []);
        }
        types.prototype(0, width, if level == levels { last } else { next });
    }
    root
}

fn functions(levels: u32, width: usize, pointers: bool) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let root = prototypes(&mut program.types, levels, width, pointers, int);
    let path = program.types.string("0");
    for kind in [TYPE_MATCHES, TYPE_EXISTS, TYPE_SIZE, TYPE_EXISTS] {
        program.relocate(root, path, kind);
    }
    let mut target = Types::new();
    let int = target.int();
    // The innermost types differ.
    let last = target.array(int, int, 1);
    prototypes(&mut target, levels, width, pointers, last);
    let mut same = Types::new();
    let int = same.int();
    prototypes(&mut same, levels, width, pointers, int);
    let target = if width.is_multiple_of(2) { target } else { same };
    program.on(&target)
}

pub(super) fn functions_deep(n: usize) -> Attack {
    functions(60, n, false)
}

pub(super) fn functions_shallow(n: usize) -> Attack {
    functions(28, n, false)
}

pub(super) fn pointers_to_functions(n: usize) -> Attack {
    functions(28, n, true)
}

/// A cycle of structs, each an anonymous member of the one before.
pub(super) fn circle_of_members(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let first = program.types.next();
    let missing = program.types.string("missing");
    let path = program.types.string("0:1");
    let count = len(n);
    for number in 0..count {
        let name = program.types.string(format!("s{number}"));
        let next = first + (number + 1) % count;
        program.types.structure(name, 4, &[[0, next, 0], [missing, int, 0]]);
    }
    let (root, member) = (program.types.string("s"), program.types.string("elsewhere"));
    let root = program.types.structure(root, 4, &[[0, first, 0], [member, int, 0]]);
    let types = program.types.string("0");
    for number in 0..count {
        program.relocate(first + number, path, FIELD_EXISTS);
        program.relocate(first + number, types, TYPE_MATCHES);
    }
    program.relocate(root, path, FIELD_EXISTS);
    program.on_itself()
}

/// A cycle of types, each of which refers to the next.
fn circle(n: usize, mut add: impl FnMut(&mut Types, u32, u32) -> u32) -> Attack {
    let mut program = Program::new();
    let paths = ["0", "0:0"].map(|path| program.types.string(path));
    let first = program.types.next();
    for number in 0..len(n) {
        let name = program.types.string(format!("t{number}"));
        add(&mut program.types, name, first + (number + 1) % len(n));
    }
    // Named roots with a member in the cycle.
    for number in 0..len(n) {
        let name = program.types.string(format!("r{number}"));
        let (root, member) = (program.types.next(), program.types.string("m"));
        program.types.structure(name, 4, &[[member, first + number, 0]]);
        program.relocate(root, paths[1], FIELD_BYTE_SIZE);
        program.relocate(root, paths[0], TYPE_MATCHES);
        program.relocate(first + number, paths[0], TYPE_SIZE);
    }
    program.on_itself()
}

pub(super) fn circle_of_typedefs(n: usize) -> Attack {
    circle(n, |types, name, next| types.add(name, (TYPEDEF, 0), next, []))
}

pub(super) fn circle_of_modifiers(n: usize) -> Attack {
    circle(n, |types, _, next| types.add(0, (CONST, 0), next, []))
}

/// A cycle of arrays of arrays.
pub(super) fn circle_of_arrays(n: usize) -> Attack {
    circle(n, |types, _, next| types.array(next, next, 1))
}

/// Nested arrays whose size overflows 64 bits: each has 2³² − 1 elements.
pub(super) fn huge_arrays(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let first = program.types.next();
    for number in 0..len(n) {
        let element = if number + 1 == len(n) { int } else { first + number + 1 };
        program.types.array(element, int, u32::MAX);
    }
    let member = program.types.string("m");
    let paths = ["0:0".to_string(), zeros(20), zeros(64), "0:0:2147483647:7".to_string()];
    let paths = paths.map(|path| program.types.string(path));
    for number in 0..len(n) {
        let name = program.types.string(format!("s{number}"));
        let root = program.types.structure(name, 4, &[[member, first + number, 0]]);
        for (path, kind) in iter::zip(paths, [FIELD_BYTE_SIZE, FIELD_BYTE_OFFSET].repeat(2)) {
            program.relocate(root, path, kind);
        }
    }
    program.on_itself()
}

/// One chain of typedefs, each with relocations.
pub(super) fn chain_of_typedefs(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let path = program.types.string("0");
    let first = program.types.next();
    for number in 0..len(n) {
        let name = program.types.string(format!("t{number}"));
        let next = if number + 1 == len(n) { int } else { first + number + 1 };
        program.types.add(name, (TYPEDEF, 0), next, []);
        program.relocate(first + number, path, FIELD_EXISTS);
        program.relocate(first + number, path, TYPE_SIZE);
    }
    program.on_itself()
}

/// A target that consists of one chain of typedefs.
pub(super) fn nothing_but_a_chain(n: usize) -> Attack {
    let mut program = Program::new();
    let (name, path) = (program.types.string("t"), program.types.string("0"));
    let root = program.types.add(name, (TYPEDEF, 0), 0, []);
    program.relocate(root, path, TYPE_EXISTS);
    let mut target = Types::new();
    let name = target.string("t");
    for number in 0..len(n) {
        target.add(name, (TYPEDEF, 0), if number + 1 == len(n) { 0 } else { number + 2 }, []);
    }
    program.on(&target)
}

/// A chain of the maximum length, which every relocation follows from each member.
pub(super) fn long_chain_walked_often(n: usize) -> Attack {
    const LONGEST: u32 = 127;
    let mut program = Program::new();
    let int = program.types.int();
    let first = program.types.next();
    for number in 0..LONGEST {
        let next = if number + 1 == LONGEST { int } else { first + number + 1 };
        program.types.add(0, (CONST, 0), next, []);
    }
    let members: Vec<Member> =
        (0..60).map(|number| [program.types.string(format!("m{number}")), first, 0]).collect();
    let name = program.types.string("s");
    let root = program.types.structure(name, 4, &members);
    let path = program.types.string("0:59");
    let types = program.types.string("0");
    for _ in 0..n {
        program.relocate(root, path, FIELD_EXISTS);
        program.relocate(root, types, TYPE_MATCHES);
    }
    program.on_itself()
}

/// Types of an unknown kind, which claim 2²⁴ − 1 entries of 0 bytes.
pub(super) fn claims_of_nothing(n: usize) -> Attack {
    const UNKNOWN: u32 = 40;
    let mut program = Program::new();
    let name = program.types.string("t");
    let path = program.types.string("0");
    for _ in 0..n {
        let root = program.types.add(name, (UNKNOWN, 0x00ff_ffff), 0, []);
        program.relocate(root, path, TYPE_EXISTS);
    }
    // The layout table has an entry for each kind up to the unknown one. The object has no table.
    let target = program.types.bytes_with_layout(&[[0, 0]; UNKNOWN as usize + 1]);
    let mut known = Program::new();
    let (name, path) = (known.types.string("t"), known.types.string("0"));
    let root = known.types.structure(name, 4, &[]);
    (0..n).for_each(|_| known.relocate(root, path, TYPE_EXISTS));
    Attack { object: known.object(), target }
}

/// A struct that claims 2²⁴ − 1 members, but has `n`.
pub(super) fn claims_of_members(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let name = program.types.string("t");
    let root = program.types.structure(name, 4, &[]);
    let path = program.types.string("0:16777214");
    program.relocate(root, path, FIELD_EXISTS);
    let mut target = Types::new();
    let name = target.string("t");
    let members = (0..n).flat_map(|_| [name, int, 0]);
    target.add(name, (super::raw::STRUCT, 0x00ff_ffff), 4, members);
    program.on(&target)
}

fn len(n: usize) -> u32 {
    u32::try_from(n).expect("a small family")
}
