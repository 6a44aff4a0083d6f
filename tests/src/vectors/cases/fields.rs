//! Fields that are not bitfields.

use super::UNRELATED;
use crate::vectors::case::*;
use crate::vectors::insn::{ldimm64, mov};

const NESTED: &str = "
    struct s {
        int a;
        struct { int b; union { int c; unsigned long d; }; };
        int e[4][2];
    };
";

/// The same fields elsewhere.
const MOVED: &str = "
    struct s {
        int e[4][2];
        unsigned long d @ 40;
        int c;
        int b;
        int a @ 96;
    } @size 104;
";

/// A name, what it shows, the subject, the value before, and the outcome.
type Row = (&'static str, &'static str, &'static str, i32, Expected);

fn all(kind: Kind, types: (&str, &str), rows: impl IntoIterator<Item = Row>) -> Vec<Case> {
    let case = |(name, about, subject, original, expected): Row| {
        case(name, about, types, [relocation(kind, subject, mov(original), expected)])
    };
    rows.into_iter().map(case).collect()
}

fn offsets() -> Vec<Case> {
    let mut cases = all(
        FIELD_BYTE_OFFSET,
        (NESTED, MOVED),
        [
            ("moved", "a member has another offset", "s 0:0", 0, Value(96)),
            ("out-of-anonymous-struct", "a member of an anonymous struct", "s 0:1:0", 8, Value(52)),
            ("out-of-two-levels", "a member of an anonymous union", "s 0:1:1:0", 16, Value(48)),
            ("second-of-union", "another member of the union", "s 0:1:1:1", 16, Value(40)),
            ("array", "a whole array", "s 0:2", 24, Value(0)),
            ("array-of-array", "an element that is an array", "s 0:2:3", 48, Value(24)),
            ("element", "an element of an array of arrays", "s 0:2:3:1", 52, Value(28)),
            // The local struct has 56 bytes, the target's has 104.
            ("root-index", "the first number indexes the root", "s 2:0", 112, Value(2 * 104 + 96)),
            ("root-element", "the root itself as an element", "s 3", 168, Value(3 * 104)),
        ],
    );
    // Modulo 2³², (2³¹ − 1) · 56 · 8 bits are 2³² − 448, and 2³¹ · 56 · 8 bits are 0.
    for (name, about, access, original, why) in [
        (
            "offset-too-large",
            "an offset in bits fits 32 bits",
            "s 2147483647:0",
            (1 << 29) - 56,
            "libbpf keeps the offset in bits as 32 bits, which overflow, so that another field would be read",
        ),
        (
            "number-too-large",
            "a number is at most 2³¹ − 1",
            "s 2147483648:0",
            0,
            "libbpf reads a number with sscanf, and does not notice that it overflows",
        ),
    ] {
        let relocation = relocation(FIELD_BYTE_OFFSET, access, mov(original), Error);
        cases.push(case(name, about, (NESTED, MOVED), [relocation.unlike_libbpf(why)]));
    }
    cases.extend(all(
        FIELD_BYTE_OFFSET,
        (MOVED, NESTED),
        [
            ("into-anonymous-union", "from a plain member into a union", "s 0:1", 40, Value(16)),
            ("into-anonymous-struct", "from a plain member into a struct", "s 0:3", 52, Value(8)),
        ],
    ));
    let levels = "
        struct s { int z; struct { int y; struct { int x; int a @ 12; } @ 4; } @ 64; };
    ";
    cases.extend(all(
        FIELD_BYTE_OFFSET,
        ("struct s { int a; };", levels),
        [("levels-add-up", "offsets of anonymous members add up", "s 0:0", 0, Value(12 + 4 + 64))],
    ));
    let named = (
        "struct in { int x; int a; }; struct s { int b; struct in in; };",
        "struct in { int a; int x; }; struct s { struct in in @ 16; int b; };",
    );
    cases.extend(all(
        FIELD_BYTE_OFFSET,
        named,
        [("named-struct", "a member of a named member", "s 0:1:1", 8, Value(16))],
    ));
    let typedefs = (
        "typedef struct { int a; } in_t; struct s { int b; const in_t in; }; typedef struct s s_t;",
        "struct in { int x; int a; }; struct s { volatile struct in in; int b; }; typedef struct s s_t;",
    );
    cases.extend(all(
        FIELD_BYTE_OFFSET,
        typedefs,
        [
            ("modifiers", "typedefs and modifiers of members are skipped", "s 0:1:0", 4, Value(4)),
            ("typedef-root", "a typedef as the root type", "s_t 0:1:0", 4, Value(4)),
        ],
    ));
    cases
}

fn searches() -> Vec<Case> {
    let local = "struct s { int a @ 4; };";
    let deep = |levels| {
        let inner =
            (0..levels).fold("int a;".to_owned(), |inner, _| format!("struct {{ {inner} }};"));
        format!("struct s {{ {inner} }};")
    };
    let row = |name, about, target: &str, expected| {
        let relocations = [relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(4), expected)];
        case(name, about, (local, target), relocations)
    };
    vec![
        row("no-prefix", "a longer name is another member", "struct s { int ab @ 8; };", Poisoned),
        row(
            "first-of-a-name",
            "the first of two counts",
            "struct s { int a @ 8; int a; };",
            Value(8),
        ),
        row(
            "depth-first",
            "anonymous members are searched in their place",
            "struct s { struct { int x; int a; } @ 8; int a @ 16; };",
            Value(12),
        ),
        row(
            "first-is-incompatible",
            "a first member that is not field-compatible ends the search",
            "struct s { float a @ 8; int a; };",
            Poisoned,
        ),
        row(
            "not-in-named-members",
            "members of named members do not count",
            "struct s { struct { int a; } in; };",
            Poisoned,
        ),
        case(
            "first-in-anonymous-is-incompatible",
            "a first member that is not field-compatible ends the search, also in an anonymous member",
            (local, "struct s { struct { float x; float a; } @ 8; int a @ 16; };"),
            [relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(4), Poisoned).unlike_libbpf(
                "libbpf continues after such a member in an anonymous member, and adds that member's offset \
                 to what it finds; no C compiler accepts a name twice",
            )],
        ),
        // The root, the anonymous members and the member itself.
        row("64-steps", "a path of 64 steps", &deep(62), Value(0)),
        row("65-steps", "a path has at most 64 steps", &deep(63), Error),
    ]
}

