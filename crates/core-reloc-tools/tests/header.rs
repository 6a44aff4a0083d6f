//! The text of headers, and those of generated types. `tests/tests/headers.rs` compiles those of kernels.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{
    Btf, ByteOrder, DeclTarget, Info, IntEncoding, Kind, Linkage, TypeId, build::Builder,
};
use core_reloc::Target;
use core_reloc_proptest::{Profile, damaged, graph};
use core_reloc_tools::{
    definition::MemberLayout,
    header::{Header, HeaderGenerator, Reason},
};
use proptest::prelude::*;

use std::{
    fmt::Write as _,
    io::{ErrorKind, Write as _},
    process::{Command, Stdio},
};

fn whole(bytes: &[u8]) -> Header {
    let btf = Btf::parse(bytes).unwrap();
    HeaderGenerator::new(&Target::new(&btf)).whole()
}

/// Returns the definitions of a header, without what is around them.
fn definitions(header: &Header) -> &str {
    let (_, rest) = header.text.split_once("#define __bpf_fastcall\n#endif\n#endif\n\n").unwrap();
    rest.split_once("#ifdef __clang__\n#pragma clang diagnostic pop\n").unwrap().0
}

fn differences(header: &Header) -> Vec<String> {
    header.differences.iter().map(ToString::to_string).collect()
}

/// A builder with an `int`.
fn builder<'a>() -> (Builder<'a>, TypeId) {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    (btf, int)
}

#[test]
fn padding_is_written_as_bitfields_or_attributes() {
    let (mut btf, int) = builder();
    let long = btf.int("long int", 8, IntEncoding::new(64, IntEncoding::SIGNED));
    // 12 bytes of padding before `b`. The size is not a multiple of 16.
    btf.structure("padded", 24).member("a", int, 0).member("b", long, 128).finish();
    // `b` is at the start of a cache line, and the size is that of two.
    btf.structure("lines", 128).member("a", int, 0).member("b", long, 512).finish();
    btf.structure("packed", 12).member("a", int, 0).member("b", long, 32).finish();
    btf.structure("bits", 4).bitfield("a", int, 3, 5).bitfield("b", int, 18, 14).finish();
    // The 14 bits from bit 25 are not within one `int`.
    btf.structure("crossing", 5).bitfield("a", int, 25, 14).finish();
    btf.union("wide", 16).member("a", int, 0).finish();
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        definitions(&header),
        "\
struct padded {
	int a;
	int : 32;
	long : 64;
	long int b;
};

struct lines {
	int a;
	long int b __attribute__((aligned(64)));
};

struct packed {
	int a;
	long int b;
} __attribute__((packed, aligned(4)));

struct bits {
	char : 3;
	int a : 5;
	char : 8;
	char : 2;
	int b : 14;
};

struct crossing {
	short : 16;
	char : 8;
	char : 1;
	int a : 14;
} __attribute__((packed));

union wide {
	int a;
} __attribute__((aligned(16)));

"
    );
    assert_eq!(differences(&header), [""; 0]);
}

#[test]
fn types_follow_those_that_they_contain() {
    let (mut btf, int) = builder();
    let outer = btf.next_id();
    let [next, inner, later, body, to_later, tail] =
        [1, 2, 3, 4, 5, 6].map(|id| TypeId(outer.0 + id));
    btf.structure("outer", 24)
        .member("in", inner, 0)
        .member("next", next, 64)
        .member("later", to_later, 128)
        .member("tail", tail, 192)
        .finish();
    btf.ptr(outer);
    btf.structure("inner", 4).member("a", int, 0).finish();
    btf.typedef("later_t", body);
    btf.structure("", 4).member("counter", int, 0).finish();
    btf.ptr(later);
    btf.array(int, int, 0);
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        definitions(&header),
        "\
struct inner {
	int a;
};

typedef struct {
	int counter;
} later_t;

struct outer {
	struct inner in;
	struct outer *next;
	later_t *later;
	int tail[];
};

"
    );
}

