//! The size of a pointer.

use btf_types::{Btf, ByteOrder, IntEncoding, Kind, PointerSize, TypeId, build::Builder};

/// Returns a BTF with INTs of these names and sizes, and a pointer.
fn ints(names: &[(&str, u32)]) -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    for (name, size) in names {
        btf.int(name, *size, IntEncoding::new(0, 0));
    }
    btf.ptr(TypeId::VOID);
    btf.finish().unwrap()
}

#[track_caller]
fn check(names: &[(&str, u32)], expected: u8) {
    let bytes = ints(names);
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(btf.pointer_size(), expected);
    // A clone has the same size, and so has a pointer type.
    assert_eq!((btf.pointer_size(), btf.clone().pointer_size()), (expected, expected));
    let ptr = btf.own_types().find(|ty| ty.kind() == Kind::Ptr).unwrap();
    assert_eq!(ptr.size(), Ok(expected.into()));
    // Without an INT that states it, it is the default.
    let int = btf.int_of_pointer_size().and_then(|int| int.stated_size());
    assert_eq!(int.unwrap_or(8), expected.into());
}

#[test]
fn every_spelling_of_long_determines_it() {
    for name in [
        "long",
        "long int",
        "int long",
        "unsigned long",
        "long unsigned",
        "unsigned long int",
        "unsigned int long",
        "long unsigned int",
        "long int unsigned",
        "int unsigned long",
        "int long unsigned",
    ] {
        check(&[("int", 8), (name, 4)], 4);
        check(&[("int", 4), (name, 8)], 8);
    }
}

#[test]
fn without_a_long_it_is_8() {
    check(&[], 8);
    check(&[("int", 4), ("long long", 4), ("lon", 4), ("unsigned", 4)], 8);
    check(&[("long long unsigned int", 4), ("unsigned long integer", 4)], 8);
}

#[test]
fn a_long_of_another_size_is_skipped() {
    check(&[("long", 16), ("unsigned long", 4), ("long int", 8)], 4);
}

#[test]
fn a_long_that_is_not_an_int_is_skipped() {
    let mut btf = Builder::new(ByteOrder::Big);
    btf.float("long", 4);
    btf.typedef("unsigned long", TypeId(1));
    let bytes = btf.finish().unwrap();
    assert_eq!(Btf::parse(&bytes).unwrap().pointer_size(), 8);
}

#[test]
fn it_can_be_set() {
    let bytes = ints(&[("long", 8)]);
    let btf = Btf::parse(&bytes).unwrap().with_pointer_size(PointerSize::Four);
    assert_eq!(btf.pointer_size(), 4);
    let btf = btf.with_pointer_size(PointerSize::Eight);
    assert_eq!(btf.pointer_size(), 8);
}

#[test]
fn the_base_of_a_split_btf_determines_it_first() {
    let narrow = ints(&[("long", 4)]);
    let without_long = ints(&[("int", 4)]);
    for (base_bytes, given, expected) in [
        (&narrow, None, 4),
        // Without a `long` in the base, the split BTF's own types determine it.
        (&without_long, None, 8),
        (&without_long, Some(PointerSize::Four), 4),
        (&narrow, Some(PointerSize::Eight), 8),
    ] {
        let mut base = Btf::parse(base_bytes).unwrap();
        if let Some(size) = given {
            base = base.with_pointer_size(size);
        }
        let mut split = Builder::split(&base);
        split.int("unsigned long", 8, IntEncoding::new(64, 0));
        let bytes = split.finish().unwrap();
        assert_eq!(Btf::parse_split(&bytes, &base).unwrap().pointer_size(), expected);
    }
    // 8 is also the default, so this is once more with the other size. That the base's size was read before
    // makes no difference.
    let base = Btf::parse(&without_long).unwrap();
    assert_eq!(base.pointer_size(), 8);
    let mut split = Builder::split(&base);
    split.int("unsigned long", 4, IntEncoding::new(32, 0));
    let bytes = split.finish().unwrap();
    assert_eq!(Btf::parse_split(&bytes, &base).unwrap().pointer_size(), 4);
}
