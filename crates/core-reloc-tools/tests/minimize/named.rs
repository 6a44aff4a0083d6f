//! What is kept besides relocations, for verdicts.

use btf_from_c::{btf, declare};
use btf_types::{Btf, ByteOrder, DeclTarget, Kind, Type, build::Builder};
use core_reloc::{Options, Target};
use core_reloc_tools::minimize::{Minimized, Needs, minimize_and_keep};

const KERNEL: &str = "
    struct page { int flags; };
    struct file { struct page *page; int mode; };
    enum bpf_map_type { HASH = 1, ARRAY = 2 };
    enum other { ONE, TWO };
    struct ops { int (*open)(struct file *file); int flags; };
    typedef void (*btf_trace_open)(void *data, struct file *file, int mode);
    typedef void (*btf_trace_close)(void *data, struct file *file);
    long vfs_read(struct file *file, int *count);
    long vfs_write(struct file *file);
    void tagged(int a);
    void tagged_too(int a);
    int variable;
    int other_variable;
";

/// Minimizes a kernel for an object that asks for some names, and has no relocations.
fn minimized(names: &[(&str, Kind)]) -> Minimized {
    let local = btf(ByteOrder::Little, "struct page { int flags; };");
    let local = Btf::parse(&local).unwrap();
    let mut builder = Builder::new(ByteOrder::Little);
    let ids = declare(&mut builder, KERNEL).unwrap();
    for function in ["tagged", "tagged_too"] {
        builder.decl_tag("bpf_kfunc", ids.id(function), DeclTarget::Declaration);
    }
    let kernel = builder.finish().unwrap();
    let kernel = Btf::parse(&kernel).unwrap();
    let names: Vec<_> = names.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    let needs = Needs { local: &local, relocations: Vec::new() };
    minimize_and_keep(&[needs], &names, &Target::new(&kernel), Options::default()).unwrap()
}

/// Checks that a type is as in the kernel, as far as its own names go.
#[track_caller]
fn check(names: &[(&str, Kind)], expected: &[&str]) {
    let minimized = minimized(names);
    let kept = Btf::parse(&minimized.main).unwrap();
    let mut found: Vec<String> = kept.types().filter_map(described).collect();
    found.sort();
    assert_eq!(found, expected);
}

/// Describes a type with a name, and the kinds that it leads to.
fn described(ty: Type<'_>) -> Option<String> {
    let name = ty.name().ok().filter(|name| !name.is_empty())?;
    let parts: Vec<String> = match ty.kind() {
        Kind::Enum => ty.enumerators().iter().map(|it| it.name().unwrap().to_string()).collect(),
        Kind::Struct => ty.members().iter().map(|it| it.name().unwrap().to_string()).collect(),
        Kind::DeclTag => vec![ty.referenced().unwrap().unwrap().name().unwrap().to_string()],
        Kind::Func => params(ty.referenced().unwrap().unwrap()),
        Kind::Typedef => {
            let pointer = ty.referenced().unwrap().unwrap();
            params(pointer.referenced().unwrap().unwrap())
        }
        _ => Vec::new(),
    };
    Some(format!("{:?} {name}: {}", ty.kind(), parts.join(" ")))
}

/// The kinds of the parameters of a prototype, and for pointers the kinds that they lead to.
fn params(prototype: Type<'_>) -> Vec<String> {
    let kind = |ty: Type<'_>| match ty.referenced() {
        Ok(Some(to)) => format!("{:?}-{:?}", ty.kind(), to.kind()),
        _ => format!("{:?}", ty.kind()),
    };
    prototype.params().iter().map(|param| kind(param.ty().unwrap())).collect()
}

#[test]
fn named_types_are_kept_whole_and_one_of_each_kind() {
    let rest = ["DeclTag bpf_kfunc: tagged", "Func tagged: Int"];
    let file = "Struct file: ";
    let names = [
        ("bpf_map_type", Kind::Enum),
        ("ops", Kind::Struct),
        ("btf_trace_close", Kind::Typedef),
        ("btf_trace_gone", Kind::Typedef),
        ("vfs_write", Kind::Func),
        ("other_variable", Kind::Var),
    ];
    check(
        &names,
        &[
            rest[0],
            "Enum bpf_map_type: HASH ARRAY",
            rest[1],
            // The first function and variable, and the first tracepoint, show that the kernel has such.
            "Func vfs_read: Ptr-Struct Ptr-Int",
            "Func vfs_write: Ptr-Struct",
            "Int int: ",
            "Int long: ",
            file,
            "Struct ops: open flags",
            "Typedef btf_trace_close: Ptr-Void Ptr-Struct",
            "Typedef btf_trace_open: Ptr-Void Ptr-Struct Int",
            "Var other_variable: ",
            "Var variable: ",
        ],
    );
    check(
        &[("tagged_too", Kind::Func)],
        &[
            "DeclTag bpf_kfunc: tagged",
            "DeclTag bpf_kfunc: tagged_too",
            "Func tagged: Int",
            "Func tagged_too: Int",
            "Func vfs_read: Ptr-Struct Ptr-Int",
            "Int int: ",
            "Int long: ",
            file,
            "Typedef btf_trace_open: Ptr-Void Ptr-Struct Int",
            "Var variable: ",
        ],
    );
}
