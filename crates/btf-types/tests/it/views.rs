//! The facts that the views read, and how they print.

use btf_types::{
    Array, Btf, ByteOrder, DeclTarget, Error, Info, IntEncoding, Kind, KindSet, Linkage, StrOffset,
    Type, TypeId, build::Builder,
};

use crate::all_kinds::{self, ORDERS};

/// Calls `look` with the sample of `all_kinds` in both byte orders.
fn look(look: impl Fn(&Btf<'_>)) {
    for order in ORDERS {
        let bytes = all_kinds::bytes(order);
        look(&Btf::parse(&bytes).unwrap());
    }
}

#[test]
fn a_btf_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Btf<'_>>();
    shared::<Type<'_>>();
}

#[test]
fn a_btf_keeps_its_bytes() {
    for order in ORDERS {
        let bytes = all_kinds::bytes(order);
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.as_bytes(), bytes);
        assert_eq!(btf.string_bytes(), &bytes[btf.header().strings()]);
        assert_eq!(btf.start_str_offset(), StrOffset::EMPTY);
        assert!(btf.base().is_none());
    }
}

#[test]
fn a_clone_is_the_same() {
    look(|btf| {
        let clone = btf.clone();
        assert_eq!(clone.len(), btf.len());
        assert_eq!(crate::dump::dump(&clone), crate::dump::dump(btf));
    });
}

#[test]
fn raw_records_are_as_stored() {
    look(|btf| {
        let order = btf.byte_order();
        let flags = btf.find("flags", Kind::Struct).unwrap();
        let raw = flags.raw();
        assert_eq!(StrOffset(raw.name_off.get(order)), flags.name_off());
        assert_eq!(raw.info.get(order), 0x8400_0003);
        assert_eq!(raw.size_or_type.get(order), 8);
        assert_eq!(flags.info(), Info::new(Kind::Struct, 3, true));
        assert_eq!(flags.trailing().len(), 36);
        assert_eq!(flags.raw_members().len(), 3);
        assert_eq!(flags.raw_members()[2].offset.get(order), 29 << 24 | 35);
        assert_eq!(flags.members().get(2).unwrap().raw(), &flags.raw_members()[2]);
        assert!(std::ptr::eq(flags.btf(), btf));
        let int = btf.find("int", Kind::Int).unwrap();
        assert_eq!((int.trailing().len(), int.raw_members().len()), (4, 0));
    });
}

#[test]
fn types_are_found_by_name_and_kind() {
    look(|btf| {
        assert_eq!(btf.find("int", Kind::Int).unwrap().id(), TypeId(1));
        assert_eq!(btf.find("node", Kind::Struct).unwrap().id(), TypeId(8));
        assert_eq!(btf.find("node", Kind::Union), None);
        assert_eq!(btf.find("nod", Kind::Struct), None);
        assert_eq!(btf.find("node_", Kind::Struct), None);
        // Anonymous types have the empty name.
        let anonymous: Vec<_> = btf.find_all("", Kind::Ptr).map(|ty| ty.id().0).collect();
        assert_eq!(anonymous, [5, 30]);
    });
    let mut btf = Builder::new(ByteOrder::Little);
    btf.structure("s", 1).finish();
    btf.fwd_struct("s");
    btf.structure("s", 2).finish();
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let ids: Vec<_> = btf.find_all("s", Kind::Struct).map(|ty| ty.id().0).collect();
    assert_eq!(ids, [1, 3]);
    assert_eq!(btf.find("s", Kind::Struct).unwrap().id(), TypeId(1));
}

#[test]
fn own_types_are_iterated_in_both_directions() {
    look(|btf| {
        let types = btf.own_types();
        assert_eq!(types.len(), 32);
        assert_eq!(
            types.rev().map(|ty| ty.id().0).collect::<Vec<_>>(),
            (1..=32).rev().collect::<Vec<_>>()
        );
        assert_eq!(
            btf.types().map(|ty| ty.id().0).collect::<Vec<_>>(),
            (1..=32).collect::<Vec<_>>()
        );
    });
}

