//! Asks for fields of C++ types, whose names have `<`, `::` and spaces, in what clang writes for them.

use std::fs;
use std::process::Command;

use core_reloc::Target;
use core_reloc_targets::{Limits, open};
use core_reloc_tests::judge::skipped;
use core_reloc_tools::query::{Answer, query};

/// The compiler checks the expected offsets and values.
const SOURCE: &str = "
namespace alloc { struct Global {}; }
template <class T, class A> struct Vec { T *ptr; unsigned long cap; unsigned len, more; };
using Bytes = Vec<unsigned char, alloc::Global>;
enum class Order { Less = 3, More };
Bytes bytes;
Vec<Bytes *, alloc::Global> nested;
Order order;
static_assert(__builtin_offsetof(Bytes, more) == 20 && sizeof(Bytes) == 24 && (int)Order::More == 4);
";

#[test]
fn fields_of_types_of_cpp_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let [source, object] = ["types.cpp", "types.o"].map(|name| folder.path().join(name));
    fs::write(&source, SOURCE).unwrap();
    let mut clang = Command::new("clang-19");
    clang.args(["-std=c++17", "-g", "-O2", "-target", "bpfel", "-c"]).arg(&source);
    match clang.arg("-o").arg(&object).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => return skipped(&format!("clang-19 does not start: {error}")),
    }
    let file = open(&object, Limits::default()).unwrap();
    let btf = file.parse().unwrap();
    let target = Target::new(&btf);
    let bytes = "Vec<unsigned char, alloc::Global>";
    for name in [bytes, &format!("Vec<{bytes} *, alloc::Global>")] {
        match query(&target, &format!("{name}.more")).unwrap() {
            Answer::Field(field) => assert_eq!((field.byte_offset, field.size), (20, Some(4))),
            other => panic!("{other:?}"),
        }
        match query(&target, &format!("struct {name}")).unwrap() {
            Answer::Type(ty) => assert_eq!(ty.size, Some(24)),
            other => panic!("{other:?}"),
        }
    }
    match query(&target, "Order::More").unwrap() {
        Answer::Enumerator(more) => assert_eq!(more.value, 4),
        other => panic!("{other:?}"),
    }
}
