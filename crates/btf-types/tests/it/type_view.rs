//! A type as one value to match on.

use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Linkage, TypeId, TypeView, build::Builder};

/// A type of each kind.
fn every_kind(order: ByteOrder) -> Vec<u8> {
    let mut btf = Builder::new(order);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    btf.ptr(int);
    btf.array(int, int, 3);
    btf.structure("s", 8).member("a", int, 32).finish();
    btf.union("u", 4).member("b", int, 0).finish();
    btf.enumeration("e", 4).signed().enumerator("A", -1).finish();
    btf.enumeration64("e64", 8).enumerator("B", u64::MAX).finish();
    btf.typedef("t", int);
    btf.constant(int);
    let prototype = btf.func_proto(int).param("p", int).finish();
    btf.func("f", prototype, Linkage::Global);
    btf.var("v", int, Linkage::Static);
    btf.float("double", 8);
    btf.finish().unwrap()
}

#[test]
fn each_kind_has_its_facts() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let bytes = every_kind(order);
        let btf = Btf::parse(&bytes).unwrap();
        let int = TypeId(1);
        for ty in btf.types() {
            let is_right = match (ty.kind(), ty.view()) {
                (Kind::Int, TypeView::Int { size: 4, encoding, .. }) => encoding.is_signed(),
                (Kind::Ptr, TypeView::Ptr { to, .. }) => to == int,
                (Kind::Array, TypeView::Array(array)) => (array.element, array.len) == (int, 3),
                (Kind::Struct, TypeView::Struct { size: 8, members, .. }) => {
                    members.get(0).unwrap().bit_offset() == 32
                }
                (Kind::Union, TypeView::Union { size: 4, members, .. }) => members.len() == 1,
                (Kind::Enum, TypeView::Enum { size: 4, is_signed: true, enumerators, .. }) => {
                    enumerators.get(0).unwrap().value() == -1
                }
                (Kind::Enum64, TypeView::Enum { size: 8, is_signed: false, enumerators, .. }) => {
                    enumerators.get(0).unwrap().value() == u64::MAX.into()
                }
                (Kind::Typedef, TypeView::Typedef { of, .. }) => of == int,
                (Kind::Const, TypeView::Modifier { kind: Kind::Const, of, .. }) => of == int,
                (Kind::FuncProto, TypeView::FuncProto { result, params, .. }) => {
                    result == int && params.len() == 1
                }
                (Kind::Func, TypeView::Func { linkage: Linkage::Global, .. }) => true,
                (Kind::Var, TypeView::Var { ty, linkage: Linkage::Static, .. }) => ty == int,
                (Kind::Float, TypeView::Float { size: 8, .. }) => true,
                _ => false,
            };
            assert!(is_right, "{order:?} {ty:?} {:?}", ty.view());
        }
        assert!(matches!(btf.type_by_id(TypeId::VOID).unwrap().view(), TypeView::Void));
    }
}
