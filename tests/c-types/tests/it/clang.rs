//! clang judges the reader: the same text, compiled, has the same types.

use std::{env, fs, path::Path, process::Command};

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, Kind};

use crate::described::named_types;

/// Every type is used by a variable, for clang omits the others.
const SOURCE: &str = r#"
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int pair_t[2];
typedef const volatile char *text_t;

struct later;
struct fixed {
    char c; signed char sc; unsigned char uc; _Bool b;
    short s; unsigned short us; long l; unsigned long ul;
    long long ll; unsigned long long ull; long unsigned int words;
    __int128 wide; unsigned __int128 uwide; float f; double d;
} fixed;
struct nested {
    int a;
    struct { int b; union { int c; unsigned long d; }; };
    int e[4][2];
    pair_t pairs[3];
    struct inner { short x; char y; } inner, *more[2];
    u32 last;
} nested;
union choice { char bytes[13]; u64 number; struct inner *inner; } choice;
struct bits {
    unsigned a : 3;
    int b : 7;
    unsigned long c : 40;
    unsigned long d : 30;
    char e : 5;
    char f : 5;
    unsigned : 4;
    unsigned g : 30;
    int : 0;
    _Bool h : 1;
    int plain;
    enum small { ZERO, ONE } i : 2;
    u64 j : 63, k : 2;
} bits;
struct only_narrow { char a : 1; unsigned short b : 9; } only_narrow;
union of_bits { unsigned a : 3; unsigned long b : 60; int c; } of_bits;
struct __attribute__((packed)) packed { char a; int b; long c : 7; short d; } packed;
struct node {
    struct node *next;
    struct unknown *unknown;
    union nothing *nothing;
    int (*compare)(const void *, struct node *, ...);
    void (*callbacks[2])(int (*)(void));
    int (*to_array)[4];
    const char *const name;
    void *restrict memory;
    int data[];
} *node;
struct node a_node;
struct empty {} empty;
enum plain { A, B = 5, C } plain;
enum negative { MINUS = -2, NEXT, PLUS = 3 } negative;
enum large { LARGE = 0xffffffff } large;
enum huge { HUGE = 0x100000000, AGAIN = 0x7fffffffffffffff } huge;
enum wide_negative { LOW = -0x100000000 } wide_negative;
enum byte : unsigned char { X, Y } byte;
enum word : unsigned long { Z = 7 } word;
enum signed_word : long { W } signed_word;
int __attribute__((btf_type_tag("user"))) *tagged;
text_t text;
struct later { int at_last; } later;
"#;

#[test]
fn clang_and_the_reader_see_the_same_types() {
    for (target, order) in [("bpfel", ByteOrder::Little), ("bpfeb", ByteOrder::Big)] {
        let Some(theirs) = compiled(target) else { return };
        let theirs = Btf::parse(&theirs).unwrap();
        let ours = btf(order, SOURCE);
        let ours = Btf::parse(&ours).unwrap();
        assert_eq!(ours.validate(), Ok(()));
        assert_eq!(theirs.byte_order(), order);
        let (ours, theirs) = (without_sections(&ours), without_sections(&theirs));
        for line in &theirs {
            assert!(ours.contains(line), "{target}: clang has\n{line}\nand the reader\n{ours:#?}");
        }
        assert!(theirs.len() > 60, "{target}: {theirs:#?}");
        assert_eq!(ours.len(), theirs.len(), "{target}: {ours:#?}\n{theirs:#?}");
    }
}

/// The named types without sections, into which clang puts all variables.
fn without_sections(btf: &Btf<'_>) -> Vec<String> {
    let mut lines = named_types(btf);
    lines.retain(|line| !line.starts_with(&Kind::DataSec.to_string()));
    lines
}

/// Compiles the source and returns the `.BTF` of the object; `None` if there is no clang.
fn compiled(target: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [source, object, btf] =
        ["c", "o", "btf"].map(|suffix| folder.join(format!("types.{target}.{suffix}")));
    fs::write(&source, SOURCE).unwrap();
    run(Command::new("clang-19")
        .args(["-target", target, "-g", "-O2", "-w", "-c"])
        .arg(&source)
        .arg("-o")
        .arg(&object))?;
    run(Command::new("llvm-objcopy-19")
        .arg(format!("--dump-section=.BTF={}", btf.display()))
        .arg(&object))?;
    Some(fs::read(btf).unwrap())
}

/// Runs a command; `None` if it does not start, which fails in CI.
fn run(command: &mut Command) -> Option<()> {
    match command.output() {
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {stderr}");
            Some(())
        }
        Err(error) => {
            let in_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
            assert!(!in_ci, "in CI every judge must run: {command:?} does not start: {error}");
            println!("SKIPPED: {command:?} does not start: {error}");
            None
        }
    }
}
