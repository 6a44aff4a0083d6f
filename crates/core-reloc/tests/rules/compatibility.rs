//! The three tests of types: field-compatible, compatible, and match.

use btf_types::{IntEncoding, TypeId, build::Builder};
use core_reloc::RelocKind::*;

use crate::check::*;

/// A type to put into a struct's field, behind a typedef, or behind a pointer.
type Make = fn(&mut Builder<'_>) -> TypeId;

macro_rules! describe {
    ($($name:ident = |$btf:ident| $body:expr;)*) => {
        $(fn $name($btf: &mut Builder<'_>) -> TypeId { $body })*
    };
}

describe! {
    signed = |btf| int(btf);
    not_signed = |btf| u32_(btf);
    wide = |btf| u64_(btf);
    char = |btf| btf.int("char", 1, IntEncoding::new(8, IntEncoding::SIGNED | IntEncoding::CHAR));
    float = |btf| btf.float("float", 4);
    double = |btf| btf.float("double", 8);
    pointer = |btf| { let int = int(btf); btf.ptr(int) };
    void_pointer = |btf| btf.ptr(TypeId::VOID);
    array_2 = |btf| { let int = int(btf); btf.array(int, int, 2) };
    array_3 = |btf| { let int = u32_(btf); btf.array(int, int, 3) };
    pointers = |btf| { let pointer = pointer(btf); let int = int(btf); btf.array(pointer, int, 2) };
    composite = |btf| btf.structure("c", 4).finish();
    other_composite = |btf| btf.union("d", 8).finish();
    anonymous_enum = |btf| btf.enumeration("", 4).enumerator("X", 0).finish();
    enum_e = |btf| btf.enumeration("e", 4).enumerator("X", 0).finish();
    enum_e_flavor = |btf| btf.enumeration("e___2", 4).enumerator("X", 0).enumerator("Y", 1).finish();
    enum_f = |btf| btf.enumeration("f", 4).enumerator("X", 0).finish();
    enum_e_64 = |btf| btf.enumeration64("e", 8).enumerator("X", 0).finish();
    constant = |btf| { let int = int(btf); let c = btf.constant(int); btf.typedef("ci", c) };
    tagged = |btf| { let int = int(btf); let v = btf.volatile(int); btf.type_tag("user", v) };
    restricted = |btf| { let pointer = pointer(btf); btf.restrict(pointer) };
    proto_0 = |btf| btf.func_proto(TypeId::VOID).finish();
    proto_1 = |btf| { let int = int(btf); btf.func_proto(int).param("x", int).finish() };
    proto_u = |btf| { let int = u32_(btf); btf.func_proto(int).param("y", int).finish() };
    proto_p = |btf| { let p = pointer(btf); btf.func_proto(p).param("x", p).finish() };
    forward = |btf| btf.fwd_struct("c");
    union_forward = |btf| btf.fwd_union("c");
    other_forward = |btf| btf.fwd_struct("d");
}

/// Puts each pair to a test.
macro_rules! rows {
    ($check:ident: $($left:ident, $right:ident => $expected:expr;)*) => {
        $($check($left, $right, $expected, concat!(stringify!($left), " ", stringify!($right)));)*
    };
}

/// Relocates between descriptions made at run time.
fn value(
    wrap: fn(&mut Builder<'_>, TypeId),
    local: Make,
    target: Make,
    ask: Ask,
) -> Result<Option<u64>, String> {
    use btf_types::{Btf, ByteOrder};
    use core_reloc::{Relocation, Relocator, Target};

    let bytes = |make: Make| {
        let mut btf = Builder::new(ByteOrder::Little);
        let ty = make(&mut btf);
        wrap(&mut btf, ty);
        btf.finish().unwrap()
    };
    let (local, target) = (bytes(local), bytes(target));
    let (local, target) = (Btf::parse(&local).unwrap(), Btf::parse(&target).unwrap());
    let target = Target::new(&target);
    let relocation =
        Relocation::new(0, root(&local, ask.root), ask.access.parse().unwrap(), ask.kind);
    let resolution = Relocator::new(&local, &target).resolve(&relocation);
    resolution.map(|resolution| resolution.value()).map_err(|error| error.to_string())
}

#[track_caller]
fn field(local: Make, target: Make, expected: u64, pair: &str) {
    let wrap = |btf: &mut Builder<'_>, ty| {
        btf.structure("holder", 64).member("m", ty, 0).finish();
    };
    let ask = ask(FieldExists, "holder", "0:0");
    assert_eq!(value(wrap, local, target, ask), Ok(Some(expected)), "field {pair}");
    assert_eq!(value(wrap, target, local, ask), Ok(Some(expected)), "field, turned, {pair}");
}

#[test]
fn fields_are_compatible_by_kind() {
    rows! { field:
        signed, wide => 1;
        signed, not_signed => 1;
        signed, char => 1;
        signed, float => 0;
        float, double => 1;
        signed, pointer => 0;
        pointer, void_pointer => 1;
        composite, other_composite => 1;
        composite, signed => 0;
        composite, forward => 0;
        array_2, array_3 => 1;
        array_2, pointers => 0;
        array_2, signed => 0;
        signed, constant => 1;
        signed, tagged => 1;
        pointer, restricted => 1;
        enum_e, enum_e_flavor => 1;
        enum_e, enum_f => 0;
        enum_e, enum_e_64 => 1;
        enum_f, enum_e_64 => 0;
        anonymous_enum, enum_f => 1;
        anonymous_enum, signed => 0;
        enum_e, signed => 0;
        forward, forward => 1;
        forward, union_forward => 1;
        forward, other_forward => 0;
        proto_0, proto_0 => 0;
    }
}

#[track_caller]
fn compatible(local: Make, target: Make, expected: u64, pair: &str) {
    let wrap = |btf: &mut Builder<'_>, ty| {
        btf.typedef("holder", ty);
    };
    let ask = ask(TypeExists, "holder", "0");
    assert_eq!(value(wrap, local, target, ask), Ok(Some(expected)), "compatible {pair}");
    assert_eq!(value(wrap, target, local, ask), Ok(Some(expected)), "compatible, turned, {pair}");
}

#[test]
fn types_are_compatible_by_kind_at_each_level() {
    rows! { compatible:
        signed, wide => 1;
        signed, float => 0;
        float, float => 0;
        composite, composite => 1;
        composite, other_composite => 0;
        enum_e, enum_f => 1;
        enum_e, enum_e_64 => 1;
        enum_e, signed => 0;
        enum_e, forward => 0;
        forward, other_forward => 1;
        forward, composite => 0;
        pointer, void_pointer => 0;
        pointer, pointer => 1;
        array_2, array_3 => 1;
        array_2, pointers => 0;
        proto_0, proto_0 => 1;
        proto_0, proto_1 => 0;
        proto_1, proto_u => 1;
        proto_1, proto_p => 0;
        signed, constant => 1;
        signed, tagged => 1;
        pointer, restricted => 1;
    }
}

#[track_caller]
fn matches(local: Make, target: Make, expected: u64, pair: &str) {
    let wrap = |btf: &mut Builder<'_>, ty| {
        btf.typedef("holder", ty);
    };
    let found = value(wrap, local, target, ask(TypeMatches, "holder", "0"));
    assert_eq!(found, Ok(Some(expected)), "match {pair}");
}

#[track_caller]
fn matches_behind_pointer(local: Make, target: Make, expected: u64, pair: &str) {
    let wrap = |btf: &mut Builder<'_>, ty| {
        let pointer = btf.ptr(ty);
        btf.typedef("holder", pointer);
    };
    let found = value(wrap, local, target, ask(TypeMatches, "holder", "0"));
    assert_eq!(found, Ok(Some(expected)), "match behind a pointer {pair}");
}

