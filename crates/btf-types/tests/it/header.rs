//! Headers of every length, layout tables, and the unknown kinds that they describe.

use btf_types::{
    Btf, ByteOrder, Error, Header, Info, IntEncoding, Kind, TypeId,
    build::{Builder, HeaderForm},
};

use crate::{
    all_kinds::{self, DUMP, ORDERS},
    dump::dump,
};

/// An unknown kind, with 4 bytes once and 6 for each element.
const STRANGE: Kind = Kind::Unknown(25);

#[test]
fn headers_of_24_32_and_40_bytes_are_equivalent() {
    let forms =
        [(HeaderForm::Shortest, 24), (HeaderForm::Full, 32), (HeaderForm::Longer(&[0xee; 8]), 40)];
    for order in ORDERS {
        for (form, size) in forms {
            let mut btf = Builder::new(order);
            btf.set_header(form);
            all_kinds::add(&mut btf);
            let bytes = btf.finish().unwrap();
            let header = Header::parse(&bytes).unwrap();
            assert_eq!(header.byte_order(), order);
            assert_eq!((header.size(), header.flags()), (size, 0));
            assert_eq!(header.types().start, size);
            assert_eq!(header.strings().end, bytes.len());
            // Kinds 0 to 22, four bytes each.
            assert_eq!(header.layout().len(), if size == 24 { 0 } else { 92 });
            let btf = Btf::parse(&bytes).unwrap();
            assert_eq!(btf.header(), &header);
            assert_eq!(dump(&btf), DUMP, "{order}, {size} bytes");
        }
    }
}

#[test]
fn the_bytes_of_a_header() {
    let mut btf = Builder::new(ByteOrder::Big);
    btf.float("f", 8);
    let expected: &[u8] = &[
        0xeb, 0x9f, 1, 0, 0, 0, 0, 24, // magic, version, flags, hdr_len
        0, 0, 0, 0, 0, 0, 0, 12, // types
        0, 0, 0, 12, 0, 0, 0, 3, // strings
        0, 0, 0, 1, 16, 0, 0, 0, 0, 0, 0, 8, // FLOAT
        0, b'f', 0,
    ];
    assert_eq!(btf.finish().unwrap(), expected);
}

#[test]
fn the_layout_table_has_the_sizes_of_the_format() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.set_header(HeaderForm::Full);
    let bytes = btf.finish().unwrap();
    let table = &bytes[Header::parse(&bytes).unwrap().layout()];
    let entries: Vec<_> = table.chunks(4).map(|entry| (entry[0], entry[1])).collect();
    // VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC,
    // FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64, LOC_PARAM, LOC_PROTO, LOCSEC
    let expected = [
        (0, 0),
        (4, 0),
        (0, 0),
        (12, 0),
        (0, 12),
        (0, 12),
        (0, 8),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 8),
        (4, 0),
        (0, 12),
        (0, 0),
        (4, 0),
        (0, 0),
        (0, 12),
        (4, 4),
        (0, 4),
        (0, 12),
    ];
    assert_eq!(entries, expected);
}

fn with_strange(order: ByteOrder) -> Vec<u8> {
    let mut btf = Builder::new(order);
    btf.layout(25, 4, 6);
    btf.int("before", 4, IntEncoding::new(32, 0));
    btf.raw_type("strange", Info::new(STRANGE, 2, true), 77, b"once-first-secon");
    btf.int("after", 4, IntEncoding::new(32, 0));
    btf.finish().unwrap()
}

#[test]
fn a_layout_table_describes_unknown_kinds() {
    for order in ORDERS {
        let bytes = with_strange(order);
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.header().size(), 32);
        let names: Vec<_> = btf.own_types().map(|ty| ty.name().unwrap().to_string()).collect();
        assert_eq!(names, ["before", "strange", "after"]);
        let strange = btf.type_by_id(TypeId(2)).unwrap();
        assert_eq!((strange.kind(), strange.vlen(), strange.kind_flag()), (STRANGE, 2, true));
        assert_eq!(strange.raw().size_or_type.get(order), 77);
        assert_eq!(strange.trailing(), b"once-first-secon");
        assert_eq!(strange.size(), Err(Error::NoSize { id: TypeId(2), kind: STRANGE }));
        assert_eq!((strange.stated_size(), strange.referenced_id()), (None, None));
        assert!(strange.members().is_empty() && strange.raw_members().is_empty());
        assert_eq!(strange.kind().to_string(), "UNKNOWN(25)");
        assert_eq!(btf.validate(), Ok(()));
    }
}

