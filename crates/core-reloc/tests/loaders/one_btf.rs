//! Questions to one BTF. Expected values are arithmetic on the declarations.

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, Kind, TypeId};
use core_reloc::{
    AccessPath, Cause, Error,
    enums::{EnumReader, Sign},
    functions::{
        Shifts, resolve_bitfield_shifts, resolve_enum_value, resolve_enum_value_exists,
        resolve_field_exists, resolve_field_offset, resolve_field_signed, resolve_field_size,
        resolve_type_exists, resolve_type_matches, resolve_type_size,
    },
};

use crate::{ORDERS, id};

const TYPES: &str = "
    typedef unsigned int u32;
    struct inner { int x; int y; };
    struct s {
        u32 first;
        union { int in_union; char as_bytes[4]; };
        struct inner table[3];
        unsigned bits : 3;
        int signed_bits : 5;
        struct inner *pointer @ 48;
        int tail[];
    } @size 56;
    enum state { DEAD = -1, BORN = 7 };
    enum wide : unsigned long { LARGE = 0x100000000 };
    struct declared_only;
    struct user { struct declared_only *p; };
";

fn path(text: &str) -> AccessPath {
    text.parse().unwrap()
}

#[test]
fn a_field_has_an_offset_a_size_and_a_sign() {
    for order in ORDERS {
        let bytes = btf(order, TYPES);
        let btf = Btf::parse(&bytes).unwrap();
        let s = id(&btf, "s");
        // The offset, the size, and the sign, which elements and structs have not.
        for (access, offset, size, signed) in [
            ("0", 0, 56, None),
            ("2", 2 * 56, 56, None),
            ("0:0", 0, 4, Some(false)),
            ("1:0", 56, 4, Some(false)),
            ("0:1:0", 4, 4, Some(true)),
            ("0:1:1", 4, 4, Some(false)),
            ("0:1:1:2", 6, 1, None),
            ("0:2", 8, 24, Some(false)),
            ("0:2:1:1", 8 + 8 + 4, 4, Some(true)),
            ("0:5", 48, 8, Some(false)),
            ("0:6:10", 56 + 40, 4, None),
        ] {
            let access = path(access);
            assert_eq!(resolve_field_offset(&btf, s, &access), Ok(Some(offset)), "{access}");
            assert_eq!(resolve_field_size(&btf, s, &access), Ok(Some(size)), "{access}");
            assert_eq!(resolve_field_exists(&btf, s, &access), Ok(true), "{access}");
            match signed {
                Some(signed) => {
                    assert_eq!(
                        resolve_field_signed(&btf, s, &access),
                        Ok(Some(signed)),
                        "{access}"
                    );
                }
                None => assert!(resolve_field_signed(&btf, s, &access).is_err(), "{access}"),
            }
            assert_eq!(resolve_bitfield_shifts(&btf, s, &access), Ok(None), "{access}");
        }
    }
}

#[test]
fn a_bitfield_has_shifts() {
    for order in ORDERS {
        let bytes = btf(order, TYPES);
        let btf = Btf::parse(&bytes).unwrap();
        let s = id(&btf, "s");
        // `bits` starts at bit 0 and `signed_bits` at bit 3 of byte 32, counted from either end; both are
        // loaded with 4 bytes.
        for (access, start, width, is_signed) in [("0:3", 0, 3, false), ("0:4", 3, 5, true)] {
            let access = path(access);
            let left = match order {
                ByteOrder::Little => 64 - start - width,
                ByteOrder::Big => 32 + start,
            };
            let shifts = Shifts { left, right: 64 - width };
            assert_eq!(resolve_bitfield_shifts(&btf, s, &access), Ok(Some(shifts)));
            assert_eq!(resolve_field_offset(&btf, s, &access), Ok(Some(32)));
            assert_eq!(resolve_field_size(&btf, s, &access), Ok(Some(4)));
            assert_eq!(resolve_field_signed(&btf, s, &access), Ok(Some(is_signed)));
        }
    }
}