describe! {
    one = |btf| { let int = int(btf); btf.structure("c", 4).member("a", int, 0).finish() };
    two = |btf| {
        let int = int(btf);
        btf.structure("c", 8).member("b", int, 0).member("a___x", int, 32).finish()
    };
    two_differ = |btf| {
        let int = int(btf);
        let other = u64_(btf);
        btf.structure("c", 16).member("b", int, 0).member("a", other, 64).finish()
    };
    union_one = |btf| { let int = int(btf); btf.union("c", 4).member("a", int, 0).finish() };
    // Of the two members called `a` (which C does not allow), the second matches.
    second_counts = |btf| {
        let int = int(btf);
        let other = u64_(btf);
        btf.structure("c", 16).member("a", other, 0).member("a", int, 64).finish()
    };
    enum_e_short = |btf| btf.enumeration("e", 1).enumerator("X", 0).finish();
    enum_e_64_small = |btf| btf.enumeration64("e", 4).enumerator("X", 9).finish();
    unsigned_int = |btf| btf.int("int", 4, IntEncoding::new(32, 0));
    wide_int = |btf| btf.int("int", 8, IntEncoding::new(64, IntEncoding::SIGNED));
    array_of_2 = |btf| { let int = int(btf); btf.array(int, int, 2) };
    array_of_3 = |btf| { let int = int(btf); btf.array(int, int, 3) };
    proto_named = |btf| { let c = one(btf); btf.func_proto(c).param("z", c).finish() };
    proto_more = |btf| { let c = two(btf); btf.func_proto(c).param("x", c).finish() };
    proto_less = |btf| { let c = one(btf); btf.func_proto(c).finish() };
}