#[test]
fn a_name_is_compared_to_its_end() {
    look(|btf| {
        let int = btf.type_by_id(TypeId(1)).unwrap();
        assert!(int.is_named(b"int"));
        assert!(!int.is_named(b"in") && !int.is_named(b"int8") && !int.is_named(b""));
        assert!(!int.is_named(b"int\0char"), "a NUL byte ends a name");
        let ptr = btf.type_by_id(TypeId(5)).unwrap();
        assert!(ptr.is_named(b""));
        let rest = btf.string_and_rest(int.name_off()).unwrap();
        assert!(rest.starts_with(b"int\0char\0"));
        assert_eq!(btf.string_and_rest(StrOffset(btf.string_bytes().len() as u32)), None);
    });
}

/// Each accessor of a fact that only some kinds have returns nothing for other kinds.
#[test]
fn accessors_are_for_their_kinds_only() {
    look(|btf| {
        for ty in btf.own_types() {
            let kind = ty.kind();
            assert_eq!(ty.int().is_some(), kind == Kind::Int);
            assert_eq!(ty.array().is_some(), kind == Kind::Array);
            assert_eq!(!ty.members().is_empty(), kind.is_composite());
            assert_eq!(!ty.raw_members().is_empty(), kind.is_composite());
            assert_eq!(!ty.enumerators().is_empty(), kind.is_enum());
            assert_eq!(!ty.params().is_empty(), kind == Kind::FuncProto);
            assert_eq!(!ty.variables().is_empty(), kind == Kind::DataSec);
            assert_eq!(ty.linkage().is_some(), matches!(kind, Kind::Var | Kind::Func));
            assert_eq!(ty.decl_target().is_some(), kind == Kind::DeclTag);
            assert_eq!(ty.fwd_is_union().is_some(), kind == Kind::Fwd);
            let sized = matches!(
                kind,
                Kind::Int
                    | Kind::Struct
                    | Kind::Union
                    | Kind::Enum
                    | Kind::Enum64
                    | Kind::Float
                    | Kind::DataSec
            );
            assert_eq!(ty.stated_size().is_some(), sized);
            let alone = matches!(kind, Kind::Array | Kind::Fwd);
            assert_eq!(ty.referenced_id().is_some(), !sized && !alone);
            assert_eq!(ty.referenced().unwrap().is_some(), !sized && !alone);
        }
    });
}

#[test]
fn what_each_kind_has() {
    look(|btf| {
        let ty = |id| btf.type_by_id(TypeId(id)).unwrap();
        assert_eq!(ty(1).int(), Some(IntEncoding::new(32, IntEncoding::SIGNED)));
        assert_eq!(ty(6).array(), Some(Array { element: TypeId(2), index: TypeId(4), len: 16 }));
        assert_eq!((ty(12).fwd_is_union(), ty(13).fwd_is_union()), (Some(false), Some(true)));
        assert_eq!(ty(14).referenced().unwrap(), Some(ty(10)));
        assert_eq!(ty(19).linkage(), Some(Linkage::Static));
        assert_eq!(ty(20).linkage(), Some(Linkage::Global));
        assert_eq!(ty(21).linkage(), Some(Linkage::Extern));
        assert_eq!(ty(22).linkage(), Some(Linkage::Global));
        assert_eq!(ty(23).linkage(), Some(Linkage::Static));
        assert_eq!(ty(24).linkage(), Some(Linkage::Extern));
        assert_eq!(ty(27).decl_target(), Some(DeclTarget::Declaration));
        assert_eq!(ty(28).decl_target(), Some(DeclTarget::Component(1)));
    });
}

