//! What explanations suggest, and which lines are in focus.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{
    Btf, ByteOrder,
    build::{Builder, ExtBuilder},
    ext::CoreReloc,
};
use core_reloc::{elf::Object, generate::field_relocation, *};
use core_reloc_tools::explain::{Explainer, Explanation, Row};
use elf_writer::{ElfFile, ORDERS, SHT_PROGBITS, mov};

/// Explains why `task.pid` does not resolve on a target.
fn explain(kernel: &str) -> Explanation {
    explain_for("struct task { int pid; };", kernel)
}

/// Explains why `task.pid` of an object does not resolve on a target.
fn explain_for(object: &str, kernel: &str) -> Explanation {
    let object = btf_from_c::btf(ByteOrder::Little, object);
    let kernel = btf_from_c::btf(ByteOrder::Little, kernel);
    let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let relocation =
        field_relocation(&local, 0, "task", "pid", RelocKind::FieldByteOffset).unwrap();
    let mut explainer = Explainer::new(&local, &target);
    match Relocator::new(&local, &target).resolve(&relocation) {
        Ok(resolution) => explainer.unmatched(&relocation, &resolution.unmatched.unwrap()),
        Err(error) => explainer.failed(Some(&relocation), &error),
    }
}

fn texts(explanation: &Explanation) -> Vec<&str> {
    explanation.suggestions.iter().map(|suggestion| suggestion.text.as_str()).collect()
}

#[test]
fn a_member_of_only_one_candidate_distinguishes_it() {
    let explanation =
        explain("struct task { int pid; int rt; }; struct task { int lock; int pid; };");
    let text = |title: &str, member: &str| {
        format!(
            "only {title} has `{member}`: if you mean that one, use a flavor that has `{member}`, and ask \
             bpf_core_field_exists for it first; later accesses of the flavor then use the same candidate"
        )
    };
    assert_eq!(
        texts(&explanation),
        [text("struct task [2]", "rt"), text("struct task [3]", "lock")]
    );
}

#[test]
fn candidates_with_the_same_members_cannot_be_distinguished() {
    let explanation = explain("struct task { int pid; } @size 8; struct task { int pid @ 4; };");
    assert_eq!(
        texts(&explanation),
        [
            "both have the same members, so no access can distinguish them: let the loader choose the \
          offset, as a constant in .rodata"
        ]
    );
}

/// Returns the lines of the target's definition that are in focus.
fn focus(explanation: &Explanation) -> Vec<&str> {
    let lines = explanation.comparisons[0].rows.iter().filter_map(|row| match row {
        Row::Lines { right: Some(line), is_focus: true, .. } => Some(line.text.as_str()),
        _ => None,
    });
    lines.collect()
}

#[test]
fn the_likely_replacement_of_a_member_is_in_focus() {
    // A member at the same place: between others, of which a stub says nothing.
    let explanation = explain_for(
        "struct task { int pid; long other; };",
        "struct task { int number; long other; };",
    );
    assert_eq!(focus(&explanation), ["int number;"]);
    // A member of a nested struct.
    let explanation = explain("struct task { struct { int pid; } id @ 4; };");
    assert_eq!(focus(&explanation), ["int pid;"]);
    // The member with a struct that is defined elsewhere, and a pointer to such a struct.
    let explanation = explain("struct task { struct id { int pid; } id @ 4; };");
    assert_eq!(focus(&explanation), ["struct id id;"]);
    let explanation = explain("struct task { struct id { int pid; } *id; };");
    assert_eq!(explanation.suggestions[0].member.as_deref(), Some("id->pid"));
    assert_eq!(focus(&explanation), ["struct id *id;"]);
}

#[test]
fn a_member_of_an_incompatible_type_is_not_suggested() {
    let explanation = explain("struct task { float ppid @ 4; };");
    assert_eq!(texts(&explanation), [""; 0]);
}