#[test]
fn the_most_used_type_of_a_name_keeps_it() {
    let (mut btf, int) = builder();
    let first = btf.structure("job", 4).member("a", int, 0).finish();
    let second = btf.structure("job", 4).member("b", int, 0).finish();
    let forward = btf.fwd_struct("job");
    let [to_second, to_first, to_any] = [second, first, forward].map(|ty| btf.ptr(ty));
    btf.structure("user", 32)
        .member("x", to_second, 0)
        .member("y", to_first, 64)
        .member("z", to_any, 128)
        .member("w", second, 192)
        .finish();
    let bytes = btf.finish().unwrap();
    let header = whole(&bytes);
    let user = "struct user {\n\tstruct job *x;\n\tstruct job___2 *y;\n\tstruct job *z;\n\tstruct job w;\n};\n";
    assert!(header.text.contains(user), "{}", header.text);
    assert!(header.text.contains("struct job {\n\tint b;\n};"));
    let btf = Btf::parse(&bytes).unwrap();
    let generator = HeaderGenerator::new(&Target::new(&btf));
    let name = |id| generator.name(btf.type_by_id(id).unwrap());
    assert_eq!((name(first).as_deref(), name(second).as_deref()), (Some("job___2"), Some("job")));
}

#[test]
fn functions_that_programs_may_call_are_declared() {
    let (mut btf, int) = builder();
    let u32 = btf.typedef("u32", int);
    let job = btf.fwd_struct("job");
    let job = btf.ptr(job);
    let constant = btf.constant(u32);
    // The parameter `u32` would hide the type from the next one.
    let proto = btf.func_proto(job).param("u32", u32).param("b", constant).finish();
    let func = btf.func("bpf_job", proto, Linkage::Static);
    let proto = btf.func_proto(TypeId::VOID).finish();
    let fast = btf.func("bpf_fast", proto, Linkage::Static);
    btf.func("other", proto, Linkage::Static);
    for (tag, on) in [("bpf_kfunc", func), ("bpf_kfunc", fast), ("bpf_fastcall", fast)] {
        btf.decl_tag(tag, on, DeclTarget::Declaration);
    }
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        definitions(&header),
        "\
typedef int u32;

struct job;

#ifndef BPF_NO_KFUNC_PROTOTYPES
extern struct job *bpf_job(u32, const u32 b) __weak __ksym;
extern __bpf_fastcall void bpf_fast(void) __weak __ksym;
#endif

"
    );
}

#[test]
fn enums_have_the_type_of_the_kernel() {
    let (mut btf, int) = builder();
    btf.enumeration("plain", 4).enumerator("A", 1).enumerator("B", 4_294_967_295_u32).finish();
    btf.enumeration("signed", 4).signed().enumerator("C", 1).finish();
    btf.enumeration("byte", 1).enumerator("D", 255).finish();
    btf.enumeration64("wide", 8).enumerator("E", u64::MAX).finish();
    btf.enumeration64("least", 8).signed().enumerator("F", i64::MIN).finish();
    btf.enumeration("", 4).enumerator("false", 0).enumerator("true", 1).finish();
    // The name of an enumerator is that of a type or of another enumerator.
    btf.typedef("T", int);
    btf.enumeration("again", 4).enumerator("A", 2).enumerator("T", 3).finish();
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        definitions(&header),
        "\
enum plain {
	A = 1,
	B = 4294967295,
};

enum byte : unsigned char {
	D = 255,
};

enum wide {
	E = 18446744073709551615ULL,
};

enum least {
	F = (-9223372036854775807LL - 1),
};

typedef int T;

enum again {
	A___2 = 2,
	T___2 = 3,
};

enum : int {
	C = 1,
};

#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L
enum {
	false = 0,
	true = 1,
};
#endif

"
    );
    // A keyword.
    assert_eq!(differences(&header), ["enum signed: its name is not an identifier of C"]);
}

#[test]
fn a_type_of_another_language_is_written_where_it_is_used() {
    let (mut btf, int) = builder();
    let vec = btf.structure("Vec<u8>", 8).member("len", int, 32).member("cap", int, 0).finish();
    let pointer = btf.ptr(vec);
    let name = btf.typedef("a::b", int);
    btf.structure("List", 32)
        .member("head", vec, 0)
        .member("next", pointer, 64)
        .member("kind", name, 128)
        .member("a.b", int, 160)
        .member("tail", int, 192)
        .finish();
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        definitions(&header),
        "\
struct List {
	struct {
		int cap;
		int len;
	} head;
	void *next;
	int kind;
	unsigned char __unnamed_at_160[4];
	int tail;
};

