//! Names: long names that share bytes, invalid names, and names with the same hash.

use super::{
    Attack,
    raw::{
        ENUMVAL_EXISTS, ENUMVAL_VALUE, FIELD_EXISTS, Member, Program, TYPE_EXISTS, TYPE_MATCHES,
        Types,
    },
};

/// The length of the longest name that the library reads.
const LONGEST: u32 = 4096;

/// Adds a string of 8,192 times `a`, and returns the offset of its second half. Each offset from there on
/// is another name.
fn long_string(types: &mut Types) -> u32 {
    types.string(vec![b'a'; 2 * LONGEST as usize]) + LONGEST
}

/// Returns the offset of the name with a number.
fn within(start: u32, number: usize) -> u32 {
    start + number as u32 % (LONGEST - 64)
}

/// Types whose names share one long string, each with a relocation.
pub(super) fn suffixes(n: usize) -> Attack {
    let mut program = Program::new();
    let start = long_string(&mut program.types);
    let path = program.types.string("0");
    for number in 0..n {
        let root = program.types.structure(within(start, number), 1, &[]);
        program.relocate(root, path, if number % 2 == 0 { TYPE_EXISTS } else { TYPE_MATCHES });
    }
    program.on_itself()
}

/// One struct, whose members' names share one long string. Relocations are of a missing member whose name
/// starts with the same bytes.
pub(super) fn member_suffixes(n: usize) -> Attack {
    members(n, |number| number)
}

/// The same, with one name for all members.
pub(super) fn members_of_one_name(n: usize) -> Attack {
    members(n, |_| 0)
}

fn members(n: usize, name_of: impl Fn(usize) -> usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (name, path) = (program.types.string("t"), program.types.string("0:0"));
    let types = program.types.string("0");
    let wanted = program.types.string([vec![b'a'; LONGEST as usize - 65], b"b".to_vec()].concat());
    let root = program.types.structure(name, 4, &[[wanted, int, 0]]);
    for _ in 0..n {
        program.relocate(root, path, FIELD_EXISTS);
        program.relocate(root, types, TYPE_MATCHES);
    }
    let mut target = Types::new();
    let int = target.int();
    let start = long_string(&mut target);
    let name = target.string("t");
    let members: Vec<Member> =
        (0..n).map(|number| [within(start, name_of(number)), int, 0]).collect();
    target.structure(name, 4, &members);
    program.on(&target)
}

/// An enum, whose enumerators' names share one long string, and relocations of a missing enumerator.
pub(super) fn enumerator_suffixes(n: usize) -> Attack {
    let mut program = Program::new();
    let (name, path) = (program.types.string("t"), program.types.string("0"));
    let wanted = program.types.string([vec![b'a'; LONGEST as usize - 65], b"b".to_vec()].concat());
    let root = program.types.enumeration(name, &[[wanted, 1]]);
    for _ in 0..n {
        program.relocate(root, path, ENUMVAL_EXISTS);
        program.relocate(root, path, TYPE_MATCHES);
    }
    let mut target = Types::new();
    let start = long_string(&mut target);
    let name = target.string("t");
    let enumerators: Vec<[u32; 2]> =
        (0..n).map(|number| [within(start, number), number as u32]).collect();
    target.enumeration(name, &enumerators);
    program.on(&target)
}

/// Names whose offset is past the last string, and names longer than 4,096 bytes.
pub(super) fn nowhere(n: usize) -> Attack {
    let mut program = Program::new();
    let start = long_string(&mut program.types) - LONGEST;
    let path = program.types.string("0:0");
    for number in 0..n {
        let name = if number % 2 == 0 { 1 << 30 } else { start + number as u32 % 64 };
        let root = program.types.structure(name, 4, &[[name, 1, 0], [name, u32::MAX, 0]]);
        program.relocate(root, path, FIELD_EXISTS);
        program.relocate(root, name, TYPE_EXISTS);
        program.relocate(1 << 30, path, FIELD_EXISTS);
    }
    program.on_itself()
}

/// Returns different names with the same hash. The library's hash multiplies its state, xored with the
/// next 8 bytes, by a factor. The product is 0 if the bytes equal the state, which discards all earlier
/// bytes.
fn collisions() -> impl Iterator<Item = [u8; 16]> {
    const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    (0_u64..).filter_map(|number| {
        let first = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 0x0101_0101_0101_0101;
        let product = u128::from(16 ^ first).wrapping_mul(FACTOR);
        let second = (product >> 64) as u64 ^ product as u64;
        let name = [first.to_le_bytes(), second.to_le_bytes()].concat();
        name.iter().all(|byte| *byte != 0).then(|| name.try_into().expect("16 bytes"))
    })
}

/// Types, members and enumerators whose names have the same hash.
pub(super) fn one_hash(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let names: Vec<u32> = collisions().take(n).map(|name| program.types.string(name)).collect();
    let (types, first, last) = (
        program.types.string("0"),
        program.types.string("0:0"),
        program.types.string(format!("0:{}", n - 1)),
    );
    for name in &names {
        let root = program.types.structure(*name, 4, &[[*name, int, 0]]);
        program.relocate(root, types, TYPE_EXISTS);
        program.relocate(root, first, FIELD_EXISTS);
    }
    let (one, other) = (program.types.string("one"), program.types.string("other"));
    let members: Vec<Member> = names.iter().map(|name| [*name, int, 0]).collect();
    let one = program.types.structure(one, 4, &members);
    let enumerators: Vec<[u32; 2]> =
        (0..).zip(&names).map(|(value, name)| [*name, value]).collect();
    let other = program.types.enumeration(other, &enumerators);
    let enumerator = program.types.string((n - 1).to_string());
    for _ in 0..n {
        program.relocate(one, last, FIELD_EXISTS);
        program.relocate(one, types, TYPE_MATCHES);
        program.relocate(other, enumerator, ENUMVAL_VALUE);
        program.relocate(other, types, TYPE_MATCHES);
    }
    program.on_itself()
}

/// Enumerators whose names differ only in flavor, so that each matches all others.
pub(super) fn flavors(n: usize) -> Attack {
    let mut program = Program::new();
    let names: Vec<u32> =
        (0..n).map(|number| program.types.string(format!("e___{number}"))).collect();
    let name = program.types.string("t");
    let enumerators: Vec<[u32; 2]> =
        (0..).zip(&names).map(|(value, name)| [*name, value]).collect();
    let root = program.types.enumeration(name, &enumerators);
    for number in 0..n {
        let path = program.types.string(number.to_string());
        program.relocate(root, path, ENUMVAL_VALUE);
    }
    let types = program.types.string("0");
    program.relocate(root, types, TYPE_MATCHES);
    program.on_itself()
}

/// Names of one letter and many underscores, in which the flavor is searched from the end.
pub(super) fn underscores(n: usize) -> Attack {
    let mut program = Program::new();
    let long = program.types.string([b"a".to_vec(), vec![b'_'; LONGEST as usize - 2]].concat());
    let path = program.types.string("0");
    for number in 0..n {
        let root = program.types.structure(long + number as u32 % 64, 1, &[]);
        program.relocate(root, path, TYPE_EXISTS);
    }
    program.on_itself()
}
