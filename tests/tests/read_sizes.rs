//! Reads of fields whose sizes differ on a kernel. clang compiles the programs; the sizes are those of the C
//! declarations.

use std::path::Path;

use btf_types::{Btf, ByteOrder};
use core_reloc::{Target, elf::Object};
use core_reloc_tests::c_compiler::{CLANG, compile};
use core_reloc_tools::{check::Checker, needs::Kernel};

const SOURCE: &str = r#"
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
static long (*const read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*const read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;

struct inner { u32 a, b; };
struct task {
	u64 state; u32 pid; void *parent; char name[16]; struct inner inner; u32 flag : 3; u32 level; u64 list[4];
} __attribute__((preserve_access_index));

#define PROGRAM(name, size, field, helper) \
	SEC("kprobe/x") int name(struct task **c) { \
		char to[size]; helper(to, size, &c[0]->field); \
		__asm__ volatile("" : : "r"(to) : "memory"); return 0; \
	}
PROGRAM(state, 8, state, read_kernel)
PROGRAM(state_of_4, 4, state, read_kernel)
PROGRAM(pid, 4, pid, read_kernel)
PROGRAM(user_pid, 4, pid, read_user)
PROGRAM(parent, 8, parent, read_kernel)
PROGRAM(name, 16, name, read_kernel)
PROGRAM(start_of_name, 8, name, read_kernel)
PROGRAM(string, 16, name, read_kernel_str)
PROGRAM(inner, 8, inner, read_kernel)
PROGRAM(start_of_inner, 4, inner, read_kernel)
PROGRAM(level, 4, level, read_kernel)
PROGRAM(list, 32, list, read_kernel)
PROGRAM(element, 16, list[1], read_kernel)
"#;

/// Returns the programs with findings on a kernel, with the sizes that are read and those of the fields.
fn findings(kernel: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (order, target) in [(ByteOrder::Little, "bpfel"), (ByteOrder::Big, "bpfeb")] {
        let bytes = compile(CLANG, target, SOURCE, Path::new("."))?;
        let object = Object::parse(&bytes).unwrap();
        let functions = object.requirements().unwrap().functions;
        let kernel = btf_from_c::btf(order, kernel);
        let kernel = Btf::parse(&kernel).unwrap();
        let target = Target::new(&kernel);
        let checked = Checker::new(&object).unwrap().check(&Kernel::new(&target));
        let mut of_order: Vec<String> = checked
            .sizes
            .iter()
            .map(|it| format!("{} {} {}", functions[it.function].name, it.size, it.kernel_size))
            .collect();
        of_order.sort();
        found.push(of_order);
    }
    assert_eq!(found[0], found[1]);
    found.pop()
}

#[track_caller]
fn check(kernel: &str, expected: &[&str]) {
    if let Some(found) = findings(kernel) {
        assert_eq!(found, expected);
    }
}

#[test]
fn the_same_sizes_are_right() {
    check(
        "struct inner { unsigned int a, b; };
         struct task { unsigned long long state; unsigned int pid; void *parent; char name[16];
                       struct inner inner; unsigned int flag : 3; unsigned int level;
                       unsigned long long list[4]; };",
        // Half of a number is another number on a big-endian machine.
        &["state_of_4 4 8"],
    );
}

#[test]
fn other_sizes_are_found() {
    check(
        "struct inner { unsigned int a; };
         struct task { unsigned int state; unsigned long long pid; void *parent; char name[8];
                       struct inner inner; unsigned short level; unsigned long long list[2]; };",
        &[
            "inner 8 4",
            "level 4 2",
            "list 32 16",
            "name 16 8",
            "pid 4 8",
            "state 8 4",
            "user_pid 4 8",
        ],
    );
}

#[test]
fn larger_arrays_and_structs_may_be_read_in_part() {
    check(
        "struct inner { unsigned int a, b, c; };
         struct task { unsigned long long state; unsigned int pid; void *parent; char name[32];
                       struct inner inner; unsigned int level; unsigned long long list[8]; };",
        &["state_of_4 4 8"],
    );
}

#[test]
fn what_a_kernel_lacks_has_no_size() {
    check("struct task { unsigned int level : 4; };", &[]);
}
