//! The functions that ask one question, and what a relocator makes of many.

use btf_types::{Btf, ByteOrder, TypeId, build::Builder, ext::CoreReloc};
use core_reloc::*;

use crate::check::{build, int, root, u32_};

fn object(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 8).member("a", int, 0).member("gone", int, 32).finish();
    btf.enumeration("e", 4).enumerator("A", 1).enumerator("B", 2).enumerator("GONE", 3).finish();
    btf.structure("missing", 4).member("a", int, 0).finish();
    btf.structure("other", 4).member("b", int, 0).finish();
    btf.string("0:0");
    btf.string("0:");
}

fn kernel(btf: &mut Builder<'_>) {
    let unsigned = u32_(btf);
    btf.structure("other", 8).member("b", unsigned, 32).finish();
    btf.structure("s", 24).member("a", unsigned, 128).finish();
    btf.enumeration("e", 4).signed().enumerator("A", -1).enumerator("B", 7).finish();
}

/// Calls `test` with the object, the kernel's BTF, and its target.
fn with(test: impl Fn(&Btf<'_>, &Target<'_>)) {
    let (object, kernel) = (build(ByteOrder::Little, object), build(ByteOrder::Little, kernel));
    let (object, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    test(&object, &Target::new(&kernel));
}

#[test]
fn each_question_has_its_function() {
    with(|local, target| {
        let (s, e, missing) = (root(local, "s"), root(local, "e"), root(local, "missing"));
        assert_eq!(resolve_field_offset(local, target, s, "0:0"), Ok(Some(16)));
        assert_eq!(resolve_field_offset(local, target, s, "0:1"), Ok(None));
        assert_eq!(resolve_field_size(local, target, s, "0:0"), Ok(Some(4)));
        assert_eq!(resolve_field_size(local, target, s, "0:1"), Ok(None));
        assert_eq!(resolve_field_signed(local, target, s, "0:0"), Ok(Some(false)));
        assert_eq!(resolve_field_signed(local, target, s, "0:1"), Ok(None));
        assert_eq!(resolve_field_exists(local, target, s, "0:0"), Ok(true));
        assert_eq!(resolve_field_exists(local, target, s, "0:1"), Ok(false));
        let shifts = Some(Shifts { left: 32, right: 32 });
        assert_eq!(resolve_bitfield_shifts(local, target, s, "0:0"), Ok(shifts));
        assert_eq!(resolve_bitfield_shifts(local, target, s, "0:1"), Ok(None));

        assert_eq!(resolve_type_exists(local, target, s, "0"), Ok(true));
        assert_eq!(resolve_type_exists(local, target, missing, "0"), Ok(false));
        assert_eq!(resolve_type_size(local, target, s, "0"), Ok(Some(24)));
        assert_eq!(resolve_type_size(local, target, missing, "0"), Ok(None));
        assert_eq!(resolve_type_id(local, target, s, "0"), Ok(Some(TypeId(3))));
        assert_eq!(resolve_type_id(local, target, missing, "0"), Ok(None));
        // `gone` is no member of the kernel's, and signedness differs.
        assert_eq!(resolve_type_matches(local, target, s, "0"), Ok(false));
        assert_eq!(resolve_type_matches(local, &Target::new(local), s, "0"), Ok(true));

        assert_eq!(resolve_enum_value_exists(local, target, e, "0"), Ok(true));
        assert_eq!(resolve_enum_value_exists(local, target, e, "2"), Ok(false));
        assert_eq!(resolve_enum_value(local, target, e, "0"), Ok(Some(-1)));
        assert_eq!(resolve_enum_value(local, target, e, "1"), Ok(Some(7)));
        assert_eq!(resolve_enum_value(local, target, e, "2"), Ok(None));
        assert_eq!(resolve_enum_value(local, &Target::new(local), e, "2"), Ok(Some(3)));
    });
}

#[test]
fn large_unsigned_enumerators_stay_positive() {
    fn unsigned(btf: &mut Builder<'_>) {
        btf.enumeration64("e", 8).enumerator("A", u64::MAX).finish();
    }
    let bytes = build(ByteOrder::Big, unsigned);
    let btf = Btf::parse(&bytes).unwrap();
    let value = resolve_enum_value(&btf, &Target::new(&btf), TypeId(1), "0");
    assert_eq!(value, Ok(Some(i128::from(u64::MAX))));
}

#[test]
fn a_signed_field_is_one() {
    with(|local, _| {
        let signed = resolve_field_signed(local, &Target::new(local), root(local, "s"), "0:0");
        assert_eq!(signed, Ok(Some(true)));
    });
}

#[test]
fn what_is_no_access_string_is_refused_with_its_subject() {
    with(|local, target| {
        let error = resolve_field_offset(local, target, root(local, "s"), "x").unwrap_err();
        assert!(error.to_string().starts_with("field_byte_offset of struct s: "), "{error}");
        assert!(matches!(error.cause, Cause::Access(AccessError::Unexpected { at: 0, .. })));
    });
    assert_eq!(*parse_access_string("0:3").unwrap(), [0, 3]);
    let relocation = create_relocation(8, TypeId(3), "0:1", RelocKind::FieldExists).unwrap();
    let access = AccessPath::new(&[0, 1]).unwrap();
    assert_eq!(relocation, Relocation::new(8, TypeId(3), access, RelocKind::FieldExists));
    assert_eq!(format!("{:?}", relocation.access), "\"0:1\"");
    assert_eq!(AccessPath::new(&[]), Err(AccessError::Empty { at: 0 }));
    assert_eq!(*AccessPath::root(), [0]);
}

/// `r1 = IMM`, as many as there are numbers.
fn moves(numbers: &[u8]) -> Vec<u8> {
    numbers.iter().flat_map(|number| [0xb7, 1, 0, 0, *number, 0, 0, 0]).collect()
}

fn offset(insn_off: u32, root: TypeId, access: &str) -> Relocation {
    create_relocation(insn_off, root, access, RelocKind::FieldByteOffset).unwrap()
}

#[test]
fn relocations_are_applied_each_for_itself() {
    with(|local, target| {
        let (s, other) = (root(local, "s"), root(local, "other"));
        let relocations = [
            offset(0, s, "0:0"),
            offset(8, s, "0:9"),
            offset(16, other, "0:0"),
            offset(24, root(local, "missing"), "0:0"),
        ];
        let mut code = moves(&[0, 1, 0, 0]);
        let outcomes = apply_relocations(&mut code, local, target, &relocations);
        let poison = [0x85, 0, 0, 0, 0x10, 0x23, 0xad, 0x0b];
        assert_eq!(code, [moves(&[16, 1, 4]), poison.to_vec()].concat());
        let statuses: Vec<_> =
            outcomes.iter().map(|outcome| outcome.as_ref().ok().map(|done| done.status)).collect();
        let unresolved = Some(Status::Poisoned(Poison::Unresolved));
        let relocated = Some(Status::Relocated);
        assert_eq!(statuses, [relocated, None, relocated, unresolved]);

        let mut code = moves(&[0]);
        assert!(apply_relocation(&mut code, local, target, &relocations[0]).is_ok());
        assert_eq!(code, moves(&[16]));
    });
}

#[test]
fn unresolved_relocations_become_what_the_options_say() {
    with(|local, target| {
        let relocation = offset(0, root(local, "s"), "0:1");
        let mut code = moves(&[4]);
        let keep = Options::default().unresolved(OnUnresolved::Keep);
        let kept = Relocator::with_options(local, target, keep).relocate(&mut code, &relocation);
        assert_eq!(kept.unwrap().status, Status::Kept(Poison::Unresolved));

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
        assert_eq!(relocation, create_relocation(8, s, "0:0", RelocKind::FieldExists).unwrap());

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
    fn module<const OFFSET: u32>(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.structure("missing", 64).member("a", int, 8 * OFFSET).finish();
    }
    let object = build(ByteOrder::Little, object);
    let local = Btf::parse(&object).unwrap();
    let kernel = build(ByteOrder::Little, kernel);
    let kernel = Btf::parse(&kernel).unwrap();
    let mut builder = Builder::split(&kernel);
    module::<20>(&mut builder);
    let split = builder.finish().unwrap();
    let split = Btf::parse_split(&split, &kernel).unwrap();

    let roots = ["other", "missing", "s"].map(|name| root(&local, name));
    let without = Target::new(&kernel);
    let with = without.clone().with_modules([Module { name: "module", btf: &split }]);
    for (target, expected, unfound) in [
        (&with, [Some(4), Some(20), Some(16)], vec![]),
        (&without, [Some(4), None, Some(16)], vec![roots[1]]),
    ] {
        for target in [target.clone(), target.clone().indexed()] {
            let mut relocator = Relocator::new(&local, &target);
            // An anonymous type and one that does not exist are passed over.
            relocator.prepare(roots.into_iter().chain([TypeId(0), TypeId(999), roots[0]]));
            assert_eq!(relocator.roots_without_candidates().collect::<Vec<_>>(), unfound);
            let offsets =
                roots.map(|root| relocator.resolve(&offset(0, root, "0:0")).unwrap().value());
            assert_eq!(offsets, expected);
            assert_eq!(relocator.roots_without_candidates().collect::<Vec<_>>(), unfound);
            assert_eq!(relocator.local().as_bytes(), local.as_bytes());
            assert_eq!(relocator.target().main().as_bytes(), kernel.as_bytes());
        }
    }
}

#[test]
fn what_only_a_module_has_does_not_lead_the_others_there() {
    fn types<const OTHER: u32>(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.structure("theirs", 64).member("a", int, 0).finish();
        btf.structure("ours", 64).member("a", int, 8 * OTHER).finish();
    }
    fn ours(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.structure("ours", 64).member("a", int, 8 * 16).finish();
    }
    let object = build(ByteOrder::Little, types::<4>);
    let local = Btf::parse(&object).unwrap();
    let kernel = build(ByteOrder::Little, ours);
    let kernel = Btf::parse(&kernel).unwrap();
    let mut builder = Builder::split(&kernel);
    types::<32>(&mut builder);
    let split = builder.finish().unwrap();
    let split = Btf::parse_split(&split, &kernel).unwrap();
    let target = Target::new(&kernel).with_modules([Module { name: "module", btf: &split }]);

    let roots = ["theirs", "ours"].map(|name| root(&local, name));
    let mut relocator = Relocator::new(&local, &target);
    relocator.prepare(roots);
    let offsets = roots.map(|root| relocator.resolve(&offset(0, root, "0:0")).unwrap().value());
    assert_eq!(offsets, [Some(0), Some(16)]);
}

#[test]
fn a_candidate_of_a_module_that_is_not_there_is_an_error() {
    with(|_, target| {
        let of = |module| Candidate { type_id: TypeId(3), module };
        assert_eq!(target.candidate(of(None)).unwrap().id(), TypeId(3));
        assert!(target.candidate(of(Some(0))).is_err());
    });
}
