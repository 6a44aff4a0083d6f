//! `explain`: which relocations it explains, and its exit status. Its output is in `printed`.

use btf_types::{
    ByteOrder,
    build::{Builder, ExtBuilder},
    ext::CoreReloc,
};
use elf_writer::{ElfFile, SHT_PROGBITS, mov};
use expect_test::expect;
use serde_json::Value;

use crate::program::{Folder, run, run_line};

/// Returns the explanations of the relocations that fail, and the exit status.
fn failures(more: &str) -> (Vec<String>, i32) {
    let target = "--target fixtures/btf/differing.le.btf";
    let run = run_line(&format!(
        "explain fixtures/objects/access.bpfel.o {target} --status failed {more}"
    ));
    assert_eq!(run.stderr, "");
    (run.stdout.split("\n\n").map(str::to_string).collect(), run.status)
}

#[test]
fn every_failed_relocation_is_explained() {
    let (all, status) = failures("");
    assert_eq!((status, all[4].as_str()), (1, "4 of 26 relocations shown\n"));
    // `printed` shows two of them. The others are of the same fields.
    assert_eq!(all[0], failures("--program loads").0[0]);
    assert_eq!(all[1], failures("--program signed_loads").0[0]);
    for (relocation, like, place, field) in [
        (&all[2], &all[0], "./access.c:50:11 in stores, syscall+0x190", "job.uid"),
        (&all[3], &all[1], "./access.c:54:11 in stores, syscall+0x1d0", "job.pid"),
    ] {
        let head = like.lines().next().unwrap();
        assert!(relocation.starts_with(&format!("{head}\n  --> {place}\n")), "{relocation}");
        let why = |text: &str| text[text.find("  = why: ").unwrap()..].to_string();
        let reason = why(like).lines().next().unwrap().to_string();
        // The rest is said once.
        assert_eq!(why(relocation), format!("{reason}\n  = help: as for {field} above"));
    }
    // Only the explained relocations determine the exit status.
    run_line(
        "explain fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf --status relocated",
    )
    .good();
}

/// Returns the statuses of the explained relocations, from JSON, and what text says of those that are left out.
fn explained(more: &str) -> (Vec<String>, String) {
    let object = "explain fixtures/objects/fields.bpfel.o --target fixtures/btf/renamed.le.btf";
    let json = run_line(&format!("{object} {more} --format json"));
    let statuses = json.stdout.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let is_explained = if line["problem"].is_null() { "" } else { ", explained" };
        format!("{}{is_explained}", line["status"].as_str().unwrap())
    });
    let text = run_line(&format!("{object} {more}"));
    assert_eq!((json.status, json.stderr), (text.status, text.stderr));
    (statuses.collect(), text.stdout.lines().last().unwrap().to_string())
}

#[test]
fn what_is_ok_is_counted_unless_it_is_asked_for() {
    let (all, counted) = explained("--all");
    assert_eq!((all.len(), counted.as_str()), (58, "58 of 58 relocations shown"));
    let is_ok = |status: &&String| *status == "relocated";
    let (ok, others): (Vec<_>, Vec<_>) = all.iter().partition(is_ok);
    assert!(ok.len() > 40 && others.len() > 5, "{all:?}");
    let (by_default, counted) = explained("");
    let (shown, left_out) = (others.len(), ok.len());
    assert_eq!(by_default.iter().collect::<Vec<_>>(), others);
    let expected = format!("{shown} of 58 relocations shown; {left_out} are ok (--all shows them)");
    assert_eq!(counted, expected);

    // A status that is asked for is shown; several are one after the other or repeated.
    let of = |names: &[&str]| -> Vec<String> {
        let is_named = |status: &&String| names.iter().any(|name| status.starts_with(name));
        all.iter().filter(is_named).cloned().collect()
    };
    assert_eq!(explained("--status relocated").0, of(&["relocated"]));
    let several = of(&["relocated", "poisoned"]);
    assert_eq!(explained("--status poisoned,relocated").0, several);
    assert_eq!(explained("--status poisoned --status relocated").0, several);
    assert_eq!(explained("--status failed,skipped").0, Vec::<String>::new());
    assert_eq!(
        explained("--program existence --type job").1,
        "2 of 58 relocations shown; 7 are ok (--all shows them)"
    );
}

#[test]
fn every_fixture_is_explained_for_every_kernel() {
    // Checks only the exit status; the output is in `printed`.
    for object in ["fields", "access", "types", "enums", "bitfields", "module", "programs"] {
        for kernel in ["gone", "flavored", "forward", "typedefs", "enum64", "layout", "differing"] {
            let run = run_line(&format!(
                "explain fixtures/objects/{object}.bpfeb.o --target fixtures/btf/{kernel}.be.btf"
            ));
            assert!(run.status < 2 && run.stderr.is_empty(), "{object} {kernel}: {}", run.stderr);
            assert!(run.stdout.contains(" relocations shown"), "{object} {kernel}");
        }
    }
}

#[test]
fn unknown_programs_and_types_are_reported() {
    let target = "--target fixtures/btf/same.le.btf";
    let run = run_line(&format!(
        "explain fixtures/objects/access.bpfel.o {target} --program load --type jobs"
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "0 of 26 relocations shown\n"));
    expect![[r#"
        core-reloc: warning: no relocations in a function or section `load`; functions with relocations: loads, signed_loads, stores, walk
        core-reloc: warning: no relocations of a type `jobs`; types with relocations: job
    "#]].assert_eq(&run.stderr);
}

#[test]
fn types_with_names_of_rust_can_be_chosen() {
    let name = "Vec<u8, alloc::alloc::Global>";
    let order = ByteOrder::Little;
    let mut btf = Builder::new(order);
    let ids = btf_from_c::declare(&mut btf, "struct point { long x; };").unwrap();
    let long = ids.id("long");
    let vec = btf.structure(name, 16).member("cap", long, 0).member("len", long, 64).finish();
    let mut ext = ExtBuilder::new(order);
    let exists = |insn_off, type_id, access_str_off| CoreReloc {
        insn_off,
        type_id,
        access_str_off,
        kind: 2,
    };
    let access = [btf.string("0:1"), btf.string("0:0")];
    let records = [exists(0, vec, access[0]), exists(8, ids.id("point"), access[1])];
    ext.core_relocs(btf.string("xdp"), records);
    let btf = btf.finish().unwrap();
    let object = ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &mov(order, 1).repeat(2))
        .section(".BTF", SHT_PROGBITS, &btf)
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .functions(&[("run", "xdp")])
        .write();
    let folder = Folder::new();
    let (object, kernel) = (folder.file("o.o", &object.bytes), folder.file("k.btf", &btf));
    for (wanted, shown) in [
        (name, 1),
        ("struct Vec<u8, alloc::alloc::Global>", 1),
        ("union Vec<u8, alloc::alloc::Global>", 0),
        ("Global>", 0),
        ("struct point", 1),
    ] {
        let run = run(&["explain", &object, "--target", &kernel, "--type", wanted, "--all"]);
        assert!(run.stdout.ends_with(&format!("{shown} of 2 relocations shown\n")), "{wanted}");
    }
    let answer = run(&["query", &format!("{name}.len"), "--target", &kernel]).good();
    assert!(answer.contains("8   64     8     yes"), "{answer}");
    let dumped = run(&["dump", name, "--target", &kernel]).good();
    assert!(dumped.contains(&format!("struct {name} {{\n    long cap;")), "{dumped}");
}
