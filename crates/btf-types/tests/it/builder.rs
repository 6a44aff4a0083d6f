//! The builder: strings stored once, ids in advance, and errors for what the format cannot represent.

use btf_types::{
    Btf, ByteOrder, DeclTarget, Info, IntEncoding, Kind, Linkage, Name, StrOffset, TypeId,
    build::{Builder, Error},
};

/// Checks that what `add` adds cannot be written.
#[track_caller]
fn check(add: impl FnOnce(&mut Builder<'_>), error: Error) {
    let mut btf = Builder::new(ByteOrder::Little);
    add(&mut btf);
    assert_eq!(btf.finish(), Err(error));
}

#[test]
fn a_string_is_stored_once() {
    let mut btf = Builder::new(ByteOrder::Little);
    assert_eq!(btf.string("int"), StrOffset(1));
    btf.int("int", 4, IntEncoding::new(32, 0));
    assert_eq!(btf.string("0:1"), StrOffset(5));
    assert_eq!(btf.string(b"int"), StrOffset(1));
    assert_eq!(btf.string(Name::new(b"0:1")), StrOffset(5));
    assert_eq!(btf.string(""), StrOffset::EMPTY);
    btf.typedef("in", TypeId(1));
    let bytes = btf.finish().unwrap();
    assert_eq!(Btf::parse(&bytes).unwrap().string_bytes(), b"\0int\x000:1\0in\0");
}

#[test]
fn strings_need_not_be_text() {
    let mut btf = Builder::new(ByteOrder::Little);
    let id = btf.float(b"\xff\x01", 4);
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(btf.type_by_id(id).unwrap().name().unwrap().as_bytes(), b"\xff\x01");
}

#[test]
fn ids_are_known_in_advance() {
    let mut btf = Builder::new(ByteOrder::Big);
    assert_eq!(btf.byte_order(), ByteOrder::Big);
    assert_eq!(btf.next_id(), TypeId(1));
    let composite = btf.structure("s", 0);
    assert_eq!(composite.finish(), TypeId(1));
    assert_eq!(btf.next_id(), TypeId(2));
    assert_eq!(btf.fwd_union("u"), TypeId(2));
}

#[test]
fn every_reference_can_be_redirected() {
    for order in crate::all_kinds::ORDERS {
        let bytes = crate::all_kinds::bytes(order);
        let btf = Btf::parse(&bytes).unwrap();
        for ty in btf.own_types() {
            let mut copy = Builder::new(order);
            for ty in btf.own_types() {
                copy.copy(ty, |id| id);
            }
            copy.redirect(ty.id(), TypeId(0x1234));
            let refers = ty.referenced_id().is_some() || ty.array().is_some();
            match copy.finish() {
                Ok(bytes) => {
                    assert!(refers, "{ty:?}");
                    let copy = Btf::parse(&bytes).unwrap();
                    let ty = copy.type_by_id(ty.id()).unwrap();
                    let to = ty.array().map(|array| array.element).or(ty.referenced_id());
                    assert_eq!(to, Some(TypeId(0x1234)), "{ty:?}");
                }
                Err(error) => {
                    assert!(!refers, "{ty:?}");
                    assert_eq!(error, Error::NotAReference { id: ty.id() });
                }
            }
        }
    }
}

#[test]
fn only_own_types_can_be_redirected() {
    check(|btf| btf.redirect(TypeId(1), TypeId(1)), Error::NotAReference { id: TypeId(1) });
    check(|btf| btf.redirect(TypeId::VOID, TypeId(1)), Error::NotAReference { id: TypeId(0) });
    // A type of the base.
    let mut base = Builder::new(ByteOrder::Little);
    base.ptr(TypeId::VOID);
    let base = base.finish().unwrap();
    let base = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&base);
    split.redirect(TypeId(1), TypeId::VOID);
    assert_eq!(split.finish(), Err(Error::NotAReference { id: TypeId(1) }));
}

#[test]
fn a_nul_byte_in_a_string() {
    let error = Error::NulInString { string: b"a\0b".to_vec(), at: 1 };
    assert_eq!(error.to_string(), r"string a\0b has a NUL byte at 1".replace(r"\0", r"\u{0}"));
    check(|btf| _ = btf.string("a\0b"), error.clone());
    check(|btf| _ = btf.structure("s", 4).member("a\0b", TypeId(1), 0).finish(), error);
}

#[test]
fn a_vlen_of_more_than_24_bits() {
    let error = Error::VlenTooLarge { id: TypeId(1), found: 0x0100_0000 };
    check(|btf| _ = btf.func("f", TypeId(1), Linkage::Unknown(0x0100_0000)), error);
    let mut btf = Builder::new(ByteOrder::Little);
    btf.func("f", TypeId(1), Linkage::Unknown(0x00ff_ffff));
    assert!(btf.finish().is_ok());
}

#[test]
fn a_bit_offset_of_more_than_24_bits_beside_a_bitfield() {
    let error = Error::BitOffsetTooLarge { id: TypeId(1), member: 1, found: 0x0100_0000 };
    let add = |offset| {
        move |btf: &mut Builder<'_>| {
            let int = TypeId(1);
            btf.structure("s", 4).bitfield("a", int, 0, 1).member("b", int, offset).finish();
        }
    };
    check(add(0x0100_0000), error);
    let mut btf = Builder::new(ByteOrder::Little);
    add(0x00ff_ffff)(&mut btf);
    assert!(btf.finish().is_ok());
}

