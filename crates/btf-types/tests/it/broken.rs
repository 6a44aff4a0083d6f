//! A well-formed BTF, of which each test changes exactly one field.

use btf_types::{
    Btf, ByteOrder, Error, Header, Info, IntEncoding, Kind, StrOffset, TypeId,
    build::{Builder, HeaderForm},
};

use crate::all_kinds::ORDERS;

// Offsets of the fields of `good` in bytes. The header has 24 bytes, the INT 16, the STRUCT 12 and 12 for
// each of its two members; the strings are "\0int\0foo\0a\0b\0".
const VERSION: usize = 2;
const HDR_LEN: usize = 4;
const TYPE_OFF: usize = 8;
const TYPE_LEN: usize = 12;
const STR_OFF: usize = 16;
const STR_LEN: usize = 20;
const INT: usize = 24;
const STRUCT: usize = 40;
const STRINGS: usize = 76;
const END: usize = 89;

/// Returns the BTF of `struct foo { int a; int b; };`.
fn good(order: ByteOrder) -> Vec<u8> {
    let mut btf = Builder::new(order);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    btf.structure("foo", 8).member("a", int, 0).member("b", int, 32).finish();
    let bytes = btf.finish().unwrap();
    assert_eq!(bytes.len(), END);
    assert!(Btf::parse(&bytes).is_ok_and(|btf| btf.validate().is_ok()));
    bytes
}

/// Overwrites four bytes.
pub(crate) fn set(bytes: &mut [u8], at: usize, value: u32, order: ByteOrder) {
    let word = match order {
        ByteOrder::Little => value.to_le_bytes(),
        ByteOrder::Big => value.to_be_bytes(),
    };
    bytes[at..at + 4].copy_from_slice(&word);
}

/// Checks that `good` with one word changed is rejected with an error, in both byte orders.
#[track_caller]
fn check(at: usize, value: u32, error: Error) {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, at, value, order);
        assert_eq!(Btf::parse(&bytes).err(), Some(error), "{order}");
    }
}

/// Checks that the first `len` bytes of `good` are rejected with an error, in both byte orders.
#[track_caller]
fn check_cut(len: usize, error: Error) {
    for order in ORDERS {
        let bytes = good(order);
        assert_eq!(Btf::parse(&bytes[..len]).err(), Some(error), "{order}");
    }
}

/// Checks that `good` with one word changed parses, that `read` returns an error, and that `validate`
/// returns the same error with its place, in both byte orders.
#[track_caller]
fn check_read(at: usize, value: u32, error: Error, read: fn(&Btf<'_>) -> Option<Error>) {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, at, value, order);
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(read(&btf), Some(error), "{order}");
        let (bad, last_valid) = match error {
            Error::NoSuchType { id, last } => (id.0, last),
            Error::NoSuchString { offset, end } => (offset.0, end - 1),
            other => panic!("{other}"),
        };
        match btf.validate() {
            Err(Error::BadReference { offset, found, last, .. }) => {
                assert_eq!((found, last), (bad, last_valid), "{order}");
                assert_eq!(offset, if at < STRUCT { INT } else { STRUCT }, "{order}");
            }
            other => panic!("{order}: {other:?}"),
        }
    }
}

fn truncated(what: &'static str, offset: usize, needed: usize, available: usize) -> Error {
    Error::Truncated { what, offset, needed, available }
}

#[test]
fn a_header_that_is_cut_off() {
    check_cut(0, truncated("BTF header", 0, 8, 0));
    check_cut(7, truncated("BTF header", 0, 8, 7));
    check_cut(8, truncated("BTF header", 0, 24, 8));
    check_cut(23, truncated("BTF header", 0, 24, 23));
    check(HDR_LEN, 90, truncated("BTF header", 0, 90, 89));
}

#[test]
fn a_bad_magic() {
    for order in ORDERS {
        let mut bytes = good(order);
        bytes[0] = 0x7f;
        let found = [0x7f, bytes[1]];
        assert_eq!(Btf::parse(&bytes).err(), Some(Error::BadMagic { found }));
    }
}

#[test]
fn a_version_that_is_not_1() {
    for order in ORDERS {
        let mut bytes = good(order);
        bytes[VERSION] = 2;
        assert_eq!(Btf::parse(&bytes).err(), Some(Error::BadVersion { found: 2 }));
    }
}

#[test]
fn flags_are_ignored() {
    let mut bytes = good(ByteOrder::Little);
    bytes[3] = 0x80;
    assert_eq!(Btf::parse(&bytes).unwrap().header().flags(), 0x80);
}

#[test]
fn a_header_that_is_too_short() {
    check(HDR_LEN, 0, Error::ShortHeader { found: 0, allowed: 24 });
    check(HDR_LEN, 23, Error::ShortHeader { found: 23, allowed: 24 });
}

#[test]
fn sections_that_begin_in_the_wrong_place() {
    check(TYPE_OFF, 2, Error::Misaligned { what: "type section", offset: 2 });
    let overlap = |types_end| Error::SectionsOverlap { types_end, strings_start: 52 };
    check(TYPE_LEN, 53, overlap(53));
    check(TYPE_OFF, 4, overlap(56));
    check(TYPE_LEN, u32::MAX, overlap(0xffff_ffff));
    check(TYPE_OFF, 0xffff_fffc, overlap(0x1_0000_0030));
    check(STR_OFF, 48, Error::SectionsOverlap { types_end: 52, strings_start: 48 });
}

