//! The patch: every form of instruction, what it may hold, and what it becomes.

use super::{UNRELATED, declaration};
use crate::vectors::case::*;
use crate::vectors::insn::{Insn, ldimm64, ldsx, ldx, mov, raw, st, stx};

/// `a` is at 8 and 24 and unsigned; `far` is at 32,767 and 32,768; `i` is signed, from 4 to 8 bytes;
/// `p` is a pointer.
const LOCAL: &str = "
    struct s { unsigned a @ 8; unsigned near; unsigned far; int i; unsigned long *p; unsigned char c;
        unsigned e[4]; unsigned long l; unsigned short h; };
";
const TARGET: &str = "
    struct s { unsigned a @ 24; unsigned near @ 32767; unsigned far @ 32768; int i @ 32;
        unsigned long *p @ 40; unsigned char c @ 48; unsigned e[4] @ 64; unsigned long l @ 80; unsigned short h @ 96; };
";

/// As `TARGET`, but with other sizes.
const RESIZED: &str = "
    @pointer_size 4;
    @int u64 8; @int s64 8 signed;
    struct s { u64 a @ 24; unsigned near; unsigned far; s64 i @ 32; unsigned long *p @ 40;
        unsigned short c @ 48; u64 e[4] @ 64; unsigned char l @ 96; unsigned h @ 100; };
";

const A: &str = "s 0:0";

fn one(
    name: &str,
    about: &str,
    target: &str,
    subject: &str,
    insn: Insn,
    expected: Expected,
) -> Case {
    case(name, about, (LOCAL, target), [relocation(FIELD_BYTE_OFFSET, subject, insn, expected)])
}

fn immediates() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, code) in [
        ("mov64", 0xb7),
        ("mov32", 0xb4),
        ("add64", 0x07),
        ("add32", 0x04),
        ("sub64", 0x17),
        ("and64", 0x57),
    ] {
        let alu = |imm| raw(code, 1, 0, 0, imm);
        cases.push(one(name, "the immediate of an ALU operation", TARGET, A, alu(8), Value(24)));
    }
    let rejected = |name: &str, about: &str, insn| one(name, about, TARGET, A, insn, Error);
    cases.extend([
        rejected("mov64-wrong", "the original value is checked", mov(9)),
        rejected("mov64-negative", "the original value is checked", mov(-8)),
        rejected(
            "mov64-register",
            "an ALU operation with a register has no immediate",
            raw(0xbf, 1, 2, 0, 8),
        ),
        rejected(
            "add64-register",
            "an ALU operation with a register has no immediate",
            raw(0x0f, 1, 2, 0, 8),
        ),
        one("mov64-large", "no limit but 32 bits", TARGET, "s 0:2", mov(16), Value(32768)),
    ]);
    let large = "enum e : long { A = 1, B = 0x7fffffff, C = 0xffffffff, D = 0x100000000,
        E = -0x80000000, F = -0x80000001 };";
    let small = "enum e : long { A, B, C, D, E, F };";
    let cut = "libbpf truncates a value of more than 32 bits to fit an ALU operation, so that the program \
               would compute with a wrong number";
    for (name, subject, expected) in [
        ("2-to-the-31st-minus-1", "e 1", Value(0x7fff_ffff)),
        ("2-to-the-32nd-minus-1", "e 2", Value(0xffff_ffff)),
        ("2-to-the-32nd", "e 3", Error),
        ("minus-2-to-the-31st", "e 4", Value(0xffff_ffff_8000_0000)),
        ("minus-2-to-the-31st-minus-1", "e 5", Error),
    ] {
        let original = subject[2..].parse().expect("the index is the value");
        let mut relocation = relocation(ENUMVAL_VALUE, subject, mov(original), expected);
        if expected == Error {
            relocation = relocation.unlike_libbpf(cut);
        }
        let about = "a value fits an immediate if its sign or zero extension is the value";
        cases.push(case(format!("immediate-{name}"), about, (small, large), [relocation]));
    }
    let sizes = ("struct s {} @size 3000000000;", "struct s {} @size 8;");
    let size = |insn| relocation(TYPE_SIZE, "s 0", insn, Value(8));
    let original = 3_000_000_000_u32;
    cases.push(case(
        "original-zero-extended",
        "the immediate is the original value if its zero extension is",
        sizes,
        [size(mov(original.cast_signed())).unlike_libbpf(
            "libbpf sign-extends an immediate before it compares it, so that it is never an original value \
             from 2³¹ to 2³² − 1",
        )],
    ));
    cases.push(case(
        "original-in-64-bits",
        "the same original value in a 64-bit immediate",
        sizes,
        [size(ldimm64(original.into()))],
    ));
    cases
}

