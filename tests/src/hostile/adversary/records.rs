//! Relocation records and their access strings.

use super::{
    Attack,
    raw::{
        FIELD_BYTE_OFFSET, FIELD_EXISTS, Group, Member, Program, TYPE_EXISTS, Types, ext, object,
    },
};

/// Every relocation patches the same instruction.
pub(super) fn one_instruction(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (name, member) = (program.types.string("t"), program.types.string("m"));
    let root = program.types.structure(name, 4, &[[member, int, 0]]);
    let paths = ["0:0", "0", "0:1"].map(|path| program.types.string(path));
    for number in 0..n {
        let kind = [FIELD_BYTE_OFFSET, TYPE_EXISTS, FIELD_EXISTS, 13][number % 4];
        program.relocate_again(root, paths[number % 3], kind);
    }
    program.on_itself()
}

/// Access strings with the most numbers, through as many levels.
pub(super) fn longest_paths(n: usize) -> Attack {
    const LEVELS: u32 = 62;
    let mut program = Program::new();
    let int = program.types.int();
    let member = program.types.string("m");
    let (name, root) = (program.types.string("t"), program.types.next());
    for level in 0..LEVELS {
        program.types.structure(
            if level == 0 { name } else { 0 },
            4,
            &[[member, root + level + 1, 0]],
        );
    }
    program.types.structure(0, 4, &[[member, int, 0]]);
    let path = program.types.string(vec!["0"; 64].join(":"));
    let too_long = program.types.string(vec!["0"; 65].join(":"));
    for number in 0..n {
        program.relocate(root, if number % 8 == 0 { too_long } else { path }, FIELD_EXISTS);
    }
    program.on_itself()
}

/// Access strings of the maximum length, which consist of zeros.
pub(super) fn long_access_strings(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (name, member) = (program.types.string("t"), program.types.string("m"));
    let root = program.types.structure(name, 4, &[[member, int, 0]]);
    let paths = [vec![b'0'; 4096], [&[b'0'; 2048][..], b":", &[b'0'; 2047]].concat()];
    let paths = paths.map(|path| program.types.string(path));
    (0..n).for_each(|number| program.relocate(root, paths[number % 2], FIELD_EXISTS));
    program.on_itself()
}

/// Groups of one record each, all of the same section.
pub(super) fn groups(n: usize) -> Attack {
    groups_of(n, 16, 1)
}

/// Groups without records, which are as short as a group can be.
pub(super) fn empty_groups(n: usize) -> Attack {
    groups_of(n, 16, 0)
}

/// Records with the length of a page.
pub(super) fn wide_records(n: usize) -> Attack {
    groups_of(n.div_ceil(256), 4096, 1)
}

/// Groups without records, which claim a record size beyond the length of any file.
pub(super) fn endless_records(n: usize) -> Attack {
    let (types, name) = types();
    let group = |_| Group { name, records: Vec::new() };
    let mut ext = ext(16, &(0..n).map(group).collect::<Vec<_>>());
    ext[32..36].copy_from_slice(&0xffff_fffc_u32.to_le_bytes());
    Attack { object: object(&types, &ext, 1), target: types.bytes() }
}

fn types() -> (Types, u32) {
    let mut types = Types::new();
    let name = types.string("p");
    let int = types.int();
    let members: Vec<Member> = vec![[name, int, 0]];
    types.structure(name, 4, &members);
    (types, name)
}

fn groups_of(n: usize, record_size: usize, records: usize) -> Attack {
    let (mut types, name) = types();
    let path = types.string("0:0");
    let record = [0, 2, path, FIELD_EXISTS];
    let group = |_| Group { name, records: vec![record; records] };
    let mut groups: Vec<Group> = (0..n).map(group).collect();
    groups.push(Group { name, records: vec![record] });
    Attack { object: object(&types, &ext(record_size, &groups), 1), target: types.bytes() }
}
