//! The C source of programs that copy structs of the kernel.

use std::fmt::Write;

/// What all programs share.
const HEADER: &str = r#"
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define RELOCATED __attribute__((preserve_access_index))
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")
char LICENSE[] SEC("license") = "GPL";
static long (*read_kernel)(void *to, u32 size, const void *from) = (void *)113;
"#;

/// Fields of the kernel, each with the types that a program may give it.
const FIELDS: [(&str, &str, &[&str]); 5] = [
    ("ns_common", "inum", &["u32"]),
    ("seq_file", "buf", &["char *"]),
    ("seq_file", "count", &["u64", "u32"]),
    ("seq_file", "index", &["long long"]),
    ("list_head", "prev", &["void *"]),
];

/// The numbers of bytes before and after the field in the local struct.
const BEFORE: [usize; 3] = [0, 8, 24];
const AFTER: [usize; 2] = [0, 40];

/// What a program does, where `S` is the struct and `F` the field.
const BODIES: [(&str, &str); 7] = [
    ("load", "struct S a; read_kernel(&a, sizeof a, (void *)c[0]); return (long)a.F;"),
    // Other variables around the copy.
    (
        "between",
        "struct S a; char b[64], d[40]; read_kernel(b, sizeof b, (void *)c[1]);
         read_kernel(&a, sizeof a, (void *)c[0]); read_kernel(d, sizeof d, (void *)c[2]);
         KEEP(b); KEEP(d); return (long)a.F;",
    ),
    // Room that nothing is written to.
    (
        "room",
        "struct { struct S a; char b[64]; } x; read_kernel(&x.a, sizeof x.a, (void *)c[0]); KEEP(&x);
         return (long)x.a.F;",
    ),
    (
        "array",
        "struct S a[3]; read_kernel(&a, sizeof a, (void *)c[0]); return (long)a[2].F + (long)a[0].F;",
    ),
    ("store", "struct S a; read_kernel(&a, sizeof a, (void *)c[0]); a.F = 0; KEEP(&a); return 0;"),
    (
        "callee",
        "struct S a; read_kernel(&a, sizeof a, (void *)c[0]); return get_S(&a);",
    ),
    // One of two copies, at different places.
    (
        "either",
        "struct S a[2]; read_kernel(&a, sizeof a, (void *)c[0]); struct S *b = c[1] ? &a[0] : &a[1];
         return (long)b->F;",
    ),
];

/// Returns sources, each with a program for each local struct of one field and each body. libbpf takes long to
/// load single programs of large objects.
pub(crate) fn sources() -> Vec<String> {
    let mut sources = Vec::new();
    for (kernel_name, field, types) in FIELDS {
        for ty in types {
            for before in BEFORE {
                sources.push(source(kernel_name, field, ty, before));
            }
        }
    }
    sources
}

fn source(kernel_name: &str, field: &str, ty: &str, before: usize) -> String {
    let mut source = HEADER.to_owned();
    for after in AFTER {
        let name = format!("{kernel_name}___{before}_{after}");
        writeln!(
            source,
            "struct {name} {{ char before[{before}]; {ty} {field}; char after[{after}]; }} RELOCATED;\n\
             static __attribute__((noinline)) long get_{name}(struct {name} *a) \
             {{ return (long)a->{field}; }}"
        )
        .unwrap();
        for (body_name, body) in BODIES {
            let body = body.replace("struct S", &format!("struct {name}"));
            let body = body.replace("get_S", &format!("get_{name}"));
            let body = body.replace(".F", &format!(".{field}"));
            let body = body.replace("->F", &format!("->{field}"));
            writeln!(
                source,
                "SEC(\"raw_tp/x\") long {body_name}_{field}_{before}_{after}(u64 *c) {{ {body} }}"
            )
            .unwrap();
        }
    }
    source
}