fn sizes_and_existence() -> Vec<Case> {
    let mut cases = all(
        FIELD_BYTE_SIZE,
        (NESTED, MOVED),
        [
            ("size-of-int", "the size of an int", "s 0:0", 4, Value(4)),
            ("size-of-array", "the size of a whole array", "s 0:2", 32, Value(32)),
            ("size-of-array-of-array", "the size of an element", "s 0:2:1", 8, Value(8)),
            ("size-of-element", "the size of an element", "s 0:2:1:0", 4, Value(4)),
            ("size-of-root", "the size of the root as an element", "s 3", 56, Value(104)),
        ],
    );
    let arrays = ("struct s { int a[4]; };", "struct s { long a[6]; };");
    cases.extend(all(
        FIELD_BYTE_SIZE,
        arrays,
        [("size-of-longer-array", "another length and element", "s 0:0", 16, Value(48))],
    ));
    let pointers = "struct s { unsigned long *p; unsigned long *q; };";
    let narrow = ["@pointer_size 4; ", pointers].concat();
    cases.extend(all(
        FIELD_BYTE_SIZE,
        (pointers, &narrow),
        [("size-of-pointer", "a target whose pointers have 4 bytes", "s 0:1", 8, Value(4))],
    ));
    cases.extend(all(
        FIELD_BYTE_OFFSET,
        (pointers, &narrow),
        [("after-a-pointer", "a target whose pointers have 4 bytes", "s 0:1", 8, Value(4))],
    ));
    let nothing = "struct s { struct {} a; } @size 4;";
    cases.extend(all(
        FIELD_BYTE_SIZE,
        (nothing, nothing),
        [("size-zero", "a field without bytes", "s 0:0", 0, Value(0))],
    ));
    cases.extend(all(
        FIELD_EXISTS,
        (NESTED, "struct s { int a; };"),
        [
            ("exists", "the target has the field", "s 0:0", 1, Value(1)),
            ("does-not-exist", "the target lacks the field", "s 0:1:0", 1, Value(0)),
            ("root-exists", "the root itself as a field", "s 0", 1, Value(1)),
        ],
    ));
    cases.extend(all(
        FIELD_EXISTS,
        ("struct f;", "struct f;"),
        [("declared-only", "a struct without a definition has no size", "f 0", 1, Error)],
    ));
    cases
}

fn signedness() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, member, signed) in [
        ("int", "int a", 1),
        ("unsigned", "unsigned a", 0),
        ("bool", "_Bool a", 0),
        ("pointer", "int *a", 0),
        ("float", "float a", 0),
        ("struct", "struct {} a", 0),
        ("typedef", "int_t a", 1),
        ("signed-enum", "enum { A = -1 } a", 1),
        ("unsigned-enum", "enum { A = 1 } a", 0),
        ("signed-enum64", "enum : long { A = -1 } a", 1),
        ("unsigned-enum64", "enum : unsigned long { A = 1 } a", 0),
        ("signed-char", "signed_char a", 1),
    ] {
        let types = format!(
            "@int signed_char 1 signed char; typedef const int int_t; struct s {{ {member}; }};"
        );
        let relocations = [relocation(FIELD_SIGNED, "s 0:0", mov(signed), Value(signed as u64))];
        cases.push(case(
            format!("signed-{name}"),
            "INTs have a flag for it, enums their kind_flag; others are not signed",
            (&types, &types),
            relocations,
        ));
    }
    let (signed, unsigned) = ("struct s { int a; };", "struct s { unsigned a; };");
    cases.extend(all(
        FIELD_SIGNED,
        (signed, unsigned),
        [("signed-becomes-unsigned", "each side has its own signedness", "s 0:0", 1, Value(0))],
    ));
    cases.extend(all(
        FIELD_SIGNED,
        (unsigned, signed),
        [("unsigned-becomes-signed", "each side has its own signedness", "s 0:0", 0, Value(1))],
    ));
    cases
}