fn offsets() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, insn) in [
        ("load", ldx(4, 8)),
        ("sign-extending-load", ldsx(4, 8)),
        ("store", stx(4, 8)),
        ("store-of-immediate", st(4, 8, 77)),
        ("atomic-add", raw(0xc3, 1, 2, 8, 0)),
    ] {
        cases.push(one(name, "the offset of a load or store", TARGET, A, insn, Value(24)));
    }
    cases.extend([
        one("load-wrong", "the original offset is checked", TARGET, A, ldx(4, 12), Error),
        one("load-negative", "the original offset is checked", TARGET, A, ldx(4, -8), Error),
        one("store-wrong", "the original offset is checked", TARGET, A, stx(4, 0), Error),
        one(
            "load-other-size",
            "the size is not checked where the field keeps its own",
            TARGET,
            A,
            ldx(1, 8),
            Value(24),
        ),
        one("offset-32767", "the largest offset", TARGET, "s 0:1", ldx(4, 12), Value(32767)),
        one("offset-32768", "an offset has 15 bits", TARGET, "s 0:2", ldx(4, 16), Error),
        one("store-32768", "an offset has 15 bits", TARGET, "s 0:2", stx(4, 16), Error),
    ]);
    cases
}

fn sizes() -> Vec<Case> {
    let signed_load = "libbpf resizes a sign-extending load, so that the loaded value changes, and no such \
                       load of 8 bytes exists; it is poisoned";
    let resized = |name: &str, about: &str, subject, insn, expected| {
        one(name, about, RESIZED, subject, insn, expected)
    };
    let mut cases = vec![
        resized(
            "u32-to-u64",
            "an unsigned integer: the load becomes one of 8 bytes",
            "s 0:0",
            ldx(4, 8),
            Value(24),
        ),
        resized(
            "u32-to-u64-store",
            "the store becomes one of 8 bytes",
            "s 0:0",
            stx(4, 8),
            Value(24),
        ),
        resized(
            "u32-to-u64-store-of-immediate",
            "the store becomes one of 8 bytes",
            "s 0:0",
            st(4, 8, 1),
            Value(24),
        ),
        resized("u8-to-u16", "a byte becomes two", "s 0:5", ldx(1, 32), Value(48)),
        resized("u16-to-u32", "two bytes become four", "s 0:8", ldx(2, 64), Value(100)),
        resized("u64-to-u8", "8 bytes become one", "s 0:7", ldx(8, 56), Value(96)),
        resized("element-u32-to-u64", "an element of an array", "s 0:6:1", ldx(4, 40), Value(72)),
        resized("pointer", "a pointer becomes one of 4 bytes", "s 0:4", ldx(8, 24), Value(40)),
        resized(
            "size-wrong",
            "the load has not the size of the local field",
            "s 0:0",
            ldx(8, 8),
            Error,
        ),
        resized("s32-to-s64", "a signed integer: poison", "s 0:3", ldx(4, 20), Poisoned),
        resized("s32-to-s64-store", "a signed integer: poison", "s 0:3", stx(4, 20), Poisoned),
        resized(
            "s32-to-s64-wrong",
            "the original offset is checked first",
            "s 0:3",
            ldx(4, 24),
            Error,
        ),
        resized(
            "array-u32-to-u64",
            "a whole array is no integer: poison",
            "s 0:6",
            ldx(4, 36),
            Poisoned,
        ),
        resized("no-access", "the offset in an immediate has no size", "s 0:3", mov(20), Value(32)),
        case(
            "sign-extending-load-u32-to-u64",
            "a sign-extending load keeps its size",
            (LOCAL, RESIZED),
            [relocation(FIELD_BYTE_OFFSET, "s 0:0", ldsx(4, 8), Poisoned)
                .unlike_libbpf(signed_load)],
        ),
        case(
            "sign-extending-load-u64-to-u8",
            "a sign-extending load keeps its size",
            (LOCAL, RESIZED),
            [relocation(FIELD_BYTE_OFFSET, "s 0:8", ldsx(2, 64), Poisoned)
                .unlike_libbpf(signed_load)],
        ),
    ];
    let becomes = |name: &str, local: &str, target: &str, insn, expected| {
        let holder = |member: &str| declaration(member, "a", "struct s { ", " @ 8; } @size 64");
        let about = format!("{local} becomes {target}").replace('$', "a");
        let relocations = [relocation(FIELD_BYTE_OFFSET, "s 0:0", insn, expected)];
        case(name, about, (&holder(local), &holder(target)), relocations)
    };
    cases.extend([
        becomes("s32-to-u64", "int $", "unsigned long $", ldx(4, 8), Poisoned),
        becomes("u32-to-s64", "unsigned $", "long $", ldx(4, 8), Poisoned),
        becomes("u32-to-s32", "unsigned $", "int $", ldx(4, 8), Value(8)),
        becomes("float-to-double", "float $", "double $", ldx(4, 8), Poisoned),
        becomes(
            "struct-grows",
            "struct in { int x; } $",
            "struct in { int x; int y; } $",
            ldx(4, 8),
            Poisoned,
        ),
        becomes(
            "enum-to-enum64",
            "enum e { A } $",
            "enum e : unsigned long { A } $",
            ldx(4, 8),
            Poisoned,
        ),
        becomes("bool-to-u32", "_Bool $", "unsigned $", ldx(1, 8), Value(8)),
        becomes("array-longer", "unsigned $[2]", "unsigned $[4]", ldx(4, 8), Value(8)),
        becomes("u128", "unsigned long $", "unsigned __int128 $", ldx(8, 8), Error),
    ]);
    let char = |size| format!("@int t {size} signed char; struct s {{ t a @ 8; }} @size 64;");
    cases.push(case(
        "signed-char-to-two-bytes",
        "an INT with the signed and the char flag is signed",
        (&char(1), &char(2)),
        [relocation(FIELD_BYTE_OFFSET, "s 0:0", ldx(1, 8), Poisoned).unlike_libbpf(
            "libbpf treats an INT as signed only if its encoding is nothing but signed",
        )],
    ));
    cases
}

