//! Bitfields: the load that covers them, and the shifts.

use btf_types::ByteOrder;

use crate::check::{Resize, *};

/// The bits 0 to 3, 3 to 10 and 64 to 104.
const LOCAL: &str = "struct s { unsigned a : 3; int b : 7; unsigned long c : 40 @ 8; };";

/// The bits 33 to 36, 40 to 47 and 128 to 168.
const MOVED: &str = "struct s { unsigned a : 3 @ 4.1; int b : 7 @ 5; unsigned long c : 40 @ 16; };";

/// The last member has the bits 60 to 100.
const CROSSING: &str =
    "struct s { unsigned a : 3; int b : 7; unsigned long c : 40 @ 7.4; } @size 64;";

const PLAIN: &str = "struct s { int a @ 8; int b; int c; };";

#[test]
fn the_load_is_the_smallest_aligned_one_that_covers_the_field() {
    // Bits 33 to 36 lie in the four bytes from 4 on.
    check(LOCAL, MOVED, FieldByteOffset, "s.a", Unchecked(4));
    check(LOCAL, MOVED, FieldByteSize, "s.a", Unchecked(4));
    // Bits 30 to 33 need eight bytes from 0 on, and bits 94 to 97 eight bytes from 8 on.
    let from_30 = "struct s { unsigned a : 3 @ 3.6; } @size 64;";
    check(LOCAL, from_30, FieldByteOffset, "s.a", Unchecked(0));
    check(LOCAL, from_30, FieldByteSize, "s.a", Unchecked(8));
    let from_94 = "struct s { unsigned a : 3 @ 11.6; } @size 64;";
    check(LOCAL, from_94, FieldByteOffset, "s.a", Unchecked(8));
}

#[test]
fn a_field_that_no_load_covers_is_an_error() {
    // 40 bits from bit 60 on end at bit 100, after the eight bytes from 0 on.
    check(LOCAL, CROSSING, FieldByteOffset, "s.c", Error("no aligned load"));
    check(CROSSING, LOCAL, FieldByteOffset, "s.c", Error("no aligned load"));
    check(LOCAL, CROSSING, FieldExists, "s.c", Value(1, 1));
}

#[test]
fn shifts_follow_the_byte_order_of_the_object() {
    // b: 7 bits from bit 40 on, in the four bytes from 4 on: 8 bits after the start of the load. The
    // byte order of the target does not matter.
    for (order, left) in [(ByteOrder::Little, 64 - (8 + 7)), (ByteOrder::Big, (8 - 4) * 8 + 8)] {
        for target_order in ORDERS {
            let found = shifts((order, MOVED), (target_order, MOVED), "s", "0:1");
            assert_eq!(found, (left, 64 - 7), "{order} {target_order}");
        }
    }
}

#[test]
fn only_right_shift_and_signedness_are_checked() {
    check(LOCAL, MOVED, FieldRshiftU64, "s.a", Value(64 - 3, 64 - 3));
    check(LOCAL, MOVED, FieldSigned, "s.a", Value(0, 0));
    check(LOCAL, MOVED, FieldSigned, "s.b", Value(1, 1));
    check(PLAIN, MOVED, FieldRshiftU64, "s.a", Value(64 - 32, 64 - 3));
    check(MOVED, PLAIN, FieldRshiftU64, "s.a", Value(64 - 3, 64 - 32));
    // The local field decides: a plain field is exact even if it became a bitfield.
    check(PLAIN, MOVED, FieldByteOffset, "s.a", Value(8, 4));
    check(MOVED, PLAIN, FieldByteOffset, "s.a", Unchecked(8));
}

#[test]
fn without_kind_flag_there_are_no_bitfields() {
    let deprecated = "@int int 4 offset 3; struct s { int a; };";
    check(PLAIN, deprecated, FieldExists, "s.a", Value(1, 0));
    check(deprecated, PLAIN, FieldExists, "s.a", Value(1, 0));
}

#[test]
fn a_declared_type_that_cannot_be_loaded_is_an_error() {
    for size in [0, 16] {
        let types = format!("@float f {size}; struct s {{ f a : 3; }} @size 16;");
        check(&types, &types, FieldByteOffset, "s.a", Error("at most 8 can be loaded"));
    }
}

#[test]
fn loads_are_not_resized_between_bitfields_and_plain_fields() {
    check_resize(PLAIN, MOVED, "s.a", Resize::Unsafe { from: 4, to: 0 });
    check_resize(MOVED, PLAIN, "s.a", Resize::Unsafe { from: 0, to: 4 });
    check_resize(LOCAL, MOVED, "s.a", Resize::Same);
}

#[test]
fn the_left_shift_is_not_checked() {
    // 40 bits from bit 12 of the load's eight bytes on leave 12 on either side: the shift is the
    // same in both byte orders.
    let target = "struct s { unsigned long c : 40 @ 9.4; } @size 64;";
    check(target, target, FieldLshiftU64, "s.c", Unchecked(12));
    check(LOCAL, target, FieldLshiftU64, "s.c", Unchecked(12));
}

#[test]
fn bitfields_are_found_in_anonymous_members() {
    let inside = "
        struct s {
            unsigned y : 1;
            struct { unsigned x : 3; unsigned a : 3 @ 4.3; } @ 8;
        };
    ";
    // The bits 64 + 35 = 99 to 102 lie in the four bytes from 12 on.
    check(LOCAL, inside, FieldByteOffset, "s.a", Unchecked(12));
    check(LOCAL, inside, FieldByteSize, "s.a", Unchecked(4));
    check(LOCAL, inside, FieldRshiftU64, "s.a", Value(64 - 3, 64 - 3));
}
