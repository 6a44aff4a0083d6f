//! Reading what the builder writes. `DUMP` is bpftool's output, which `judge.rs` compares.

use btf_types::{Btf, ByteOrder, IntEncoding, Kind, TypeId, build::Builder};

use crate::{
    all_kinds::{self, COUNT, DUMP, ORDERS, dump_shifted},
    dump::dump,
};

#[test]
fn every_kind_is_in_the_sample() {
    let bytes = all_kinds::bytes(ByteOrder::Little);
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(btf.len(), COUNT as usize);
    // No released bpftool knows the kinds of inline sites: `inline_sites.rs`.
    for kind in Kind::ALL.into_iter().filter(|kind| *kind <= Kind::Enum64) {
        assert!(btf.own_types().any(|ty| ty.kind() == kind), "{kind}");
    }
}

#[test]
fn every_kind_in_both_byte_orders() {
    for order in ORDERS {
        let bytes = all_kinds::bytes(order);
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.byte_order(), order);
        assert_eq!(dump(&btf), DUMP, "{order}");
    }
}

#[test]
fn every_kind_on_a_base() {
    for order in ORDERS {
        let base = all_kinds::bytes(order);
        let base = Btf::parse(&base).unwrap();
        let mut split = Builder::split(&base);
        all_kinds::add(&mut split);
        let bytes = split.finish().unwrap();
        let split = Btf::parse_split(&bytes, &base).unwrap();
        // The base has all names.
        assert_eq!(split.string_bytes(), b"");
        assert_eq!(dump(&split), dump_shifted(COUNT), "{order}");
    }
}

#[test]
fn every_kind_is_copied_into_the_other_byte_order() {
    for (from, to) in [(ByteOrder::Little, ByteOrder::Big), (ByteOrder::Big, ByteOrder::Little)] {
        let bytes = all_kinds::bytes(from);
        let btf = Btf::parse(&bytes).unwrap();
        let mut copy = Builder::new(to);
        for ty in btf.own_types() {
            assert_eq!(copy.copy(ty, |id| id), ty.id());
        }
        let copy = copy.finish().unwrap();
        assert_eq!(dump(&Btf::parse(&copy).unwrap()), DUMP, "{from} to {to}");
    }
}

#[test]
fn every_kind_is_copied_after_other_types() {
    let bytes = all_kinds::bytes(ByteOrder::Little);
    let btf = Btf::parse(&bytes).unwrap();
    let mut copy = Builder::new(ByteOrder::Little);
    for _ in 0..100 {
        copy.float("filler", 8);
    }
    for ty in btf.own_types() {
        copy.copy(ty, |id| TypeId(id.0 + 100));
    }
    let copy = copy.finish().unwrap();
    let dumped = dump(&Btf::parse(&copy).unwrap());
    assert_eq!(
        dumped.lines().skip(100).collect::<Vec<_>>(),
        dump_shifted(100).lines().collect::<Vec<_>>()
    );
}

/// vlen exceeds the 16 bits that earlier versions of the format gave it.
#[test]
fn a_structure_of_70_000_members() {
    for order in ORDERS {
        let mut btf = Builder::new(order);
        let byte = btf.int("u8", 1, IntEncoding::new(8, 0));
        let mut huge = btf.structure("huge", 70_000);
        for index in 0..70_000 {
            huge = huge.member(format!("m{index}"), byte, index * 8);
        }
        let huge = huge.finish();
        let last = btf.typedef("last", huge);
        let bytes = btf.finish().unwrap();

        let btf = Btf::parse(&bytes).unwrap();
        let huge = btf.type_by_id(huge).unwrap();
        assert_eq!((huge.vlen(), huge.members().len()), (70_000, 70_000));
        assert_eq!(huge.raw_members().len(), 70_000);
        let member = huge.members().get(69_999).unwrap();
        assert_eq!((member.name().unwrap(), member.bit_offset()), ("m69999".into(), 559_992));
        assert!(huge.members().get(70_000).is_none());
        assert_eq!(btf.type_by_id(last).unwrap().name().unwrap(), "last");
    }
}

#[test]
fn kind_flag_can_be_set_without_a_bitfield() {
    let mut btf = Builder::new(ByteOrder::Big);
    let int = btf.int("int", 4, IntEncoding::new(32, 0));
    let plain = btf.structure("plain", 4).member("a", int, 0x0123_4568).finish();
    let forced = btf.union("forced", 4).member("a", int, 0xff_ffff).with_kind_flag().finish();
    let bits_0 = btf.structure("bits_0", 4).bitfield("a", int, 0x0123_4568, 0).finish();
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let first = |id| {
        let ty = btf.type_by_id(id).unwrap();
        let member = ty.members().get(0).unwrap();
        (ty.kind_flag(), member.bit_offset(), member.bitfield_size())
    };
    assert_eq!(first(plain), (false, 0x0123_4568, 0));
    assert_eq!(first(forced), (true, 0xff_ffff, 0));
    assert_eq!(first(bits_0), (false, 0x0123_4568, 0));
}

#[test]
fn an_empty_btf() {
    for order in ORDERS {
        let bytes = Builder::new(order).finish().unwrap();
        assert_eq!(bytes.len(), 25);
        let btf = Btf::parse(&bytes).unwrap();
        assert!(btf.is_empty() && btf.own_types().len() == 0 && btf.types().next().is_none());
        assert_eq!((btf.len(), btf.start_id()), (0, TypeId(1)));
        assert_eq!(btf.validate(), Ok(()));
    }
}
