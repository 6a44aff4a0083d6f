//! Modules of other encoders: built out of tree, with a distilled base, with other strings, or with files of
//! inline sites beside them.

use std::fs;

use btf_types::{Btf, ByteOrder, Header, IntEncoding, Linkage, LocFlags, TypeId, build::Builder};
use core_reloc_tests::kernel_files::elf;

use crate::program::{Folder, fixture, run};

const OBJECT: &str = "fixtures/objects/module.bpfel.o";
const KERNEL: &str = "fixtures/btf/modular.le.btf";

/// Makes `modular.le.stats`, the module of the fixtures, as it is built out of tree: `struct job_stats` of
/// three members on a distilled base with the two INTs. The typedefs of the members' types follow.
fn module(name: &str) -> Vec<u8> {
    let mut base = Builder::new(ByteOrder::Little);
    let long = base.int(name, 8, IntEncoding::new(64, 0));
    let int = base.int("unsigned int", 4, IntEncoding::new(32, 0));
    let base = base.finish().unwrap();
    let parsed = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&parsed);
    let [u32, u64] = [4, 5].map(TypeId);
    let stats = split.structure("job_stats", 16).member("dropped", u32, 0);
    stats.member("failed", u32, 32).member("started", u64, 64).finish();
    assert_eq!([split.typedef("u32", int), split.typedef("u64", long)], [u32, u64]);
    elf(&[(".BTF", &split.finish().unwrap()), (".BTF.base", &base)])
}

/// Every command that takes a module answers as with the module of the tree.
#[test]
fn an_out_of_tree_module_gives_the_answers_of_one_in_the_tree() {
    let folder = Folder::new();
    let module = folder.file("stats.ko", &module("unsigned long long"));
    fs::create_dir(folder.path("tree")).unwrap();
    let in_tree = folder.file("tree/stats.ko", &fixture("btf/modular.le.stats.btf"));
    let outputs = |module: &str| {
        let target = ["--target", KERNEL, "--module", module];
        // Each output is a new folder.
        let out = folder.path(&format!("out{}", folder.names().len()));
        let commands = [
            &["relocate", OBJECT][..],
            &["explain", OBJECT],
            &["query", "job_stats.failed", "job_stats.started"],
            &["minimize", OBJECT, "-o", &out],
        ];
        commands.map(|command| {
            let run = run(&[command, &target].concat());
            assert_eq!(run.status, 0, "{run:?}");
            run.stdout
        })
    };
    let [relocated, explained, queried, _] = outputs(&module);
    let [expected_relocated, expected_explained, expected_queried, _] = outputs(&in_tree);
    assert_eq!(relocated, expected_relocated);
    assert_eq!(explained, expected_explained);
    assert_eq!(queried, expected_queried);

    let dumped = run(&["dump", "job_stats", "--target", KERNEL, "--module", &module]);
    assert!(dumped.stdout.contains("u64 started;"), "{dumped:?}");
}

#[test]
fn a_missing_type_is_an_error_that_names_it() {
    let folder = Folder::new();
    let module = folder.file("stats.ko", &module("jiffies"));
    for command in
        [&["relocate", OBJECT][..], &["dump", "job_stats"], &["query", "job_stats.failed"]]
    {
        let error = run(&[command, &["--target", KERNEL, "--module", &module]].concat()).refused();
        assert_eq!(
            folder.strip(&error),
            "core-reloc: error: /stats.ko: cannot be relocated from its distilled base, .BTF.base: the \
             kernel has no INT jiffies of 8 bytes for type [1] of the distilled base\n"
        );
    }
}

/// Some encoders start the strings of split BTF with the empty string, as those of base BTF.
#[test]
fn the_strings_of_a_module_may_start_with_the_empty_string() {
    let folder = Folder::new();
    let module = fixture("btf/modular.le.stats.btf");
    let strings = Header::parse(&module).unwrap().strings();
    let base_len = {
        let kernel = fixture("btf/modular.le.btf");
        u32::try_from(Header::parse(&kernel).unwrap().strings().len()).unwrap()
    };
    let mut bytes = [&module[..strings.start], b"\0", &module[strings.start..]].concat();
    bytes[20..24].copy_from_slice(&(strings.len() as u32 + 1).to_le_bytes());
    // All words from the start of the own strings on are names here: the name of the struct and its members.
    let names = [24, 36, 48, 60];
    for at in names {
        let name = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        if name >= base_len {
            bytes[at..at + 4].copy_from_slice(&(name + 1).to_le_bytes());
        }
    }
    let module = folder.file("modular.le.stats.btf", &bytes);
    let relocate =
        |module: &str| run(&["relocate", OBJECT, "--target", KERNEL, "--module", module]);
    let [run, expected] = [relocate(&module), relocate("fixtures/btf/modular.le.stats.btf")];
    assert_eq!((run.status, &run.stdout), (0, &expected.stdout), "{run:?}");
}

/// Makes the inline sites of a kernel or module.
fn inline_sites(base: &Btf<'_>) -> Vec<u8> {
    let mut btf = Builder::split(base);
    let proto = btf.func_proto(TypeId::VOID).param("count", TypeId(9)).finish();
    let func = btf.func("inlined", proto, Linkage::Static);
    let register = btf.loc_param(4, LocFlags::REG, [5]);
    let locations = btf.loc_proto([register]);
    btf.loc_section("inline.text").loc(func, locations, 0x40).finish();
    btf.finish().unwrap()
}

/// Files of inline sites are read where types are printed, and change nothing elsewhere.
#[test]
fn inline_sites_are_listed_and_otherwise_ignored() {
    let folder = Folder::new();
    let [kernel, stats] = ["btf/modular.le.btf", "btf/modular.le.stats.btf"].map(fixture);
    let base = Btf::parse(&kernel).unwrap();
    let module = Btf::parse_split(&stats, &base).unwrap();
    let of_kernel = folder.file("vmlinux.inline", &inline_sites(&base));
    let of_module = folder.file("stats.inline", &inline_sites(&module));
    let stats = folder.file("stats", &stats);
    let modules = |paths: &[&str]| -> Vec<String> {
        paths.iter().flat_map(|path| ["--module".to_string(), path.to_string()]).collect()
    };
    let run = |command: &[&str], paths: &[&str]| {
        let named = modules(paths);
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        run(&[command, &["--target", KERNEL], &named].concat())
    };
    let dumped = run(&["dump", "inline.text"], &[&stats, &of_module, &of_kernel]);
    assert_eq!((dumped.status, dumped.stderr.as_str()), (0, ""));
    let sites = "section inline.text {\n    0x40: inlined(reg5);\n};";
    assert_eq!(dumped.stdout.matches(sites).count(), 2, "{}", dumped.stdout);
    assert!(dumped.stdout.contains("LOCSEC, of module stats.inline */"), "{}", dumped.stdout);

    let out = folder.path("out");
    for command in [
        &["relocate", OBJECT][..],
        &["explain", OBJECT],
        &["query", "job_stats.failed"],
        &["minimize", OBJECT, "-o", &out],
    ] {
        let expected = run(command, &[&stats]);
        assert_eq!(expected.status, 0, "{expected:?}");
        fs::remove_dir_all(&out).ok();
        let all = run(command, &[&of_module, &stats, &of_kernel]);
        assert_eq!((all.status, all.stderr.as_str(), all.stdout), (0, "", expected.stdout));
    }
    let error = run(&["dump", "inline.text"], &[&of_module]).refused();
    assert_eq!(
        folder.strip(&error),
        "core-reloc: error: /stats.inline: has the inline sites of a module; name the module too, with \
         --module\n"
    );
}
