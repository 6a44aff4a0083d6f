//! What is kept: the expected BTF is described beside the kernel's, and must come out byte by byte.

use btf_types::{Btf, ByteOrder, IntEncoding, Kind, TypeId, build::Builder};
use core_reloc::{Candidate, Module, Options, RelocKind, Relocation, Target, access_in_c};
use core_reloc::{
    generate_enumerator_access as enumerator, generate_field_access as field,
    generate_type_access as whole_type,
};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, minimize};

/// Describes types.
type Types = fn(&mut Builder<'_>);

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn build(order: ByteOrder, types: Types) -> Vec<u8> {
    let mut builder = Builder::new(order);
    types(&mut builder);
    builder.finish().unwrap()
}

fn build_split(base: &Btf<'_>, types: Types) -> Vec<u8> {
    let mut builder = Builder::split(base);
    types(&mut builder);
    builder.finish().unwrap()
}

fn offset(local: &Btf<'_>, root: &str, path: &str) -> Relocation {
    field(local, 0, root, path, RelocKind::FieldByteOffset).unwrap()
}

fn int(btf: &mut Builder<'_>) -> TypeId {
    btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED))
}

/// What a program asks, given its types.
type Questions = fn(&Btf<'_>) -> Vec<Relocation>;

/// Minimises `kernel` for a program, in both byte orders, and compares with what is to be kept.
#[track_caller]
fn check(local: Types, questions: Questions, kernel: Types, kept: Types) -> Minimized {
    let check = |order| {
        let (local, kernel) = (build(order, local), build(order, kernel));
        let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
        let needs = Needs { local: &local, relocations: questions(&local) };
        let minimized = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap();
        assert_same(&minimized.main, &build(order, kept));
        minimized
    };
    ORDERS.map(check).into_iter().next().unwrap()
}

#[track_caller]
fn assert_same(found: &[u8], expected: &[u8]) {
    let types = |bytes| {
        let btf = Btf::parse(bytes).unwrap();
        let members = |ty: btf_types::Type<'_>| {
            ty.members().iter().map(|member| format!("{member:?}")).collect::<Vec<_>>()
        };
        btf.types().map(|ty| format!("{ty:?} {:?}", members(ty))).collect::<Vec<_>>()
    };
    assert_eq!(types(found), types(expected));
    assert!(found == expected);
}

#[test]
fn of_a_struct_the_members_that_are_asked_for() {
    let local: Types = |btf| {
        let int = int(btf);
        let inner = btf.structure("", 8).member("flags", int, 0).member("cpu", int, 32).finish();
        let comm = btf.array(int, int, 4);
        let task = btf.structure("task", 32).member("pid", int, 0).member("", inner, 32);
        task.member("comm", comm, 96).finish();
    };
    let questions: Questions =
        |local| vec![offset(local, "task", "cpu"), offset(local, "task", "comm[3]")];
    check(
        local,
        questions,
        |btf| {
            let int = int(btf);
            let pid_t = btf.typedef("pid_t", int);
            let page = btf.structure("page", 64).finish();
            let page = btf.ptr(page);
            let inner = btf.structure("", 16).member("cpu", pid_t, 0).member("page", page, 64);
            let inner = inner.finish();
            let comm = btf.array(pid_t, int, 16);
            let comm = btf.constant(comm);
            let task = btf.structure("task", 96).member("pid", pid_t, 0).member("", inner, 64);
            task.member("comm", comm, 256).finish();
        },
        |btf| {
            let int = int(btf);
            let inner = btf.structure("", 16).member("cpu", int, 0).finish();
            let comm = btf.array(int, int, 16);
            btf.structure("task", 96).member("", inner, 64).member("comm", comm, 256).finish();
        },
    );
}

#[test]
fn of_pointers_one_and_not_what_they_point_to() {
    let types: Types = |btf| {
        let (file, page) = (btf.fwd_struct("file"), btf.fwd_struct("page"));
        let (file, page) = (btf.ptr(file), btf.ptr(page));
        btf.structure("task", 16).member("file", file, 0).member("page", page, 64).finish();
    };
    let questions: Questions =
        |local| vec![offset(local, "task", "file"), offset(local, "task", "page")];
    check(types, questions, types, |btf| {
        let ptr = btf.ptr(TypeId::VOID);
        btf.structure("task", 16).member("file", ptr, 0).member("page", ptr, 64).finish();
    });
}

#[test]
fn of_an_enum_the_enumerators_that_are_asked_for() {
    let types: Types = |btf| {
        let state = btf.enumeration("state", 4).enumerator("IDLE", 0).enumerator("BUSY", 7);
        state.enumerator("DEAD", -1).finish();
    };
    let questions: Questions =
        |local| vec![enumerator(local, 0, "state", "BUSY", RelocKind::EnumvalValue).unwrap()];
    check(types, questions, types, |btf| {
        // It is signed for a value that is gone.
        btf.enumeration("state", 4).enumerator("BUSY", 7).signed().finish();
    });
}

