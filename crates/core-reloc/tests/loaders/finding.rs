//! Finding types, functions and enumerators by name.

use btf_from_c::{btf, split_btf};
use btf_types::{Btf, ByteOrder, Kind};
use core_reloc::{Module, Target};

const KERNEL: &str = "
    struct task { int pid; };
    struct task___flavor { int pid; };
    typedef struct task task_t;
    int vfs_read(struct task *task);
    int jiffies;
    enum state { RUNNING, STOPPED = 4 };
    enum { ANONYMOUS = 9, RUNNING_TOO };
    union task { int a; };
    struct task { long pid; };
";
const MODULE: &str = "struct task { char in_module; }; enum more { IN_MODULE = 3, STOPPED = 5 };";

/// Runs a check on a target without an index, with one for relocations, and with one for queries.
fn targets(check: impl Fn(&Target<'_>)) {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let kernel = btf(order, KERNEL);
        let kernel = Btf::parse(&kernel).unwrap();
        let module = split_btf(&kernel, MODULE);
        let module = Btf::parse_split(&module, &kernel).unwrap();
        let target = Target::new(&kernel).with_modules([Module { name: "m", btf: &module }]);
        check(&target);
        check(&target.clone().indexed());
        check(&target.indexed_for_queries());
    }
}

#[test]
fn every_kind_is_found_by_exactly_its_name() {
    targets(|target| {
        for (name, kind, expected) in [
            ("task", Kind::Struct, true),
            ("task", Kind::Union, true),
            ("task", Kind::Typedef, false),
            ("task_t", Kind::Typedef, true),
            ("task___flavor", Kind::Struct, true),
            ("task___other", Kind::Struct, false),
            ("vfs_read", Kind::Func, true),
            ("vfs_read", Kind::Var, false),
            ("jiffies", Kind::Var, true),
            ("state", Kind::Enum, true),
            ("state", Kind::Enum64, false),
            ("int", Kind::Int, true),
            ("", Kind::Struct, false),
        ] {
            let found = target.find(name, kind);
            assert_eq!(found.is_some(), expected, "{name} {kind}");
            if let Some(found) = found {
                assert_eq!((found.ty.kind(), found.ty.name().unwrap()), (kind, name.into()));
                assert_eq!(found.module, None);
            }
        }
    });
}

#[test]
fn all_types_of_many_names_come_in_one_pass() {
    targets(|target| {
        let questions = [
            ("task", Kind::Struct),
            ("missing", Kind::Struct),
            ("task", Kind::Struct),
            ("vfs_read", Kind::Func),
        ];
        let found = target.find_all(&questions);
        assert_eq!(found.len(), 4);
        // Two in the kernel, one in the module; flavors are other names.
        let sizes = |found: &[core_reloc::FoundType<'_>]| -> Vec<(Option<u32>, u32)> {
            found.iter().map(|one| (one.module, one.ty.size().unwrap())).collect()
        };
        assert_eq!(sizes(&found[0]), [(None, 4), (None, 8), (Some(0), 1)]);
        assert_eq!(found[0], found[2]);
        assert!(found[1].is_empty());
        assert_eq!(found[3].len(), 1);
    });
}

#[test]
fn enumerators_are_found_in_any_enum() {
    targets(|target| {
        let names = ["STOPPED", "ANONYMOUS", "IN_MODULE", "RUNNING", "missing", "", "STOPPED"];
        let found = target.find_enumerators(&names);
        let values: Vec<_> = found
            .iter()
            .map(|found| found.map(|found| (found.module, found.enumerator.value())))
            .collect();
        let stopped = Some((None, 4));
        assert_eq!(
            values,
            [stopped, Some((None, 9)), Some((Some(0), 3)), Some((None, 0)), None, None, stopped]
        );
        let running = found[3].unwrap();
        assert_eq!((running.ty.name().unwrap(), running.index), ("state".into(), 0));
    });
}
