//! Many candidates, and many relocations of them.

use super::{
    Attack,
    raw::{
        ENUMVAL_VALUE, FIELD_BYTE_OFFSET, FIELD_EXISTS, Member, PTR, Program, TYPE_EXISTS,
        TYPE_MATCHES, Types,
    },
};

/// `n` root types that are flavors of one name, with a relocation each, and `n` candidates.
fn one_name(
    n: usize,
    kind: u32,
    path: &str,
    mut candidate: impl FnMut(&mut Types, u32, usize),
) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (member, path) = (program.types.string("m"), program.types.string(path));
    for number in 0..n {
        let name = program.types.string(format!("t___{number}"));
        let root = program.types.structure(name, 4, &[[member, int, 0]]);
        program.relocate(root, path, kind);
    }
    let mut target = Types::new();
    let name = target.string("t");
    (0..n).for_each(|number| candidate(&mut target, name, number));
    program.on(&target)
}

/// All candidates match.
pub(super) fn all_match(n: usize) -> Attack {
    one_name(n, TYPE_EXISTS, "0", |target, name, _| {
        target.structure(name, 4, &[]);
    })
}

/// None of the candidates matches, and each has a reason.
pub(super) fn none_matches(n: usize) -> Attack {
    one_name(n, FIELD_EXISTS, "0:0", |target, name, _| {
        target.structure(name, 4, &[]);
    })
}

/// Every root type keeps a list of the half of the candidates that match.
pub(super) fn half_match(n: usize) -> Attack {
    let mut made = None;
    one_name(n, FIELD_EXISTS, "0:0", move |target, name, number| {
        let (int, member) = *made.get_or_insert_with(|| (target.int(), target.string("m")));
        let members: &[Member] = if number % 2 == 0 { &[] } else { &[[member, int, 0]] };
        target.structure(name, 4, members);
    })
}

/// All candidates disagree.
pub(super) fn ambiguous(n: usize) -> Attack {
    let mut made = None;
    one_name(n, FIELD_BYTE_OFFSET, "0:0", move |target, name, number| {
        let (int, member) = *made.get_or_insert_with(|| (target.int(), target.string("m")));
        target.structure(name, 4, &[[member, int, number as u32 * 32]]);
    })
}

/// `n` relocations of one root type, and `n` candidates, none of which matches.
pub(super) fn one_root(n: usize) -> Attack {
    unmatched(n, n)
}

/// `n` relocations of different members of one root type, and `n` candidates with a member each that is none
/// of these.
pub(super) fn all_lack(n: usize) -> Attack {
    different_members(n, |target, int, number| {
        let other = target.string(format!("x{number}"));
        [other, int, 0]
    })
}

/// The same, where each member is in one candidate, with a type that is not compatible.
pub(super) fn all_but_one_lack(n: usize) -> Attack {
    let mut pointer = None;
    different_members(n, move |target, int, number| {
        let pointer = *pointer.get_or_insert_with(|| target.add(0, (PTR, 0), int, []));
        [target.string(format!("m{number}")), pointer, 0]
    })
}

fn different_members(n: usize, mut member: impl FnMut(&mut Types, u32, usize) -> Member) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let members: Vec<Member> =
        (0..n).map(|number| [program.types.string(format!("m{number}")), int, 0]).collect();
    let name = program.types.string("t");
    let root = program.types.structure(name, 4, &members);
    for number in 0..n {
        let path = program.types.string(format!("0:{number}"));
        program.relocate(root, path, FIELD_EXISTS);
    }
    let mut target = Types::new();
    let (int, name) = (target.int(), target.string("t"));
    for number in 0..n {
        let member = member(&mut target, int, number);
        target.structure(name, 8, &[member]);
    }
    program.on(&target)
}

/// `n` candidates, and one relocation.
pub(super) fn candidates_only(n: usize) -> Attack {
    unmatched(1, n)
}

/// Relocations of one root type, and candidates, none of which has the member.
fn unmatched(relocations: usize, candidates: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (name, member) = (program.types.string("t"), program.types.string("m"));
    let root = program.types.structure(name, 4, &[[member, int, 0]]);
    let path = program.types.string("0:0");
    (0..relocations).for_each(|_| program.relocate(root, path, FIELD_EXISTS));
    let mut target = Types::new();
    let name = target.string("t");
    (0..candidates).for_each(|_| {
        target.structure(name, 4, &[]);
    });
    program.on(&target)
}

/// `n` root types with different names, each with one candidate.
pub(super) fn many_roots(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let (member, path) = (program.types.string("m"), program.types.string("0:0"));
    for number in 0..n {
        let name = program.types.string(format!("t{number}"));
        let root = program.types.structure(name, 4, &[[member, int, 0]]);
        program.relocate(root, path, FIELD_EXISTS);
    }
    program.on_itself()
}

/// An enum of `n` enumerators, each with a relocation.
pub(super) fn huge_enum(n: usize) -> Attack {
    let mut program = Program::new();
    let names: Vec<u32> = (0..n).map(|number| program.types.string(format!("E{number}"))).collect();
    let name = program.types.string("t");
    let enumerators: Vec<[u32; 2]> = names.iter().map(|name| [*name, 1]).collect();
    let root = program.types.enumeration(name, &enumerators);
    for number in (0..n).rev() {
        let path = program.types.string(number.to_string());
        program.relocate(root, path, ENUMVAL_VALUE);
    }
    program.on_itself()
}

/// A struct of `n` members, each with a relocation.
pub(super) fn huge_struct(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let members: Vec<Member> =
        (0..n).map(|number| [program.types.string(format!("m{number}")), int, 0]).collect();
    let name = program.types.string("t");
    let root = program.types.structure(name, 4, &members);
    for number in (0..n).rev() {
        let path = program.types.string(format!("0:{number}"));
        program.relocate(root, path, FIELD_EXISTS);
    }
    let types = program.types.string("0");
    program.relocate(root, types, TYPE_MATCHES);
    program.on_itself()
}

/// `n` structs, whose anonymous member is a struct of `n` members. Each struct is searched for the last of
/// these and for a missing member, and matched.
pub(super) fn huge_member_of_many(n: usize) -> Attack {
    let mut program = Program::new();
    let int = program.types.int();
    let members: Vec<Member> =
        (0..n).map(|number| [program.types.string(format!("m{number}")), int, 0]).collect();
    let huge = program.types.structure(0, 4, &members);
    let mut target = program.types.clone();
    let missing = program.types.string("missing");
    let paths = [format!("0:0:{}", n - 1), "0:1".to_string(), "0".to_string()];
    let paths = paths.map(|path| program.types.string(path));
    for number in 0..n {
        let name = program.types.string(format!("t{number}"));
        let root = program.types.structure(name, 4, &[[0, huge, 0], [missing, int, 0]]);
        for (path, kind) in paths.into_iter().zip([FIELD_EXISTS, FIELD_EXISTS, TYPE_MATCHES]) {
            program.relocate(root, path, kind);
        }
        let name = target.string(format!("t{number}"));
        target.structure(name, 4, &[[0, huge, 0], [0, int, 0]]);
    }
    program.on(&target)
}
