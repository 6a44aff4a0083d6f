//! Targets that are kept.

use btf_from_c::{btf, split_btf};
use btf_types::{Btf, ByteOrder, Kind, OwnedBtf};
use core_reloc::{OwnedTarget, RelocKind, Relocator, generate::field_relocation};

fn is_shared<T: Clone + Send + Sync + 'static>() {}

fn offset(target: &OwnedTarget, name: &str) -> Option<u64> {
    let local = btf(ByteOrder::Little, &format!("struct {name} {{ int a; }};"));
    let local = Btf::parse_object(&local).unwrap();
    let relocation = field_relocation(&local, 0, name, "a", RelocKind::FieldByteOffset).unwrap();
    Relocator::new(&local, target.target()).resolve(&relocation).unwrap().value()
}

#[test]
fn a_target_outlives_what_it_was_made_from() {
    is_shared::<OwnedTarget>();
    let target = {
        let kernel = btf(ByteOrder::Little, "struct s { long more; int a; };");
        OwnedTarget::new(&OwnedBtf::parse(kernel).unwrap())
    };
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let target = target.clone();
            std::thread::spawn(move || offset(&target, "s"))
        })
        .collect();
    drop(target);
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Some(8)));
}

#[test]
fn a_module_makes_another_target() {
    let kernel = btf(ByteOrder::Little, "struct s { int a; };");
    let kernel = OwnedBtf::parse(kernel).unwrap();
    let module = split_btf(kernel.btf(), "struct t { long more; int a; }; enum e { IN_MODULE };");
    let module = OwnedBtf::parse_split(module, &kernel).unwrap();
    let without = OwnedTarget::new(&kernel);
    let with = without.with_module("module", module);
    for target in [&without, &with, &with.indexed_for_queries()] {
        assert_eq!(offset(target, "s"), Some(0));
    }
    assert_eq!(offset(&without, "t"), None);
    assert_eq!(offset(&with, "t"), Some(8));
    assert_eq!(offset(&with.indexed_for_queries(), "t"), Some(8));
    assert_eq!(with.target().modules()[0].name, "module");
    assert!(with.target().find("t", Kind::Struct).is_some());
    assert!(with.indexed_for_queries().target().find_enumerators(&["IN_MODULE"])[0].is_some());
    assert!(std::ptr::eq(without.main().btf(), with.main().btf()));
}

#[test]
fn indexes_of_a_target_serve_the_target_with_more_modules() {
    let kernel = btf(ByteOrder::Big, "struct s { int a; }; int f(int a); enum e { VALUE = 6 };");
    let kernel = OwnedBtf::parse(kernel).unwrap();
    let module = split_btf(kernel.btf(), "struct t { int a; };");
    let module = OwnedBtf::parse_split(module, &kernel).unwrap();
    let target = OwnedTarget::new(&kernel).indexed_for_queries().with_module("m", module);
    let target = target.target();
    assert!(target.find("f", Kind::Func).is_some());
    assert!(target.find("t", Kind::Struct).is_some());
    assert_eq!(target.find_enumerators(&["VALUE"])[0].unwrap().enumerator.value(), 6);
}