#[test]
fn what_does_not_exist_is_none() {
    let bytes = btf(ByteOrder::Little, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    let s = id(&btf, "s");
    for access in ["0:7", "0:1:2", "0:2:3", "0:2:0:2"] {
        let access = path(access);
        assert_eq!(resolve_field_offset(&btf, s, &access), Ok(None), "{access}");
        assert_eq!(resolve_field_size(&btf, s, &access), Ok(None), "{access}");
        assert_eq!(resolve_field_signed(&btf, s, &access), Ok(None), "{access}");
        assert_eq!(resolve_field_exists(&btf, s, &access), Ok(false), "{access}");
        assert_eq!(resolve_bitfield_shifts(&btf, s, &access), Ok(None), "{access}");
    }
}

#[test]
fn a_wrong_question_is_an_error() {
    let bytes = btf(ByteOrder::Little, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    let s = id(&btf, "s");
    let nothing = TypeId(u32::try_from(btf.len()).unwrap() + 1);
    let cause = |result: Result<Option<u64>, Error>| result.unwrap_err().cause;
    assert!(matches!(cause(resolve_field_offset(&btf, nothing, &path("0:0"))), Cause::Local(_)));
    // Into an int, and through a pointer.
    for (access, found) in [("0:0:0", Kind::Int), ("0:5:0", Kind::Ptr)] {
        let step = access.split(':').count() - 1;
        let expected = Cause::NoWayIn { step, found };
        assert_eq!(cause(resolve_field_offset(&btf, s, &path(access))), expected, "{access}");
        assert!(resolve_field_exists(&btf, s, &path(access)).is_err());
    }
    assert!(resolve_type_size(&btf, nothing).is_err());
    assert!(resolve_type_matches(&btf, &btf, s, nothing).is_err());
    assert!(resolve_type_matches(&btf, &btf, nothing, s).is_err());
    let cause = resolve_enum_value(&btf, s, "DEAD").unwrap_err().cause;
    assert_eq!(cause, Cause::NotAnEnum { found: Kind::Struct });
    let error = resolve_field_offset(&btf, s, &path("0:0:0")).unwrap_err();
    assert!(error.to_string().contains("of s"), "{error}");
}

#[test]
fn types_exist_and_have_sizes() {
    let bytes = btf(ByteOrder::Big, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    for (name, expected) in [
        ("s", true),
        ("struct s", true),
        ("union s", false),
        ("u32", true),
        ("state", true),
        ("enum state", true),
        ("wide", true),
        ("int", true),
        ("declared_only", true),
        ("missing", false),
        ("", false),
        ("first", false),
    ] {
        assert_eq!(resolve_type_exists(&btf, name), expected, "{name}");
    }
    assert_eq!(resolve_type_size(&btf, id(&btf, "s")), Ok(Some(56)));
    let declared = btf.find("declared_only", Kind::Fwd).unwrap().id();
    assert_eq!(resolve_type_size(&btf, declared), Ok(None));
    assert_eq!(resolve_type_size(&btf, TypeId::VOID), Ok(None));
}

#[test]
fn enumerators_are_found_by_name() {
    let bytes = btf(ByteOrder::Big, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    let state = btf.find("state", Kind::Enum).unwrap().id();
    let wide = btf.find("wide", Kind::Enum64).unwrap().id();
    for (enumeration, name, expected) in [
        (state, "DEAD", Some(-1)),
        (state, "BORN", Some(7)),
        (state, "LARGE", None),
        (state, "", None),
        (wide, "LARGE", Some(1 << 32)),
    ] {
        assert_eq!(resolve_enum_value(&btf, enumeration, name), Ok(expected), "{name}");
        let exists = resolve_enum_value_exists(&btf, enumeration, name);
        assert_eq!(exists, Ok(expected.is_some()), "{name}");
    }
}

#[test]
fn types_of_two_btfs_match() {
    let local = btf(ByteOrder::Little, "struct s___part { int pid; };");
    let target = btf(ByteOrder::Big, "struct s { long cpu; int pid; }; struct t { long pid; };");
    let (local, target) = (Btf::parse(&local).unwrap(), Btf::parse(&target).unwrap());
    let part = id(&local, "s___part");
    let matches = |name| resolve_type_matches(&local, &target, part, id(&target, name));
    assert_eq!(matches("s"), Ok(true));
    assert_eq!(matches("t"), Ok(false));
}

/// The expected values are those that C gives the declarations, where the BTF states the sign.
#[test]
fn a_clear_kind_flag_means_unsigned_if_an_enum_of_the_btf_has_it() {
    const VALUES: &str =
        "enum values { LEAST = 0x80000000, MOST = 0xffffffff, SMALL = 0x7fffffff };";
    let large = [("LEAST", 0x8000_0000), ("MOST", 0xffff_ffff)];
    let negative = [("LEAST", -0x8000_0000), ("MOST", -1)];
    for (others, expected, sign, is_guess) in [
        ("enum other { OTHER = -1 };", large, Sign::Unsigned, false),
        ("enum other : long { OTHER = -1 };", large, Sign::Unsigned, false),
        ("enum other { OTHER };", negative, Sign::Unstated, true),
        ("@enum_flags 0; enum other { OTHER = -1 };", negative, Sign::Unstated, true),
        ("struct other { int other : 3; };", negative, Sign::Unstated, true),
    ] {
        for order in ORDERS {
            let bytes = btf(order, &format!("{VALUES} {others}"));
            let btf = Btf::parse(&bytes).unwrap();
            let ty = btf.find("values", Kind::Enum).unwrap();
            let reader = EnumReader::new(&btf);
            assert_eq!(reader.sign(ty), sign, "{others}");
            let enumerator = |index| ty.enumerators().get(index).unwrap();
            for (index, (name, value)) in expected.into_iter().enumerate() {
                let read = reader.value(enumerator(index));
                assert_eq!((read.value, read.is_guess), (value, is_guess), "{name}, {others}");
                assert_eq!(resolve_enum_value(&btf, ty.id(), name), Ok(Some(value)));
            }
            let small = reader.value(enumerator(2));
            assert_eq!((small.value, small.is_guess), (0x7fff_ffff, false));
        }
    }
}

#[test]
fn signed_enums_and_wide_enums_state_their_values() {
    let bytes = btf(
        ByteOrder::Little,
        "enum signed { A = -5 };
         @enum_flags 0;
         enum wide : unsigned long { B = 0xffffffff, C = 0xffffffffffffffff };
         enum signed_wide : long { D = -5 };",
    );
    let btf = Btf::parse(&bytes).unwrap();
    let reader = EnumReader::new(&btf);
    for (name, expected, sign) in [
        ("signed", &[-5][..], Sign::Signed),
        ("wide", &[0xffff_ffff, 0xffff_ffff_ffff_ffff], Sign::Unsigned),
        ("signed_wide", &[0xffff_ffff_ffff_fffb], Sign::Unsigned),
    ] {
        let ty = btf.types().find(|ty| ty.name().is_ok_and(|found| found == name)).unwrap();
        let read: Vec<_> = ty.enumerators().iter().map(|one| reader.value(one)).collect();
        let values: Vec<i128> = read.iter().map(|read| read.value).collect();
        assert_eq!((values.as_slice(), reader.sign(ty)), (expected, sign), "{name}");
        assert!(read.iter().all(|read| !read.is_guess), "{name}");
    }
}

/// The module and the kernel come from the same encoder.
#[test]
fn the_enums_of_a_base_show_the_sign_of_those_of_a_module() {
    for (kernel, expected) in [("enum e { A = -1 };", 0x8000_0001), ("enum e { A };", -0x7fff_ffff)]
    {
        let kernel = btf(ByteOrder::Little, kernel);
        let kernel = Btf::parse(&kernel).unwrap();
        let module = btf_from_c::split_btf(&kernel, "enum in_module { TOP = 0x80000001 };");
        let module = Btf::parse_split(&module, &kernel).unwrap();
        let ty = module.find("in_module", Kind::Enum).unwrap().id();
        assert_eq!(resolve_enum_value(&module, ty, "TOP"), Ok(Some(expected)));
    }
}
