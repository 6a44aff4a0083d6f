//! What is suggested where several candidates match and disagree: code that chooses one of them.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod clang;

use btf_types::{Btf, ByteOrder};
use core_reloc::{Options, RelocKind, Relocator, Target, elf::Object, generate::field_relocation};
use core_reloc_tools::explain::{Explainer, Problem, Suggestion};

/// Suggests what to do about `task.pid`, of which a kernel has several.
fn suggestions(object: &str, kernel: &Btf<'_>) -> Vec<Suggestion> {
    let object = btf_from_c::btf(ByteOrder::Little, object);
    let local = Btf::parse(&object).unwrap();
    let target = Target::new(kernel);
    let kind = RelocKind::FieldByteOffset;
    let relocation = field_relocation(&local, 0, "task", "pid", kind).unwrap();
    let error = Relocator::new(&local, &target).resolve(&relocation).unwrap_err();
    let explanation = Explainer::new(&local, &target).failed(Some(&relocation), &error);
    assert_eq!(explanation.problem, Problem::Ambiguous);
    explanation.suggestions
}

/// Compiles a program that asks for the member of a suggestion, then reads `pid`; without the question if `asks` is
/// `false`. Returns the values of its relocations; an error is `None`.
fn relocate(suggestion: &Suggestion, asks: bool, kernel: &Btf<'_>) -> Option<Vec<Option<u64>>> {
    let (code, member) = (suggestion.code.as_ref().unwrap(), suggestion.member.as_ref().unwrap());
    let flavor = code.split(['{', ';']).next().unwrap().trim();
    let question = format!("if (!__builtin_preserve_field_info(task->{member}, 2)) return 0;");
    let question = if asks { question.as_str() } else { "" };
    let source = format!(
        "{code}\n__attribute__((section(\"kprobe\"))) int read_pid({flavor} *task)\n\
         {{ {question} return task->pid; }}\n"
    );
    let bytes = clang::compile(&source)?;
    let object = Object::parse(&bytes).unwrap();
    let target = Target::new(kernel);
    let reports = object.relocate(&target, Options::default());
    Some(reports.map(|report| report.outcome.value()).collect())
}

/// Checks that the code of each suggestion leads to one offset of `pid`: the expected ones, in bytes.
#[track_caller]
fn check(object: &str, kernel: &str, expected: &[(&str, u64)]) {
    let kernel = btf_from_c::btf(ByteOrder::Little, kernel);
    let kernel = Btf::parse(&kernel).unwrap();
    let found = suggestions(object, &kernel);
    let members: Vec<_> = found.iter().map(|one| one.member.as_deref().unwrap_or("")).collect();
    assert_eq!(members, expected.iter().map(|(member, _)| *member).collect::<Vec<_>>());
    for (suggestion, (_, offset)) in found.iter().zip(expected) {
        let Some(values) = relocate(suggestion, true, &kernel) else {
            println!("SKIPPED: clang is not installed");
            return;
        };
        assert_eq!(values, [Some(1), Some(*offset)], "{suggestion:?}");
        // It is the question that chooses.
        assert_eq!(relocate(suggestion, false, &kernel), Some(vec![None]), "{suggestion:?}");
    }
}

#[test]
fn the_suggested_question_narrows_the_candidates() {
    check(
        "struct task { int pid; };",
        "struct task { int pid; int rt; }; struct task { long lock; int pid; };",
        &[("rt", 0), ("lock", 8)],
    );
    // The members that distinguish them are in anonymous and nested structs, and of types that the program lacks.
    check(
        "struct task { int pid; };",
        "struct list { struct list *next; }; typedef unsigned long u64;
         struct task { int a; int pid; union { u64 rt; int x; }; };
         struct task { int a; long b; int pid; struct { struct list *head; } in; };",
        &[("rt", 4), ("b", 16)],
    );
}

#[test]
fn a_member_that_a_third_candidate_has_too_does_not_distinguish() {
    check(
        "struct task { int pid; };",
        "struct task { int pid; int rt; int one; };
         struct task { long rt; int pid; };
         struct task { long rt[2]; int pid; int three; };",
        // The second candidate has nothing of its own.
        &[("one", 0)],
    );
    // Nor does one that a candidate without `pid` has: the question would be ambiguous.
    check(
        "struct task { int pid; };",
        "struct task { int pid; int rt; int one; }; struct task { long lock; int pid; };
         struct task { int rt; };",
        &[("one", 0), ("lock", 8)],
    );
}
