//! Inline sites: LOC_PARAM, LOC_PROTO and LOCSEC.
//!
//! No tool of Debian knows these kinds. The numbers and layouts are those of the kernel's
//! `include/uapi/linux/btf.h`, and the texts those that the kernel's selftest `bpftool_btf_dump` expects.

use btf_types::{
    Btf, ByteOrder, Error, Header, IntEncoding, Kind, Linkage, LocFlags, LocParam, LocValue,
    TypeId, TypeView,
    build::{self, Builder, HeaderForm},
};

use crate::all_kinds::ORDERS;

const REG_DEREF_OFFSET: LocFlags = LocFlags(0x8 | 0x10 | 0x20);

/// Adds the types of the selftest, which are [4] to [11] there.
fn add(btf: &mut Builder<'_>) -> TypeId {
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let proto = btf.func_proto(int).param("arg1", int).finish();
    let function = btf.func("foo", proto, Linkage::Static);
    let params = [
        btf.loc_param(4, LocFlags::REG, [1]),
        btf.loc_param(8, REG_DEREF_OFFSET, [2, 0x10]),
        btf.loc_param(8, LocFlags(0x29), [0xffff_ffff, 0xffff_fff0]),
        btf.loc_param(8, LocFlags(0x6), [0x9abc_def0, 0x1234_5678]),
        btf.loc_param(8, LocFlags(0x2), [0xfeed_face, 0xdead_beef]),
        btf.loc_param(8, LocFlags(0x39), [0xffff_ffff, 0xffff_ffe0]),
    ];
    let locations = btf.loc_proto(params);
    btf.loc_section("inline.text")
        .loc(function, locations, 64)
        .loc(function, TypeId::VOID, 128)
        .finish()
}

#[test]
fn locations_read_as_bpftool_prints_them() {
    for order in ORDERS {
        let mut btf = Builder::new(order);
        let section = add(&mut btf);
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.validate(), Ok(()));
        let section = btf.type_by_id(section).unwrap();
        assert_eq!((section.kind(), section.name().unwrap().to_string()), {
            (Kind::LocSec, "inline.text".to_string())
        });
        let TypeView::LocSec { locs, .. } = section.view() else { panic!("{:?}", section.view()) };
        let sites: Vec<_> =
            locs.iter().map(|loc| (loc.func_id().0, loc.proto_id().0, loc.offset())).collect();
        assert_eq!(sites, [(3, 10, 64), (3, 0, 128)]);
        assert_eq!(locs.get(0).unwrap().func().unwrap().name().unwrap(), "foo");

        let proto = locs.get(0).unwrap().proto().unwrap();
        let TypeView::LocProto { params, .. } = proto.view() else { panic!("{:?}", proto.view()) };
        let texts: Vec<_> = params
            .iter()
            .map(|param| {
                let ty = param.ty().unwrap();
                let TypeView::LocParam { size, location, .. } = ty.view() else { panic!("{ty:?}") };
                (size, location.flags().0, location.value().unwrap().to_string())
            })
            .collect();
        assert_eq!(
            texts,
            [
                (4, 0x8, "reg1".to_string()),
                (8, 0x38, "*(reg2 + 0x10)".to_string()),
                (8, 0x29, "fbreg - 0x10".to_string()),
                (8, 0x6, "0x123456789abcdef0 (addr)".to_string()),
                (8, 0x2, "0xdeadbeeffeedface".to_string()),
                (8, 0x39, "*(fbreg - 0x20)".to_string()),
            ]
        );
        // No other accessor reads them.
        for ty in btf.own_types().skip(3) {
            assert!(ty.members().is_empty() && ty.params().is_empty() && ty.variables().is_empty());
            assert_eq!((ty.referenced_id(), ty.linkage(), ty.int()), (None, None, None));
        }
        assert!(section.loc_params().is_empty() && section.loc_param().is_none());
        assert_eq!(params.get(0).unwrap().ty().unwrap().size(), Ok(4));
        let no_size = Error::NoSize { id: proto.id(), kind: Kind::LocProto };
        assert_eq!(proto.size(), Err(no_size));
    }
}

