//! Following references: modifiers, typedefs, arrays and sizes.

use btf_types::{
    Btf, ByteOrder, DeclTarget, Error, IntEncoding, Kind, Linkage, TypeId, build::Builder,
};

/// Parses a BTF with `int` (type 1) and what `add` adds, and calls `look` with the type that `add` returns.
#[track_caller]
fn check(
    add: impl FnOnce(&mut Builder<'_>, TypeId) -> TypeId,
    look: impl FnOnce(btf_types::Type<'_>),
) {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let id = add(&mut btf, int);
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    look(btf.type_by_id(id).unwrap());
}

#[track_caller]
fn check_size(add: impl FnOnce(&mut Builder<'_>, TypeId) -> TypeId, expected: Result<u32, Error>) {
    check(add, |ty| assert_eq!(ty.size(), expected));
}

/// Adds `count` modifiers of `of`.
fn modifiers(btf: &mut Builder<'_>, of: TypeId, count: usize) -> TypeId {
    (0..count).fold(of, |ty, _| btf.constant(ty))
}

#[test]
fn modifiers_are_skipped_with_or_without_typedefs() {
    check(
        |btf, int| {
            let volatile = btf.volatile(int);
            let typedef = btf.typedef("t", volatile);
            let tag = btf.type_tag("user", typedef);
            let restrict = btf.restrict(tag);
            btf.constant(restrict)
        },
        |ty| {
            assert_eq!(ty.skip_modifiers().unwrap().kind(), Kind::Typedef);
            let underlying = ty.skip_modifiers().unwrap().referenced().unwrap().unwrap();
            assert_eq!(underlying.kind(), Kind::Volatile);
            assert_eq!(ty.skip_modifiers_and_typedefs().unwrap().kind(), Kind::Int);
        },
    );
    check(
        |btf, int| btf.ptr(int),
        |ptr| {
            assert_eq!(ptr.skip_modifiers().unwrap(), ptr);
            assert_eq!(ptr.skip_modifiers_and_typedefs().unwrap(), ptr);
        },
    );
    check(
        |btf, _| btf.constant(TypeId::VOID),
        |ty| {
            assert_eq!(ty.skip_modifiers().unwrap().kind(), Kind::Void);
        },
    );
}

#[test]
fn chains_may_have_128_types_and_cycles_are_errors() {
    let too_long = |id| Err(Error::ChainTooLong { id: TypeId(id), allowed: 128 });
    // 128 types: 127 modifiers and an INT.
    check(
        |btf, int| modifiers(btf, int, 127),
        |ty| {
            assert_eq!(ty.skip_modifiers().unwrap().kind(), Kind::Int);
            assert_eq!(ty.innermost_element().unwrap().kind(), Kind::Int);
        },
    );
    check(
        |btf, int| modifiers(btf, int, 128),
        |ty| {
            assert_eq!(ty.skip_modifiers(), too_long(129));
            assert_eq!(ty.skip_modifiers_and_typedefs(), too_long(129));
        },
    );
    check(
        |btf, int| {
            let first = btf.typedef("first", int);
            let second = btf.typedef("second", first);
            btf.redirect(first, second);
            first
        },
        |ty| {
            assert_eq!(ty.skip_modifiers().unwrap(), ty);
            assert_eq!(ty.skip_modifiers_and_typedefs(), too_long(2));
            assert_eq!(ty.innermost_element(), too_long(2));
            assert_eq!(ty.size(), Err(Error::ChainTooLong { id: TypeId(2), allowed: 32 }));
        },
    );
    check(
        |btf, int| {
            let array = btf.array(int, int, 1);
            btf.redirect(array, array);
            array
        },
        |ty| {
            assert_eq!(ty.innermost_element(), too_long(2));
            assert_eq!(ty.size(), Err(Error::ChainTooLong { id: TypeId(2), allowed: 32 }));
        },
    );
}

/// The engine counts the types that it follows, and has an error type of its own.
#[test]
fn each_step_is_reported_before_it_is_taken() {
    #[derive(Debug, PartialEq)]
    enum Failure {
        OutOfSteps,
        Btf(Error),
    }
    let skip = |ty: btf_types::Type<'_>, mut steps: u32| {
        let step = || {
            steps = steps.checked_sub(1).ok_or(Failure::OutOfSteps)?;
            Ok(())
        };
        let skipped = ty.try_skip_modifiers_and_typedefs(step, Failure::Btf).map(|ty| ty.id());
        (skipped, steps)
    };
    check(
        |btf, int| {
            let constant = btf.constant(int);
            btf.typedef("t", constant)
        },
        |ty| {
            assert_eq!(skip(ty, 3), (Ok(TypeId(1)), 1));
            assert_eq!(skip(ty, 2), (Ok(TypeId(1)), 0));
            assert_eq!(skip(ty, 1), (Err(Failure::OutOfSteps), 0));
        },
    );
    check(|_, int| int, |ty| assert_eq!(skip(ty, 0), (Ok(TypeId(1)), 0)));
    check(
        |btf, _| btf.typedef("t", TypeId(77)),
        |ty| {
            let missing = Error::NoSuchType { id: TypeId(77), last: 2 };
            assert_eq!(skip(ty, 1), (Err(Failure::Btf(missing)), 0));
            assert_eq!(skip(ty, 0), (Err(Failure::OutOfSteps), 0));
        },
    );
    check(
        |btf, int| modifiers(btf, int, 128),
        |ty| {
            let too_long = Error::ChainTooLong { id: TypeId(129), allowed: 128 };
            assert_eq!(skip(ty, 200), (Err(Failure::Btf(too_long)), 72));
        },
    );
}

#[test]
fn missing_types_are_errors() {
    let error = Error::NoSuchType { id: TypeId(77), last: 2 };
    check(
        |btf, _| btf.typedef("t", TypeId(77)),
        |ty| {
            assert_eq!(ty.referenced(), Err(error));
            assert_eq!(ty.skip_modifiers_and_typedefs(), Err(error));
            assert_eq!(ty.size(), Err(error));
            assert_eq!(ty.innermost_element(), Err(error));
        },
    );
    check_size(|btf, int| btf.array(TypeId(77), int, 1), Err(error));
}

#[test]
fn sizes_of_types_that_state_them() {
    check_size(|_, int| int, Ok(4));
    check_size(|btf, _| btf.structure("s", 24).finish(), Ok(24));
    check_size(|btf, _| btf.union("u", 16).finish(), Ok(16));
    check_size(|btf, _| btf.enumeration("e", 1).finish(), Ok(1));
    check_size(|btf, _| btf.enumeration64("e", 8).finish(), Ok(8));
    check_size(|btf, _| btf.float("f", 10), Ok(10));
}

#[test]
fn sizes_of_references() {
    check_size(|btf, _| btf.data_section(".bss", 3).finish(), Ok(3));
    check_size(|btf, int| btf.typedef("t", int), Ok(4));
    check_size(|btf, int| btf.volatile(int), Ok(4));
    check_size(|btf, int| btf.constant(int), Ok(4));
    check_size(|btf, int| btf.restrict(int), Ok(4));
    check_size(|btf, int| btf.type_tag("t", int), Ok(4));
    check_size(|btf, int| btf.var("v", int, Linkage::Static), Ok(4));
    check_size(|btf, int| btf.decl_tag("t", int, DeclTarget::Declaration), Ok(4));
    check_size(|btf, _| btf.ptr(TypeId::VOID), Ok(8));
}

#[test]
fn sizes_of_arrays_are_multiplied_out() {
    let array_of = |lens: &'static [u32]| {
        move |btf: &mut Builder<'_>, int: TypeId| {
            lens.iter().fold(int, |element, len| btf.array(element, int, *len))
        }
    };
    check_size(array_of(&[7]), Ok(28));
    check_size(array_of(&[7, 3, 2]), Ok(168));
    check_size(array_of(&[7, 0]), Ok(0));
    check_size(array_of(&[0x3fff_ffff]), Ok(0xffff_fffc));
    check_size(array_of(&[0x4000_0000]), Err(Error::SizeOverflow { id: TypeId(2) }));
    check_size(array_of(&[0x1_0000, 0x1_0000]), Err(Error::SizeOverflow { id: TypeId(3) }));
    let pointers = |btf: &mut Builder<'_>, int| {
        let ptr = btf.ptr(int);
        let array = btf.array(ptr, int, 0x2000_0000);
        btf.typedef("t", array)
    };
    check_size(pointers, Err(Error::SizeOverflow { id: TypeId(4) }));
}

