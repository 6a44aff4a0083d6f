//! The definitions that suggestions print: clang compiles them beside the program's own types, and what they declare
//! is found where the target has it.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod clang;

use btf_types::{Btf, ByteOrder};
use core_reloc::{Options, RelocKind, Relocator, Target, elf::Object, generate::field_relocation};
use core_reloc_tools::explain::Explainer;

/// Checks the first code that is suggested for a field: of a program with types, all of which it declares in C.
/// `access` is what the flavor is asked for, and `offset` where the kernel has it, in bytes.
#[track_caller]
fn check(object: &str, kernel: &str, field: &str, (access, offset): (&str, u64)) {
    let bytes = [object, kernel].map(|types| btf_from_c::btf(ByteOrder::Little, types));
    let [local, kernel] = bytes.each_ref().map(|bytes| Btf::parse(bytes).unwrap());
    let target = Target::new(&kernel);
    let (root, path) = field.split_once('.').unwrap();
    let relocation = field_relocation(&local, 0, root, path, RelocKind::FieldByteOffset).unwrap();
    let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
    let unmatched = resolution.unmatched.unwrap();
    let explanation = Explainer::new(&local, &target).unmatched(&relocation, &unmatched);
    let code = explanation.suggestions.iter().find_map(|one| one.code.as_deref()).unwrap();
    let flavor = match code.strip_prefix("typedef ") {
        Some(typedef) => typedef.trim_end_matches(';').rsplit(' ').next().unwrap(),
        None => code.split('{').next().unwrap().trim(),
    };
    let source = format!(
        "{object}\n{code}\n{flavor} *object;\n\
         unsigned offset(void) {{ return __builtin_preserve_field_info(object->{access}, 0); }}\n"
    );
    let Some(bytes) = clang::compile(&source) else {
        println!("SKIPPED: clang is not installed");
        return;
    };
    let object = Object::parse(&bytes).unwrap();
    let reports = object.relocate(&target, Options::default());
    let values: Vec<_> = reports.map(|report| report.outcome.value()).collect();
    assert_eq!(values, [Some(offset)], "{source}");
}

#[test]
fn flavors_of_structs_unions_and_typedefs_are_found() {
    let at_8 = ("__state", 8);
    check(
        "struct task { int state; };",
        "struct task { long a; int __state; };",
        "task.state",
        at_8,
    );
    check(
        "typedef struct { int state; } task_t;",
        "typedef struct { long a; int __state; } task_t;",
        "task_t.state",
        at_8,
    );
    check(
        "typedef struct task { int state; } task_t;",
        "typedef struct task { long a; int __state; } task_t;",
        "task_t.state",
        at_8,
    );
    check(
        "union value { int state; };",
        "union value { long a; int __state; };",
        "value.state",
        ("__state", 0),
    );
    check(
        "typedef union { int state; } value_t;",
        "typedef union { long a; int __state; } value_t;",
        "value_t.state",
        ("__state", 0),
    );
}

#[test]
fn a_flavor_does_not_collide_with_the_programs_types() {
    check(
        "struct task { int state; }; struct task___new { int x; }; typedef int task___new2;",
        "struct task { long a; int __state; };",
        "task.state",
        ("__state", 8),
    );
    // A typedef's name is one with those of functions and variables, and not with tags; a tag's is free for it, too.
    check(
        "typedef struct { int state; } task_t; struct task_t___new { int x; };",
        "typedef struct { long a; int __state; } task_t;",
        "task_t.state",
        ("__state", 8),
    );
}

#[test]
fn a_flavor_declares_a_member_as_the_target_does() {
    // In a struct, as a bitfield, of a type that the program lacks, and behind an anonymous union.
    check(
        "struct task { int cpu_id; };",
        "struct task { long a; struct info { long flags; int id; } cpu; };",
        "task.cpu_id",
        ("cpu.id", 16),
    );
    check(
        "struct task { int state; };",
        "typedef unsigned char u8; struct task { long a; u8 b : 3; u8 __state : 3; };",
        "task.state",
        ("__state", 8),
    );
    check(
        "struct task { void *state; };",
        "struct thing { int x; }; struct task { long a; union { const struct thing *__state; }; };",
        "task.state",
        ("__state", 8),
    );
    // The member is there, of an incompatible type.
    check(
        "struct task { int state; };",
        "struct task { long a; struct { int x; } *state; };",
        "task.state",
        ("state", 8),
    );
    check(
        "struct task { int state; };",
        "struct task { long a; int state[4]; };",
        "task.state",
        ("state", 8),
    );
}
