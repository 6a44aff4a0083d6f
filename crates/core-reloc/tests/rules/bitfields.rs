//! Bitfields: the load that covers them, and the shifts.

use btf_types::build::Builder;
use core_reloc::RelocKind::*;

use crate::check::*;

/// `struct s { unsigned a : 3; int b : 7; unsigned long c : 40; }`, with the bits where they are
/// told to be.
fn bits<const A: u32, const B: u32, const C: u32>(btf: &mut Builder<'_>) {
    let unsigned = u32_(btf);
    let int = int(btf);
    let long = u64_(btf);
    btf.structure("s", 64)
        .bitfield("a", unsigned, A, 3)
        .bitfield("b", int, B, 7)
        .bitfield("c", long, C, 40)
        .finish();
}

fn plain(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 24).member("a", int, 64).member("b", int, 96).member("c", int, 128).finish();
}

#[test]
fn the_load_is_the_smallest_aligned_one_that_covers_the_field() {
    // a: bits 33 to 36 lie in the four bytes from 4 on; from 30 to 33 they need eight bytes from 0.
    check(bits::<0, 3, 64>, bits::<33, 40, 128>, ask(FieldByteOffset, "s", "0:0"), Unchecked(4));
    check(bits::<0, 3, 64>, bits::<33, 40, 128>, ask(FieldByteSize, "s", "0:0"), Unchecked(4));
    check(bits::<0, 3, 64>, bits::<30, 40, 128>, ask(FieldByteOffset, "s", "0:0"), Unchecked(0));
    check(bits::<0, 3, 64>, bits::<30, 40, 128>, ask(FieldByteSize, "s", "0:0"), Unchecked(8));
    check(bits::<0, 3, 64>, bits::<94, 40, 128>, ask(FieldByteOffset, "s", "0:0"), Unchecked(8));
}

#[test]
fn a_field_that_no_load_covers_is_an_error() {
    // 40 bits from bit 60 on end at bit 100: behind the eight bytes from 0.
    check(
        bits::<0, 3, 64>,
        bits::<0, 3, 60>,
        ask(FieldByteOffset, "s", "0:2"),
        Error("no aligned load"),
    );
    check(
        bits::<0, 3, 60>,
        bits::<0, 3, 64>,
        ask(FieldByteOffset, "s", "0:2"),
        Error("no aligned load"),
    );
    check(bits::<0, 3, 64>, bits::<0, 3, 60>, ask(FieldExists, "s", "0:2"), Value(1, 1));
}

#[test]
fn shifts_follow_the_byte_order_of_the_object() {
    use btf_types::{Btf, ByteOrder};
    use core_reloc::{Target, resolve_bitfield_shifts};

    // b: 7 bits from bit 40 on, in the four bytes from 4 on: 8 bits behind the load's start. The
    // order of the target's own bytes does not matter.
    for (order, left) in [(ByteOrder::Little, 64 - (8 + 7)), (ByteOrder::Big, (8 - 4) * 8 + 8)] {
        for target_order in ORDERS {
            let local = build(order, bits::<33, 40, 128>);
            let target = build(target_order, bits::<33, 40, 128>);
            let local = Btf::parse(&local).unwrap();
            let target = Btf::parse(&target).unwrap();
            let s = root(&local, "s");
            let shifts = resolve_bitfield_shifts(&local, &Target::new(&target), s, "0:1");
            let shifts = shifts.unwrap().unwrap();
            assert_eq!((shifts.left, shifts.right), (left, 64 - 7), "{order} {target_order}");
        }
    }
}

#[test]
fn only_right_shift_and_signedness_are_checked() {
    check(bits::<0, 3, 64>, bits::<33, 40, 128>, ask(FieldRshiftU64, "s", "0:0"), Value(61, 61));
    check(bits::<0, 3, 64>, bits::<33, 40, 128>, ask(FieldSigned, "s", "0:0"), Value(0, 0));
    check(bits::<0, 3, 64>, bits::<33, 40, 128>, ask(FieldSigned, "s", "0:1"), Value(1, 1));
    check(plain, bits::<33, 40, 128>, ask(FieldRshiftU64, "s", "0:0"), Value(32, 61));
    check(bits::<33, 40, 128>, plain, ask(FieldRshiftU64, "s", "0:0"), Value(61, 32));
    // The check is the local side's: a plain field is exact even if it became a bitfield.
    check(plain, bits::<33, 40, 128>, ask(FieldByteOffset, "s", "0:0"), Value(8, 4));
    check(bits::<33, 40, 128>, plain, ask(FieldByteOffset, "s", "0:0"), Unchecked(8));
}

#[test]
fn without_kind_flag_there_are_no_bitfields() {
    fn deprecated(btf: &mut Builder<'_>) {
        use btf_types::IntEncoding;
        let int = btf.int("int", 4, IntEncoding(32 | (3 << 16)));
        btf.structure("s", 4).member("a", int, 0).finish();
    }
    check(plain, deprecated, ask(FieldExists, "s", "0:0"), Value(1, 0));
    check(deprecated, plain, ask(FieldExists, "s", "0:0"), Value(1, 0));
}

#[test]
fn a_declared_type_that_cannot_be_loaded_is_an_error() {
    fn of_size<const SIZE: u32>(btf: &mut Builder<'_>) {
        let ty = btf.float("f", SIZE);
        btf.structure("s", 16).bitfield("a", ty, 0, 3).finish();
    }
    for types in [of_size::<0>, of_size::<16>] {
        check(types, types, ask(FieldByteOffset, "s", "0:0"), Error("at most 8 can be loaded"));
    }
}

#[test]
fn loads_cannot_follow_between_bitfields_and_plain_fields() {
    use core_reloc::Resize;

    let a = ask(FieldByteOffset, "s", "0:0");
    check_resize(plain, bits::<33, 40, 128>, a, Resize::Unsafe { from: 4, to: 0 });
    check_resize(bits::<33, 40, 128>, plain, a, Resize::Unsafe { from: 0, to: 4 });
    check_resize(bits::<0, 3, 64>, bits::<33, 40, 128>, a, Resize::Same);
}

#[test]
fn the_left_shift_is_not_checked() {
    // 40 bits from bit 12 of the load's eight bytes on leave 12 on either side: the shift is the
    // same in both byte orders.
    let c = ask(FieldLshiftU64, "s", "0:2");
    check(bits::<0, 3, 76>, bits::<0, 3, 76>, c, Unchecked(12));
    check(bits::<0, 3, 64>, bits::<0, 3, 76>, c, Unchecked(12));
}

#[test]
fn bits_are_found_in_anonymous_members() {
    fn inside(btf: &mut Builder<'_>) {
        let unsigned = u32_(btf);
        let inner =
            btf.structure("", 8).bitfield("x", unsigned, 0, 3).bitfield("a", unsigned, 35, 3);
        let inner = inner.finish();
        btf.structure("s", 16).bitfield("y", unsigned, 0, 1).member("", inner, 64).finish();
    }
    // a: bits 99 to 102 lie in the four bytes from 12 on.
    check(bits::<0, 3, 64>, inside, ask(FieldByteOffset, "s", "0:0"), Unchecked(12));
    check(bits::<0, 3, 64>, inside, ask(FieldByteSize, "s", "0:0"), Unchecked(4));
    check(bits::<0, 3, 64>, inside, ask(FieldRshiftU64, "s", "0:0"), Value(61, 61));
}