#[test]
fn types_match_by_name_and_member() {
    rows! { matches:
        signed, signed => 1;
        signed, not_signed => 0;
        signed, unsigned_int => 0;
        signed, wide_int => 0;
        signed, constant => 1;
        pointer, restricted => 1;
        restricted, pointer => 1;
        float, float => 0;
        one, two => 1;
        two, one => 0;
        one, two_differ => 0;
        one, second_counts => 1;
        one, union_one => 0;
        one, forward => 0;
        forward, forward => 1;
        forward, union_forward => 0;
        forward, one => 0;
        enum_e, enum_e_flavor => 1;
        enum_e_flavor, enum_e => 0;
        enum_e, enum_f => 0;
        enum_e, enum_e_short => 0;
        enum_e, enum_e_64 => 0;
        enum_e, enum_e_64_small => 1;
        enum_e, signed => 0;
        array_of_2, array_of_2 => 1;
        array_of_2, array_of_3 => 0;
        pointer, pointer => 1;
        pointer, void_pointer => 0;
        proto_named, proto_more => 1;
        proto_more, proto_named => 0;
        proto_named, proto_less => 0;
    }
}

#[test]
fn behind_a_pointer_a_composite_needs_only_name_and_kind() {
    rows! { matches_behind_pointer:
        two, one => 1;
        one, union_one => 0;
        one, forward => 1;
        one, union_forward => 0;
        union_one, union_forward => 1;
        one, other_forward => 0;
        forward, one => 1;
        forward, union_one => 0;
        union_forward, union_one => 1;
        forward, forward => 1;
        forward, union_forward => 0;
        two, signed => 0;
        proto_more, proto_named => 1;
    }
}

#[test]
fn more_levels_than_32_are_an_error() {
    fn pointers<const LEVELS: usize>(btf: &mut Builder<'_>) {
        let mut ty = int(btf);
        for _ in 0..LEVELS {
            ty = btf.ptr(ty);
        }
        btf.typedef("holder", ty);
    }
    fn members<const LEVELS: usize>(btf: &mut Builder<'_>) {
        let mut ty = int(btf);
        for level in 0..LEVELS {
            let name = if level + 1 == LEVELS { "holder" } else { "inner" };
            ty = btf.structure(name, 4).member("m", ty, 0).finish();
        }
    }
    // 31 pointers and the int are 32 levels.
    for kind in [TypeExists, TypeMatches] {
        check(pointers::<31>, pointers::<31>, ask(kind, "holder", "0"), Value(1, 1));
        check(pointers::<32>, pointers::<32>, ask(kind, "holder", "0"), Error("too deep"));
    }
    // 31 structs, each in the next, and the int.
    check(members::<31>, members::<31>, ask(TypeMatches, "holder", "0"), Value(1, 1));
    check(members::<32>, members::<32>, ask(TypeMatches, "holder", "0"), Error("too deep"));
    check(members::<32>, members::<32>, ask(TypeExists, "holder", "0"), Value(1, 1));
}

