//! What is kept: the expected BTF is described beside the kernel's, and must be equal byte by byte.

use btf_from_c::{btf, split_btf};
use btf_types::{Btf, ByteOrder, Kind, TypeId};
use core_reloc::{Candidate, Module, Options, RelocKind, Relocation, Target, access_in_c};
use core_reloc::{
    generate_enumerator_access as enumerator, generate_field_access as field,
    generate_type_access as whole_type,
};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, minimize};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn offset(local: &Btf<'_>, root: &str, path: &str) -> Relocation {
    field(local, 0, root, path, RelocKind::FieldByteOffset).unwrap()
}

/// What a program asks for, given its types.
type Questions = fn(&Btf<'_>) -> Vec<Relocation>;

/// Minimises `kernel` for a program, in both byte orders, and compares with what is to be kept.
#[track_caller]
fn check(local: &str, questions: Questions, kernel: &str, kept: &str) -> Minimized {
    let check = |order| {
        let (local, kernel) = (btf(order, local), btf(order, kernel));
        let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
        let needs = Needs { local: &local, relocations: questions(&local) };
        let minimized = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap();
        assert_same(&minimized.main, &btf(order, kept));
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
    check(
        "struct task { int pid; struct { int flags; int cpu; }; int comm[4]; };",
        |local| vec![offset(local, "task", "cpu"), offset(local, "task", "comm[3]")],
        "
            @array_index int;
            typedef int pid_t;
            typedef pid_t comm_t[16];
            struct task {
                pid_t pid;
                const comm_t comm;
                struct { pid_t cpu; struct page { long flags; } *page; };
            };
        ",
        "@array_index int; struct task { int comm[16] @ 4; struct { int cpu; } @size 16 @ 72; };",
    );
}

#[test]
fn of_pointers_one_and_not_what_they_point_to() {
    let types = "struct task { struct file *file; struct page *page; };";
    let questions: Questions =
        |local| vec![offset(local, "task", "file"), offset(local, "task", "page")];
    check(types, questions, types, "struct task { void *file; void *page; };");
}

#[test]
fn of_an_enum_the_enumerators_that_are_asked_for() {
    let types = "enum state { IDLE, BUSY = 7, DEAD = -1 };";
    let questions: Questions =
        |local| vec![enumerator(local, 0, "state", "BUSY", RelocKind::EnumvalValue).unwrap()];
    // It is signed because of a value that is gone.
    check(types, questions, types, "enum state : int { BUSY = 7 };");
}

#[test]
fn of_a_match_as_many_members_as_the_local_type_has() {
    check(
        // Both match the same one, and the target must not have fewer.
        "struct point { int x___1; int x___2; };",
        |local| vec![whole_type(local, 0, "point", RelocKind::TypeMatches).unwrap()],
        "struct point { int z; int y; int x; };",
        "struct point { int z; int x @ 8; };",
    );
}

#[test]
fn of_types_of_one_name_those_that_make_a_difference() {
    let local = "struct job { int id; int late; int early; };";
    let kernel = "struct job { int id; int early; }; struct job { int id; int late @ 12; };";
    // They agree about `id`: the first one answers.
    check(
        local,
        |local| vec![offset(local, "job", "id")],
        kernel,
        "struct job { int id; } @size 8;",
    );
    // Only the second has `late`. If it had no `id`, it would have dropped out before.
    check(
        local,
        |local| vec![offset(local, "job", "id"), offset(local, "job", "late")],
        kernel,
        "struct job { int id; } @size 8; struct job { int id; int late @ 12; };",
    );
}

#[test]
fn of_an_array_without_elements_that_it_does_not_come_last() {
    let types = "@array_index int; struct packet { int data[0]; int len; };";
    // The program assumes that it may index it.
    let local = "struct packet { int data[]; } @size 4;";
    let questions: Questions =
        |local| vec![offset(local, "packet", "data"), offset(local, "packet", "data[2]")];
    let minimized = check(local, questions, types, types);
    assert_eq!((minimized.counts[0].resolved, minimized.counts[0].unresolved), (1, 1));
}

#[test]
fn of_a_32_bit_kernel_what_determines_the_size_of_pointers() {
    let types = "@pointer_size 4; struct task { struct page *page; }; @int long int 4 signed;";
    // Nothing asks for a size.
    check(
        types,
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldExists).unwrap()],
        types,
        "@pointer_size 4; struct task { void *page; };",
    );
    check(
        types,
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldByteSize).unwrap()],
        types,
        "@pointer_size 4; @int long 4 signed; struct task { void *page; };",
    );
}