#[test]
fn a_member() {
    look(|btf| {
        let flags = btf.find("flags", Kind::Struct).unwrap();
        let low = flags.members().get(1).unwrap();
        assert_eq!(low.name().unwrap(), "low");
        assert_eq!(btf.string(low.name_off()).unwrap(), "low");
        assert_eq!((low.type_id(), low.ty().unwrap().id()), (TypeId(1), TypeId(1)));
        assert_eq!((low.bit_offset(), low.bitfield_size()), (32, 3));
        assert_eq!(
            format!("{low:?}"),
            r#"Member { name: Ok("low"), type_id: [1], bit_offset: 32, bitfield_size: 3 }"#
        );
    });
}

#[test]
fn an_enumerator() {
    look(|btf| {
        let values = |name, kind| {
            let ty = btf.find(name, kind).unwrap();
            let values = ty.enumerators().iter().map(|e| (e.is_signed(), e.bits(), e.value()));
            values.collect::<Vec<_>>()
        };
        assert_eq!(values("color", Kind::Enum), [(false, 0, 0), (false, 0xffff_ffff, 0xffff_ffff)]);
        assert_eq!(
            values("offset", Kind::Enum),
            [(true, u64::MAX, -1), (true, 0x7fff_ffff, 0x7fff_ffff)]
        );
        assert_eq!(
            values("wide", Kind::Enum64),
            [(false, u64::MAX, u64::MAX.into()), (false, 1, 1)]
        );
        assert_eq!(values("deep", Kind::Enum64), [(true, 1 << 63, i64::MIN.into()), (true, 1, 1)]);
        let back = btf.find("offset", Kind::Enum).unwrap().enumerators().get(0).unwrap();
        assert_eq!(btf.string(back.name_off()), back.name());
        assert_eq!(format!("{back:?}"), r#"Enumerator { name: Ok("BACK"), value: -1 }"#);
    });
}

#[test]
fn a_parameter_and_a_variable() {
    look(|btf| {
        let proto = btf.type_by_id(TypeId(18)).unwrap();
        let b = proto.params().get(1).unwrap();
        assert_eq!((b.name().unwrap(), b.type_id()), ("b".into(), TypeId(16)));
        assert_eq!(btf.string(b.name_off()), b.name());
        assert_eq!(b.ty().unwrap().kind(), Kind::Const);
        assert_eq!(b.raw().type_id.get(btf.byte_order()), 16);
        assert_eq!(format!("{b:?}"), r#"Param { name: Ok("b"), type_id: [16] }"#);
        assert!(proto.params().get(2).unwrap().ty().unwrap().id().is_void());

        let data = btf.find(".data", Kind::DataSec).unwrap();
        let hidden = data.variables().get(1).unwrap();
        assert_eq!((hidden.type_id(), hidden.offset(), hidden.size()), (TypeId(23), 8, 8));
        assert_eq!(hidden.ty().unwrap().name().unwrap(), "hidden");
        assert_eq!(hidden.raw().size.get(btf.byte_order()), 8);
        assert_eq!(format!("{hidden:?}"), "VarSecInfo { type_id: [23], offset: 8, size: 8 }");
    });
}

#[test]
fn entries_are_a_list() {
    look(|btf| {
        let members = btf.find("node", Kind::Struct).unwrap().members();
        assert_eq!((members.len(), members.is_empty()), (4, false));
        let names = |members: &mut dyn Iterator<Item = btf_types::Member<'_>>| {
            members.map(|member| member.name().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(&mut members.into_iter()), ["next", "", "name", "ok"]);
        assert_eq!(names(&mut members.iter().rev()), ["ok", "name", "", "next"]);
        let mut iter = members.iter();
        iter.next_back();
        assert_eq!((iter.next().is_some(), iter.len()), (true, 2));
        assert_eq!(names(&mut iter), ["", "name"]);
        assert!(iter.next().is_none() && iter.next_back().is_none());
        assert!(members.get(4).is_none() && members.get(usize::MAX).is_none());
    });
}

#[test]
fn types_are_equal_if_they_are_the_same_of_the_same_btf() {
    let bytes = all_kinds::bytes(ByteOrder::Little);
    let (one, two) = (Btf::parse(&bytes).unwrap(), Btf::parse(&bytes).unwrap());
    assert_eq!(one.type_by_id(TypeId(1)).unwrap(), one.own_types().next().unwrap());
    assert_ne!(one.type_by_id(TypeId(1)).unwrap(), one.type_by_id(TypeId(2)).unwrap());
    assert_ne!(one.type_by_id(TypeId(1)).unwrap(), two.type_by_id(TypeId(1)).unwrap());
}

#[test]
fn views_print_themselves() {
    let bytes = all_kinds::bytes(ByteOrder::Little);
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(format!("{:?}", btf.type_by_id(TypeId(8)).unwrap()), r#"[8] STRUCT "node""#);
    assert_eq!(format!("{:?}", btf.type_by_id(TypeId::VOID).unwrap()), r#"[0] VOID """#);
    let printed = format!("{btf:?}");
    assert!(
        printed
            .starts_with("Btf { byte_order: Little, start_id: [1], own_types: 32, string_bytes: ")
    );
    let offset = btf.find("offset", Kind::Enum).unwrap().enumerators();
    assert_eq!(
        format!("{offset:?}"),
        r#"[Enumerator { name: Ok("BACK"), value: -1 }, Enumerator { name: Ok("ON"), value: 2147483647 }]"#
    );
    assert_eq!(format!("{:?}", offset.iter()), format!("{offset:?}"));
}

#[test]
fn a_type_with_a_bad_name_still_prints() {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.float("f", 4);
    let mut bytes = btf.finish().unwrap();
    bytes[24] = 9;
    let btf = Btf::parse(&bytes).unwrap();
    let ty = btf.type_by_id(TypeId(1)).unwrap();
    assert_eq!(
        format!("{ty:?}"),
        "[1] FLOAT (string offset 0x9 is outside of the strings, which end at 0x3)"
    );
    assert!(!ty.is_named(b"f"));
    assert!(btf.find("f", Kind::Float).is_none());
    let offset = StrOffset(9);
    assert_eq!(ty.name(), Err(Error::NoSuchString { offset, end: 3 }));
}

#[test]
fn types_and_named_records_are_those_of_the_kinds() {
    let mut btf = Builder::new(ByteOrder::Little);
    // 33 folds onto the number of INT.
    btf.layout(33, 4, 0);
    let strange = Info::new(Kind::Unknown(33), 0, false);
    for name in ["", "a"] {
        let int = btf.int(name, 4, IntEncoding::new(32, IntEncoding::SIGNED));
        btf.structure(name, 4).member("m", int, 0).finish();
        btf.union(name, 4).finish();
        btf.enumeration(name, 4).enumerator("E", 0).finish();
        btf.typedef("t", int);
        let proto = btf.func_proto(int).param(name, int).finish();
        btf.func("f", proto, Linkage::Static);
        btf.raw_type(name, strange, 0, &[0; 4]);
    }
    // More blocks of types.
    for _ in 0..200 {
        btf.fwd_struct("s");
    }
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();

    let of = |kinds: &[Kind]| kinds.iter().copied().collect::<KindSet>();
    for kinds in [
        of(&[]),
        of(&[Kind::Int]),
        of(&[Kind::Fwd]),
        of(&[Kind::Struct, Kind::Enum]),
        of(&[Kind::Func]),
        of(&[Kind::Int, Kind::Func]),
        of(&[Kind::Unknown(33)]),
        KindSet::TYPE_NAMES,
        (0..128).map(Kind::from_raw).collect(),
    ] {
        let named =
            btf.types().filter(|ty| kinds.contains(ty.kind()) && ty.name_off() != StrOffset::EMPTY);
        let expected: Vec<TypeId> = named.map(|ty| ty.id()).collect();
        let found: Vec<TypeId> = btf.named_records(kinds).map(|(id, _)| id).collect();
        assert_eq!(found, expected, "{kinds:?}");
        let all = btf.own_types().filter(|ty| kinds.contains(ty.kind()));
        assert!(btf.own_types_of(kinds).eq(all), "{kinds:?}");
    }
}