#[test]
fn of_a_match_as_many_members_as_the_local_type_has() {
    let local: Types = |btf| {
        let int = int(btf);
        // Both match the same one, and the target must not have fewer.
        btf.structure("point", 8).member("x___1", int, 0).member("x___2", int, 32).finish();
    };
    let questions: Questions =
        |local| vec![whole_type(local, 0, "point", RelocKind::TypeMatches).unwrap()];
    check(
        local,
        questions,
        |btf| {
            let int = int(btf);
            let point = btf.structure("point", 12).member("z", int, 0).member("y", int, 32);
            point.member("x", int, 64).finish();
        },
        |btf| {
            let int = int(btf);
            btf.structure("point", 12).member("z", int, 0).member("x", int, 64).finish();
        },
    );
}

#[test]
fn of_types_of_one_name_those_that_make_a_difference() {
    let local: Types = |btf| {
        let int = int(btf);
        let job = btf.structure("job", 12).member("id", int, 0).member("late", int, 32);
        job.member("early", int, 64).finish();
    };
    let kernel: Types = |btf| {
        let int = int(btf);
        btf.structure("job", 8).member("id", int, 0).member("early", int, 32).finish();
        btf.structure("job", 16).member("id", int, 0).member("late", int, 96).finish();
    };
    // They agree about `id`: the first one answers.
    check(
        local,
        |local| vec![offset(local, "job", "id")],
        kernel,
        |btf| {
            let int = int(btf);
            btf.structure("job", 8).member("id", int, 0).finish();
        },
    );
    // Only the second has `late`. If it had no `id`, it would have dropped out before.
    check(
        local,
        |local| vec![offset(local, "job", "id"), offset(local, "job", "late")],
        kernel,
        |btf| {
            let int = int(btf);
            btf.structure("job", 8).member("id", int, 0).finish();
            btf.structure("job", 16).member("id", int, 0).member("late", int, 96).finish();
        },
    );
}

#[test]
fn of_an_array_without_elements_that_it_does_not_come_last() {
    let types: Types = |btf| {
        let int = int(btf);
        let none = btf.array(int, int, 0);
        let packet = btf.structure("packet", 4).member("data", none, 0).member("len", int, 0);
        packet.finish();
    };
    // The program believes that it may index it.
    let local: Types = |btf| {
        let int = int(btf);
        let none = btf.array(int, int, 0);
        btf.structure("packet", 4).member("data", none, 0).finish();
    };
    let questions: Questions =
        |local| vec![offset(local, "packet", "data"), offset(local, "packet", "data[2]")];
    let minimized = check(local, questions, types, types);
    assert_eq!((minimized.counts[0].resolved, minimized.counts[0].unresolved), (1, 1));
}

#[test]
fn of_a_32_bit_kernel_what_tells_the_size_of_pointers() {
    let types: Types = |btf| {
        let page = btf.fwd_struct("page");
        let page = btf.ptr(page);
        btf.structure("task", 4).member("page", page, 0).finish();
        btf.int("long int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    };
    // Nothing asks for a size.
    check(
        types,
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldExists).unwrap()],
        types,
        |btf| {
            let ptr = btf.ptr(TypeId::VOID);
            btf.structure("task", 4).member("page", ptr, 0).finish();
        },
    );
    let questions: Questions =
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldByteSize).unwrap()];
    check(types, questions, types, |btf| {
        btf.int("long", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let ptr = btf.ptr(TypeId::VOID);
        btf.structure("task", 4).member("page", ptr, 0).finish();
    });
}

#[test]
fn nothing_where_nothing_answers() {
    let local: Types = |btf| {
        let int = int(btf);
        btf.structure("task", 4).member("gone", int, 0).finish();
    };
    let kernel: Types = |btf| {
        btf.structure("task", 4).finish();
    };
    let questions: Questions = |local| {
        let ask = |kind| field(local, 0, "task", "gone", kind).unwrap();
        vec![ask(RelocKind::FieldExists), ask(RelocKind::FieldByteOffset)]
    };
    check(local, questions, kernel, |_| {});
}

#[test]
fn ids_are_those_of_the_minimised_types() {
    let types: Types = |btf| {
        int(btf);
        btf.structure("page", 64).finish();
        btf.structure("task", 8).finish();
    };
    let questions: Questions =
        |local| vec![whole_type(local, 0, "task", RelocKind::TypeIdTarget).unwrap()];
    let minimized = check(types, questions, types, |btf| {
        btf.structure("task", 8).finish();
    });
    let of = |id| minimized.type_id(Candidate { type_id: TypeId(id), module: None });
    assert_eq!([of(1), of(2), of(3)], [None, None, Some(TypeId(1))]);
}