fn shifts() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, prefix) in [(FIELD_LSHIFT_U64, "left"), (FIELD_RSHIFT_U64, "right")] {
        let types = (
            "struct s { int a; unsigned char b; long c; int d[2]; struct { int x; int y; } e; };",
            "struct s { long a; short b; short c; int d[2]; struct { int x; } e; };",
        );
        for (name, subject, original, value) in [
            ("int", "s 0:0", 64 - 32, 0),
            ("byte", "s 0:1", 64 - 8, 64 - 16),
            ("long", "s 0:2", 0, 48),
        ] {
            cases.push(case(
                format!("{prefix}-shift-of-{name}"),
                "a shift is what the field's size leaves of 64 bits",
                types,
                [relocation(kind, subject, mov(original), Value(value))],
            ));
        }
        cases.push(case(
            format!("{prefix}-shift-of-struct"),
            "a field of 1 to 8 bytes has shifts, of any type",
            types,
            [relocation(kind, "s 0:4", mov(0), Value(32))],
        ));
        let element = ("an element has no shifts", "s 0:3:1");
        cases.push(case(
            format!("{prefix}-shift-of-element"),
            element.0,
            types,
            [relocation(kind, element.1, mov(32), Error)],
        ));
        let wide = "struct s { int a[4]; };";
        cases.push(case(
            format!("{prefix}-shift-of-16-bytes"),
            "no load reads more than 8 bytes",
            (wide, wide),
            [relocation(kind, "s 0:0", ldimm64(0xffff_ffc0), Error).unlike_libbpf(
                "libbpf computes shifts below zero for fields that no load can read",
            )],
        ));
    }
    cases.push(case(
        "signedness-of-element",
        "signedness is not asked of an element",
        (NESTED, MOVED),
        [relocation(FIELD_SIGNED, "s 0:2:1:0", mov(1), Error)],
    ));
    cases
}

fn arrays() -> Vec<Case> {
    let four = "struct s { int len; int data[4]; };";
    let three = "struct s { int len; int data[3]; };";
    let flexible = "struct s { int len; int data[]; };";
    let empty = "struct s { int len; int data[0]; int x; };";
    let inner = "struct s { struct { int len; int data[]; } in; int x; };";
    let union = "union u { int x; int data[]; };";
    let mut cases = Vec::new();
    for (name, about, local, target, subject, original, expected) in [
        ("in-bounds", "the last element", four, four, "s 0:1:3", 16, Value(16)),
        ("out-of-bounds", "the target's array is shorter", four, three, "s 0:1:3", 16, Poisoned),
        (
            "into-flexible",
            "a last array without length has any",
            four,
            flexible,
            "s 0:1:3",
            16,
            Value(16),
        ),
        (
            "out-of-flexible",
            "the target's array has a length",
            flexible,
            three,
            "s 0:1:3",
            16,
            Poisoned,
        ),
        (
            "from-flexible",
            "the local array has no length",
            flexible,
            four,
            "s 0:1:3",
            16,
            Value(16),
        ),
        ("flexible", "both have any element", flexible, flexible, "s 0:1:1000", 4004, Value(4004)),
        (
            "not-the-last",
            "an empty array before other members",
            four,
            empty,
            "s 0:1:0",
            4,
            Poisoned,
        ),
        ("local-not-the-last", "an empty array has no element", empty, four, "s 0:1:0", 4, Error),
        (
            "last-of-inner",
            "the last member of an inner struct",
            inner,
            inner,
            "s 0:0:1:5",
            24,
            Value(24),
        ),
        ("last-of-union", "the last member of a union", union, union, "u 0:1:2", 8, Value(8)),
    ] {
        let relocations = [relocation(FIELD_BYTE_OFFSET, subject, mov(original), expected)];
        cases.push(case(format!("array-{name}"), about, (local, target), relocations));
    }
    cases.push(case(
        "array-became-int",
        "an element does not match what is no array",
        ("struct s { int a[2]; };", "struct s { int a; } @size 8;"),
        [
            relocation(FIELD_BYTE_OFFSET, "s 0:0:1", mov(4), Poisoned),
            relocation(FIELD_EXISTS, "s 0:0", mov(1), Value(0)),
        ],
    ));
    cases.push(case(
        "missing-root",
        "an element of a type that is missing",
        (four, UNRELATED),
        [relocation(FIELD_BYTE_OFFSET, "s 1:0", mov(20), Poisoned)],
    ));
    cases
}

pub(super) fn group() -> Group {
    let cases = rule("field offset", offsets())
        .chain(rule("member search", searches()))
        .chain(rule("field size and existence", sizes_and_existence()))
        .chain(rule("field signedness", signedness()))
        .chain(rule("shifts of whole fields", shifts()))
        .chain(rule("array bounds", arrays()));
    Group {
        name: "fields",
        about: "Fields that are not bitfields: offset, size, existence, signedness and shifts.",
        cases: cases.collect(),
    }
}