/// The bytes of three types, each word by hand, in either byte order.
fn by_hand(order: ByteOrder, with_table: bool) -> Vec<u8> {
    let word = |word: &u32| match order {
        ByteOrder::Little => word.to_le_bytes(),
        ByteOrder::Big => word.to_be_bytes(),
    };
    let types = [
        // LOC_PARAM is kind 20, with vlen 2: 12 + 4 + 2 · 4 bytes.
        &[0, 20 << 24 | 2, 8, 0x2, 0xfeed_face, 0xdead_beef][..],
        // LOC_PROTO is kind 21, with vlen 1: 12 + 4 bytes.
        &[0, 21 << 24 | 1, 0, 1],
        // LOCSEC is kind 22, with vlen 1: 12 + 12 bytes.
        &[1, 22 << 24 | 1, 0, 0, 2, 0x40],
    ]
    .concat();
    assert_eq!(types.len(), (12 + 4 + 8 + 12 + 4 + 12 + 12) / 4);
    // For each kind, how many bytes follow once and for each element.
    let table: Vec<[u8; 4]> = (0..23)
        .map(|kind| match kind {
            20 => [4, 4, 0, 0],
            21 => [0, 4, 0, 0],
            22 => [0, 12, 0, 0],
            _ => [0; 4],
        })
        .collect();
    let strings = b"\0.text\0";
    let types_len = 64;
    let (header_len, table_len) = if with_table { (32, 92) } else { (24, 0) };
    let mut header = match order {
        ByteOrder::Little => vec![0x9f, 0xeb, 1, 0],
        ByteOrder::Big => vec![0xeb, 0x9f, 1, 0],
    };
    for number in [header_len, 0, types_len, types_len + table_len, 7] {
        header.extend(word(&number));
    }
    if with_table {
        header.extend(word(&types_len));
        header.extend(word(&table_len));
    }
    let types: Vec<u8> = types.iter().flat_map(word).collect();
    let table = if with_table { table.concat() } else { Vec::new() };
    [header, types, table, strings.to_vec()].concat()
}

#[test]
fn the_bytes_of_the_three_kinds() {
    for order in ORDERS {
        for with_table in [false, true] {
            let bytes = by_hand(order, with_table);
            let btf = Btf::parse(&bytes).unwrap();
            let kinds: Vec<_> = btf.own_types().map(|ty| ty.kind()).collect();
            assert_eq!(kinds, [Kind::LocParam, Kind::LocProto, Kind::LocSec]);
            let param = btf.type_by_id(TypeId(1)).unwrap().loc_param().unwrap();
            assert_eq!(param.value(), Some(LocValue::Constant(0xdead_beef_feed_face)));
            let section = btf.find(".text", Kind::LocSec).unwrap();
            let loc = section.locs().get(0).unwrap();
            assert_eq!((loc.func_id().0, loc.proto_id().0, loc.offset()), (0, 2, 0x40));

            // The builder writes the same bytes, and copies types to them.
            let mut built = Builder::new(order);
            if !with_table {
                let param = built.loc_param(8, LocFlags::CONST, [0xfeed_face, 0xdead_beef]);
                let proto = built.loc_proto([param]);
                built.loc_section(".text").loc(TypeId::VOID, proto, 0x40).finish();
                assert_eq!(built.finish().unwrap(), bytes);
            }
            for copy_order in ORDERS {
                let mut copy = Builder::new(copy_order);
                for ty in btf.own_types() {
                    copy.copy(ty, |id| id);
                }
                assert_eq!(copy.finish().unwrap(), by_hand(copy_order, false));
            }
        }
    }
}

/// A layout table states the sizes of all kinds. Ours agrees with one written by hand.
#[test]
fn the_layout_table_has_the_same_sizes() {
    let by_hand = by_hand(ByteOrder::Little, true);
    let mut built = Builder::new(ByteOrder::Little);
    built.set_header(HeaderForm::Full);
    let built = built.finish().unwrap();
    let entry = |bytes: &[u8], kind: usize| {
        let at = Header::parse(bytes).unwrap().layout().start + 4 * kind;
        (bytes[at], bytes[at + 1])
    };
    for kind in 20..23 {
        assert_eq!(entry(&built, kind), entry(&by_hand, kind));
    }
}

