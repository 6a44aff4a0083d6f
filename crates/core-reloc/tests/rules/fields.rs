//! Fields: offsets, sizes, existence, signedness and shifts of what is no bitfield.

use core_reloc::RelocKind::*;

use crate::check::*;

/// `struct s { int a; struct { int b; union { int c; unsigned long d; }; }; int e[4][2]; }`
fn nested(btf: &mut btf_types::build::Builder<'_>) {
    let int = int(btf);
    let long = u64_(btf);
    let union = btf.union("", 8).member("c", int, 0).member("d", long, 0).finish();
    let inner = btf.structure("", 16).member("b", int, 0).member("", union, 64).finish();
    let pair = btf.array(int, int, 2);
    let array = btf.array(pair, int, 4);
    btf.structure("s", 56)
        .member("a", int, 0)
        .member("", inner, 64)
        .member("e", array, 192)
        .finish();
}

/// The same fields elsewhere: `struct s { int e[4][2]; int d; int c; int b; ... int a at 96 }`.
fn moved(btf: &mut btf_types::build::Builder<'_>) {
    let int = int(btf);
    let long = u64_(btf);
    let pair = btf.array(int, int, 2);
    let array = btf.array(pair, int, 4);
    btf.structure("s", 104)
        .member("e", array, 0)
        .member("d", long, 320)
        .member("c", int, 384)
        .member("b", int, 416)
        .member("a", int, 768)
        .finish();
}

#[test]
fn offsets_follow_the_names_through_anonymous_members() {
    for (access, original, value) in [
        ("0:0", 0, 96),
        ("0:1:0", 8, 52),
        ("0:1:1:0", 16, 48),
        ("0:1:1:1", 16, 40),
        ("0:2", 24, 0),
        ("0:2:3", 24 + 3 * 8, 3 * 8),
        ("0:2:3:1", 24 + 3 * 8 + 4, 3 * 8 + 4),
    ] {
        check(nested, moved, ask(FieldByteOffset, "s", access), Value(original, value));
        // And from plain members into anonymous ones, the other way round.
        check(nested, nested, ask(FieldByteOffset, "s", access), Value(original, original));
    }
    for (access, original, value) in
        [("0:1", 40, 16), ("0:2", 48, 16), ("0:3", 52, 8), ("0:4", 96, 0)]
    {
        check(moved, nested, ask(FieldByteOffset, "s", access), Value(original, value));
    }
}

#[test]
fn the_first_number_indexes_the_root() {
    check(nested, moved, ask(FieldByteOffset, "s", "2:0"), Value(2 * 56, 2 * 104 + 96));
    check(nested, moved, ask(FieldByteOffset, "s", "3"), Value(3 * 56, 3 * 104));
    check(nested, moved, ask(FieldByteSize, "s", "3"), Value(56, 104));
}

#[test]
fn sizes_are_of_the_whole_field_or_of_the_element() {
    for (access, size) in [("0:0", 4), ("0:1:1:1", 8), ("0:2", 32), ("0:2:1", 8), ("0:2:1:0", 4)] {
        check(nested, moved, ask(FieldByteSize, "s", access), Value(size, size));
    }
}