/// Returns the lines of the first comparison that differ.
fn differing(explanation: &Explanation) -> Vec<[String; 2]> {
    let text = |line: &Option<core_reloc_tools::definition::DefinitionLine>| {
        line.as_ref().map(|line| line.text.clone()).unwrap_or_default()
    };
    let rows = explanation.comparisons[0].rows.iter().filter_map(|row| match row {
        Row::Lines { left, right, differs: true, .. } => Some([text(left), text(right)]),
        _ => None,
    });
    rows.collect()
}

#[test]
fn the_spelling_of_integers_is_no_difference() {
    // clang and GCC.
    let explanation = explain_for(
        "struct task { int pid; unsigned long a; short b; unsigned c; long long (*d)(unsigned long); };",
        "struct task { long unsigned int a @ 8; short int b; unsigned int c;
            long long int (*d)(long unsigned int); int x; };",
    );
    assert_eq!(
        differing(&explanation),
        [["int pid;", ""], ["", "int x;"]].map(|row| row.map(str::to_string))
    );
}

#[test]
fn members_of_anonymous_types_are_compared_wherever_they_are() {
    let members = |id: &str| {
        format!(
            "const struct {{ {id} a; }}; struct {{ {id} b; }} pairs[2]; struct {{ {id} c; }} *one;
             enum {{ A, B }} state;"
        )
    };
    let explanation = explain_for(
        &format!("struct task {{ {} int pid; }};", members("int")),
        &format!("struct task {{ {} }};", members("long")),
    );
    let rows =
        [["int a;", "long a;"], ["int b;", "long b;"], ["int c;", "long c;"], ["int pid;", ""]];
    let found = differing(&explanation);
    for row in rows.map(|row| row.map(str::to_string)) {
        assert!(found.contains(&row), "{row:?} in {found:?}");
    }
    let names = explanation.comparisons[0].rows.iter().filter_map(|row| match row {
        Row::Lines { left: Some(line), .. } => Some(line.name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["a", "pairs[].b", "pairs", "one->c", "one", "A", "B", "state", "pid"]);
}

/// An object that checks whether `struct task` has `first`, then reads `second`, of `struct task` or of a
/// flavor of it.
fn narrowing_object(order: ByteOrder, second: &str) -> Vec<u8> {
    let types = "struct task { int rt; int pid; }; struct task___v2 { int rt; int pid; };";
    let mut btf = Builder::new(order);
    let ids = btf_from_c::declare(&mut btf, types).unwrap();
    let mut ext = ExtBuilder::new(order);
    for (section, root, access, kind) in [
        ("tc", "task", "0:0", RelocKind::FieldExists),
        ("xdp", second, "0:1", RelocKind::FieldByteOffset),
    ] {
        let access_str_off = btf.string(access);
        let (type_id, kind) = (ids.id(root), kind.to_raw());
        let record = CoreReloc { insn_off: 0, type_id, access_str_off, kind };
        ext.core_relocs(btf.string(section), [record]);
    }
    ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &mov(order, 4))
        .section("tc", SHT_PROGBITS, &mov(order, 1))
        .section(".BTF", SHT_PROGBITS, &btf.finish().unwrap())
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .functions(&[("run", "xdp"), ("classify", "tc")])
        .write()
        .bytes
}

#[test]
fn the_relocation_that_dropped_the_candidate_with_the_field_is_named() {
    for order in ORDERS {
        let kernel =
            btf_from_c::btf(order, "struct task { int rt; }; struct task { long x; int pid; };");
        let kernel = Btf::parse(&kernel).unwrap();
        let target = Target::new(&kernel);
        let explain = |second: &str| {
            let bytes = narrowing_object(order, second);
            let object = Object::parse(&bytes).unwrap();
            let mut explainer = Explainer::new(object.btf().unwrap(), &target);
            let mut relocating = object.relocate(&target, Options::default());
            let reports: Vec<_> = relocating.by_ref().collect();
            let narrowed = relocating.narrowings(reports[0].relocation.type_id());
            assert_eq!(narrowed.len(), 1);
            reports.iter().filter_map(|report| explainer.report(report)).collect::<Vec<_>>()
        };
        let explanations = explain("task");
        let [explanation] = &explanations[..] else { panic!("{explanations:?}") };
        let reason = &explanation.reason;
        assert!(
            reason.ends_with(
                "; candidate struct task [4] matches, but an earlier relocation of the same type \
                 dropped it: field_exists of task.rt at tc+0x0"
            ),
            "{reason}"
        );
        // The suggested flavor has candidates of its own, and resolves.
        let code = explanation.suggestions[0].code.as_deref();
        assert_eq!(
            code,
            Some("struct task___new { int pid; } __attribute__((preserve_access_index));")
        );
        assert_eq!(explain("task___v2"), []);
    }
}

/// Returns the members that are suggested for one that a target lacks, and the first code.
fn replacements(object: &str, kernel: &str, path: &str) -> (Vec<String>, Option<String>) {
    let [object, kernel] = [object, kernel].map(|types| btf_from_c::btf(ByteOrder::Little, types));
    let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let (root, path) = path.split_once('.').unwrap();
    let relocation = field_relocation(&local, 0, root, path, RelocKind::FieldByteOffset).unwrap();
    let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
    let unmatched = resolution.unmatched.unwrap();
    let suggestions =
        Explainer::new(&local, &target).unmatched(&relocation, &unmatched).suggestions;
    let members = suggestions.iter().filter_map(|suggestion| suggestion.member.clone());
    (members.collect(), suggestions.first().and_then(|first| first.code.clone()))
}

#[track_caller]
fn check_replacements(object: &str, kernel: &str, path: &str, expected: &[&str]) {
    assert_eq!(replacements(object, kernel, path).0, expected, "{path}");
}

/// The best-known changes of kernels' types, of which `tests/renames.tsv` has more.
#[test]
fn renamed_moved_and_split_members_are_found() {
    // With the whole type, and with a stub.
    let members = "struct info { long flags; } info; void *stack; int flags; int on_cpu;";
    for (others, of_cpu) in [(members, &["info.cpu"] as &[&str]), ("", &["info.cpu", "on_cpu"])] {
        let kernel =
            "struct task { struct info { long flags; int cpu; } info; void *stack; int flags;
            unsigned int __state; int on_cpu; struct vtime { int state; } vtime; };";
        let object = format!("struct task {{ {others} long state; }};");
        check_replacements(&object, kernel, "task.state", &["__state", "vtime.state"]);
        let object = format!("struct task {{ {others} int cpu; }};");
        check_replacements(&object, kernel, "task.cpu", of_cpu);
    }
    check_replacements(
        "struct inode { int i_mode; struct time { long tv_sec; int tv_nsec; } i_ctime; int i_state; };",
        "struct inode { int i_mode; long i_ctime_sec; int i_ctime_nsec; int i_state; };",
        "inode.i_ctime.tv_nsec",
        &["i_ctime_nsec", "i_ctime_sec"],
    );
    check_replacements(
        "struct request { struct queue { int id; } *q; struct disk *rq_disk; };",
        "struct request { struct queue { int id; struct disk *disk; } *q; };",
        "request.rq_disk",
        &["q->disk"],
    );
    check_replacements(
        "struct device { struct domain *msi_domain; };",
        "struct device { struct { struct domain *domain; } msi; };",
        "device.msi_domain",
        &["msi.domain"],
    );
}

