//! What is kept. The expected BTF is written in C like the kernel's, and must be equal byte by byte.

use btf_from_c::{btf, split_btf};
use btf_types::build::Builder;
use btf_types::{Btf, ByteOrder, IntEncoding, Kind, TypeId};
use core_reloc::generate::{
    enumerator_relocation as enumerator, field_relocation as field, type_relocation as whole_type,
};
use core_reloc::{
    AccessPath, Candidate, Module, Options, RelocKind, Relocation, Target, access_in_c,
};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, ResolutionCounts, minimize};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn offset(local: &Btf<'_>, root: &str, path: &str) -> Relocation {
    field(local, 0, root, path, RelocKind::FieldByteOffset).unwrap()
}

/// Returns the relocations of a program, given its types.
type Relocations = fn(&Btf<'_>) -> Vec<Relocation>;

/// Minimizes `kernel` for a program in both byte orders, and compares with what should be kept.
#[track_caller]
fn check(local: &str, relocations: Relocations, kernel: &str, kept: &str) -> Minimized {
    check_bytes(local, relocations, kernel, |order| btf(order, kept))
}

#[track_caller]
fn check_bytes(
    local: &str,
    relocations: Relocations,
    kernel: &str,
    kept: impl Fn(ByteOrder) -> Vec<u8>,
) -> Minimized {
    let check = |order| {
        let (local, kernel) = (btf(order, local), btf(order, kernel));
        let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
        let needs = Needs { local: &local, relocations: relocations(&local) };
        let minimized = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap();
        assert_same(&minimized.main, &kept(order));
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
fn a_struct_keeps_the_members_that_are_accessed() {
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
fn pointers_become_one_without_a_target() {
    let types = "struct task { struct file *file; struct page *page; };";
    let relocations: Relocations =
        |local| vec![offset(local, "task", "file"), offset(local, "task", "page")];
    check(types, relocations, types, "struct task { void *file; void *page; };");
}

#[test]
fn an_enum_keeps_the_enumerators_that_are_used() {
    let types = "enum state { IDLE, BUSY = 7, DEAD = -1 };";
    let relocations: Relocations =
        |local| vec![enumerator(local, 0, "state", "BUSY", RelocKind::EnumvalValue).unwrap()];
    // It is signed because of an enumerator that is left out.
    check(types, relocations, types, "enum state : int { BUSY = 7 };");
}

#[test]
fn a_matching_type_keeps_as_many_members_as_the_local_type_has() {
    check(
        // Both match `x`, and the target must not have fewer members.
        "struct point { int x___1; int x___2; };",
        |local| vec![whole_type(local, 0, "point", RelocKind::TypeMatches).unwrap()],
        "struct point { int z; int y; int x; };",
        "struct point { int z; int x @ 8; };",
    );
}

#[test]
fn types_of_one_name_are_kept_if_they_change_a_result() {
    let local = "struct job { int id; int late; int early; };";
    let kernel = "struct job { int id; int early; }; struct job { int id; int late @ 12; };";
    // They agree on `id`, and the first one answers.
    check(
        local,
        |local| vec![offset(local, "job", "id")],
        kernel,
        "struct job { int id; } @size 8;",
    );
    // Only the second has `late`. Without `id`, narrowing would drop it.
    check(
        local,
        |local| vec![offset(local, "job", "id"), offset(local, "job", "late")],
        kernel,
        "struct job { int id; } @size 8; struct job { int id; int late @ 12; };",
    );
}

#[test]
fn an_array_without_elements_does_not_become_the_last_member() {
    let types = "@array_index int; struct packet { int data[0]; int len; };";
    // In the program, the array is flexible.
    let local = "struct packet { int data[]; } @size 4;";
    let relocations: Relocations =
        |local| vec![offset(local, "packet", "data"), offset(local, "packet", "data[2]")];
    let minimized = check(local, relocations, types, types);
    assert_eq!((minimized.counts[0].resolved, minimized.counts[0].unresolved), (1, 1));
}

#[test]
fn a_32_bit_kernel_keeps_the_size_of_pointers_if_it_matters() {
    let types = "@pointer_size 4; struct task { struct page *page; }; @int long int 4 signed;";
    // No relocation depends on it.
    check(
        types,
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldExists).unwrap()],
        types,
        "@pointer_size 4; struct task { void *page; };",
    );
    check_bytes(
        types,
        |local| vec![field(local, 0, "task", "page", RelocKind::FieldByteSize).unwrap()],
        types,
        |order| {
            let mut kept = Builder::new(order);
            let pointer = kept.ptr(TypeId::VOID);
            kept.int("long int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
            kept.structure("task", 4).member("page", pointer, 0).finish();
            kept.finish().unwrap()
        },
    );
}

/// Two generated cases: an INT named `long` other than the target's own became a candidate.
#[test]
fn the_size_of_pointers_is_stated_by_an_int_of_the_target() {
    let check = |root: &str, kernel: &str, expected: [usize; 3]| {
        let local = "struct vma { void *data; }; @int long 8 signed;";
        let (local, kernel) = (btf(ByteOrder::Little, local), btf(ByteOrder::Little, kernel));
        let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
        let type_id = local.find(root, Kind::Int).unwrap().id();
        let (access, kind) = (AccessPath::root(), RelocKind::TypeIdTarget);
        let id = Relocation { insn_off: 0, type_id, access, kind };
        let size = field(&local, 0, "vma", "data", RelocKind::FieldByteSize).unwrap();
        let needs = Needs { local: &local, relocations: vec![id, size] };
        let minimized = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap();
        let ResolutionCounts { resolved, failed, .. } = minimized.counts[0];
        let kept = Btf::parse(&minimized.main).unwrap();
        let names = kept.types().filter(|ty| ty.kind() == Kind::Int).count();
        assert_eq!([resolved, failed, names], expected);
        assert_eq!(kept.pointer_size(), 8);
    };
    let kernel = "struct vma { void *data; }; @int unsigned long 8; @int long 4 signed;";
    check("long", kernel, [2, 0, 2]);
    // Two types named `long`, so the relocation is ambiguous.
    check("long", &format!("{kernel} @int long 4;"), [1, 1, 3]);
}

#[test]
fn a_type_that_does_not_match_is_left_out() {
    let relocations: Relocations = |local| {
        let ask = |kind| field(local, 0, "task", "gone", kind).unwrap();
        let page = whole_type(local, 0, "page", RelocKind::TypeSize).unwrap();
        vec![ask(RelocKind::FieldExists), ask(RelocKind::FieldByteOffset), page]
    };
    check(
        "struct task { int gone; }; struct page {};",
        relocations,
        "struct task {} @size 4; struct page {} @size 64;",
        "struct page {} @size 64;",
    );
}

#[test]
fn btf_without_types_is_an_error() {
    let local = btf(ByteOrder::Little, "struct task { int gone; };");
    let local = Btf::parse(&local).unwrap();
    let ask = |kind| field(&local, 0, "task", "gone", kind).unwrap();
    let check = |kernel: &str, relocations: Vec<Relocation>, results: &str| {
        let kernel = btf(ByteOrder::Little, kernel);
        let kernel = Btf::parse(&kernel).unwrap();
        let needs = Needs { local: &local, relocations };
        let error = minimize(&[needs], &Target::new(&kernel), Options::default()).unwrap_err();
        assert_eq!(error, MinimizeError::Empty { results: results.into() });
    };
    let both = || vec![ask(RelocKind::FieldExists), ask(RelocKind::FieldByteOffset)];
    check("struct task {} @size 4;", both(), "1 resolved without one, 1 unresolved");
    check("int f(void);", both(), "1 resolved without one, 1 unresolved");
    check("struct task { int gone; };", vec![], "there are none");
    let broken = Relocation { type_id: TypeId(99), ..ask(RelocKind::FieldExists) };
    check("struct task { int gone; };", vec![broken], "1 failed");
}

/// Builds of one kernel have the same types in different orders.
#[test]
fn the_order_of_the_kernels_types_does_not_matter() {
    let relocations: Relocations = |local| {
        let size = whole_type(local, 0, "zone", RelocKind::TypeSize).unwrap();
        vec![offset(local, "task", "comm"), offset(local, "task", "cpu"), size]
    };
    let [task, zone] = [
        "struct task { char comm; struct { union { long flags; int cpu; }; }; };",
        "struct zone {} @size 64;",
    ];
    let local = "struct task { char comm; int cpu; }; struct zone {};";
    for kernel in [
        format!("typedef long first; {zone} {task}"),
        format!("{task} int f(void); {zone}"),
        format!("{zone} enum state {{ BUSY }}; typedef int number; {task}"),
    ] {
        let kept = "struct task { char comm; struct { union { int cpu; } @size 8; } @ 8; };
            struct zone {} @size 64;";
        check(local, relocations, &kernel, kept);
    }
}

#[test]
fn kept_types_have_new_ids() {
    let types = "@int int 4 signed; struct page {} @size 64; struct task {} @size 8;";
    let relocations: Relocations =
        |local| vec![whole_type(local, 0, "task", RelocKind::TypeIdTarget).unwrap()];
    let minimized = check(types, relocations, types, "struct task {} @size 8;");
    let of = |id| minimized.type_id(Candidate { type_id: TypeId(id), module: None });
    assert_eq!([of(1), of(2), of(3)], [None, None, Some(TypeId(1))]);
}

/// Minimizes a main BTF with one module, which has another `stats` than the main BTF.
#[track_caller]
fn check_with_module(relocations: Relocations, kept: &str, kept_of_module: &str) {
    for order in ORDERS {
        let local = btf(
            order,
            "struct stats { int done; int lost; }; struct task { int id; struct stats stats; };",
        );
        let local = Btf::parse(&local).unwrap();
        let main = btf(order, "struct stats { int lost; };");
        let main = Btf::parse(&main).unwrap();
        let module = split_btf(
            &main,
            "struct stats { int done @ 4; }; struct task { struct stats stats; int id; } @size 16;",
        );
        let module = Btf::parse_split(&module, &main).unwrap();
        let target = Target::new(&main).with_modules([Module { name: "jobs", btf: &module }]);
        let needs = Needs { local: &local, relocations: relocations(&local) };
        let minimized = minimize(&[needs], &target, Options::default()).unwrap();

        let expected = btf(order, kept);
        assert_same(&minimized.main, &expected);
        let expected = split_btf(&Btf::parse(&expected).unwrap(), kept_of_module);
        assert!(minimized.modules[0] == expected, "{:?}", minimized.modules);

        // A module is minimized only together with its base.
        let error = minimize(&[], &Target::new(&module), Options::default()).unwrap_err();
        assert_eq!(error, MinimizeError::SplitMain);
    }
}

#[test]
fn a_module_keeps_what_the_main_btf_does_not_have() {
    check_with_module(
        |local| vec![offset(local, "task", "id")],
        "@int int 4 signed;",
        "struct task { int id @ 8; } @size 16;",
    );
}

#[test]
fn the_main_btf_keeps_a_type_that_hides_a_modules() {
    check_with_module(
        // The module's `stats`, kept for `task`, has `done`. The `stats` of the main BTF hides it.
        |local| {
            let exists = field(local, 0, "stats", "done", RelocKind::FieldExists).unwrap();
            vec![offset(local, "task", "stats.done"), exists]
        },
        "@int int 4 signed; struct stats {} @size 4;",
        "struct stats { int done @ 4; }; struct task { struct stats stats; } @size 16;",
    );
}

#[test]
fn a_relocation_that_fails_also_fails_with_the_minimized_btf() {
    let minimized = check(
        "struct job { int id; };",
        |local| vec![offset(local, "job", "id")],
        "struct job { int id; }; struct job { int pad; int id; };",
        "struct job { int id; }; struct job { int id @ 4; };",
    );
    assert_eq!(minimized.counts[0].failed, 1);
}

#[test]
fn a_relocation_that_would_differ_is_an_error() {
    // With the full BTF, a size cannot be read through so long a chain of typedefs. Without the typedefs
    // it could.
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
