//! `check` with what belongs to a kernel besides its own types: modules, symbols and configuration.

use std::{fs, path::Path, process::Command};

use btf_types::{Btf, ByteOrder, IntEncoding, Linkage, TypeId, build::Builder};
use core_reloc_tests::{
    judge::skipped,
    kernel_files::{elf, pack, pack_in},
};
use serde_json::Value;

use crate::program::{Folder, Run, fixture, run};

/// A program for a function of a module, one for a symbol, and one that depends on the configuration.
const OBJECT: &str = r#"
#define SEC(name) __attribute__((section(name)))
char LICENSE[] SEC("license") = "GPL";
#ifdef CONFIG
extern int CONFIG_JOBS SEC(".kconfig");
SEC("xdp") int configured(void *context) { return CONFIG_JOBS == 8; }
#else
SEC("fentry/job_failed") int on_failure(void *context) { return 0; }
SEC("kprobe/job_started") int on_start(void *context) { return 0; }
#endif
"#;

/// Compiles the object; returns its path, or `None` without a compiler.
fn object(folder: &Folder, options: &[&str]) -> Option<String> {
    let source = folder.file("jobs.bpf.c", OBJECT.as_bytes());
    let object = folder.path(&format!("jobs{}.bpf.o", options.len()));
    let mut clang = Command::new("clang-19");
    clang.args(["-O2", "-g", "-target", "bpfel", "-c", &source, "-o", &object]).args(options);
    match clang.status() {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            skipped(&format!("clang-19 does not start: {error}"));
            return None;
        }
    }
    Some(object)
}

/// Makes a kernel with a function of this name and one more, whose name is elsewhere for each.
fn kernel(function: &str) -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let proto = btf.func_proto(int).finish();
    btf.func(function, proto, Linkage::Static);
    btf.func("job_done", proto, Linkage::Static);
    // The kernel's interface, as far as the programs need it.
    for (name, values) in [
        ("bpf_prog_type", &[("KPROBE", 2), ("XDP", 6), ("TRACING", 26)][..]),
        ("bpf_attach_type", &[("TRACE_FENTRY", 24), ("XDP", 37)]),
    ] {
        let mut numbers = btf.enumeration(name, 4);
        for (name, value) in values {
            numbers = numbers.enumerator(name, *value);
        }
        numbers.finish();
    }
    btf.finish().unwrap()
}

/// Makes a module of that kernel with another function. It refers to a name of the kernel.
fn module(kernel: &[u8], function: &str) -> Vec<u8> {
    let kernel = Btf::parse(kernel).unwrap();
    let mut btf = Builder::split(&kernel);
    btf.func(function, TypeId(2), Linkage::Static);
    btf.typedef("job_done", TypeId(1));
    btf.finish().unwrap()
}

/// Makes a file in a folder that may not exist yet.
fn file(folder: &Folder, name: &str, bytes: &[u8]) -> String {
    let path = folder.path(name);
    fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
    folder.file(name, bytes)
}

/// Runs `check`; returns `KERNEL PROGRAM VERDICT` for each, and the run.
fn check(folder: &Folder, object: &str, more: &[&str]) -> (Vec<String>, Run) {
    let mut run = run(&[&["check", object, "--format", "json"], more].concat());
    run.stderr = folder.strip(&run.stderr);
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let programs = lines.filter(|line| line["type"] == "program");
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_string();
    let programs =
        programs.map(|line| ["kernel", "program", "verdict"].map(|key| word(&line, key)).join(" "));
    (programs.collect(), run)
}

/// Returns the verdicts on the program for a function of a module.
#[track_caller]
fn on_failure(folder: &Folder, object: &str, more: &[&str]) -> Vec<String> {
    let (programs, run) = check(folder, object, more);
    assert_eq!(run.stderr, "");
    let mut verdicts: Vec<String> = programs
        .iter()
        .filter(|line| line.contains(" on_failure "))
        .map(|line| line.replace(" on_failure", ""))
        .collect();
    verdicts.sort();
    verdicts
}

