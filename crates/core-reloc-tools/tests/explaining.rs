//! What explanations suggest, and which lines they mark.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, ByteOrder};
use core_reloc::*;
use core_reloc_tools::explain::{Explainer, Explanation, Row};

/// Explains why `task.pid` does not resolve on a target.
fn explain(kernel: &str) -> Explanation {
    let object = btf_from_c::btf(ByteOrder::Little, "struct task { int pid; };");
    let kernel = btf_from_c::btf(ByteOrder::Little, kernel);
    let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let relocation =
        generate_field_access(&local, 0, "task", "pid", RelocKind::FieldByteOffset).unwrap();
    let mut explainer = Explainer::new(&local, &target);
    match Relocator::new(&local, &target).resolve(&relocation) {
        Ok(resolution) => explainer.unmatched(&relocation, &resolution.unmatched.unwrap()),
        Err(error) => explainer.failed(Some(&relocation), &error),
    }
}

fn texts(explanation: &Explanation) -> Vec<&str> {
    explanation.cures.iter().map(|cure| cure.text.as_str()).collect()
}

#[test]
fn a_member_of_only_one_candidate_distinguishes_it() {
    let explanation =
        explain("struct task { int pid; int rt; }; struct task { int lock; int pid; };");
    let advice = |title: &str, member: &str| {
        format!(
            "only {title} has `{member}`: if it is the one that is meant, let the program ask for \
             that field first, by bpf_core_field_exists; the later accesses then go there"
        )
    };
    assert_eq!(
        texts(&explanation),
        [advice("struct task [2]", "rt"), advice("struct task [3]", "lock")]
    );
}

#[test]
fn candidates_with_the_same_members_cannot_be_distinguished() {
    let explanation = explain("struct task { int pid; } @size 8; struct task { int pid @ 4; };");
    assert_eq!(
        texts(&explanation),
        ["both have the same members, so that no access can tell which is meant: let the loader \
          choose the offset, as a constant in .rodata"]
    );
}

/// The marked lines of the target's definition.
fn marked(explanation: &Explanation) -> Vec<&str> {
    let marked = explanation.comparisons[0].rows.iter().filter_map(|row| match row {
        Row::Lines { right: Some(line), is_focus: true, .. } => Some(line.text.as_str()),
        _ => None,
    });
    marked.collect()
}

#[test]
fn the_likely_successor_of_a_member_is_marked() {
    // At the same offset.
    let explanation = explain("struct task { int number; int other; };");
    assert_eq!(marked(&explanation), ["int number;"]);
    // In a struct that is defined in place.
    let explanation = explain("struct task { struct { int pid; } id @ 4; };");
    assert_eq!(marked(&explanation), ["int pid;"]);
    // In a struct that is defined elsewhere, and in what a pointer to it points to.
    let explanation = explain("struct task { struct id { int pid; } id @ 4; };");
    assert_eq!(marked(&explanation), ["struct id id;"]);
    let explanation = explain("struct task { struct id { int pid; } *id; };");
    assert_eq!(explanation.cures[0].member.as_deref(), Some("id->pid"));
    assert_eq!(marked(&explanation), ["struct id *id;"]);
}

#[test]
fn a_member_of_an_incompatible_type_is_not_suggested() {
    let explanation = explain("struct task { float ppid @ 4; };");
    assert_eq!(texts(&explanation), [""; 0]);
}