/// A main BTF with one module; the main BTF has another `stats` than the module.
#[track_caller]
fn check_with_module(questions: Questions, kept: Types, kept_of_module: Types) {
    let local: Types = |btf| {
        let int = int(btf);
        let stats = btf.structure("stats", 8).member("done", int, 0).member("lost", int, 32);
        let stats = stats.finish();
        btf.structure("job", 12).member("id", int, 0).member("stats", stats, 32).finish();
    };
    for order in ORDERS {
        let local = build(order, local);
        let local = Btf::parse(&local).unwrap();
        let main = build(order, |btf| {
            let int = int(btf);
            btf.structure("stats", 4).member("lost", int, 0).finish();
        });
        let main = Btf::parse(&main).unwrap();
        let module = build_split(&main, |btf| {
            let int = TypeId(1);
            let stats = btf.structure("stats", 8).member("done", int, 32).finish();
            btf.structure("job", 16).member("stats", stats, 0).member("id", int, 64).finish();
        });
        let module = Btf::parse_split(&module, &main).unwrap();
        let target = Target::new(&main).with_modules([Module { name: "jobs", btf: &module }]);
        let needs = Needs { local: &local, relocations: questions(&local) };
        let minimized = minimize(&[needs], &target, Options::default()).unwrap();

        let expected = build(order, kept);
        assert_same(&minimized.main, &expected);
        let expected = build_split(&Btf::parse(&expected).unwrap(), kept_of_module);
        assert!(minimized.modules[0] == expected, "{:?}", minimized.modules);

        // A module's types are minimised with their base's only.
        let error = minimize(&[], &Target::new(&module), Options::default()).unwrap_err();
        assert_eq!(error, MinimizeError::SplitMain);
    }
}

#[test]
fn of_modules_what_the_main_btf_does_not_have() {
    check_with_module(
        |local| vec![offset(local, "job", "id")],
        |btf| {
            int(btf);
        },
        |btf| {
            btf.structure("job", 16).member("id", TypeId(1), 64).finish();
        },
    );
}

#[test]
fn of_the_main_btf_what_hides_a_modules_types() {
    check_with_module(
        // The module's `stats` is kept for `job`, and has `done`. But that of the main BTF counts.
        |local| {
            let exists = field(local, 0, "stats", "done", RelocKind::FieldExists).unwrap();
            vec![offset(local, "job", "stats.done"), exists]
        },
        |btf| {
            int(btf);
            btf.structure("stats", 4).finish();
        },
        |btf| {
            let stats = btf.structure("stats", 8).member("done", TypeId(1), 32).finish();
            btf.structure("job", 16).member("stats", stats, 0).finish();
        },
    );
}

#[test]
fn a_relocation_that_fails_fails_as_before() {
    let local: Types = |btf| {
        let int = int(btf);
        btf.structure("job", 4).member("id", int, 0).finish();
    };
    let kernel: Types = |btf| {
        let int = int(btf);
        btf.structure("job", 4).member("id", int, 0).finish();
        btf.structure("job", 8).member("pad", int, 0).member("id", int, 32).finish();
    };
    let questions: Questions = |local| vec![offset(local, "job", "id")];
    let minimized = check(local, questions, kernel, |btf| {
        let int = int(btf);
        btf.structure("job", 4).member("id", int, 0).finish();
        btf.structure("job", 8).member("id", int, 32).finish();
    });
    assert_eq!(minimized.counts[0].failed, 1);
}

#[test]
fn what_would_differ_is_refused_and_named() {
    // A chain of typedefs that is too long for a size is an error with the whole BTF, and would be
    // none without its typedefs.
    let local: Types = |btf| {
        let int = int(btf);
        btf.structure("job", 4).member("id", int, 0).finish();
    };
    let kernel: Types = |btf| {
        let mut id = int(btf);
        for level in 0..200 {
            id = btf.typedef(format!("t{level}"), id);
        }
        btf.structure("job", 4).member("id", id, 0).finish();
    };
    let (local, kernel) = (build(ByteOrder::Little, local), build(ByteOrder::Little, kernel));
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let relocation = offset(&local, "job", "id");
    assert_eq!(access_in_c(&local, &relocation), "job.id");
    assert!(kernel.find("job", Kind::Struct).is_some());
    let needs = Needs { local: &local, relocations: vec![relocation] };
    let error = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap_err();
    assert!(matches!(error, MinimizeError::Differs { object: 0, .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("field_byte_offset of job.id resolves to an error"), "{text}");
}
