//! What explanations advise, and which lines they mark.

use btf_types::{Btf, ByteOrder, build::Builder};
use core_reloc::{
    explain::{Explainer, Explanation, Row},
    *,
};

use crate::check::{build, int};

/// Explains why `task.pid` does not resolve on a target.
fn explain(kernel: fn(&mut Builder<'_>)) -> Explanation {
    let object = build(ByteOrder::Little, |btf| {
        let int = int(btf);
        btf.structure("task", 4).member("pid", int, 0).finish();
    });
    let kernel = build(ByteOrder::Little, kernel);
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
fn a_member_that_one_candidate_has_alone_tells_them_apart() {
    let explanation = explain(|btf| {
        let int = int(btf);
        btf.structure("task", 8).member("pid", int, 0).member("rt", int, 32).finish();
        btf.structure("task", 8).member("lock", int, 0).member("pid", int, 32).finish();
    });
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
fn candidates_with_the_same_members_cannot_be_told_apart() {
    let explanation = explain(|btf| {
        let int = int(btf);
        btf.structure("task", 8).member("pid", int, 0).finish();
        btf.structure("task", 8).member("pid", int, 32).finish();
    });
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
fn what_may_have_become_of_a_member_is_marked() {
    // By the same place.
    let explanation = explain(|btf| {
        let int = int(btf);
        btf.structure("task", 8).member("number", int, 0).member("other", int, 32).finish();
    });
    assert_eq!(marked(&explanation), ["int number;"]);
    // Inside of a struct that is defined there.
    let explanation = explain(|btf| {
        let int = int(btf);
        let id = btf.structure("", 4).member("pid", int, 0).finish();
        btf.structure("task", 8).member("id", id, 32).finish();
    });
    assert_eq!(marked(&explanation), ["int pid;"]);
    // Inside of a struct that is defined elsewhere, and behind a pointer to it.
    let explanation = explain(|btf| {
        let int = int(btf);
        let id = btf.structure("id", 4).member("pid", int, 0).finish();
        btf.structure("task", 8).member("id", id, 32).finish();
    });
    assert_eq!(marked(&explanation), ["struct id id;"]);
    let explanation = explain(|btf| {
        let int = int(btf);
        let id = btf.structure("id", 4).member("pid", int, 0).finish();
        let pointer = btf.ptr(id);
        btf.structure("task", 8).member("id", pointer, 0).finish();
    });
    assert_eq!(explanation.cures[0].member.as_deref(), Some("id->pid"));
    assert_eq!(marked(&explanation), ["struct id *id;"]);
}

#[test]
fn a_member_that_could_not_be_read_so_is_no_cure() {
    let explanation = explain(|btf| {
        let float = btf.float("float", 4);
        btf.structure("task", 8).member("ppid", float, 32).finish();
    });
    assert_eq!(texts(&explanation), [""; 0]);
}