#[test]
fn types_of_unknown_kinds_may_end_anywhere() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.layout(23, 0, 1);
    btf.raw_type("odd", Info::new(Kind::Unknown(23), 3, false), 0, b"abc");
    let bytes = btf.finish().unwrap();
    let header = Header::parse(&bytes).unwrap();
    assert_eq!((header.types(), header.layout()), (32..47, 48..48 + 24 * 4));
    assert_eq!(Btf::parse(&bytes).unwrap().own_types().next().unwrap().trailing(), b"abc");
}

/// The bytes of a table need no alignment.
#[test]
fn a_layout_table_may_start_at_an_odd_offset() {
    for order in ORDERS {
        let bytes = with_strange(order);
        let header = Header::parse(&bytes).unwrap();
        let (layout, strings) = (header.layout(), header.strings());
        let word = |value: usize| match order {
            ByteOrder::Little => u32::try_from(value).unwrap().to_le_bytes(),
            ByteOrder::Big => u32::try_from(value).unwrap().to_be_bytes(),
        };
        for gap in 1..4 {
            // Bytes between the types and the table.
            let mut moved =
                [&bytes[..layout.start], &[0xee; 3][..gap], &bytes[layout.start..]].concat();
            for (at, value) in [(16, strings.start), (24, layout.start)] {
                moved[at..at + 4].copy_from_slice(&word(value - 32 + gap));
            }
            let btf = Btf::parse(&moved).unwrap();
            assert_eq!(btf.header().layout().start, layout.start + gap);
            assert_eq!(btf.type_by_id(TypeId(2)).unwrap().trailing(), b"once-first-secon");
            assert_eq!(btf.find("after", Kind::Int).unwrap().id(), TypeId(3));
        }
    }
}

#[test]
fn a_split_btf_uses_its_bases_layout() {
    for order in ORDERS {
        let base_bytes = with_strange(order);
        let base = Btf::parse(&base_bytes).unwrap();
        let mut split = Builder::split(&base);
        split.raw_type("stranger", Info::new(STRANGE, 1, false), 0, b"0123456789");
        let bytes = split.finish().unwrap();
        assert_eq!(Header::parse(&bytes).unwrap().size(), 24);
        let split = Btf::parse_split(&bytes, &base).unwrap();
        assert_eq!(split.type_by_id(TypeId(4)).unwrap().trailing(), b"0123456789");

        // Another base has no layout table, so the kind is unknown.
        let other = Builder::new(order).finish().unwrap();
        let other = Btf::parse(&other).unwrap();
        let error = Error::UnknownKind { id: TypeId(1), kind: 25, offset: 24 };
        assert_eq!(Btf::parse_split(&bytes, &other).err(), Some(error));
    }
}

#[test]
fn a_split_btf_adds_to_its_bases_layout() {
    let base_bytes = with_strange(ByteOrder::Little);
    let base = Btf::parse(&base_bytes).unwrap();
    let mut split = Builder::split(&base);
    split.layout(30, 8, 0);
    split.raw_type("stranger", Info::new(STRANGE, 1, false), 0, b"0123456789");
    split.raw_type("new", Info::new(Kind::Unknown(30), 0, false), 0, b"01234567");
    let bytes = split.finish().unwrap();
    // A split BTF's layout table includes the base's kinds.
    assert_eq!(Header::parse(&bytes).unwrap().layout().len(), 31 * 4);
    let split = Btf::parse_split(&bytes, &base).unwrap();
    assert_eq!(split.type_by_id(TypeId(4)).unwrap().trailing(), b"0123456789");
    assert_eq!(split.type_by_id(TypeId(5)).unwrap().trailing(), b"01234567");
}

#[test]
fn a_layout_table_does_not_change_known_kinds() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.set_header(HeaderForm::Full);
    btf.int("int", 4, IntEncoding::new(32, 0));
    let mut bytes = btf.finish().unwrap();
    // The entry of kind 1: 200 bytes follow an INT.
    let table = Header::parse(&bytes).unwrap().layout().start;
    bytes[table + 4] = 200;
    assert_eq!(Btf::parse(&bytes).unwrap().find("int", Kind::Int).unwrap().size(), Ok(4));
}