#[test]
fn members_that_took_the_places_of_others_are_paired() {
    let lists = "struct list { void *next; void *prev; }; struct node { void *next; void *at; };
        struct head { void *first; };";
    let object = format!(
        "{lists} struct dentry {{ long d_lru; struct list d_child; struct list d_subdirs; long d_end; }};"
    );
    let kernel = format!(
        "{lists} struct dentry {{ long d_lru; struct node d_sib; struct head d_children; long d_end; }};"
    );
    // `d_children` has the more similar name, and stands where `d_subdirs` was.
    check_replacements(&object, &kernel, "dentry.d_child", &["d_sib", "d_children"]);
    check_replacements(&object, &kernel, "dentry.d_subdirs", &["d_children"]);
    // A stub has no places, whatever its offsets.
    let stub = format!("{lists} struct dentry {{ long d_lru; struct list d_subdirs; }};");
    check_replacements(&stub, &kernel, "dentry.d_subdirs", &[]);
}

#[test]
fn a_stub_is_shown_the_few_members_whose_types_are_alike() {
    let lists =
        "struct list_head { void *next; void *prev; }; struct hlist_node { void *next; void *at; };
        struct hlist_head { void *first; }; struct user { int id; };";
    let stub =
        format!("{lists} struct dentry {{ struct list_head d_subdirs; struct user *owner; }};");
    let suggested = |members: &str, path| {
        let kernel = format!("{lists} struct dentry {{ long d_lru; int d_flags; {members} }};");
        replacements(&stub, &kernel, path)
    };
    let none = (Vec::new(), None);
    let members = "struct hlist_node sib; struct hlist_head children; struct user *by;";
    // They are as near to each other, and there is no code for what may be another one.
    let of_lists = vec!["sib".to_string(), "children".to_string()];
    assert_eq!(suggested(members, "dentry.d_subdirs"), (of_lists, None));
    assert_eq!(suggested(members, "dentry.owner"), (vec!["by".to_string()], None));
    // Too many to look at.
    let many = "struct list_head a; struct list_head b; struct list_head c; struct list_head e;
        struct user *f; struct user *g; struct user *h; struct user *i;";
    assert_eq!(suggested(many, "dentry.d_subdirs"), none);
    assert_eq!(suggested(many, "dentry.owner"), none);
    // Integers are all alike.
    check_replacements(
        "struct task { int state; };",
        "struct task { int x; long y; };",
        "task.state",
        &[],
    );
}

