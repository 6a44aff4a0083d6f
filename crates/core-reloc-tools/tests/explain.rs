//! What explanations suggest, and which lines are in focus.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, ByteOrder};
use core_reloc::{generate::field_relocation, *};
use core_reloc_tools::explain::{Explainer, Explanation, Row};

/// Explains why `task.pid` does not resolve on a target.
fn explain(kernel: &str) -> Explanation {
    let object = btf_from_c::btf(ByteOrder::Little, "struct task { int pid; };");
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
            "only {title} has `{member}`: if you mean that one, check the field first with \
             bpf_core_field_exists; later accesses then use the same type"
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
    // A member at the same offset.
    let explanation = explain("struct task { int number; int other; };");
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
