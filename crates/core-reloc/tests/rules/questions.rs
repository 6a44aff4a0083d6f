//! The functions that answer one question, and a relocator that answers many.

use btf_types::{Btf, ByteOrder, TypeId, build::Builder, ext::CoreReloc};

use crate::check::*;

const OBJECT: &str = "
    struct s { int a; int gone; };
    enum e { A = 1, B = 2, GONE = 3 };
    struct missing { int a; };
    struct other { int b; };
";

/// The ids are those of `unsigned`, `struct other` and `struct s`.
const KERNEL: &str = "
    struct other { unsigned b @ 4; };
    struct s { unsigned a @ 16; } @size 24;
    enum e { A = -1, B = 7 };
";

const TYPES: Types<'_> = Types { local: OBJECT, target: KERNEL, modules: &[] };

/// The object's BTF, with two access strings.
fn object() -> Vec<u8> {
    let mut builder = Builder::new(ByteOrder::Little);
    btf_from_c::declare(&mut builder, OBJECT).unwrap();
    builder.string("0:0");
    builder.string("0:");
    builder.finish().unwrap()
}

/// Calls `test` with the object and the target.
fn with(test: impl Fn(&Btf<'_>, &Target<'_>)) {
    let object = object();
    let object = Btf::parse(&object).unwrap();
    with_target(ByteOrder::Little, TYPES, |target| test(&object, target));
}

#[test]
fn each_question_has_its_function() {
    with(|local, target| {
        let (s, e, missing) = (root(local, "s"), root(local, "e"), root(local, "missing"));
        assert_eq!(target_field_offset(local, target, s, "0:0"), Ok(Some(16)));
        assert_eq!(target_field_offset(local, target, s, "0:1"), Ok(None));
        assert_eq!(target_field_size(local, target, s, "0:0"), Ok(Some(4)));
        assert_eq!(target_field_size(local, target, s, "0:1"), Ok(None));
        assert_eq!(target_field_signed(local, target, s, "0:0"), Ok(Some(false)));
        assert_eq!(target_field_signed(local, target, s, "0:1"), Ok(None));
        assert_eq!(target_field_exists(local, target, s, "0:0"), Ok(true));
        assert_eq!(target_field_exists(local, target, s, "0:1"), Ok(false));
        let shifts = Some(Shifts { left: 32, right: 32 });
        assert_eq!(target_bitfield_shifts(local, target, s, "0:0"), Ok(shifts));
        assert_eq!(target_bitfield_shifts(local, target, s, "0:1"), Ok(None));

        assert_eq!(target_type_exists(local, target, s, "0"), Ok(true));
        assert_eq!(target_type_exists(local, target, missing, "0"), Ok(false));
        assert_eq!(target_type_size(local, target, s, "0"), Ok(Some(24)));
        assert_eq!(target_type_size(local, target, missing, "0"), Ok(None));
        assert_eq!(target_type_id(local, target, s, "0"), Ok(Some(TypeId(3))));
        assert_eq!(target_type_id(local, target, missing, "0"), Ok(None));
        // The kernel's `struct s` has no member `gone`, and signedness differs.
        assert_eq!(target_type_matches(local, target, s, "0"), Ok(false));
        assert_eq!(target_type_matches(local, &Target::new(local), s, "0"), Ok(true));

        assert_eq!(target_enum_value_exists(local, target, e, "0"), Ok(true));
        assert_eq!(target_enum_value_exists(local, target, e, "2"), Ok(false));
        assert_eq!(target_enum_value(local, target, e, "0"), Ok(Some(-1)));
        assert_eq!(target_enum_value(local, target, e, "1"), Ok(Some(7)));
        assert_eq!(target_enum_value(local, target, e, "2"), Ok(None));
        assert_eq!(target_enum_value(local, &Target::new(local), e, "2"), Ok(Some(3)));
    });
}

#[test]
fn large_unsigned_enumerators_stay_positive() {
    let bytes = btf_from_c::btf(ByteOrder::Big, "enum e { A = 0xffffffffffffffff };");
    let btf = Btf::parse(&bytes).unwrap();
    let value = target_enum_value(&btf, &Target::new(&btf), TypeId(1), "0");
    assert_eq!(value, Ok(Some(i128::from(u64::MAX))));
}

