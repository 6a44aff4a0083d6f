//! Candidates: names and kinds, flavors, modules, ambiguity and narrowing.

use btf_types::build::Builder;
use core_reloc::{Options, RelocKind::*};

use crate::check::*;

fn at<const NAME: char, const OFFSET: u32>(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 64).member(NAME.to_string(), int, 8 * OFFSET).finish();
}

const A: Ask = Ask { kind: FieldByteOffset, root: "s", access: "0:0" };

#[test]
fn flavors_on_either_side_do_not_count() {
    fn flavored(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.structure("s___new", 64).member("a", int, 64).finish();
    }
    check(at::<'a', 4>, flavored, A, Value(4, 8));
    check(flavored, at::<'a', 4>, Ask { root: "s___new", ..A }, Value(8, 4));
}

#[test]
fn short_names_are_found_among_longer_ones() {
    fn names(btf: &mut Builder<'_>) {
        let int = int(btf);
        for (name, offset) in [("sss", 96), ("ssss", 128), ("s", 64), ("t", 32)] {
            btf.structure(name, 64).member("a", int, offset).finish();
        }
    }
    check(at::<'a', 4>, names, A, Value(4, 8));
}

#[test]
fn only_the_same_kind_is_a_candidate() {
    fn union(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.union("s", 64).member("a", int, 0).finish();
        btf.typedef("s", int);
        btf.fwd_struct("s");
    }
    check(at::<'a', 4>, union, A, Unresolved);
    check(at::<'a', 4>, union, Ask { kind: TypeExists, access: "0", ..A }, Value(1, 0));
}

#[test]
fn kinds_that_no_index_has_are_found_all_the_same() {
    fn variable<const NAME: bool>(btf: &mut Builder<'_>) {
        use btf_types::{Linkage, TypeId};
        let int = int(btf);
        let proto = btf.func_proto(TypeId::VOID).finish();
        btf.func(if NAME { "f" } else { "g" }, proto, Linkage::Global);
        btf.var("v", int, Linkage::Global);
    }
    // libbpf finds them, and then has no rule by which they are compatible.
    check(variable::<true>, variable::<true>, ask(TypeExists, "f", "0"), Value(1, 0));
    check(variable::<true>, variable::<true>, ask(TypeExists, "v", "0"), Value(1, 0));
}

#[test]
fn candidates_that_agree_are_no_ambiguity() {
    fn twice(btf: &mut Builder<'_>) {
        at::<'a', 8>(btf);
        at::<'a', 8>(btf);
    }
    fn elsewhere(btf: &mut Builder<'_>) {
        at::<'a', 8>(btf);
        at::<'a', 12>(btf);
    }
    check(at::<'a', 4>, twice, A, Value(4, 8));
    check(
        at::<'a', 4>,
        elsewhere,
        A,
        Error("struct s [2] gives 8 (bit offset 64), struct s [4] gives 12"),
    );
}

#[test]
fn equal_values_at_different_bit_offsets_are_ambiguous() {
    fn elsewhere(btf: &mut Builder<'_>) {
        at::<'a', 8>(btf);
        at::<'a', 12>(btf);
    }
    check(at::<'a', 4>, elsewhere, Ask { kind: FieldByteSize, ..A }, Error("bit offset 96"));
}

#[test]
fn modules_count_only_where_the_main_btf_has_no_candidate() {
    let rows = |value| [(A, value)];
    let options = Options::default();
    check_each(at::<'a', 4>, empty, &[at::<'a', 8>], options, &rows(Value(4, 8)));
    check_each(at::<'a', 4>, at::<'b', 0>, &[at::<'a', 8>], options, &rows(Unresolved));
    check_each(at::<'a', 4>, at::<'a', 12>, &[at::<'a', 8>], options, &rows(Value(4, 12)));
    check_each(
        at::<'a', 4>,
        empty,
        &[at::<'b', 0>, at::<'a', 8>, at::<'a', 16>],
        options,
        &rows(Error("of module module")),
    );
}

/// Two candidates: both have `both`, at different offsets; only the second has `second`.
fn two(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 64).member("both", int, 0).finish();
    btf.structure("s", 64).member("both", int, 32).member("second", int, 64).finish();
}

fn two_local(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 12)
        .member("both", int, 0)
        .member("second", int, 32)
        .member("never", int, 64)
        .finish();
}

#[test]
fn candidates_narrow_to_those_that_matched() {
    let both = ask(FieldByteOffset, "s", "0:0");
    let second = ask(FieldByteOffset, "s", "0:1");
    let never = ask(FieldExists, "s", "0:2");
    let narrow = Options::default();
    check_each(two_local, two, &[], narrow, &[(both, Error("ambiguous"))]);
    check_each(two_local, two, &[], narrow, &[(second, Value(4, 8)), (both, Value(0, 4))]);
    // What none matches, and what fails, narrows nothing.
    check_each(
        two_local,
        two,
        &[],
        narrow,
        &[
            (never, Value(1, 0)),
            (both, Error("ambiguous")),
            (both, Error("ambiguous")),
            (second, Value(4, 8)),
            (never, Value(1, 0)),
            (both, Value(0, 4)),
        ],
    );
}

#[test]
fn without_narrowing_every_relocation_sees_all_candidates() {
    let both = ask(FieldByteOffset, "s", "0:0");
    let second = ask(FieldByteOffset, "s", "0:1");
    let wide = Options::default().narrow(false);
    let rows = [(second, Value(4, 8)), (both, Error("ambiguous"))];
    check_each(two_local, two, &[], wide, &rows);
}

#[test]
fn flavors_narrow_each_for_itself() {
    fn flavors(btf: &mut Builder<'_>) {
        two_local(btf);
        let int = int(btf);
        btf.structure("s___x", 4).member("both", int, 0).finish();
    }
    let second = ask(FieldByteOffset, "s", "0:1");
    let other = ask(FieldByteOffset, "s___x", "0:0");
    let rows = [(second, Value(4, 8)), (other, Error("ambiguous"))];
    check_each(flavors, two, &[], Options::default(), &rows);
}

#[test]
fn pointers_of_a_32_bit_kernel_have_four_bytes() {
    use core_reloc::Resize;

    fn pointers<const LONG: u32>(btf: &mut Builder<'_>) {
        let long = unsigned(btf, "unsigned long", LONG);
        let pointer = btf.ptr(long);
        btf.structure("s", 2 * LONG)
            .member("p", pointer, 0)
            .member("q", pointer, 8 * LONG)
            .finish();
    }
    check(pointers::<8>, pointers::<4>, ask(FieldByteSize, "s", "0:0"), Value(8, 4));
    let offset = ask(FieldByteOffset, "s", "0:1");
    check(pointers::<8>, pointers::<4>, offset, Value(8, 4));
    check_resize(pointers::<8>, pointers::<4>, offset, Resize::To { from: 8, to: 4 });
}

#[test]
fn what_two_candidates_agree_about_is_asked_of_both_again() {
    fn sizes(btf: &mut Builder<'_>) {
        let (int, long) = (int(btf), u64_(btf));
        btf.structure("s", 8).member("a", int, 0).finish();
        btf.structure("s", 8).member("a", long, 0).finish();
    }
    let exists = ask(FieldExists, "s", "0:0");
    let size = ask(FieldByteSize, "s", "0:0");
    let rows = [(exists, Value(1, 1)), (size, Error("ambiguous")), (exists, Value(1, 1))];
    check_each(at::<'a', 0>, sizes, &[], Options::default(), &rows);
}
