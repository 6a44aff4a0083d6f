//! Split BTF: ids and string offsets that continue the base's.

use btf_types::{
    Btf, ByteOrder, Error, IntEncoding, Kind, Linkage, StrOffset, TypeId, build::Builder,
};

use crate::all_kinds::ORDERS;

/// `int` at 1 and `struct shared { int a; }` at 2; strings up to 14.
fn base(order: ByteOrder) -> Vec<u8> {
    let mut btf = Builder::new(order);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    btf.structure("shared", 4).member("a", int, 0).finish();
    btf.finish().unwrap()
}

/// `struct own { struct shared shared; int a; }` at 3.
fn split(base: &Btf<'_>) -> Vec<u8> {
    let mut btf = Builder::split(base);
    assert_eq!(btf.next_id(), TypeId(3));
    let own = btf.structure("own", 8).member("shared", TypeId(2), 0).member("a", TypeId(1), 32);
    assert_eq!(own.finish(), TypeId(3));
    btf.finish().unwrap()
}

#[test]
fn ids_and_string_offsets_continue() {
    for order in ORDERS {
        let base_bytes = base(order);
        let base = Btf::parse(&base_bytes).unwrap();
        let bytes = split(&base);
        let split = Btf::parse_split(&bytes, &base).unwrap();

        assert_eq!((base.start_id(), base.len()), (TypeId(1), 2));
        assert_eq!((split.start_id(), split.len()), (TypeId(3), 3));
        assert!(split.base().is_some_and(|of| std::ptr::eq(of, &base)) && base.base().is_none());
        assert_eq!(split.own_types().map(|ty| ty.id()).collect::<Vec<_>>(), [TypeId(3)]);
        let all: Vec<_> = split.types().map(|ty| ty.name().unwrap().to_string()).collect();
        assert_eq!(all, ["int", "shared", "own"]);

        // The base's strings are "\0int\0shared\0a\0"; the split BTF adds one.
        assert_eq!(base.start_str_offset(), StrOffset(0));
        assert_eq!(split.start_str_offset(), StrOffset(14));
        assert_eq!(split.string_bytes(), b"own\0");
        assert_eq!(split.string(StrOffset(14)).unwrap(), "own");
        assert_eq!(split.string(StrOffset(5)).unwrap(), "shared");
        assert_eq!(split.string_and_rest(StrOffset(12)), Some(&b"a\0"[..]));
        assert_eq!(split.string_and_rest(StrOffset(15)), Some(&b"wn\0"[..]));
        assert_eq!(split.string_and_rest(StrOffset(18)), None);

        let own = split.find("own", Kind::Struct).unwrap();
        let shared = own.members().get(0).unwrap();
        assert_eq!(shared.name().unwrap(), "shared");
        assert_eq!(shared.ty().unwrap(), base.find("shared", Kind::Struct).unwrap());
        assert_eq!(split.validate(), Ok(()));
    }
}

#[test]
fn ids_and_offsets_past_the_last_are_errors() {
    let base_bytes = base(ByteOrder::Little);
    let base = Btf::parse(&base_bytes).unwrap();
    let bytes = split(&base);
    let split = Btf::parse_split(&bytes, &base).unwrap();
    let no_type = |id, last| Some(Error::NoSuchType { id: TypeId(id), last });
    assert_eq!(split.type_by_id(TypeId(4)).err(), no_type(4, 3));
    assert_eq!(base.type_by_id(TypeId(3)).err(), no_type(3, 2));
    let no_string = |at, end| Some(Error::NoSuchString { offset: StrOffset(at), end });
    assert_eq!(split.string(StrOffset(18)).err(), no_string(18, 18));
    assert_eq!(base.string(StrOffset(14)).err(), no_string(14, 14));
}

#[test]
fn a_split_btf_and_its_base_have_the_same_void() {
    let base_bytes = base(ByteOrder::Big);
    let base = Btf::parse(&base_bytes).unwrap();
    let bytes = split(&base);
    let split = Btf::parse_split(&bytes, &base).unwrap();
    let void = split.type_by_id(TypeId::VOID).unwrap();
    assert_eq!((void.id(), void.kind()), (TypeId::VOID, Kind::Void));
    assert_eq!(void, base.type_by_id(TypeId::VOID).unwrap());
}

#[test]
fn a_split_btf_without_its_base_is_rejected_with_a_hint() {
    let base_bytes = base(ByteOrder::Little);
    let bytes = split(&Btf::parse(&base_bytes).unwrap());
    let error = Btf::parse(&bytes).err().unwrap().to_string();
    assert!(error.contains("split BTF"), "{error}");
}

#[test]
fn a_split_btf_may_be_empty() {
    let base_bytes = base(ByteOrder::Little);
    let base = Btf::parse(&base_bytes).unwrap();
    let bytes = Builder::split(&base).finish().unwrap();
    assert_eq!(bytes.len(), 24);
    let split = Btf::parse_split(&bytes, &base).unwrap();
    assert_eq!((split.len(), split.own_types().len()), (2, 0));
    assert!(!split.is_empty());
}

#[test]
fn a_base_may_be_split_itself() {
    for order in ORDERS {
        let base_bytes = base(order);
        let base = Btf::parse(&base_bytes).unwrap();
        let middle_bytes = split(&base);
        let middle = Btf::parse_split(&middle_bytes, &base).unwrap();
        let mut top = Builder::split(&middle);
        let var = top.var("own", TypeId(3), Linkage::Global);
        assert_eq!(
            (var, top.string("own"), top.string("int")),
            (TypeId(4), StrOffset(14), StrOffset(1))
        );
        top.typedef("top", TypeId(2));
        let bytes = top.finish().unwrap();
        let top = Btf::parse_split(&bytes, &middle).unwrap();
        assert_eq!(top.string_bytes(), b"top\0");
        let var = top.type_by_id(TypeId(4)).unwrap();
        assert_eq!(var.name().unwrap(), "own");
        assert_eq!(var.referenced().unwrap(), middle.find("own", Kind::Struct));
        let typedef = top.find("top", Kind::Typedef).unwrap();
        assert_eq!(typedef.skip_modifiers_and_typedefs().unwrap().name().unwrap(), "shared");
        assert_eq!(top.types().count(), 5);
    }
}