#[test]
fn a_stub_does_not_tell_which_of_similar_members_are_new() {
    // Both names are as near, and one of them may have been there all the time.
    let stub = "struct cfs_rq { unsigned int h_nr_running; };";
    let kernel = "struct cfs_rq { unsigned int nr_running; unsigned int h_nr_queued; };";
    let (members, code) = replacements(stub, kernel, "cfs_rq.h_nr_running");
    assert_eq!((members.len(), code), (2, None));
    // Who declares the whole struct says what is new.
    let whole = "struct cfs_rq { unsigned int nr_running; unsigned int h_nr_running; };";
    let (members, code) = replacements(whole, kernel, "cfs_rq.h_nr_running");
    assert_eq!((members, code.is_some()), (vec!["h_nr_queued".to_string()], true));
    // One word, elsewhere, may be the name of many things; several words are hardly.
    let kernel = "struct task { struct in { int state; int rx_dropped; } in; };";
    let code = |path| replacements("struct task { int state; int rx_dropped; };", kernel, path).1;
    assert_eq!(code("task.state"), None);
    assert!(code("task.rx_dropped").is_some());
}

#[test]
fn what_the_object_has_too_is_not_suggested() {
    let object = "struct cfs_rq { struct rq { int nr_running; } *rq; int nr_running; int h_nr; };";
    let kernel = "struct cfs_rq { struct rq { int nr_running; } *rq; int nr_queued; int h_nr; };";
    check_replacements(object, kernel, "cfs_rq.nr_running", &["nr_queued"]);
}

#[test]
fn what_has_only_the_place_of_a_member_is_suggested_without_code() {
    let object = "struct cache { long size; int cpu_partial; int align; };";
    let kernel = "struct cache { long size; int capacity; int align; };";
    assert_eq!(
        replacements(object, kernel, "cache.cpu_partial"),
        (vec!["capacity".to_string()], None)
    );
    // A stub does not say what was there.
    let stub = "struct cache { int cpu_partial; };";
    assert_eq!(replacements(stub, kernel, "cache.cpu_partial"), (vec![], None));
}