"
    );
    assert_eq!(
        differences(&header),
        [
            "struct Vec<u8>: its name is not an identifier of C",
            "a::b: its name is not an identifier of C",
            "struct List.a.b: its name is not an identifier of C",
        ]
    );
    assert!(header.text.contains(" *   a::b: its name is not an identifier of C\n"));
}

#[test]
fn a_member_without_a_name_has_the_members_of_its_type() {
    let (mut btf, int) = builder();
    let base = btf.structure("base", 4).member("a", int, 0).finish();
    btf.structure("derived", 8).member("", base, 0).member("b", int, 32).finish();
    let header = whole(&btf.finish().unwrap());
    let derived = "struct derived {\n\tstruct {\n\t\tint a;\n\t};\n\tint b;\n};\n";
    assert!(header.text.contains(derived), "{}", header.text);
}

#[test]
fn only_what_is_needed_is_written() {
    let bytes = btf_from_c::btf(
        ByteOrder::Little,
        "typedef unsigned u32;
         struct far { int a; };
         struct seen { int a; };
         struct other { int a; };
         struct inner { u32 a; };
         struct outer { struct inner in; struct far *far; void (*call)(struct seen *seen); };",
    );
    let btf = Btf::parse(&bytes).unwrap();
    let outer = btf.find("outer", Kind::Struct).unwrap();
    let header = HeaderGenerator::new(&Target::new(&btf)).of(&[outer]);
    assert_eq!(
        definitions(&header),
        "\
typedef unsigned int u32;

struct inner {
	u32 a;
};

struct seen;

struct outer {
	struct inner in;
	struct far *far;
	void (*call)(struct seen *seen);
};

"
    );
}

#[test]
fn modules_add_their_types() {
    let kernel = btf_from_c::btf(ByteOrder::Little, "struct job { int a; };");
    let kernel = Btf::parse(&kernel).unwrap();
    let mut module = Builder::split(&kernel);
    let job = kernel.find("job", Kind::Struct).unwrap().id();
    module.structure("stats", 4).member("job", job, 0).finish();
    module.structure("job", 4).member("other", job, 0).finish();
    let module = module.finish().unwrap();
    let module = Btf::parse_split(&module, &kernel).unwrap();
    let modules = [core_reloc::Module { name: "stats", btf: &module }];
    let header = HeaderGenerator::new(&Target::new(&kernel).with_modules(modules)).whole();
    let text =
        "struct stats {\n\tstruct job job;\n};\n\nstruct job___2 {\n\tstruct job other;\n};\n";
    assert!(header.text.contains(text), "{}", header.text);
}

#[test]
fn impossible_types_are_listed() {
    let (mut btf, int) = builder();
    let odd = btf.int("odd", 3, IntEncoding::new(24, 0));
    let this = btf.next_id();
    btf.structure("impossible", 16)
        .member("first", int, 0)
        .member("overlapping", int, 16)
        .member("within", int, 33)
        .member("itself", this, 64)
        .member("odd", odd, 64)
        .member("outside", int, 128)
        .finish();
    // A typedef of a struct without a name that contains a pointer to it.
    let typedef = btf.next_id();
    let pointer = TypeId(typedef.0 + 1);
    let body = TypeId(typedef.0 + 2);
    btf.typedef("round", body);
    btf.ptr(typedef);
    btf.structure("", 8).member("next", pointer, 0).finish();
    let header = whole(&btf.finish().unwrap());
    assert_eq!(
        differences(&header),
        [
            "struct impossible.overlapping: no member of C can be at its offset",
            "struct impossible.within: no member of C can be at its offset",
            "struct impossible.itself: its type has no size",
            "odd: C for BPF has no number of its size",
            "struct impossible.outside: no member of C can be at its offset",
            "struct {…}: it contains what points to it",
        ]
    );
    let text = "struct impossible {\n\tint first;\n\tint : 32;\n\
                \tstruct { unsigned char bytes[3]; } odd;\n} __attribute__((aligned(8)));\n";
    assert!(header.text.contains(text), "{}", header.text);
    assert!(header.text.contains("typedef struct {\n\tvoid *next;\n} round;\n"), "{}", header.text);
}

