//! Modules that are loaded when they are needed, and types that belong to no kernel.

use btf_from_c::{btf, split_btf};
use btf_types::{Btf, ByteOrder};
use core_reloc::{
    Module, RelocKind, Relocation, Relocator, Target,
    generate::{field_relocation, type_relocation},
};

const LOCAL: &str = "
    struct in_kernel { int a; };
    struct in_module { int a; };
    struct in_neither { int a; };
";

fn offset(local: &Btf<'_>, name: &str) -> Relocation {
    field_relocation(local, 0, name, "a", RelocKind::FieldByteOffset).unwrap()
}

fn value(relocator: &mut Relocator<'_>, relocation: &Relocation) -> Option<u64> {
    relocator.resolve(relocation).unwrap().value()
}

#[test]
fn a_module_is_added_to_a_relocator_that_has_started() {
    let order = ByteOrder::Little;
    let (local, kernel) = (btf(order, LOCAL), btf(order, "struct in_kernel { int more; int a; };"));
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let first = split_btf(&kernel, "struct unrelated { int a; };");
    let second = split_btf(
        &kernel,
        "struct in_module { int more[4]; int a; }; struct in_kernel { int more[9]; int a; };",
    );
    let first = Btf::parse_split(&first, &kernel).unwrap();
    let second = Btf::parse_split(&second, &kernel).unwrap();
    for target in [Target::new(&kernel), Target::new(&kernel).indexed_for_queries()] {
        let mut relocator = Relocator::new(&local, &target);
        let [of_kernel, of_module, of_neither] =
            ["in_kernel", "in_module", "in_neither"].map(|name| offset(&local, name));
        assert_eq!(value(&mut relocator, &of_kernel), Some(4));
        assert!(!relocator.needs_modules());
        assert_eq!(value(&mut relocator, &of_module), None);
        assert!(relocator.needs_modules());
        relocator.add_modules([Module { name: "first", btf: &first }]);
        assert_eq!(value(&mut relocator, &of_module), None);
        relocator.add_modules([Module { name: "second", btf: &second }]);
        assert_eq!(value(&mut relocator, &of_module), Some(16));
        assert_eq!(value(&mut relocator, &of_neither), None);
        // What the kernel has, no module changes.
        assert_eq!(value(&mut relocator, &of_kernel), Some(4));
        let missing: Vec<_> = relocator.roots_without_candidates().collect();
        assert_eq!(missing, [of_neither.type_id]);
        assert_eq!(relocator.target().modules().len(), 2);
    }
}

#[test]
fn a_source_of_modules_is_called_only_if_needed() {
    let order = ByteOrder::Big;
    let (local, kernel) = (btf(order, LOCAL), btf(order, "struct in_kernel { int a; };"));
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let module = split_btf(&kernel, "struct in_module { long more; int a; };");
    let module = Btf::parse_split(&module, &kernel).unwrap();
    let target = Target::new(&kernel);
    let mut calls = 0;
    for (name, expected_calls, expected) in [("in_kernel", 0, 0), ("in_module", 1, 8)] {
        let relocation = offset(&local, name);
        let mut relocator = Relocator::new(&local, &target);
        relocator.prepare([relocation.type_id]);
        let modules: Result<(), String> = relocator.add_modules_if_needed(|| {
            calls += 1;
            Ok([Module { name: "module", btf: &module }])
        });
        modules.unwrap();
        assert_eq!((calls, value(&mut relocator, &relocation)), (expected_calls, Some(expected)));
    }
    let mut relocator = Relocator::new(&local, &target);
    relocator.prepare([offset(&local, "in_neither").type_id]);
    let failed = relocator.add_modules_if_needed(|| Err::<[Module<'_>; 0], _>("unreadable"));
    assert_eq!(failed, Err("unreadable"));
}

#[test]
fn a_type_id_belongs_to_the_kernel_or_to_one_module() {
    let order = ByteOrder::Little;
    let (local, kernel) = (btf(order, LOCAL), btf(order, "struct in_kernel { int a; };"));
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let module = split_btf(&kernel, "struct in_module { int a; };");
    let module = Btf::parse_split(&module, &kernel).unwrap();
    let modules = ["none", "it"].map(|name| match name {
        "it" => Module { name, btf: &module },
        _ => Module { name, btf: &kernel },
    });
    let target = Target::new(&kernel).with_modules(modules);
    let mut relocator = Relocator::new(&local, &target);
    let mut candidate = |name| {
        let relocation = type_relocation(&local, 0, name, RelocKind::TypeIdTarget).unwrap();
        relocator.resolve(&relocation).unwrap().candidate
    };
    assert_eq!(candidate("in_kernel").unwrap().module, None);
    let in_module = candidate("in_module").unwrap();
    assert_eq!(in_module.module, Some(1));
    assert!(in_module.type_id >= module.start_id());
}

#[test]
fn types_of_another_tool_are_searched_after_the_kernel() {
    let order = ByteOrder::Little;
    let (local, kernel) = (btf(order, LOCAL), btf(order, "struct in_kernel { int x; int a; };"));
    // No split BTF: it has types and strings of its own.
    let tool = btf(order, "struct in_kernel { int a; }; struct in_module { int x[7]; int a; };");
    let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
    let tool = Btf::parse(&tool).unwrap();
    let target = Target::new(&kernel).with_modules([Module { name: "tool", btf: &tool }]);
    for target in [target.clone(), target.indexed_for_queries()] {
        let mut relocator = Relocator::new(&local, &target);
        assert_eq!(value(&mut relocator, &offset(&local, "in_kernel")), Some(4));
        assert_eq!(value(&mut relocator, &offset(&local, "in_module")), Some(28));
    }
}
