//! Candidates: names and kinds, flavors, modules, ambiguity and narrowing.

use btf_types::{Btf, ByteOrder, TypeId};

use crate::check::*;

const AT_4: &str = "struct s { int a @ 4; };";
const AT_8: &str = "struct s { int a @ 8; };";
const AT_12: &str = "struct s { int a @ 12; };";
const AT_16: &str = "struct s { int a @ 16; };";
const WITHOUT_A: &str = "struct s { int b; };";

#[test]
fn flavors_of_either_side_are_ignored() {
    let flavored = "struct s___new { int a @ 8; };";
    check(AT_4, flavored, FieldByteOffset, "s.a", Value(4, 8));
    check(flavored, AT_4, FieldByteOffset, "s___new.a", Value(8, 4));
}

#[test]
fn short_names_are_found_among_longer_ones() {
    let names = "
        struct sss { int a @ 12; };
        struct ssss { int a @ 16; };
        struct s { int a @ 8; };
        struct t { int a @ 4; };
    ";
    check(AT_4, names, FieldByteOffset, "s.a", Value(4, 8));
}

#[test]
fn only_the_same_kind_is_a_candidate() {
    let others = "union s { int a; }; typedef int s; struct s;";
    check(AT_4, others, FieldByteOffset, "s.a", Unresolved);
    check(AT_4, others, TypeExists, "s", Value(1, 0));
}

#[test]
fn kinds_that_no_index_has_are_found() {
    // libbpf finds them, and then has no rule by which they are compatible.
    let types = "void f(void); int v;";
    check(types, types, TypeExists, "f", Value(1, 0));
    check(types, types, TypeExists, "v", Value(1, 0));
}

#[test]
fn candidates_that_agree_are_not_ambiguous() {
    check(AT_4, &[AT_8, AT_8].concat(), FieldByteOffset, "s.a", Value(4, 8));
    check(
        AT_4,
        &[AT_8, AT_12].concat(),
        FieldByteOffset,
        "s.a",
        Error("struct s [2] gives 8 (bit offset 64), struct s [3] gives 12"),
    );
}

#[test]
fn equal_values_at_different_bit_offsets_are_ambiguous() {
    check(AT_4, &[AT_8, AT_12].concat(), FieldByteSize, "s.a", Error("bit offset 96"));
}

#[test]
fn modules_count_only_where_the_main_btf_has_no_candidate() {
    for (target, modules, expected) in [
        ("", &[AT_8][..], Value(4, 8)),
        (WITHOUT_A, &[AT_8], Unresolved),
        (AT_12, &[AT_8], Value(4, 12)),
        ("", &[WITHOUT_A, AT_8, AT_16], Error("of module module")),
    ] {
        let types = Types { local: AT_4, target, modules };
        check_each(types, Options::default(), &[(FieldByteOffset, "s.a", expected)]);
    }
}

/// Both candidates have `both`, at different offsets; only the second has `second`.
const TWO: Types<'_> = Types {
    local: "struct s { int both; int second; int never; };",
    target: "struct s { int both; }; struct s { int both @ 4; int second @ 8; };",
    modules: &[],
};

#[test]
fn candidates_narrow_to_those_that_matched() {
    let narrow = Options::default();
    let ambiguous = (FieldByteOffset, "s.both", Error("ambiguous"));
    let both = (FieldByteOffset, "s.both", Value(0, 4));
    let second = (FieldByteOffset, "s.second", Value(4, 8));
    let never = (FieldExists, "s.never", Value(1, 0));
    check_each(TWO, narrow, &[ambiguous]);
    check_each(TWO, narrow, &[second, both]);
    // What no candidate matches narrows nothing, nor does what fails.
    check_each(TWO, narrow, &[never, ambiguous, ambiguous, second, never, both]);
}