#[test]
fn a_flavors_name_is_free_and_a_typedefs_flavor_is_a_typedef() {
    let code = |object: &str, kernel: &str, path| replacements(object, kernel, path).1.unwrap();
    let attribute = "__attribute__((preserve_access_index))";
    let kernel = "struct task { int __state; };";
    assert_eq!(
        code("struct task { int state; }; struct task___new { int x; };", kernel, "task.state"),
        format!("struct task___new2 {{ int __state; }} {attribute};")
    );
    assert_eq!(
        code(
            "typedef struct { int state; } task_t;",
            "typedef struct { int __state; } task_t;",
            "task_t.state"
        ),
        format!("typedef struct {{ int __state; }} {attribute} task_t___new;")
    );
    // Types that the program does not have are spelled without them.
    let kernel = "typedef unsigned char u8; struct task { const u8 __state : 3; };";
    assert_eq!(
        code("struct task { int state; };", kernel, "task.state"),
        format!("struct task___new {{ unsigned char __state : 3; }} {attribute};")
    );
    // The path from the root stays.
    assert_eq!(
        code(
            "struct task { struct se { int state; } se; };",
            "struct task { struct se { int __state; } se; };",
            "task.se.state"
        ),
        format!("struct task___new {{ struct {{ int __state; }} se; }} {attribute};")
    );
}

/// Returns the texts of the suggestions for a type that a target does not have.
fn missing_type(object: &str, kernel: &str, root: &str) -> Vec<String> {
    let [object, kernel] = [object, kernel].map(|types| btf_from_c::btf(ByteOrder::Little, types));
    let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let relocation = generate::type_relocation(&local, 0, root, RelocKind::TypeExists).unwrap();
    let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
    let unmatched = resolution.unmatched.unwrap();
    let suggestions =
        Explainer::new(&local, &target).unmatched(&relocation, &unmatched).suggestions;
    suggestions.into_iter().map(|suggestion| suggestion.text).collect()
}

#[test]
fn types_of_the_user_space_abi_need_no_relocation() {
    let kernel = "struct sk_buff { int len; }; struct xdp_buff { void *data; }; struct ip_options { int x; };";
    let advice = "belongs to the user-space ABI and has one layout on all kernels: take \
                  preserve_access_index off it";
    for root in ["__sk_buff", "iphdr", "xdp_md", "tcphdr", "bpf_sock_ops", "xdp_md___v2"] {
        let texts = missing_type(&format!("struct {root} {{ int len; }};"), kernel, root);
        assert_eq!(texts[0], format!("`struct {root}` {advice}"));
    }
    // Types of the kernel have no fixed layout.
    for root in ["sk_buf", "iphdr_info"] {
        let texts = missing_type(&format!("struct {root} {{ int len; }};"), kernel, root);
        assert!(!texts.iter().any(|text| text.contains(advice)), "{texts:?}");
    }
}

#[test]
fn a_typedef_of_an_enum_is_named_by_its_tag() {
    let kernel = "enum mode { OFF, ON };";
    let expected = "the target has `enum mode`: name it by its tag, not as";
    for (object, root) in [
        ("typedef enum mode { OFF, ON } mode_t;", "mode_t"),
        ("typedef enum { OFF, ON } mode;", "mode"),
    ] {
        let texts = missing_type(object, kernel, root);
        assert_eq!(texts[0], format!("{expected} `{root}`"));
    }
}

#[test]
fn a_field_that_no_load_holds_is_not_read_as_a_bitfield() {
    let advice = |kernel: &str, to| {
        let object = btf_from_c::btf(ByteOrder::Little, "struct task { int pid; };");
        let kernel = btf_from_c::btf(ByteOrder::Little, kernel);
        let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
        let target = Target::new(&kernel);
        let relocation =
            field_relocation(&local, 0, "task", "pid", RelocKind::FieldByteOffset).unwrap();
        let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
        let poison = Poison::Resized { from: 4, to };
        let explanation =
            Explainer::new(&local, &target).poisoned(&relocation, &resolution, poison);
        explanation.suggestions[0].text.clone()
    };
    assert!(advice("struct task { long pid; };", 8).contains("BPF_CORE_READ_BITFIELD"));
    let wide = advice("struct task { __int128 pid; };", 16);
    assert!(!wide.contains("BITFIELD") && wide.contains("bpf_core_field_size"), "{wide}");
}