#[test]
fn sections_that_run_past_the_end() {
    check(STR_LEN, 14, truncated("string section", STRINGS, 14, 13));
    check(STR_LEN, u32::MAX, truncated("string section", STRINGS, 0xffff_ffff, 13));
    check(STR_OFF, 53, truncated("string section", STRINGS + 1, 13, 12));
    check(STR_OFF, u32::MAX, truncated("string section", 0x1_0000_0017, 13, 0));
    check_cut(END - 1, truncated("string section", STRINGS, 13, 12));
    // The types end before the strings start, so they exceed the input only if the strings do.
    check_cut(STRINGS - 1, truncated("type section", INT, 52, 51));
}

#[test]
fn a_layout_table_in_the_wrong_place() {
    // A header of 32 bytes: the same types at 32, then the table of 23 entries, then the strings.
    const LAYOUT_OFF: usize = 24;
    const LAYOUT_LEN: usize = 28;
    for order in ORDERS {
        let mut btf = Builder::new(order);
        btf.set_header(HeaderForm::Full);
        btf.int("int", 4, IntEncoding::new(32, 0));
        let good = btf.finish().unwrap();
        assert_eq!(good.len(), 32 + 16 + 23 * 4 + 5);
        assert_eq!(Header::parse(&good).unwrap().layout(), 48..140);
        for (at, value, error) in [
            (LAYOUT_OFF, 24, truncated("layout table", 56, 92, 89)),
            (LAYOUT_LEN, 98, truncated("layout table", 48, 98, 97)),
        ] {
            let mut bytes = good.clone();
            set(&mut bytes, at, value, order);
            assert_eq!(Btf::parse(&bytes).err(), Some(error), "{order}");
        }
    }
}

#[test]
fn a_malformed_string_section() {
    let problem = |problem| Error::BadStrings { offset: STRINGS, problem };
    check(STR_LEN, 0, problem("is empty"));
    check(STR_LEN, 12, problem("does not end with a NUL byte"));
    for order in ORDERS {
        let mut bytes = good(order);
        bytes[STRINGS] = b'x';
        let Some(Error::BadStrings { offset: STRINGS, problem }) = Btf::parse(&bytes).err() else {
            panic!("{order}")
        };
        assert!(problem.starts_with("does not start with a NUL byte"), "{problem}");
    }
}

#[test]
fn a_type_that_runs_past_its_section() {
    let foo = |vlen, needed, available| Error::TypeTruncated {
        id: TypeId(2),
        kind: Kind::Struct,
        vlen,
        offset: STRUCT,
        needed,
        available,
    };
    check(TYPE_LEN, 51, foo(2, 36, 35));
    check(TYPE_LEN, 28, foo(2, 36, 12));
    check(STRUCT + 4, 0x0400_0003, foo(3, 48, 36));
    check(STRUCT + 4, 0x04ff_ffff, foo(0xff_ffff, 12 + 12 * 0xff_ffff, 36));
    // The rest is shorter than any record.
    check(TYPE_LEN, 27, truncated("type record", STRUCT, 12, 11));
    check(TYPE_LEN, 17, truncated("type record", STRUCT, 12, 1));
    // With a vlen that is too small, the second member is read as a type, and its type id as the info word.
    let kind_0 = Error::UnknownKind { id: TypeId(3), kind: 0, offset: STRUCT + 24 };
    check(STRUCT + 4, 0x0400_0001, kind_0);
}

#[test]
fn an_unknown_kind() {
    for kind in [0, 23, 31, 127] {
        let info = Info::new(Kind::from_raw(kind), 0, false).0;
        check(INT + 4, info, Error::UnknownKind { id: TypeId(1), kind, offset: INT });
    }
}

#[test]
fn a_type_id_that_does_not_exist() {
    let error = Error::NoSuchType { id: TypeId(3), last: 2 };
    // The type of the second member.
    check_read(STRUCT + 12 + 12 + 4, 3, error, |btf| {
        let foo = btf.find("foo", Kind::Struct)?;
        assert!(foo.members().get(0)?.ty().is_ok());
        foo.members().get(1)?.ty().err()
    });
}

#[test]
fn a_name_that_does_not_exist() {
    let error = |offset| Error::NoSuchString { offset: StrOffset(offset), end: 13 };
    let name = |btf: &Btf<'_>| btf.type_by_id(TypeId(1)).ok()?.name().err();
    check_read(INT, 13, error(13), name);
    check_read(INT, u32::MAX, error(u32::MAX), name);
    check_read(STRUCT + 12, 13, error(13), |btf| {
        btf.type_by_id(TypeId(2)).ok()?.members().get(0)?.name().err()
    });
}

#[test]
fn a_name_that_is_too_long() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.int("x".repeat(4096), 4, IntEncoding::new(32, 0));
    btf.int("y".repeat(4097), 4, IntEncoding::new(32, 0));
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let mut types = btf.own_types();
    assert_eq!(types.next().unwrap().name().unwrap().len(), 4096);
    let error = Error::NameTooLong { offset: StrOffset(1 + 4097) };
    assert_eq!(types.next().unwrap().name(), Err(error));
    assert_eq!(btf.validate(), Err(error));
}

/// Reads a BTF with every byte changed, and every prefix of it. Nothing may panic.
#[test]
fn changed_bytes_cause_no_panic() {
    for order in ORDERS {
        let good = crate::all_kinds::bytes(order);
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                read_everything(&bytes);
            }
            read_everything(&good[..at]);
        }
    }
}

fn read_everything(bytes: &[u8]) {
    let Ok(btf) = Btf::parse(bytes) else { return };
    // Errors are allowed, too.
    let _ = btf.validate();
    for ty in btf.types() {
        let _ = (ty.size(), ty.skip_modifiers_and_typedefs(), ty.innermost_element());
        let _ = format!("{ty:?} {:?} {:?}", ty.members(), ty.enumerators());
        let _ = format!("{:?} {:?}", ty.params(), ty.variables());
    }
}
