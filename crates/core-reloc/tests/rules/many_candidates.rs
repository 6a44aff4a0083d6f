//! Root types with many candidates, which share a table of their members. A relocator that resolves a single
//! relocation has no table, and must give the same result.

use btf_types::{Btf, ByteOrder};

use crate::check::*;

/// The local types: the fields that are looked for.
const LOCAL: &str = "
    struct s { int a; int b; struct { int c; int d; } in; int e[4]; int never; };
    struct s___other { int b; };
";

const FIELDS: [&str; 9] =
    ["s", "s.a", "s.b", "s.in.c", "s.in.d", "s.e[3]", "s.never", "s[1].a", "s___other.b"];

/// The members of the candidates: all combinations of these, each at its own offset.
const MEMBERS: [&str; 5] = [
    "int a @ 0;",
    "float b @ 8;",
    "struct { int c; } in @ 16;",
    "int e[3] @ 24;",
    "struct { int b; } @ 40;",
];

/// Returns the candidates of the combinations of members, as definitions in C.
fn candidates(combinations: impl Iterator<Item = usize>) -> String {
    let members = |combination: usize| -> String {
        let chosen = (0..MEMBERS.len()).filter(|bit| combination >> bit & 1 == 1);
        chosen.map(|bit| MEMBERS[bit]).collect()
    };
    combinations.map(|one| format!("struct s {{ {} }} @size 64;", members(one))).collect()
}

fn resolve(relocator: &mut Relocator<'_>, field: &str) -> Result<Resolution, String> {
    let relocation = relocation(relocator.local(), FieldExists, field).unwrap();
    relocator.resolve(&relocation).map_err(|error| error.to_string())
}

#[test]
fn a_table_gives_the_results_of_a_search() {
    // Without the anonymous members, with few, with many.
    for combinations in [0..16, 0..24, 0..32, 8..32, 0..4] {
        let target = candidates(combinations.clone()) + &candidates(combinations.rev());
        let bytes = btf_from_c::btf(ByteOrder::Little, LOCAL);
        let local = Btf::parse(&bytes).unwrap();
        let types = Types { local: LOCAL, target: &target, modules: &[] };
        with_target(ByteOrder::Big, types, |target| {
            let wide = Options::default().narrow(false);
            let mut relocator = Relocator::with_options(&local, target, wide);
            for field in FIELDS.into_iter().cycle().take(3 * FIELDS.len()) {
                let alone = resolve(&mut Relocator::with_options(&local, target, wide), field);
                let found = resolve(&mut relocator, field);
                assert_eq!(found, alone, "{field}");
                if let Ok(Resolution { unmatched: Some(unmatched), .. }) = found {
                    let ruled_out = unmatched.ruled_out();
                    assert_eq!(ruled_out.iter().count(), ruled_out.len());
                    assert_eq!(ruled_out.first(), ruled_out.iter().next());
                    assert!(!ruled_out.is_empty());
                }
            }
        });
    }
}

/// Past the first element of the root, a candidate is an error if its size makes the offset too large, even if it
/// lacks the member.
#[test]
fn the_size_of_a_candidate_counts_in_an_array_of_roots() {
    // Eight of them take 2³⁶ bits.
    let target = candidates(0..16) + "struct s { int other; } @size 1073741824;";
    let bytes = btf_from_c::btf(ByteOrder::Little, LOCAL);
    let local = Btf::parse(&bytes).unwrap();
    let types = Types { local: LOCAL, target: &target, modules: &[] };
    with_target(ByteOrder::Little, types, |target| {
        let mut relocator = Relocator::new(&local, target);
        for _ in 0..2 {
            assert_eq!(resolve(&mut relocator, "s.never").unwrap().value(), Some(0));
        }
        let error = resolve(&mut relocator, "s[8].never").unwrap_err();
        assert!(error.contains("offset"), "{error}");
    });
}

/// The expected candidates are counted by hand: those with the member `a` are every second one.
#[test]
fn a_table_narrows_as_a_search_does() {
    let target = candidates(0..16);
    let bytes = btf_from_c::btf(ByteOrder::Little, LOCAL);
    let local = Btf::parse(&bytes).unwrap();
    with_target(
        ByteOrder::Little,
        Types { local: LOCAL, target: &target, modules: &[] },
        |target| {
            let mut relocator = Relocator::new(&local, target);
            let root = root(&local, "s");
            let remaining =
                |relocator: &mut Relocator<'_>| relocator.candidates(root).unwrap().count();
            for field in ["s.never", "s.never", "s.b"] {
                let resolution = resolve(&mut relocator, field).unwrap();
                assert_eq!(resolution.value(), Some(0), "{field}");
                assert_eq!(resolution.unmatched.unwrap().ruled_out().len(), 16);
                assert_eq!(remaining(&mut relocator), 16);
            }
            assert_eq!(resolve(&mut relocator, "s.a").unwrap().value(), Some(1));
            assert_eq!(remaining(&mut relocator), 8);
            // Fewer than 16 are searched one by one.
            let unmatched = resolve(&mut relocator, "s.b").unwrap().unmatched.unwrap();
            assert_eq!(unmatched.ruled_out().len(), 8);
            assert_eq!(resolve(&mut relocator, "s.in.c").unwrap().value(), Some(1));
            assert_eq!(remaining(&mut relocator), 4);
        },
    );
}

/// After narrowing, 32 of 64 candidates remain, so that the table is still used.
#[test]
fn a_table_of_narrowed_candidates_leaves_out_the_others() {
    let target = candidates(0..16).repeat(4);
    let bytes = btf_from_c::btf(ByteOrder::Little, LOCAL);
    let local = Btf::parse(&bytes).unwrap();
    with_target(
        ByteOrder::Little,
        Types { local: LOCAL, target: &target, modules: &[] },
        |target| {
            let mut relocator = Relocator::new(&local, target);
            for (field, value, ruled_out) in [
                ("s.never", 0, Some(64)),
                ("s.a", 1, None),
                ("s.never", 0, Some(32)),
                ("s.b", 0, Some(32)),
                ("s.in.c", 1, None),
                ("s.never", 0, Some(16)),
                ("s.a", 1, None),
            ] {
                let resolution = resolve(&mut relocator, field).unwrap();
                assert_eq!(resolution.value(), Some(value), "{field}");
                let candidates: Option<Vec<_>> = resolution.unmatched.map(|unmatched| {
                    unmatched.ruled_out().iter().map(|(candidate, _)| *candidate).collect()
                });
                let remaining: Vec<_> = relocator.candidates(root(&local, "s")).unwrap().collect();
                assert_eq!(candidates.as_ref().map(Vec::len), ruled_out, "{field}");
                assert!(candidates.is_none_or(|candidates| candidates == remaining), "{field}");
            }
        },
    );
}
