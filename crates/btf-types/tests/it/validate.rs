//! `Btf::validate`: all errors of a BTF that parses.

use btf_types::{
    Btf, ByteOrder, DeclTarget, Error, IntEncoding, Kind, Linkage, TypeId, build::Builder,
};

use crate::{
    all_kinds::{self, ORDERS},
    broken::set,
};

/// Validates a BTF with `int` (type 1) and what `add` adds.
#[track_caller]
fn check(add: impl FnOnce(&mut Builder<'_>, TypeId), expected: Option<Error>) {
    let mut btf = Builder::new(ByteOrder::Big);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    add(&mut btf, int);
    let bytes = btf.finish().unwrap();
    assert_eq!(Btf::parse(&bytes).unwrap().validate().err(), expected);
}

#[test]
fn every_kind_is_valid() {
    for order in ORDERS {
        let bytes = all_kinds::bytes(order);
        let base = Btf::parse(&bytes).unwrap();
        assert_eq!(base.validate(), Ok(()));
        let mut split = Builder::split(&base);
        all_kinds::add(&mut split);
        let bytes = split.finish().unwrap();
        assert_eq!(Btf::parse_split(&bytes, &base).unwrap().validate(), Ok(()));
    }
}

#[test]
fn every_type_id_is_checked() {
    const NONE: TypeId = TypeId(99);
    // The type follows the header of 24 bytes and the INT of 16.
    let missing = |kind| {
        let (id, what, found) = (TypeId(2), "type id", NONE.0);
        Some(Error::BadReference { id, kind, offset: 40, what, found, last: 2 })
    };
    check(|btf, _| _ = btf.ptr(NONE), missing(Kind::Ptr));
    check(|btf, _| _ = btf.typedef("t", NONE), missing(Kind::Typedef));
    check(|btf, int| _ = btf.array(NONE, int, 1), missing(Kind::Array));
    check(|btf, int| _ = btf.array(int, NONE, 1), missing(Kind::Array));
    let structure = |btf: &mut Builder<'_>, _| {
        btf.structure("s", 4).member("m", NONE, 0).finish();
    };
    check(structure, missing(Kind::Struct));
    check(|btf, _| _ = btf.func_proto(NONE).finish(), missing(Kind::FuncProto));
    check(|btf, int| _ = btf.func_proto(int).param("p", NONE).finish(), missing(Kind::FuncProto));
    check(|btf, _| _ = btf.var("v", NONE, Linkage::Global), missing(Kind::Var));
    let section = |btf: &mut Builder<'_>, _| {
        btf.data_section(".s", 4).variable(NONE, 0, 4).finish();
    };
    check(section, missing(Kind::DataSec));
    let tag = |btf: &mut Builder<'_>, _| {
        btf.decl_tag("t", NONE, DeclTarget::Declaration);
    };
    check(tag, missing(Kind::DeclTag));
}

/// Changes the name of a type or of its only entry.
#[test]
fn every_name_is_checked() {
    type Add = fn(&mut Builder<'_>, TypeId);
    // After the header of 24 bytes and the INT of 16, the record is at 40 and the entry at 52.
    let entries: [(usize, Add); 5] = [
        (40, |btf, int| _ = btf.typedef("x", int)),
        (52, |btf, int| _ = btf.union("u", 4).member("x", int, 0).finish()),
        (52, |btf, _| _ = btf.enumeration("e", 4).enumerator("x", 0).finish()),
        (52, |btf, _| _ = btf.enumeration64("e", 8).enumerator("x", 0).finish()),
        (52, |btf, int| _ = btf.func_proto(int).param("x", int).finish()),
    ];
    for order in ORDERS {
        for (at, add) in entries {
            let mut btf = Builder::new(order);
            let int = btf.int("int", 4, IntEncoding::new(32, 0));
            add(&mut btf, int);
            let mut bytes = btf.finish().unwrap();
            assert_eq!(Btf::parse(&bytes).unwrap().validate(), Ok(()));
            set(&mut bytes, at, 0x1000, order);
            let btf = Btf::parse(&bytes).unwrap();
            let last = btf.own_types().last().unwrap();
            let error = Error::BadReference {
                id: TypeId(2),
                kind: last.kind(),
                offset: 40,
                what: "string offset",
                found: 0x1000,
                last: btf.string_bytes().len() as u32 - 1,
            };
            assert_eq!(btf.validate(), Err(error), "{last:?}");
        }
    }
}

/// A split BTF may refer to types and strings of the base.
#[test]
fn a_split_btf_refers_to_its_base() {
    let base = all_kinds::bytes(ByteOrder::Little);
    let base = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&base);
    let last = TypeId(split.next_id().0);
    split.typedef("t", TypeId(last.0 + 1));
    let bytes = split.finish().unwrap();
    let split = Btf::parse_split(&bytes, &base).unwrap();
    let (what, found) = ("type id", last.0 + 1);
    let error = Error::BadReference {
        id: last,
        kind: Kind::Typedef,
        offset: 24,
        what,
        found,
        last: last.0,
    };
    assert_eq!(split.validate(), Err(error));
}