#[test]
fn modules_are_found_with_their_kernels() {
    let folder = Folder::new();
    let Some(object) = object(&folder, &[]) else { return };
    let kernel = kernel("job_started");
    let module = module(&kernel, "job_failed");

    file(&folder, "k/6.1.btf", &kernel);
    let target = folder.path("k");
    assert_eq!(on_failure(&folder, &object, &["--target", &target]), ["6.1 missing"]);
    file(&folder, "k/6.1.jobs.btf", &module);
    file(&folder, "k/6.2.btf", &kernel);
    let expected = ["6.1 ok", "6.2 missing"];
    assert_eq!(on_failure(&folder, &object, &["--target", &target]), expected);
    let named = ["--target", &folder.path("k/6.1.btf"), "--target", &folder.path("k/6.2.btf")];
    assert_eq!(on_failure(&folder, &object, &named), expected);
    file(&folder, "k/6.2.modules/jobs.btf", &module);
    assert_eq!(on_failure(&folder, &object, &["--target", &target]), ["6.1 ok", "6.2 ok"]);

    for release in ["6.1.0-1", "6.1.0-2"] {
        file(&folder, &format!("root/boot/vmlinux-{release}"), &elf(&[(".BTF", &kernel)]));
    }
    let packed = pack("xz -c", &elf(&[(".BTF", &module)])).unwrap();
    file(&folder, "root/lib/modules/6.1.0-2/updates/dkms/jobs.ko.xz", &packed);
    let expected = ["vmlinux-6.1.0-1 missing", "vmlinux-6.1.0-2 ok"];
    let root = folder.path("root");
    assert_eq!(on_failure(&folder, &object, &["--target", &root]), expected);
    let image = folder.path("root/boot/vmlinux-6.1.0-2");
    assert_eq!(on_failure(&folder, &object, &["--target", &image]), expected[1..]);
    for order in ["boot lib", "lib boot"] {
        let archive = pack_in(Path::new(&root), &format!("tar -c -f - {order}"), b"");
        let archive = folder.file("root.tar", &archive.unwrap());
        let expected = expected.map(|line| line.to_string());
        assert_eq!(on_failure(&folder, &object, &["--target", &archive]), expected);
    }
}

/// What `minimize` writes gives `check` the same results as what it was made of.
#[test]
fn modules_that_minimize_writes_are_used() {
    let folder = Folder::new();
    let object = "fixtures/objects/module.bpfel.o";
    let target = ["--target", "fixtures/btf/modular.le.btf"];
    let module = ["--module", "fixtures/btf/modular.le.stats.btf"];
    // Of each relocation its verdict and value, except for the ids of types.
    let relocations = |target: &[&str]| {
        let (_, run) = check(&folder, object, &[target, &["--explain"]].concat());
        assert_eq!(run.stderr, "");
        let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let relocations = lines.filter(|line| line["type"] == "relocation");
        let relocations = relocations.filter(|line| line["kind"] != "type_id_target");
        let keys = |line: Value| ["index", "verdict", "value"].map(|key| line[key].clone());
        relocations.map(keys).collect::<Vec<_>>()
    };
    let expected = relocations(&[&target[..], &module].concat());
    for name in ["out", "out.tar.xz"] {
        let out = folder.path(name);
        let minimized = run(&[&["minimize", object, "-o", &out], &target[..], &module].concat());
        assert_eq!(minimized.status, 0, "{minimized:?}");
        assert_eq!(relocations(&["--target", &out]), expected, "{name}");
    }
    // The module is beside the kernel there, too.
    assert_eq!(relocations(&target), expected);
    let alone = folder.file("modular.le.btf", &fixture("btf/modular.le.btf"));
    assert_ne!(relocations(&["--target", &alone]), expected);
}