/// The value is that of the relocation; where the instruction decides, that of the target's BTF.
#[test]
fn the_sign_of_an_enumerator_is_that_of_either_enum_or_of_the_target() {
    let (large, negative) = (0x8000_0001, -0x7fff_ffff);
    let flagged = "enum e { A = 0x80000001 }; enum other { B = -1 };";
    let unflagged = "@enum_flags 0; enum e { A = -0x7fffffff };";
    let signed = "enum e { A = -0x7fffffff };";
    let unsigned_wide = "enum e : unsigned long { A = 0x80000001 };";
    for (local, target, expected) in [
        ("enum e { A };", flagged, large),
        ("enum e { A };", unflagged, negative),
        ("enum e { A };", signed, negative),
        ("enum e { A };", unsigned_wide, large),
        (signed, flagged, negative),
        (signed, unsigned_wide, large),
        (flagged, unflagged, negative),
    ] {
        let local = btf_from_c::btf(ByteOrder::Little, local);
        let local = Btf::parse(&local).unwrap();
        with_target(ByteOrder::Big, Types { local: "", target, modules: &[] }, |target| {
            let value = target_enum_value(&local, target, root(&local, "e"), "0");
            assert_eq!(value, Ok(Some(expected)), "{target:?}");
        });
    }
}

#[test]
fn a_signed_field_is_one() {
    with(|local, _| {
        let signed = target_field_signed(local, &Target::new(local), root(local, "s"), "0:0");
        assert_eq!(signed, Ok(Some(true)));
    });
}

#[test]
fn an_invalid_access_string_is_refused_with_its_subject() {
    with(|local, target| {
        let error = target_field_offset(local, target, root(local, "s"), "x").unwrap_err();
        assert!(error.to_string().starts_with("field_byte_offset of struct s: "), "{error}");
        assert!(matches!(error.cause, Cause::Access(AccessError::Unexpected { at: 0, .. })));
    });
    assert_eq!(*parse_access_string("0:3").unwrap(), [0, 3]);
    let relocation = create_relocation(8, TypeId(3), "0:1", FieldExists).unwrap();
    let access = AccessPath::new(&[0, 1]).unwrap();
    assert_eq!(relocation, Relocation::new(8, TypeId(3), access, FieldExists));
    assert_eq!(format!("{:?}", relocation.access), "\"0:1\"");
    assert_eq!(AccessPath::new(&[]), Err(AccessError::Empty { at: 0 }));
    assert_eq!(*AccessPath::root(), [0]);
}

/// Returns `r1 = IMM` for each number.
fn moves(numbers: &[u8]) -> Vec<u8> {
    numbers.iter().flat_map(|number| [0xb7, 1, 0, 0, *number, 0, 0, 0]).collect()
}

fn offset(insn_off: u32, root: TypeId, access: &str) -> Relocation {
    create_relocation(insn_off, root, access, FieldByteOffset).unwrap()
}

#[test]
fn each_relocation_is_applied_on_its_own() {
    with(|local, target| {
        let (s, other) = (root(local, "s"), root(local, "other"));
        let relocations = [
            offset(0, s, "0:0"),
            offset(8, s, "0:9"),
            offset(16, other, "0:0"),
            offset(24, root(local, "missing"), "0:0"),
        ];
        let mut code = moves(&[0, 1, 0, 0]);
        let outcomes = apply_relocations(&mut code, &relocations, local, target.main());
        let poison = [0x85, 0, 0, 0, 0x10, 0x23, 0xad, 0x0b];
        assert_eq!(code, [moves(&[16, 1, 4]), poison.to_vec()].concat());
        let statuses: Vec<_> = outcomes
            .iter()
            .map(|outcome| outcome.as_ref().ok().map(|done| done.patched.status))
            .collect();
        let unresolved = Some(Status::Poisoned(Poison::Unresolved));
        let relocated = Some(Status::Relocated);
        assert_eq!(statuses, [relocated, None, relocated, unresolved]);

        let mut code = moves(&[0]);
        assert!(apply_relocation(&mut code, &relocations[0], local, target.main()).is_ok());
        assert_eq!(code, moves(&[16]));
    });
}

