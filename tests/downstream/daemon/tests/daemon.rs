use std::{path::PathBuf, thread};

use btf_types::{Btf, OwnedBtf};
use core_reloc::{Options, Target, elf::Object};
use daemon::Daemon;

const OBJECTS: [&str; 7] =
    ["access", "access_v4", "bitfields", "fields", "module", "programs", "weak"];

fn fixture(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn objects() -> Vec<Vec<u8>> {
    OBJECTS.iter().map(|name| fixture(&format!("objects/{name}.bpfel.o"))).collect()
}

fn start(kernel: &str) -> Daemon {
    Daemon::start(&OwnedBtf::parse(fixture(kernel)).unwrap())
}

#[test]
fn four_threads_share_one_daemon() {
    let daemon = start("btf/moved.le.btf");
    let objects = objects();
    // What a program that borrows the kernel's types relocates.
    let bytes = fixture("btf/moved.le.btf");
    let kernel = Btf::parse(&bytes).unwrap();
    let target = Target::new(&kernel);
    let expected: Vec<_> = objects
        .iter()
        .map(|object| {
            let object = Object::parse(object).unwrap();
            object.relocate(&target, Options::default()).finish().unwrap()
        })
        .collect();

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    for (object, expected) in objects.iter().zip(&expected) {
                        assert_eq!(daemon.relocate(object).unwrap(), *expected);
                    }
                }
            });
        }
    });
}

#[test]
fn a_module_is_used_from_when_it_is_loaded() {
    let daemon = start("btf/modular.le.btf");
    let object = fixture("objects/module.bpfel.o");
    // The kernel's own types lack `struct job_stats`, whose offsets two instructions hold.
    assert_eq!(daemon.relocate(&object).unwrap().counts.poisoned, 2);

    let before = daemon.target();
    thread::scope(|scope| {
        let relocated: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..100).map(|_| daemon.relocate(&object).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        daemon.module_loaded("stats", fixture("btf/modular.le.stats.btf")).unwrap();
        for relocated in relocated.into_iter().flat_map(|thread| thread.join().unwrap()) {
            assert!(matches!(relocated.counts.poisoned, 0 | 2));
        }
    });
    assert_eq!(daemon.relocate(&object).unwrap().counts.poisoned, 0);
    // Copies of the target that were made before keep their view.
    assert_eq!((before.target().modules().len(), daemon.target().target().modules().len()), (0, 1));
}

#[test]
fn the_daemon_outlives_its_thread_and_its_input() {
    let daemon = thread::spawn(|| start("btf/same.le.btf")).join().unwrap();
    let counts = thread::spawn(move || {
        let object = fixture("objects/fields.bpfel.o");
        daemon.relocate(&object).unwrap().counts
    });
    let counts = counts.join().unwrap();
    // Two loads are of fields that other kernels have, and guarded.
    assert_eq!((counts.failed, counts.poisoned), (0, 2));
    assert!(counts.relocated > 0);
}

#[test]
fn a_broken_object_stops_nothing() {
    let daemon = start("btf/same.le.btf");
    assert!(matches!(daemon.relocate(b"no object"), Err(daemon::Error::Unreadable(_))));
    assert!(daemon.module_loaded("broken", b"no BTF".to_vec()).is_err());
    assert!(daemon.relocate(&fixture("objects/fields.bpfel.o")).is_ok());
}

#[test]
fn the_running_kernel_is_loaded_without_a_copy() {
    let kernel = match core_reloc_sys::kernel_btf() {
        Ok(kernel) => kernel,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{error}");
            return println!("SKIPPED: {error}");
        }
    };
    let daemon = Daemon::start(&OwnedBtf::parse(kernel).unwrap());
    let counts = daemon.relocate(&fixture("objects/task.bpfel.o")).unwrap().counts;
    // The object loads `__state` or, before Linux 5.14, `state`: one of the two is poisoned.
    assert_eq!((counts.failed, counts.poisoned), (0, 1));
}