#[test]
fn modules_of_another_build_are_skipped_with_a_warning_that_names_both() {
    let folder = Folder::new();
    let Some(object) = object(&folder, &[]) else { return };
    let [kernel, other] = ["job_started", "job_started_before"].map(kernel);
    let wrong = module(&other, "job_failed");
    let error = "was built for another kernel";
    for release in ["6.1.0-1", "6.1.0-2"] {
        file(&folder, &format!("root/boot/vmlinux-{release}"), &elf(&[(".BTF", &kernel)]));
        let modinfo = b"vermagic=6.1.0-3 SMP\0";
        let module = elf(&[(".BTF", &wrong), (".modinfo", modinfo)]);
        file(&folder, &format!("root/lib/modules/{release}/wrong.ko"), &module);
    }
    let (programs, run) = check(&folder, &object, &["--target", &folder.path("root")]);
    let missing = |line: &&String| line.ends_with("on_failure missing");
    assert_eq!(programs.iter().filter(missing).count(), 2, "{programs:?} {}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    for (line, release) in lines.iter().zip(["6.1.0-1", "6.1.0-2"]) {
        let start = format!(
            "core-reloc: warning: /root/boot/vmlinux-{release}: skipped a module: \
             /root/lib/modules/{release}/wrong.ko: {error} (6.1.0-3) than /root/boot/vmlinux-{release} \
             ({release}) ("
        );
        assert!(line.starts_with(&start) && line.ends_with("inside a string)"), "{line}\n{start}");
    }
    // A module that is named must fit.
    let path = folder.path("root/lib/modules/6.1.0-1/wrong.ko");
    let target = folder.path("root/boot/vmlinux-6.1.0-1");
    let (_, refused) = check(&folder, &object, &["--target", &target, "--module", &path]);
    assert!(refused.refused().contains(error));
}