#[test]
fn definitions_that_multiply_end() {
    let (mut btf, mut ty) = builder();
    for _ in 0..40 {
        ty = btf.structure("", 4).member("", ty, 0).member("", ty, 0).finish();
    }
    // Only members without a size can be in one place.
    let mut empty = btf.structure("", 0).finish();
    for level in 0..40 {
        let [a, b] = ["a", "b"].map(|name| format!("{name}{level}"));
        empty = btf.structure("", 0).member(a, empty, 0).member(b, empty, 0).finish();
    }
    btf.structure("root", 4).member("a", ty, 0).member("b", empty, 0).finish();
    let header = whole(&btf.finish().unwrap());
    assert!(header.differences.iter().any(|found| found.reason == Reason::TooLarge));
    assert!(header.text.len() < 1 << 30);
}

#[test]
fn text_from_tags_is_not_written() {
    let (mut btf, int) = builder();
    let flagged = Info::new(Kind::TypeTag, 0, true);
    let space = btf.raw_type("address_space(1)", flagged, int.0, &[]);
    let hostile = btf.raw_type("x)) int evil; __attribute__((y", flagged, int.0, &[]);
    let [space, hostile] = [space, hostile].map(|ty| btf.ptr(ty));
    btf.structure("arena", 16).member("at", space, 0).member("from", hostile, 64).finish();
    let header = whole(&btf.finish().unwrap());
    let arena = "struct arena {\n\t__attribute__((address_space(1))) int *at;\n\tint *from;\n};\n";
    assert!(header.text.contains(arena), "{}", header.text);
}

/// Compiles C for BPF, and returns the errors; `None` if there is no clang.
fn errors(order: ByteOrder, c: &str) -> Option<String> {
    let target = if order == ByteOrder::Little { "bpfel" } else { "bpfeb" };
    for name in ["clang-19", "clang"] {
        let mut command = Command::new(name);
        command.args(["-target", target, "-w", "-fsyntax-only", "-x", "c", "-"]);
        let piped = command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut clang = match piped.spawn() {
            Ok(clang) => clang,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        clang.stdin.take().unwrap().write_all(c.as_bytes()).unwrap();
        let output = clang.wait_with_output().unwrap();
        return Some(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    println!("SKIPPED: clang is not installed");
    None
}

/// Asserts the sizes of the structs and unions, and the offsets of their members.
fn assertions(btf: &Btf<'_>, header: &Header, generator: &HeaderGenerator<'_>) -> String {
    let mut c = String::new();
    for ty in btf.own_types().filter(|ty| ty.kind().is_composite()) {
        let is_different = header.differences.iter().any(|found| found.type_id == ty.id());
        let Some(name) = generator.name(ty).filter(|_| !is_different) else { continue };
        let keyword = if ty.kind() == Kind::Struct { "struct" } else { "union" };
        let size = ty.size().unwrap();
        writeln!(c, "_Static_assert(sizeof({keyword} {name}) == {size}, \"\");").unwrap();
        for member in ty.members() {
            let own = member.name().unwrap().to_string();
            if !own.is_empty() && MemberLayout::of(member).bitfield_size == 0 {
                let offset = format!("__builtin_offsetof({keyword} {name}, {own})");
                let byte = member.bit_offset() / 8;
                writeln!(c, "_Static_assert({offset} == {byte}, \"\");").unwrap();
            }
        }
    }
    c
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn headers_of_generated_types_have_their_layout(graph in graph(Profile::default().split(false))) {
        let bytes = graph.to_bytes().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let generator = HeaderGenerator::new(&Target::new(&btf));
        let header = generator.whole();
        let is_narrow = header.differences.iter().any(|found| found.reason == Reason::Pointer);
        let asserts = if is_narrow { String::new() } else { assertions(&btf, &header, &generator) };
        let c = format!("{}{asserts}", header.text);
        if let Some(errors) = errors(btf.byte_order(), &c) {
            prop_assert_eq!(errors, "", "{}", c);
        }
    }
}

proptest! {
    #[test]
    fn damaged_types_have_a_header(damaged in damaged(Profile::default())) {
        let bytes = damaged.to_bytes().unwrap();
        if let Ok(btf) = Btf::parse(&bytes) {
            HeaderGenerator::new(&Target::new(&btf)).whole();
        }
    }
}