/// A prototype that takes so many steps to compare that what comes of it is remembered.
fn many_params(btf: &mut Builder<'_>) -> TypeId {
    let int = int(btf);
    let prototype = btf.func_proto(TypeId::VOID);
    (0..150).fold(prototype, |prototype, _| prototype.param("a", int)).finish()
}

/// A `struct t` that does.
fn many_members(btf: &mut Builder<'_>) -> TypeId {
    let int = int(btf);
    let composite = btf.structure("t", 4);
    let name = |number| format!("m{number}");
    (0..150).fold(composite, |composite, number| composite.member(name(number), int, 0)).finish()
}

#[test]
fn types_that_branch_do_not_multiply_the_work() {
    /// Thirty levels, of two members or parameters of the next but for the last: 2²⁹ ways.
    fn members(btf: &mut Builder<'_>) {
        let mut ty = many_members(btf);
        for level in 1..30 {
            let name = if level == 29 { "holder" } else { "inner" };
            ty = btf.structure(name, 4).member("a", ty, 0).member("b", ty, 0).finish();
        }
    }
    fn params(btf: &mut Builder<'_>) {
        let mut ty = many_params(btf);
        for _ in 1..30 {
            ty = btf.func_proto(ty).param("a", ty).param("b", ty).finish();
        }
        btf.typedef("holder", ty);
    }
    check(members, members, ask(TypeMatches, "holder", "0"), Value(1, 1));
    check(params, params, ask(TypeExists, "holder", "0"), Value(1, 1));
    check(params, params, ask(TypeMatches, "holder", "0"), Value(1, 1));
}

#[test]
fn many_members_do_not_multiply_the_work() {
    /// Comparing each with each takes 12 million steps, of which 7 million are granted.
    fn members(btf: &mut Builder<'_>) {
        let int = int(btf);
        let composite = btf.structure("holder", 4);
        let name = |number| format!("m{number}");
        (0..5000).fold(composite, |all, number| all.member(name(number), int, 0)).finish();
    }
    check(members, members, ask(TypeMatches, "holder", "0"), Value(1, 1));
}

#[test]
fn prototypes_nested_deeper_than_32_levels_of_parameters_are_an_error() {
    fn params<const LEVELS: usize>(btf: &mut Builder<'_>) {
        let mut ty = int(btf);
        for _ in 0..LEVELS {
            ty = btf.func_proto(TypeId::VOID).param("a", ty).finish();
        }
        btf.typedef("holder", ty);
    }
    check(params::<32>, params::<32>, ask(TypeExists, "holder", "0"), Value(1, 1));
    check(params::<33>, params::<33>, ask(TypeExists, "holder", "0"), Error("too deep"));
    check(params::<31>, params::<31>, ask(TypeMatches, "holder", "0"), Value(1, 1));
    check(params::<32>, params::<32>, ask(TypeMatches, "holder", "0"), Error("too deep"));
}

describe! {
    old_bits = |btf| btf.int("int", 4, IntEncoding(32 | (3 << 16) | IntEncoding::SIGNED));
    twice_a = |btf| {
        let int = int(btf);
        btf.structure("c", 4).member("a", int, 0).member("a", int, 0).finish()
    };
    enum_e_twice = |btf| btf.enumeration("e", 4).enumerator("X", 0).enumerator("X", 0).finish();
    enum_e_z = |btf| btf.enumeration("e", 4).enumerator("Z", 0).enumerator("W", 1).finish();
    to_two = |btf| { let two = two(btf); let pointer = btf.ptr(two); btf.ptr(pointer) };
    to_one = |btf| { let one = one(btf); let pointer = btf.ptr(one); btf.ptr(pointer) };
    array_of_two = |btf| { let two = two(btf); let int = int(btf); btf.array(two, int, 2) };
    array_of_one = |btf| { let one = one(btf); let int = int(btf); btf.array(one, int, 2) };
    returns_float = |btf| { let f = float(btf); let i = int(btf); btf.func_proto(f).param("x", i).finish() };
    one_param = |btf| { let i = int(btf); btf.func_proto(TypeId::VOID).param("x", i).finish() };
    two_params = |btf| {
        let (i, f) = (int(btf), float(btf));
        btf.func_proto(TypeId::VOID).param("x", i).param("y", f).finish()
    };
    two_ints = |btf| {
        let i = int(btf);
        btf.func_proto(TypeId::VOID).param("x", i).param("y", i).finish()
    };
    flavored = |btf| { let int = int(btf); btf.structure("c___2", 4).member("a", int, 0).finish() };
}