#[test]
fn nothing_where_nothing_answers() {
    let questions: Questions = |local| {
        let ask = |kind| field(local, 0, "task", "gone", kind).unwrap();
        vec![ask(RelocKind::FieldExists), ask(RelocKind::FieldByteOffset)]
    };
    check("struct task { int gone; };", questions, "struct task {} @size 4;", "");
}

#[test]
fn ids_are_those_of_the_minimised_types() {
    let types = "@int int 4 signed; struct page {} @size 64; struct task {} @size 8;";
    let questions: Questions =
        |local| vec![whole_type(local, 0, "task", RelocKind::TypeIdTarget).unwrap()];
    let minimized = check(types, questions, types, "struct task {} @size 8;");
    let of = |id| minimized.type_id(Candidate { type_id: TypeId(id), module: None });
    assert_eq!([of(1), of(2), of(3)], [None, None, Some(TypeId(1))]);
}

/// Minimises a main BTF with one module. The main BTF has another `stats` than the module.
#[track_caller]
fn check_with_module(questions: Questions, kept: &str, kept_of_module: &str) {
    for order in ORDERS {
        let local = btf(
            order,
            "struct stats { int done; int lost; }; struct job { int id; struct stats stats; };",
        );
        let local = Btf::parse(&local).unwrap();
        let main = btf(order, "struct stats { int lost; };");
        let main = Btf::parse(&main).unwrap();
        let module = split_btf(
            &main,
            "struct stats { int done @ 4; }; struct job { struct stats stats; int id; } @size 16;",
        );
        let module = Btf::parse_split(&module, &main).unwrap();
        let target = Target::new(&main).with_modules([Module { name: "jobs", btf: &module }]);
        let needs = Needs { local: &local, relocations: questions(&local) };
        let minimized = minimize(&[needs], &target, Options::default()).unwrap();

        let expected = btf(order, kept);
        assert_same(&minimized.main, &expected);
        let expected = split_btf(&Btf::parse(&expected).unwrap(), kept_of_module);
        assert!(minimized.modules[0] == expected, "{:?}", minimized.modules);

        // A module's types are minimised only together with its base.
        let error = minimize(&[], &Target::new(&module), Options::default()).unwrap_err();
        assert_eq!(error, MinimizeError::SplitMain);
    }
}

#[test]
fn of_modules_what_the_main_btf_does_not_have() {
    check_with_module(
        |local| vec![offset(local, "job", "id")],
        "@int int 4 signed;",
        "struct job { int id @ 8; } @size 16;",
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
        "@int int 4 signed; struct stats {} @size 4;",
        "struct stats { int done @ 4; }; struct job { struct stats stats; } @size 16;",
    );
}

#[test]
fn a_relocation_that_fails_fails_with_the_minimised_types_too() {
    let minimized = check(
        "struct job { int id; };",
        |local| vec![offset(local, "job", "id")],
        "struct job { int id; }; struct job { int pad; int id; };",
        "struct job { int id; }; struct job { int id @ 4; };",
    );
    assert_eq!(minimized.counts[0].failed, 1);
}

#[test]
fn what_would_differ_is_refused_and_named() {
    // A chain of typedefs that is too long for a size is an error with the whole BTF, and would be
    // none without its typedefs.
    let mut kernel = "typedef int t;".to_owned();
    kernel += &"typedef t t;".repeat(199);
    kernel += "struct job { t id; };";
    let (local, kernel) =
        (btf(ByteOrder::Little, "struct job { int id; };"), btf(ByteOrder::Little, &kernel));
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