#[test]
fn types_without_a_size_are_named_in_the_error() {
    let none = |id, kind| Err(Error::NoSize { id: TypeId(id), kind });
    check_size(|_, _| TypeId::VOID, none(0, Kind::Void));
    check_size(|btf, _| btf.constant(TypeId::VOID), none(0, Kind::Void));
    check_size(|btf, _| btf.fwd_struct("f"), none(2, Kind::Fwd));
    check_size(|btf, _| btf.func_proto(TypeId::VOID).finish(), none(2, Kind::FuncProto));
    let func = |btf: &mut Builder<'_>, _| {
        let proto = btf.func_proto(TypeId::VOID).finish();
        let func = btf.func("f", proto, Linkage::Static);
        btf.typedef("t", func)
    };
    check_size(func, none(3, Kind::Func));
}

/// libbpf's `btf__resolve_size` follows 32 types.
#[test]
fn a_size_is_resolved_through_32_types() {
    check_size(|btf, int| modifiers(btf, int, 31), Ok(4));
    let error = Error::ChainTooLong { id: TypeId(33), allowed: 32 };
    check_size(|btf, int| modifiers(btf, int, 32), Err(error));
}

#[test]
fn the_innermost_element_of_an_array() {
    check(
        |btf, int| {
            let constant = btf.constant(int);
            let row = btf.array(constant, int, 4);
            let row = btf.typedef("row", row);
            let table = btf.array(row, int, 5);
            btf.volatile(table)
        },
        |ty| assert_eq!(ty.innermost_element().unwrap().id(), TypeId(1)),
    );
    check(
        |btf, int| btf.typedef("t", int),
        |ty| {
            assert_eq!(ty.innermost_element().unwrap().id(), TypeId(1));
        },
    );
}