#[test]
fn types_are_compared_at_their_last_level_too() {
    rows! { field:
        old_bits, signed => 0;
        old_bits, old_bits => 0;
    }
    rows! { compatible:
        old_bits, signed => 0;
        old_bits, old_bits => 0;
        void_pointer, void_pointer => 1;
        void_pointer, proto_0 => 0;
        pointer, array_2 => 0;
        proto_1, returns_float => 0;
        two_ints, two_ints => 1;
        two_ints, two_params => 0;
        two_ints, one_param => 0;
        proto_0, one_param => 0;
        to_two, to_one => 1;
    }
    rows! { matches:
        void_pointer, void_pointer => 1;
        void_pointer, proto_0 => 0;
        proto_0, void_pointer => 0;
        pointer, proto_1 => 0;
        pointer, array_of_2 => 0;
        array_of_2, pointer => 0;
        to_two, to_one => 1;
        array_of_one, array_of_two => 1;
        array_of_two, array_of_one => 0;
        two_ints, two_ints => 1;
        two_ints, two_params => 0;
        two_ints, one_param => 0;
        one_param, two_ints => 0;
        proto_0, one_param => 0;
        proto_1, returns_float => 0;
        one, flavored => 1;
        flavored, one => 1;
        one, other_composite => 0;
        // libbpf asks first whether the target has as many members or enumerators.
        twice_a, one => 0;
        enum_e_twice, enum_e => 0;
        enum_e, enum_e_twice => 1;
        enum_e, enum_e_z => 0;
    }
    rows! { matches_behind_pointer:
        array_of_two, array_of_one => 1;
        enum_e_flavor, enum_e => 0;
        to_two, to_one => 1;
        signed, not_signed => 0;
    }
}

/// Ten nested prototypes as the first parameter, and the same behind `LEVELS` more as the second. The
/// innermost has so many parameters that what comes of comparing it is remembered.
fn ten_again<const LEVELS: usize>(btf: &mut Builder<'_>) {
    let mut ten = many_params(btf);
    for _ in 1..10 {
        ten = btf.func_proto(TypeId::VOID).param("a", ten).finish();
    }
    let mut deeper = ten;
    for _ in 0..LEVELS {
        deeper = btf.func_proto(TypeId::VOID).param("a", deeper).finish();
    }
    let outer = btf.func_proto(TypeId::VOID).param("a", ten).param("b", deeper).finish();
    btf.typedef("holder", outer);
}

#[test]
fn what_was_compared_before_counts_with_its_depth() {
    // The outermost prototype, those between, and the ten: 32 levels of parameters. A match counts
    // the int as well.
    let exists = ask(TypeExists, "holder", "0");
    check(ten_again::<21>, ten_again::<21>, exists, Value(1, 1));
    check(ten_again::<22>, ten_again::<22>, exists, Error("too deep"));
    let matches = ask(TypeMatches, "holder", "0");
    check(ten_again::<20>, ten_again::<20>, matches, Value(1, 1));
    check(ten_again::<21>, ten_again::<21>, matches, Error("too deep"));
}

#[test]
fn members_compared_before_count_with_their_depth() {
    fn ten_again<const LEVELS: usize>(btf: &mut Builder<'_>) {
        let mut ten = many_members(btf);
        for _ in 1..10 {
            ten = btf.structure("t", 4).member("m", ten, 0).finish();
        }
        let mut deeper = ten;
        for _ in 0..LEVELS {
            deeper = btf.structure("t", 4).member("m", deeper, 0).finish();
        }
        btf.structure("holder", 8).member("first", ten, 0).member("second", deeper, 32).finish();
    }
    let matches = ask(TypeMatches, "holder", "0");
    check(ten_again::<20>, ten_again::<20>, matches, Value(1, 1));
    check(ten_again::<21>, ten_again::<21>, matches, Error("too deep"));
}