#[test]
fn values_that_do_not_fit_an_enum() {
    let error = |kind, value| Error::ValueOutOfRange { id: TypeId(1), kind, enumerator: 1, value };
    let narrow = |values: [i128; 2]| {
        move |btf: &mut Builder<'_>| {
            let [first, second] = values;
            btf.enumeration("e", 4).enumerator("A", first).enumerator("B", second).finish();
        }
    };
    let wide = |values: [i128; 2]| {
        move |btf: &mut Builder<'_>| {
            let [first, second] = values;
            btf.enumeration64("e", 8).enumerator("A", first).enumerator("B", second).finish();
        }
    };
    check(narrow([0, 1 << 32]), error(Kind::Enum, 1 << 32));
    check(narrow([-1, 1 << 31]), error(Kind::Enum, 1 << 31));
    check(narrow([0, -(1 << 31) - 1]), error(Kind::Enum, -(1 << 31) - 1));
    check(wide([0, 1 << 64]), error(Kind::Enum64, 1 << 64));
    check(wide([-1, 1 << 63]), error(Kind::Enum64, 1 << 63));
    check(wide([0, -(1 << 63) - 1]), error(Kind::Enum64, -(1 << 63) - 1));
}

#[test]
fn an_enum_is_signed_if_requested_or_needed() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.enumeration("plain", 4).enumerator("A", 1).finish();
    btf.enumeration("requested", 4).enumerator("A", 1).signed().finish();
    btf.enumeration("needed", 4).enumerator("A", -1).finish();
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let signed: Vec<_> = btf.own_types().map(|ty| ty.kind_flag()).collect();
    assert_eq!(signed, [false, true, true]);
}

#[test]
fn only_unknown_kinds_take_a_layout() {
    for kind in [0, 1, 22, 128, 255] {
        check(|btf| btf.layout(kind, 4, 0), Error::BadLayout { kind });
    }
    let twice = |btf: &mut Builder<'_>| {
        btf.layout(23, 4, 0);
        btf.layout(23, 4, 0);
    };
    check(twice, Error::BadLayout { kind: 23 });
}

#[test]
fn a_raw_type_has_the_length_of_its_layout() {
    let wrong = |kind, needed, found| Error::WrongTrailing { id: TypeId(1), kind, needed, found };
    let raw = |kind, vlen, trailing: &'static [u8]| {
        move |btf: &mut Builder<'_>| {
            btf.layout(23, 4, 2);
            btf.raw_type("x", Info::new(kind, vlen, false), 0, trailing);
        }
    };
    check(raw(Kind::Ptr, 0, &[1]), wrong(Kind::Ptr, Some(0), 1));
    check(raw(Kind::Struct, 1, &[0; 8]), wrong(Kind::Struct, Some(12), 8));
    check(raw(Kind::Unknown(23), 3, &[0; 9]), wrong(Kind::Unknown(23), Some(10), 9));
    check(raw(Kind::Unknown(24), 0, &[]), wrong(Kind::Unknown(24), None, 0));
}

#[test]
fn types_of_unknown_kinds_cannot_be_copied() {
    let mut strange = Builder::new(ByteOrder::Little);
    strange.layout(23, 0, 0);
    strange.raw_type("strange", Info::new(Kind::Unknown(23), 0, false), 0, &[]);
    let strange = strange.finish().unwrap();
    let strange = Btf::parse(&strange).unwrap();
    let copy = |btf: &mut Builder<'_>| {
        btf.copy(strange.type_by_id(TypeId(1)).unwrap(), |id| id);
    };
    check(copy, Error::CannotCopy { id: TypeId(1), kind: 23 });
}

#[test]
fn a_type_with_a_bad_name_cannot_be_copied() {
    let mut bad = Builder::new(ByteOrder::Little);
    bad.float("f", 4);
    let mut bad = bad.finish().unwrap();
    bad[24] = 9;
    let bad = Btf::parse(&bad).unwrap();
    let copy = |btf: &mut Builder<'_>| {
        btf.copy(bad.type_by_id(TypeId(1)).unwrap(), |id| id);
    };
    let offset = StrOffset(9);
    check(copy, Error::Read(btf_types::Error::NoSuchString { offset, end: 3 }));
}

#[test]
fn void_is_copied_as_void() {
    let bytes = crate::all_kinds::bytes(ByteOrder::Little);
    let btf = Btf::parse(&bytes).unwrap();
    let mut copy = Builder::new(ByteOrder::Little);
    let void = copy.copy(btf.type_by_id(TypeId::VOID).unwrap(), |_| TypeId(7));
    assert_eq!((void, copy.next_id()), (TypeId::VOID, TypeId(1)));
    // References to it are not mapped, either.
    let mut source = Builder::new(ByteOrder::Little);
    source.ptr(TypeId::VOID);
    let source = source.finish().unwrap();
    let source = Btf::parse(&source).unwrap();
    copy.copy(source.type_by_id(TypeId(1)).unwrap(), |_| TypeId(7));
    let copy = copy.finish().unwrap();
    let copy = Btf::parse(&copy).unwrap();
    assert_eq!(copy.type_by_id(TypeId(1)).unwrap().referenced_id(), Some(TypeId::VOID));
}

#[test]
fn the_first_error_is_returned() {
    let two = |btf: &mut Builder<'_>| {
        btf.layout(0, 0, 0);
        btf.decl_tag("t\0", TypeId(1), DeclTarget::Declaration);
        assert_eq!(btf.next_id(), TypeId(2));
    };
    check(two, Error::BadLayout { kind: 0 });
}
