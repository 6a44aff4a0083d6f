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
            "only {title} has `{member}`: if you mean that one, declare `{member}` in the program's \
             `struct task` and ask bpf_core_field_exists for it first; later accesses of `struct task` then \
             use the same candidate"
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