#[test]
fn the_bits_of_an_int_fit_its_size() {
    let int = |size, encoding: u32| {
        move |btf: &mut Builder<'_>, _| {
            btf.int("i", size, IntEncoding(encoding));
        }
    };
    let bad = |bits, offset, size| Some(Error::BadInt { id: TypeId(2), bits, offset, size });
    check(int(4, 32), None);
    check(int(4, 31), None);
    check(int(16, 128), None);
    check(int(4, 8 << 16 | 24), None);
    check(int(4, 33), bad(33, 0, 4));
    check(int(4, 8 << 16 | 25), bad(25, 8, 4));
    check(int(4, 255 << 16 | 255), bad(255, 255, 4));
    check(int(3, 24), bad(24, 0, 3));
    check(int(0, 0), bad(0, 0, 0));
    check(int(32, 128), bad(128, 0, 32));
}

#[test]
fn no_type_contains_itself() {
    let cycle = |id| Some(Error::ContainsItself { id: TypeId(id) });
    let itself = |btf: &mut Builder<'_>, _| {
        let id = btf.next_id();
        btf.structure("s", 8).member("s", id, 0).finish();
    };
    check(itself, cycle(2));
    let through_others = |btf: &mut Builder<'_>, int| {
        let array = btf.array(int, int, 1);
        let constant = btf.constant(array);
        let typedef = btf.typedef("t", constant);
        let inner = btf.union("", 8).member("a", int, 0).member("t", typedef, 0).finish();
        let outer = btf.structure("s", 8).member("u", inner, 0).finish();
        btf.redirect(array, outer);
    };
    check(through_others, cycle(2));
    let typedef = |btf: &mut Builder<'_>, int| {
        let typedef = btf.typedef("t", int);
        btf.redirect(typedef, typedef);
    };
    check(typedef, cycle(2));
    let section = |btf: &mut Builder<'_>, _| {
        let var = btf.var("v", TypeId(3), Linkage::Global);
        btf.data_section(".s", 8).variable(var, 0, 8).finish();
    };
    check(section, cycle(2));
}

#[test]
fn a_type_may_point_to_itself() {
    check(
        |btf, _| {
            let id = btf.next_id();
            let ptr = TypeId(id.0 + 1);
            let proto = TypeId(id.0 + 2);
            btf.structure("s", 24).member("next", ptr, 0).member("call", ptr, 64).finish();
            btf.ptr(id);
            btf.func_proto(proto).param("s", id).param("self", proto).finish();
        },
        None,
    );
}

/// Two members of the same type are not a cycle. Here they make 2⁶⁰ paths.
#[test]
fn containment_is_checked_once_for_each_type() {
    check(
        |btf, int| {
            let mut inner = int;
            for _ in 0..60 {
                inner = btf.structure("", 8).member("a", inner, 0).member("b", inner, 0).finish();
            }
        },
        None,
    );
}

/// A chain of 200,000 structures, each in the next, would overflow the stack of a recursive search.
#[test]
fn containment_may_be_deep() {
    check(
        |btf, _| {
            for _ in 0..200_000 {
                let next = TypeId(btf.next_id().0 + 1);
                btf.structure("", 8).member("a", next, 0).finish();
            }
            btf.float("f", 8);
        },
        None,
    );
}

#[test]
fn the_base_is_not_checked() {
    let mut base = Builder::new(ByteOrder::Little);
    base.ptr(TypeId(99));
    let base = base.finish().unwrap();
    let base = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&base);
    split.typedef("t", TypeId(1));
    let bytes = split.finish().unwrap();
    assert_eq!(Btf::parse_split(&bytes, &base).unwrap().validate(), Ok(()));
    assert!(base.validate().is_err());
}