#[test]
fn existence_is_one_or_zero() {
    fn without_b(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    check(nested, without_b, ask(FieldExists, "s", "0:0"), Value(1, 1));
    check(nested, without_b, ask(FieldExists, "s", "0:1:0"), Value(1, 0));
    check(nested, empty, ask(FieldExists, "s", "0:0"), Value(1, 0));
    for kind in [FieldByteOffset, FieldByteSize, FieldSigned, FieldLshiftU64, FieldRshiftU64] {
        check(nested, without_b, ask(kind, "s", "0:1:0"), Unresolved);
        check(nested, empty, ask(kind, "s", "0:1:0"), Unresolved);
    }
}

#[test]
fn signedness_is_that_of_integers_and_enums() {
    use btf_types::IntEncoding;

    fn fields(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let unsigned = u32_(btf);
        let flags = IntEncoding::SIGNED | IntEncoding::CHAR;
        let char = btf.int("char", 1, IntEncoding::new(8, flags));
        let bool = btf.int("_Bool", 1, IntEncoding::new(8, IntEncoding::BOOL));
        let signed_enum = btf.enumeration("se", 4).signed().enumerator("A", -1).finish();
        let unsigned_enum = btf.enumeration("ue", 4).enumerator("B", 1).finish();
        let signed_wide = btf.enumeration64("se64", 8).signed().enumerator("C", -1).finish();
        let pointer = btf.ptr(int);
        let constant = btf.constant(int);
        let typedef = btf.typedef("int_t", constant);
        let float = btf.float("float", 4);
        btf.structure("s", 64)
            .member("m0", int, 0)
            .member("m1", unsigned, 32)
            .member("m2", char, 64)
            .member("m3", bool, 72)
            .member("m4", signed_enum, 96)
            .member("m5", unsigned_enum, 128)
            .member("m6", signed_wide, 192)
            .member("m7", pointer, 256)
            .member("m8", typedef, 320)
            .member("m9", float, 352)
            .finish();
    }
    for (access, signed) in [
        ("0:0", 1),
        ("0:1", 0),
        ("0:2", 1),
        ("0:3", 0),
        ("0:4", 1),
        ("0:5", 0),
        ("0:6", 1),
        ("0:7", 0),
        ("0:8", 1),
        ("0:9", 0),
    ] {
        check(fields, fields, ask(FieldSigned, "s", access), Value(signed, signed));
    }
}

#[test]
fn a_field_keeps_its_answer_about_signedness_per_side() {
    fn signed(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    fn not_signed(btf: &mut btf_types::build::Builder<'_>) {
        let int = u32_(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    check(signed, not_signed, ask(FieldSigned, "s", "0:0"), Value(1, 0));
    check(not_signed, signed, ask(FieldSigned, "s", "0:0"), Value(0, 1));
}

#[test]
fn elements_have_neither_signedness_nor_shifts() {
    for kind in [FieldSigned, FieldLshiftU64, FieldRshiftU64] {
        check(nested, moved, ask(kind, "s", "0:2:1:0"), Error("array element"));
        check(nested, empty, ask(kind, "s", "0:2:1:0"), Error("array element"));
    }
}

#[test]
fn shifts_of_whole_fields_are_what_their_size_leaves() {
    // A field of 4 bytes: 32 bits to throw away on either side. In big-endian code the load puts it
    // at the low end all the same.
    for kind in [FieldLshiftU64, FieldRshiftU64] {
        check(nested, moved, ask(kind, "s", "0:0"), Value(32, 32));
        check(nested, moved, ask(kind, "s", "0:1:1:1"), Value(0, 0));
        check(nested, moved, ask(kind, "s", "0:2"), Error("1 to 8 bytes"));
    }
}

#[test]
fn array_indices_are_in_bounds_or_the_array_is_flexible() {
    fn sized<const LEN: u32, const LAST: bool>(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let array = btf.array(int, int, LEN);
        let builder = btf.structure("s", 4 + 4 * LEN).member("len", int, 0);
        let builder = builder.member("data", array, 32);
        if LAST {
            builder.finish()
        } else {
            builder.member("x", int, 32 + 32 * LEN).finish()
        };
    }
    let data = |access| ask(FieldByteOffset, "s", access);
    check(sized::<4, true>, sized::<4, true>, data("0:1:3"), Value(16, 16));
    check(sized::<4, true>, sized::<3, true>, data("0:1:3"), Unresolved);
    check(sized::<4, true>, sized::<0, true>, data("0:1:3"), Value(16, 16));
    check(sized::<4, true>, sized::<0, false>, data("0:1:3"), Unresolved);
    check(sized::<0, true>, sized::<4, true>, data("0:1:3"), Value(16, 16));
    check(sized::<0, true>, sized::<0, true>, data("0:1:1000"), Value(4004, 4004));
    check(sized::<4, true>, sized::<4, true>, data("0:1:4"), Error("element 4"));
    check(sized::<0, false>, sized::<4, true>, data("0:1:0"), Error("element 0"));
}

#[test]
fn what_is_no_array_in_the_target_does_not_match_an_element() {
    fn array(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let array = btf.array(int, int, 2);
        btf.structure("s", 8).member("a", array, 0).finish();
    }
    fn scalar(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 8).member("a", int, 0).finish();
    }
    check(array, scalar, ask(FieldByteOffset, "s", "0:0:1"), Unresolved);
    check(array, scalar, ask(FieldExists, "s", "0:0"), Value(1, 0));
}

#[test]
fn paths_that_lead_nowhere_are_errors() {
    for (access, part) in [
        ("0:9", "member 9"),
        ("0:0:0", "neither members nor elements"),
        ("0:1:1:2", "member 2"),
        ("0:2:4", "element 4"),
        ("x", "'x'"),
        ("", "no number"),
    ] {
        check(nested, moved, ask(FieldByteOffset, "s", access), Error(part));
    }
}

#[test]
fn an_offset_that_does_not_fit_is_an_error() {
    // 2³¹ − 1 elements of 56 bytes are more than 2³² bits.
    check(nested, moved, ask(FieldByteOffset, "s", "2147483647:0"), Error("32 bits"));
}

#[test]
fn nesting_deeper_than_a_spec_is_an_error() {
    fn deep<const LEVELS: usize>(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let mut inner = btf.structure("", 4).member("a", int, 0).finish();
        for _ in 1..LEVELS {
            inner = btf.structure("", 4).member("", inner, 0).finish();
        }
        btf.structure("s", 4).member("", inner, 0).finish();
    }
    fn flat(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    // One step for the root, one for each anonymous level, and one for the member: at most 64.
    check(flat, deep::<62>, ask(FieldByteOffset, "s", "0:0"), Value(0, 0));
    check(flat, deep::<63>, ask(FieldByteOffset, "s", "0:0"), Error("too deep"));
}

#[test]
fn members_that_branch_do_not_multiply_the_work() {
    /// Sixty levels, each with the next one twice: 2⁶⁰ ways, none of which leads to the name.
    fn branching(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let mut inner = btf.structure("", 4).member("other", int, 0).finish();
        for _ in 0..60 {
            inner = btf.union("", 4).member("", inner, 0).member("", inner, 0).finish();
        }
        btf.structure("s", 8).member("", inner, 0).member("late", int, 32).finish();
    }
    fn local(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 8).member("late", int, 0).member("never", int, 32).finish();
    }
    check(local, branching, ask(FieldByteOffset, "s", "0:0"), Value(0, 4));
    check(local, branching, ask(FieldExists, "s", "0:1"), Value(1, 0));
}

#[test]
fn members_that_lack_the_name_leave_no_trace() {
    /// 70 anonymous members of four bytes each, and then the one that is looked for.
    fn many(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let inner = btf.structure("", 4).member("other", int, 0).finish();
        let mut outer = btf.structure("s", 71 * 4);
        for position in 0..70 {
            outer = outer.member("", inner, 32 * position);
        }
        outer.member("a", int, 32 * 70).finish();
    }
    fn plain(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    check(plain, many, ask(FieldByteOffset, "s", "0:0"), Value(0, 70 * 4));
}

#[test]
fn what_was_searched_before_counts_with_its_depth() {
    /// Ten levels without the name, 70 times; then the same ten behind `LEVELS` more.
    fn repeated<const LEVELS: usize>(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let mut ten = btf.structure("", 4).member("other", int, 0).finish();
        for _ in 1..10 {
            ten = btf.structure("", 4).member("", ten, 0).finish();
        }
        let mut deeper = ten;
        for _ in 0..LEVELS {
            deeper = btf.structure("", 4).member("", deeper, 0).finish();
        }
        let mut outer = btf.structure("s", 8);
        for _ in 0..70 {
            outer = outer.member("", ten, 0);
        }
        outer.member("", deeper, 0).member("late", int, 32).finish();
    }
    fn local(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("late", int, 0).finish();
    }
    // The root, the anonymous member, the levels and the ten: at most 64 steps.
    let late = ask(FieldByteOffset, "s", "0:0");
    check(local, repeated::<52>, late, Value(0, 4));
    check(local, repeated::<53>, late, Error("too deep"));
}

#[test]
fn offsets_add_up_through_anonymous_members() {
    fn levels(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        let a = btf.structure("", 16).member("x", int, 0).member("a", int, 96).finish();
        let b = btf.structure("", 64).member("y", int, 0).member("", a, 32).finish();
        btf.structure("s", 128).member("z", int, 0).member("", b, 512).finish();
    }
    fn plain(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    check(plain, levels, ask(FieldByteOffset, "s", "0:0"), Value(0, 12 + 4 + 64));
}

#[test]
fn what_has_no_size_cannot_be_indexed() {
    fn declared(btf: &mut btf_types::build::Builder<'_>) {
        btf.fwd_struct("f");
    }
    for access in ["0", "1"] {
        check(declared, declared, ask(FieldExists, "f", access), Error("has no size"));
    }
}

#[test]
fn shifts_of_fields_between_bytes_keep_the_rest_of_the_offset() {
    use btf_types::{Btf, ByteOrder};
    use core_reloc::{Target, resolve_bitfield_shifts};

    fn between(btf: &mut btf_types::build::Builder<'_>) {
        let int = int(btf);
        btf.structure("s", 16).member("a", int, 35).finish();
    }
    // 32 bits from bit 35 on: 3 bits behind the byte that the load begins at.
    for (order, left) in [(ByteOrder::Little, 64 - (3 + 32)), (ByteOrder::Big, (8 - 4) * 8 + 3)] {
        let bytes = build(order, between);
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        let shifts = resolve_bitfield_shifts(&btf, &target, root(&btf, "s"), "0:0");
        let shifts = shifts.unwrap().unwrap();
        assert_eq!((shifts.left, shifts.right), (left, 32), "{order}");
    }
    check(between, between, ask(FieldByteOffset, "s", "0:0"), Value(35 / 8, 35 / 8));
}

#[test]
fn a_field_without_bytes_has_no_shifts() {
    fn nothing(btf: &mut btf_types::build::Builder<'_>) {
        let none = btf.structure("none", 0).finish();
        btf.structure("s", 4).member("a", none, 0).finish();
    }
    check(nothing, nothing, ask(FieldLshiftU64, "s", "0:0"), Error("1 to 8 bytes"));
    check(nothing, nothing, ask(FieldByteSize, "s", "0:0"), Value(0, 0));
}

#[test]
fn loads_follow_where_both_are_pointers_or_unsigned_integers() {
    use btf_types::{TypeId, build::Builder};
    use core_reloc::Resize::{self, Same, To, Unsafe};

    type Make = fn(&mut Builder<'_>) -> TypeId;
    let rows: [(Make, Make, &str, Resize); 11] = [
        (u32_, u64_, "0:0", To { from: 4, to: 8 }),
        (u64_, u32_, "0:0", To { from: 8, to: 4 }),
        (u32_, int, "0:0", Same),
        (int, u64_, "0:0", Unsafe { from: 4, to: 8 }),
        (u64_, int, "0:0", Unsafe { from: 8, to: 4 }),
        (|btf| btf.float("f", 4), |btf| btf.float("d", 8), "0:0", Unsafe { from: 4, to: 8 }),
        // An array is neither, but its elements may be.
        (pair::<4>, pair::<8>, "0:0", Unsafe { from: 4, to: 8 }),
        (pair::<4>, pair::<8>, "0:0:1", To { from: 4, to: 8 }),
        // What is loaded of an array is an element, however many there are.
        (pair::<4>, four::<4>, "0:0", Same),
        (four_pairs::<4>, four_pairs::<8>, "0:0", Unsafe { from: 4, to: 8 }),
        (four_pairs::<4>, four_pairs::<4>, "0:0", Same),
    ];
    for (local, target, access, expected) in rows {
        let wrap = |make: Make| {
            let mut btf = Builder::new(btf_types::ByteOrder::Little);
            let ty = make(&mut btf);
            btf.structure("s", 64).member("a", ty, 0).finish();
            btf.finish().unwrap()
        };
        let (local, target) = (wrap(local), wrap(target));
        let local = btf_types::Btf::parse(&local).unwrap();
        let target = btf_types::Btf::parse(&target).unwrap();
        let target = core_reloc::Target::new(&target);
        let access = access.parse().unwrap();
        let relocation = core_reloc::Relocation::new(0, root(&local, "s"), access, FieldByteOffset);
        let resolution = core_reloc::Relocator::new(&local, &target).resolve(&relocation).unwrap();
        assert_eq!(resolution.change.unwrap().resize, expected, "{relocation:?}");
    }
}

fn pair<const SIZE: u32>(btf: &mut btf_types::build::Builder<'_>) -> btf_types::TypeId {
    let element = unsigned(btf, "element", SIZE);
    btf.array(element, element, 2)
}

fn four<const SIZE: u32>(btf: &mut btf_types::build::Builder<'_>) -> btf_types::TypeId {
    let element = unsigned(btf, "element", SIZE);
    btf.array(element, element, 4)
}

fn four_pairs<const SIZE: u32>(btf: &mut btf_types::build::Builder<'_>) -> btf_types::TypeId {
    let pair = pair::<SIZE>(btf);
    btf.array(pair, pair, 4)
}

#[test]
fn only_pointers_and_unsigned_integers_change_the_size_of_a_load() {
    use btf_types::{IntEncoding, build::Builder};
    use core_reloc::Resize;

    fn of<const SIZE: u32, const FLAGS: u32>(btf: &mut Builder<'_>) {
        let bits = u8::try_from(8 * SIZE).unwrap();
        let ty = btf.int("t", SIZE, IntEncoding::new(bits, FLAGS));
        btf.structure("s", 8).member("a", ty, 0).finish();
    }
    const SIGNED: u32 = IntEncoding::SIGNED;
    const SIGNED_CHAR: u32 = IntEncoding::SIGNED | IntEncoding::CHAR;
    let a = ask(FieldByteOffset, "s", "0:0");
    check_resize(of::<4, 0>, of::<8, 0>, a, Resize::To { from: 4, to: 8 });
    check_resize(of::<4, 0>, of::<4, SIGNED>, a, Resize::Same);
    check_resize(of::<4, SIGNED>, of::<8, SIGNED>, a, Resize::Unsafe { from: 4, to: 8 });
    check_resize(of::<4, 0>, of::<8, SIGNED>, a, Resize::Unsafe { from: 4, to: 8 });
    // libbpf takes these for unsigned, since their encoding is more than just signed.
    check_resize(of::<1, SIGNED_CHAR>, of::<2, SIGNED_CHAR>, a, Resize::Unsafe { from: 1, to: 2 });
}

/// A member: its type, its name, and its place in bytes.
type Member = (fn(&mut btf_types::build::Builder<'_>) -> btf_types::TypeId, &'static str, u32);

/// `struct s` with these members.
fn members(btf: &mut btf_types::build::Builder<'_>, members: &[Member]) {
    let types: Vec<_> = members.iter().map(|(make, ..)| make(btf)).collect();
    let mut composite = btf.structure("s", 64);
    for (ty, (_, name, offset)) in types.into_iter().zip(members) {
        composite = composite.member(*name, ty, 8 * offset);
    }
    composite.finish();
}

#[test]
fn names_of_members_are_whole() {
    use btf_types::build::Builder;

    fn plain(btf: &mut Builder<'_>) {
        members(btf, &[(int, "a", 4)]);
    }
    fn flavored(btf: &mut Builder<'_>) {
        members(btf, &[(int, "a___x", 4)]);
    }
    fn longer(btf: &mut Builder<'_>) {
        members(btf, &[(int, "ab", 8), (int, "a___x", 12)]);
    }
    fn all(btf: &mut Builder<'_>) {
        members(btf, &[(int, "ab", 8), (int, "a___x", 12), (int, "a", 16)]);
    }
    let a = ask(FieldByteOffset, "s", "0:0");
    check(plain, all, a, Value(4, 16));
    check(plain, longer, a, Unresolved);
    // Members have no flavors.
    check(flavored, all, a, Value(4, 12));
    check(flavored, plain, a, Unresolved);
}

#[test]
fn the_first_member_of_a_name_is_the_one() {
    use btf_types::build::Builder;

    fn float(btf: &mut Builder<'_>) -> btf_types::TypeId {
        btf.float("float", 4)
    }
    fn plain(btf: &mut Builder<'_>) {
        members(btf, &[(int, "a", 4)]);
    }
    fn twice(btf: &mut Builder<'_>) {
        members(btf, &[(int, "a", 8), (int, "a", 12)]);
    }
    fn other_first(btf: &mut Builder<'_>) {
        members(btf, &[(float, "a", 8), (int, "a", 12)]);
    }
    fn inside_first(btf: &mut Builder<'_>) {
        fn inner(btf: &mut Builder<'_>) -> btf_types::TypeId {
            let int = int(btf);
            btf.structure("", 8).member("x", int, 0).member("a", int, 32).finish()
        }
        members(btf, &[(inner, "", 8), (int, "a", 16)]);
    }
    let a = ask(FieldByteOffset, "s", "0:0");
    check(plain, twice, a, Value(4, 8));
    check(plain, inside_first, a, Value(4, 8 + 4));
    check(plain, other_first, a, Unresolved);
}