#[test]
fn values_and_flags_say_where_a_parameter_is() {
    let check = |flags: u32, values: &[u32], expected: Option<LocValue>| {
        for order in ORDERS {
            let mut btf = Builder::new(order);
            let id = btf.loc_param(4, LocFlags(flags), values.iter().copied());
            let bytes = btf.finish().unwrap();
            let btf = Btf::parse(&bytes).unwrap();
            let param = btf.type_by_id(id).unwrap().loc_param().unwrap();
            assert_eq!(param.value(), expected, "{flags:#x} {values:?}");
            let raw: Vec<_> = param.raw_values().iter().map(|word| word.get(order)).collect();
            assert_eq!((param.raw().flags.get(order), raw.as_slice()), (flags, values));
        }
    };
    // Signed constants of one word are extended, others are not.
    check(0x3, &[0xffff_fffe], Some(LocValue::Constant(0xffff_ffff_ffff_fffe)));
    check(0x2, &[0xffff_fffe], Some(LocValue::Constant(0xffff_fffe)));
    check(0x6, &[16], Some(LocValue::Address(16)));
    check(0x8, &[7], Some(LocValue::Register(7)));
    check(0x8, &[7, 3], Some(LocValue::Registers([7, 3])));
    check(0x8, &[LocParam::FRAME_BASE], Some(LocValue::Register(u32::MAX)));
    // No value, one too many, no flag of a place, a flag that the format does not define.
    for (flags, values) in [
        (0x2, &[][..]),
        (0x2, &[1, 2, 3]),
        (0x8, &[]),
        (0x8, &[1, 2, 3]),
        (0x28, &[1]),
        (0x38, &[1, 2, 3]),
        (0, &[1]),
        (0x4, &[1]),
        (0xa, &[1]),
        (0xc, &[1]),
        (0x12, &[1]),
        (0x48, &[1]),
    ] {
        check(flags, values, None);
    }
}

#[test]
fn locations_print_as_text() {
    let memory = |text: &str, flags: u32, values: &[u32]| {
        let mut btf = Builder::new(ByteOrder::Little);
        let id = btf.loc_param(8, LocFlags(flags), values.iter().copied());
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let value = btf.type_by_id(id).unwrap().loc_param().unwrap().value().unwrap();
        assert_eq!(value.to_string(), text);
    };
    memory("*(reg4)", 0x18, &[4]);
    memory("reg4", 0x28, &[4, 0]);
    memory("reg0, reg1", 0x8, &[0, 1]);
    // -2³¹ has no positive counterpart in 32 bits.
    memory("fbreg - 0x80000000", 0x28, &[u32::MAX, 1 << 31]);
}

#[test]
fn validation_checks_the_references() {
    type Add = fn(&mut Builder<'_>);
    let cases: [(Kind, Add); 3] = [
        (Kind::LocProto, |btf| _ = btf.loc_proto([TypeId(1), TypeId(9)])),
        (Kind::LocSec, |btf| _ = btf.loc_section("s").loc(TypeId(9), TypeId(0), 0).finish()),
        (Kind::LocSec, |btf| _ = btf.loc_section("s").loc(TypeId(0), TypeId(9), 0).finish()),
    ];
    for (kind, add) in cases {
        let mut btf = Builder::new(ByteOrder::Little);
        add(&mut btf);
        let bytes = btf.finish().unwrap();
        let error = Error::BadReference {
            id: TypeId(1),
            kind,
            offset: 24,
            what: "type id",
            found: 9,
            last: 1,
        };
        assert_eq!(Btf::parse(&bytes).unwrap().validate(), Err(error));
    }
}

#[test]
fn a_truncated_record_is_an_error() {
    let mut bytes = by_hand(ByteOrder::Little, false);
    // One more inline site than there is.
    bytes[24 + 24 + 16 + 4] = 2;
    assert!(matches!(
        Btf::parse(&bytes).err(),
        Some(Error::TypeTruncated { kind: Kind::LocSec, vlen: 2, needed: 36, available: 24, .. })
    ));
}

#[test]
fn known_kinds_need_no_layout() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.layout(20, 4, 4);
    assert_eq!(btf.finish(), Err(build::Error::BadLayout { kind: 20 }));
}