#[test]
fn named_modules_are_used_for_the_kernels_that_they_fit() {
    let folder = Folder::new();
    let Some(object) = object(&folder, &[]) else { return };
    let [one, two] = ["job_started", "job_started_before"].map(kernel);
    file(&folder, "k/1.btf", &one);
    file(&folder, "k/2.btf", &two);
    let path = file(&folder, "module.btf", &module(&two, "job_failed"));
    let target = folder.path("k");
    let arguments = ["--target", &target, "--module", &path];
    assert_eq!(on_failure(&folder, &object, &arguments), ["1 missing", "2 ok"]);

    fs::remove_file(folder.path("k/2.btf")).unwrap();
    file(&folder, "k/3.btf", &one);
    let (_, refused) = check(&folder, &object, &arguments);
    let error = refused.refused();
    let start = "core-reloc: error: /module.btf: fits none of the 2 kernels: /module.btf: was built for \
                 another kernel than /k/1.btf (";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn symbols_show_what_probes_attach_to() {
    let folder = Folder::new();
    let Some(object) = object(&folder, &[]) else { return };
    let kernel = kernel("job_finished");
    let target = file(&folder, "boot/vmlinux-6.1.0-1", &elf(&[(".BTF", &kernel)]));
    let on_start = |more: &[&str]| {
        let (programs, run) = check(&folder, &object, more);
        assert_eq!(run.stderr, "");
        let verdicts = programs.iter().filter_map(|line| line.split_once(" on_start "));
        verdicts.map(|(_, verdict)| verdict.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(on_start(&["--target", &target]), ["ok"]);
    let empty = folder.file("some.map", b"ffffffff81000000 T job_stopped\n");
    let with = ["--target", &target, "--symbols", &empty];
    assert_eq!(on_start(&with), ["not_attachable"]);
    let full = folder.file("some.map", b"ffffffff81000000 t job_started\t[jobs]\n");
    assert_eq!(on_start(&["--target", &target, "--symbols", &full]), ["ok"]);
    // `System.map` has no symbols of modules, but their types show the function.
    let with_module = file(&folder, "jobs.btf", &module(&kernel, "job_started"));
    assert_eq!(on_start(&[&with[..], &["--module", &with_module]].concat()), ["ok"]);

    // Beside the kernel they are found. Debian's file says nothing.
    let stub =
        b"ffffffffffffffff B The real System.map is in the linux-image-6.1.0-1-dbg package\n";
    for (text, expected) in [
        (&b"ffffffff81000000 T job_started\n"[..], "ok"),
        (b"ffffffff81000000 T job_stopped\n", "not_attachable"),
        (stub, "ok"),
    ] {
        folder.file("boot/System.map-6.1.0-1", text);
        assert_eq!(on_start(&["--target", &target]), [expected]);
        assert_eq!(on_start(&["--target", &folder.path("boot")]), [expected]);
    }
    let stub = folder.path("boot/System.map-6.1.0-1");
    let (_, refused) = check(&folder, &object, &["--target", &target, "--symbols", &stub]);
    assert_eq!(
        refused.refused(),
        "core-reloc: error: /boot/System.map-6.1.0-1: contains no symbols, which System.map and \
         /proc/kallsyms list\n"
    );
}

#[test]
fn a_configuration_belongs_to_the_kernel_of_its_release() {
    let folder = Folder::new();
    let Some(object) = object(&folder, &["-DCONFIG"]) else { return };
    let kernel = kernel("job_finished");
    for release in ["6.1", "6.12"] {
        file(&folder, &format!("k/{release}.btf"), &kernel);
    }
    let verdicts = |more: &[&str]| {
        let (programs, run) = check(&folder, &object, more);
        assert_eq!(run.stderr, "");
        programs.iter().map(|line| line.replace(" configured", "")).collect::<Vec<_>>()
    };
    let (target, one) = (folder.path("k"), folder.path("k/6.1.btf"));
    let open = ["6.1 left_open", "6.12 left_open"];
    assert_eq!(verdicts(&["--target", &target]), open);
    let text = b"# a kernel\nCONFIG_JOBS=8\n";
    let config = folder.file("config-6.1.gz", &pack("gzip -c", text).unwrap());
    let with = ["--target", &target, "--config", &config];
    assert_eq!(verdicts(&with), ["6.1 ok", "6.12 left_open"]);
    // For a single kernel the name does not matter.
    let any = folder.file("any", b"CONFIG_HZ=250\n");
    assert_eq!(verdicts(&["--target", &one, "--config", &any]), ["6.1 missing"]);
    for (name, option, text) in [
        ("config-6.2", "--config", &b"CONFIG_HZ=250\n"[..]),
        ("any", "--config", b"CONFIG_HZ=250\n"),
        ("kallsyms", "--symbols", b"0000000000000000 T _text\n"),
    ] {
        let path = folder.file(name, text);
        let (_, refused) = check(&folder, &object, &["--target", &target, option, &path]);
        let example = if option == "--config" { "config" } else { "System.map" };
        assert_eq!(
            refused.refused(),
            format!(
                "core-reloc: error: /{name}: belongs to none of the 2 kernels; name it after the \
                 release of one, such as {example}-6.1.0-50-amd64\n"
            )
        );
    }
    let (_, refused) = check(&folder, &object, &["--target", &one, "--config", &one]);
    let error = "core-reloc: error: /k/6.1.btf: contains no configuration of a kernel\n";
    assert_eq!(refused.refused(), error);

    // Beside the kernel it is found.
    file(&folder, "boot/vmlinux-6.1.0-1", &elf(&[(".BTF", &kernel)]));
    file(&folder, "boot/config-6.1.0-1", text);
    for target in ["boot", "boot/vmlinux-6.1.0-1"] {
        let target = folder.path(target);
        assert_eq!(verdicts(&["--target", &target]), ["vmlinux-6.1.0-1 ok"]);
    }
    let archive = pack_in(Path::new(&folder.path("boot")), "tar -c -f - .", b"").unwrap();
    let archive = folder.file("boot.tar", &archive);
    assert_eq!(verdicts(&["--target", &archive]), ["vmlinux-6.1.0-1 ok"]);
}

/// The running kernel's symbols and its configuration are read.
#[test]
fn the_running_kernel_has_symbols_and_a_configuration() {
    let folder = Folder::new();
    let (Some(probes), Some(configured)) = (object(&folder, &[]), object(&folder, &["-DCONFIG"]))
    else {
        return;
    };
    let symbols = fs::read_to_string("/proc/kallsyms").is_ok_and(|text| !text.is_empty());
    let config = Path::new("/proc/config.gz").exists();
    if !symbols || !config || !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return skipped("the running kernel publishes no symbols, configuration or types");
    }
    // No kernel has such a symbol, and such an option.
    let (programs, _) = check(&folder, &probes, &[]);
    let verdict = programs.iter().find_map(|line| line.split_once(" on_start "));
    assert_eq!(verdict.map(|(_, verdict)| verdict), Some("not_attachable"), "{programs:?}");
    let (programs, _) = check(&folder, &configured, &[]);
    assert!(programs[0].ends_with(" configured missing"), "{programs:?}");
}

/// The fixtures' module is of the kernel of the fixtures.
#[test]
fn a_stream_of_a_kernel_has_no_modules() {
    let folder = Folder::new();
    let object = "fixtures/objects/module.bpfel.o";
    let run = crate::program::run_on(
        &fixture("btf/modular.le.btf"),
        &["check", object, "--target", "-", "--format", "json"],
    );
    assert_eq!((run.status, folder.strip(&run.stderr).as_str()), (1, ""), "{}", run.stdout);
}