#[test]
fn options_decide_what_unresolved_relocations_become() {
    with(|local, target| {
        let relocation = offset(0, root(local, "s"), "0:1");
        let mut code = moves(&[4]);
        let keep = Options::default().unresolved(OnUnresolved::Keep);
        let kept = Relocator::with_options(local, target, keep).relocate(&mut code, &relocation);
        assert_eq!(kept.unwrap().patched.status, Status::Kept(Poison::Unresolved));

        let refuse = Options::default().unresolved(OnUnresolved::Error);
        let mut relocator = Relocator::with_options(local, target, refuse);
        let error = relocator.relocate(&mut code, &relocation).unwrap_err();
        assert_eq!(&*error.subject, "field_byte_offset of s.gone");
        let Cause::Unresolved { reason } = error.cause else { panic!("{error}") };
        assert_eq!(&*reason, "candidate struct s [3]: struct s has no member `gone`");
        assert_eq!(code, moves(&[4]));
    });
}

#[test]
fn records_are_decoded_with_their_strings() {
    with(|local, target| {
        let relocator = Relocator::new(local, target);
        let string = |wanted: &[u8]| {
            let mut offsets = (0..).map(btf_types::StrOffset);
            offsets.find(|offset| local.string(*offset).unwrap().as_bytes() == wanted).unwrap()
        };
        let s = root(local, "s");
        let good = CoreReloc { insn_off: 8, type_id: s, access_str_off: string(b"0:0"), kind: 2 };
        let relocation = relocator.decode(&good).unwrap();
        assert_eq!(relocation, create_relocation(8, s, "0:0", FieldExists).unwrap());

        let unknown = relocator.decode(&CoreReloc { kind: 13, ..good }).unwrap_err();
        assert_eq!(&*unknown.subject, "relocation of kind 13 of struct s");
        assert_eq!(unknown.cause, Cause::UnknownKind { found: 13 });
        let cut = CoreReloc { access_str_off: string(b"0:"), ..good };
        let cut = relocator.decode(&cut).unwrap_err();
        assert_eq!(&*cut.subject, "field_exists of struct s");
        assert_eq!(cut.cause, Cause::Access(AccessError::Empty { at: 2 }));
    });
}

#[test]
fn many_roots_are_found_at_once_in_the_kernel_and_in_modules() {
    let object = object();
    let local = Btf::parse(&object).unwrap();
    let roots = ["other", "missing", "s"].map(|name| root(&local, name));
    let module = "struct missing { int a @ 20; };";
    for (modules, expected, unfound) in [
        (&[module][..], [Some(4), Some(20), Some(16)], vec![]),
        (&[], [Some(4), None, Some(16)], vec![roots[1]]),
    ] {
        with_target(ByteOrder::Little, Types { modules, ..TYPES }, |target| {
            for target in [target.clone(), target.clone().indexed()] {
                let mut relocator = Relocator::new(&local, &target);
                // An anonymous type and one that does not exist are skipped.
                relocator.prepare(roots.into_iter().chain([TypeId(0), TypeId(999), roots[0]]));
                assert_eq!(relocator.roots_without_candidates().collect::<Vec<_>>(), unfound);
                let offsets =
                    roots.map(|root| relocator.resolve(&offset(0, root, "0:0")).unwrap().value());
                assert_eq!(offsets, expected);
                assert_eq!(relocator.roots_without_candidates().collect::<Vec<_>>(), unfound);
                assert_eq!(relocator.local().as_bytes(), local.as_bytes());
                assert_eq!(relocator.target().main().as_bytes(), target.main().as_bytes());
            }
        });
    }
}

#[test]
fn a_type_that_only_a_module_has_does_not_lead_other_types_there() {
    let types = Types {
        local: "struct theirs { int a; }; struct ours { int a @ 4; };",
        target: "struct ours { int a @ 16; };",
        modules: &["struct theirs { int a; }; struct ours { int a @ 32; };"],
    };
    let object = btf_from_c::btf(ByteOrder::Little, types.local);
    let local = Btf::parse(&object).unwrap();
    let roots = ["theirs", "ours"].map(|name| root(&local, name));
    with_target(ByteOrder::Little, types, |target| {
        let mut relocator = Relocator::new(&local, target);
        relocator.prepare(roots);
        let offsets = roots.map(|root| relocator.resolve(&offset(0, root, "0:0")).unwrap().value());
        assert_eq!(offsets, [Some(0), Some(16)]);
    });
}

#[test]
fn a_candidate_of_an_unknown_module_is_an_error() {
    with(|_, target| {
        let of = |module| Candidate { type_id: TypeId(3), module };
        assert_eq!(target.candidate(of(None)).unwrap().id(), TypeId(3));
        assert!(target.candidate(of(Some(0))).is_err());
    });
}