#[test]
fn the_relocations_that_dropped_candidates_are_known() {
    let order = ByteOrder::Little;
    let [local, target] = [TWO.local, TWO.target].map(|types| btf_from_c::btf(order, types));
    let [local, kernel] = [&local, &target].map(|bytes| Btf::parse(bytes).unwrap());
    let target = Target::new(&kernel);
    let exists = |path| field_relocation(&local, 0, "s", path, FieldExists).unwrap();
    let [second, never] = ["second", "never"].map(exists);
    for (narrow, expected) in [(true, vec![second.clone()]), (false, vec![])] {
        let options = Options::default().narrow(narrow);
        let mut relocator = Relocator::with_options(&local, &target, options);
        let mut unmatched = None;
        for relocation in [&never, &second, &second, &never] {
            let resolution = relocator.resolve(relocation).unwrap();
            unmatched = resolution.unmatched;
        }
        assert_eq!(relocator.narrowings(never.type_id), expected);
        assert!(relocator.narrowings(TypeId(1)).is_empty());
        assert_eq!(relocator.mismatches(&second).unwrap().len(), 1);
        let text = relocator.describe(&never, &unmatched.unwrap());
        let of_narrowing = "; field_exists of s.second dropped candidates before";
        assert_eq!(text.ends_with(of_narrowing), narrow, "{text}");
    }
}

/// Of many candidates, a table of their first members tells which to try; all that do not match are dropped.
#[test]
fn a_narrowing_has_all_of_many_dropped_candidates() {
    let order = ByteOrder::Little;
    let (few, has) = ("struct s { int a; };", "struct s { int a; int b; };");
    let kernel = btf_from_c::btf(order, &[few.repeat(20), has.repeat(2), few.repeat(20)].concat());
    let (local, kernel) = (btf_from_c::btf(order, has), Btf::parse(&kernel).unwrap());
    let local = Btf::parse(&local).unwrap();
    let mut relocator = Relocator::new(&local, &Target::new(&kernel));
    let relocation = field_relocation(&local, 0, "s", "b", FieldExists).unwrap();
    let all: Vec<Candidate> = relocator.candidates(relocation.type_id).unwrap().collect();
    relocator.resolve(&relocation).unwrap();
    let kept: Vec<Candidate> = relocator.candidates(relocation.type_id).unwrap().collect();
    assert_eq!((all.len(), &kept[..]), (42, &all[20..22]));
    let narrowing = relocator.narrowings(relocation.type_id)[0].clone();
    let dropped = relocator.mismatches(&narrowing).unwrap();
    let dropped: Vec<Candidate> = dropped.iter().map(|(candidate, _)| *candidate).collect();
    assert_eq!(dropped, [&all[..20], &all[22..]].concat());
}

#[test]
fn without_narrowing_every_relocation_sees_all_candidates() {
    let wide = Options::default().narrow(false);
    let second = (FieldByteOffset, "s.second", Value(4, 8));
    check_each(TWO, wide, &[second, (FieldByteOffset, "s.both", Error("ambiguous"))]);
}

#[test]
fn each_flavor_has_its_own_candidates() {
    let local = [TWO.local, "struct s___x { int both; };"].concat();
    let types = Types { local: &local, ..TWO };
    let second = (FieldByteOffset, "s.second", Value(4, 8));
    let flavor = (FieldByteOffset, "s___x.both", Error("ambiguous"));
    check_each(types, Options::default(), &[second, flavor]);
}

#[test]
fn pointers_of_a_32_bit_kernel_have_four_bytes() {
    let pointers = "struct s { unsigned long *p; unsigned long *q; };";
    let narrow = ["@pointer_size 4;", pointers].concat();
    check(pointers, &narrow, FieldByteSize, "s.p", Value(8, 4));
    check(pointers, &narrow, FieldByteOffset, "s.q", Value(8, 4));
    check_resize(pointers, &narrow, "s.q", Resize::To { from: 8, to: 4 });
}

#[test]
fn a_relocation_that_two_candidates_match_keeps_both() {
    let types = Types {
        local: "struct s { int a; };",
        target: "struct s { int a; } @size 8; struct s { unsigned long a; };",
        modules: &[],
    };
    let exists = (FieldExists, "s.a", Value(1, 1));
    let size = (FieldByteSize, "s.a", Error("ambiguous"));
    check_each(types, Options::default(), &[exists, size, exists]);
}