fn immediates_of_64_bits() -> Vec<Case> {
    let rejected = |name: &str, about: &str, insn: Insn| one(name, about, TARGET, A, insn, Error);
    let plain = ldimm64(8);
    vec![
        one("ldimm64", "the value is in both slots", TARGET, A, plain, Value(24)),
        one(
            "ldimm64-large",
            "a value of more than 15 bits",
            TARGET,
            "s 0:2",
            ldimm64(16),
            Value(32768),
        ),
        rejected("ldimm64-wrong", "all 64 bits are checked", ldimm64(0x1_0000_0008)),
        rejected(
            "ldimm64-pseudo",
            "the source register is 0",
            raw(0x18, 1, 1, 0, 8).and(0, 0, 0, 0),
        ),
        rejected("ldimm64-offset", "the offset is 0", raw(0x18, 1, 0, 1, 8).and(0, 0, 0, 0)),
        rejected(
            "ldimm64-second-code",
            "the second slot has no opcode",
            raw(0x18, 1, 0, 0, 8).and(1, 0, 0, 0),
        ),
        rejected(
            "ldimm64-second-dst",
            "the second slot has no register",
            raw(0x18, 1, 0, 0, 8).and(0, 1, 0, 0),
        ),
        rejected(
            "ldimm64-second-src",
            "the second slot has no register",
            raw(0x18, 1, 0, 0, 8).and(0, 0, 1, 0),
        ),
        rejected(
            "ldimm64-second-offset",
            "the second slot has no offset",
            raw(0x18, 1, 0, 0, 8).and(0, 0, 0, 1),
        ),
    ]
}

fn poison() -> Vec<Case> {
    let missing =
        |name: &str, insn| one(name, "call 0xbad2310 in every slot", UNRELATED, A, insn, Poisoned);
    let other = |name: &str, code| {
        one(
            name,
            "an instruction of another form has no value",
            TARGET,
            A,
            raw(code, 1, 2, 8, 8),
            Error,
        )
    };
    vec![
        missing("poison-mov", mov(8)),
        missing("poison-load", ldx(4, 8)),
        missing("poison-store", stx(4, 8)),
        missing("poison-ldimm64", ldimm64(8)),
        missing("poison-wrong-value", mov(9)),
        missing("poison-other-form", raw(0x15, 1, 2, 8, 8)),
        other("jump-if-equal", 0x15),
        other("jump32-if-equal", 0x16),
        other("call", 0x85),
        other("exit", 0x95),
        other("load-absolute", 0x20),
        other("load-indirect", 0x40),
    ]
}

fn places() -> Vec<Case> {
    let at = |name: &str, about: &str, insn: Insn, insn_off| {
        case(
            name,
            about,
            (LOCAL, TARGET),
            [relocation(FIELD_BYTE_OFFSET, A, insn, Error).at(insn_off)],
        )
    };
    vec![
        at("misaligned", "an offset is a multiple of 8", mov(8), 4),
        at("one-byte-off", "an offset is a multiple of 8", mov(8), 1),
        at("at-the-end", "the instruction is inside of the code", mov(8), 16),
        at("far-away", "the instruction is inside of the code", mov(8), 0xffff_fff8),
        at("half-an-ldimm64", "both slots are inside of the code", raw(0x18, 1, 0, 0, 8), 0)
            .ending_early(),
        case(
            "several",
            "each instruction is patched on its own",
            (LOCAL, TARGET),
            [
                relocation(FIELD_BYTE_OFFSET, A, mov(8), Value(24)),
                relocation(FIELD_BYTE_OFFSET, A, ldimm64(8), Value(24)),
                relocation(FIELD_BYTE_OFFSET, "s 0:4", ldx(8, 24), Value(40)),
                relocation(FIELD_EXISTS, "s 0:5", mov(1), Value(1)),
                relocation(TYPE_SIZE, "s 0", mov(72), Value(32776)),
            ],
        ),
    ]
}

pub(super) fn group() -> Group {
    let cases = rule("immediates of ALU operations", immediates())
        .chain(rule("offsets of loads and stores", offsets()))
        .chain(rule("sizes of loads and stores", sizes()))
        .chain(rule("immediates of 64 bits", immediates_of_64_bits()))
        .chain(rule("poison and other forms", poison()))
        .chain(rule("place of the instruction", places()));
    Group {
        name: "patch",
        about: "The patch: every form of instruction, what it may hold, and what it becomes.",
        cases: cases.collect(),
    }
}
