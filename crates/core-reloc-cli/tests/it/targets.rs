//! Every command takes a target of every format, and reports what is wrong with it.

use std::{
    path::Path,
    process::{Command, Output},
};

use core_reloc_tests::kernel_files::{
    Folder, btf, bz_image, elf, image, kernel, pack, pack_in, zboot,
};

const OBJECT: &str = "fixtures/objects/access.bpfel.o";

/// Runs the program; returns its exit status, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_core-reloc"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).args(arguments);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    (status.code().expect("the program exits without a signal"), stdout, stderr)
}

/// Returns every command that takes a target, without the target.
fn commands(folder: &Folder) -> Vec<Vec<String>> {
    let log = folder.file("log", b"9: (85) call unknown#195896080");
    let log = log.to_str().unwrap();
    let words = |line: &str| line.split(' ').map(str::to_string).collect();
    vec![
        words(&format!("relocate {OBJECT} --format json --target")),
        words(&format!("explain {OBJECT} --format json --target")),
        words(&format!("blame {OBJECT} --format json --log {log} --target")),
        words("dump --format json job --target"),
    ]
}

/// Runs every command on a target.
fn run_all(folder: &Folder, target: &Path) -> Vec<(i32, String, String)> {
    let run_on = |command: Vec<String>| {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push(target.to_str().unwrap());
        run(&arguments)
    };
    commands(folder).into_iter().map(run_on).collect()
}

/// Makes a file of each format with a kernel's BTF.
fn files(btf: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = vec![
        ("kernel.btf", btf.to_vec()),
        ("vmlinux", elf(&[(".BTF", btf)])),
        ("Image", image(b"ARMd", 56, &kernel(btf))),
    ];
    for (packer, name) in [
        ("gzip -c", "Image.gz"),
        ("xz -c", "vmlinux.xz"),
        ("zstd -c", "vmlinux.zst"),
        ("lz4 -l -c", "vmlinux.lz4"),
        ("bzip2 -c", "vmlinux.bz2"),
    ] {
        let inner = if name == "Image.gz" { &files[2].1 } else { &files[1].1 };
        let (Some(packed), Some(payload)) = (pack(packer, inner), pack(packer, &kernel(btf)))
        else {
            continue;
        };
        files.push((name, packed));
        files.push(("vmlinuz", bz_image(&payload, payload.len() as u32)));
        files.push(("vmlinuz.efi", zboot(&payload)));
    }
    let source = Folder::new();
    source.file("5.4.0-26-generic.btf", btf);
    let archive = pack_in(&source.path(""), "tar -c -f - 5.4.0-26-generic.btf", b"");
    if let Some(packed) = archive.and_then(|archive| pack("xz -c", &archive)) {
        files.push(("5.4.0-26-generic.btf.tar.xz", packed));
    }
    files
}

#[test]
fn every_command_takes_every_format() {
    let btf = btf("nested.le");
    let folder = Folder::new();
    let plain = run_all(&folder, &folder.file("plain", &btf));
    assert!(
        plain.iter().all(|(status, out, err)| *status == 0 && !out.is_empty() && err.is_empty())
    );
    for (name, bytes) in files(&btf) {
        assert_eq!(run_all(&folder, &folder.file(name, &bytes)), plain, "{name}");
    }
}

/// Runs `check`, which continues after an error, and replaces the kernel's name: it is that of its file.
fn check(folder: &Folder, target: &Path) -> (i32, String, String) {
    let (status, out, err) =
        run(&["check", OBJECT, "--format", "json", "--target", target.to_str().unwrap()]);
    let mut unnamed = String::new();
    for line in out.lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["kernel", "kernels", "ranges"] {
            if line.get(key).is_some() && line["type"] != "summary" {
                line[key] = "kernel".into();
            }
        }
        unnamed.push_str(&format!("{line}\n"));
    }
    (status, unnamed, folder.strip(&err))
}

#[test]
fn check_takes_every_format() {
    let btf = btf("nested.le");
    let folder = Folder::new();
    let plain = check(&folder, &folder.file("plain", &btf));
    assert_eq!((plain.0, plain.2.as_str()), (1, ""));
    assert!(plain.1.contains("\"verdict\":\"poisoned\""), "{}", plain.1);
    for (name, bytes) in files(&btf) {
        assert_eq!(check(&folder, &folder.file(name, &bytes)), plain, "{name}");
    }
}

#[test]
fn modules_may_be_packed() {
    let module = elf(&[(".BTF", &btf("modular.le.stats"))]);
    let Some(packed) = pack("xz -c", &module) else { return };
    let folder = Folder::new();
    let relocated = |name: &str, bytes: &[u8]| {
        let path = folder.file(name, bytes);
        let target = ["--target", "fixtures/btf/modular.le.btf"];
        let module = ["--module", path.to_str().unwrap()];
        let (status, out, err) =
            run(&[&["relocate", "fixtures/objects/module.bpfel.o"], &target[..], &module].concat());
        assert_eq!((status, err.as_str()), (0, ""));
        out
    };
    let plain = relocated("stats.ko", &module);
    assert!(plain.contains("7 relocations: 7 relocated"), "{plain}");
    assert_eq!(relocated("stats.ko.xz", &packed), plain);
}

#[test]
fn query_searches_folders_and_archives() {
    let folder = Folder::new();
    for name in ["same.le", "nested.le"] {
        folder.file(&format!("kernels/{name}.btf"), &btf(name));
    }
    folder.file("kernels/README", b"These are kernels.");
    folder.file("kernels/modules/stats.btf", &btf("modular.le.stats"));
    let names = |target: &str| {
        let path = folder.path(target);
        let (status, out, err) =
            run(&["query", "job.comm", "--format", "json", "--target", path.to_str().unwrap()]);
        assert_eq!(status, 0, "{err}");
        let name = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let offset = line["byte_offset"].as_u64().unwrap();
            format!("{} {offset}", folder.strip(line["target"].as_str().unwrap()))
        };
        (out.lines().map(name).collect::<Vec<_>>(), folder.strip(&err))
    };
    // Sorted by name, with the offsets that pahole prints.
    let first = "starts with 54 68 65 73, expected BTF, ELF, a kernel image, a tar archive or \
                       compressed data of these\n";
    assert_eq!(
        names("kernels"),
        (
            vec!["/kernels/nested.le.btf 24".to_string(), "/kernels/same.le.btf 16".to_string()],
            format!(
                "core-reloc: warning: /kernels: skipped 2 files that are not kernels, first: \
                 /kernels/README: {first}"
            ),
        )
    );
    let Some(archive) =
        pack_in(&folder.path("kernels"), "tar -c -f - nested.le.btf same.le.btf", b"")
    else {
        return;
    };
    folder.file("kernels.tar", &archive);
    assert_eq!(
        names("kernels.tar").0,
        ["/kernels.tar!nested.le.btf 24", "/kernels.tar!same.le.btf 16"]
    );
}

/// Returns the error of a target, which must be the only output of every command.
#[track_caller]
fn rejected(bytes: &[u8]) -> String {
    let folder = Folder::new();
    let runs = run_all(&folder, &folder.file("file", bytes));
    for (status, out, err) in &runs {
        assert_eq!((*status, out.as_str()), (2, ""), "{err}");
        assert_eq!(*err, runs[0].2);
    }
    let message = folder.strip(&runs[0].2);
    // `check` takes all targets of an archive.
    let (status, out, err) = check(&folder, &folder.path("file"));
    if !message.contains("contains several targets") {
        assert_eq!((status, out.as_str(), err), (2, "", message.clone()));
    }
    message.strip_prefix("core-reloc: error: ").expect(&message).trim_end().to_string()
}

#[test]
fn damaged_targets_are_rejected() {
    let kernel_btf = btf("nested.le");
    for (packer, name) in [
        ("gzip -c", "gzip"),
        ("xz -c", "xz"),
        ("zstd -c", "zstd"),
        ("lz4 -c", "lz4"),
        ("bzip2 -c", "bzip2"),
    ] {
        let Some(packed) = pack(packer, &kernel_btf) else { continue };
        let message = rejected(&packed[..packed.len() / 2]);
        assert!(message.starts_with(&format!("/file: damaged {name} data: ")), "{message}");
        let cut = &packed[..packed.len() / 2];
        let message = rejected(&bz_image(cut, cut.len() as u32));
        let expected =
            format!("/file: found no BTF in the x86 kernel image; {name} data at 0x700: cannot be");
        assert!(message.starts_with(&expected), "{message}");
        // Intact as compressed data, but not as BTF.
        let packed = pack(packer, &kernel_btf[..100]).unwrap();
        let message = rejected(&packed);
        let (place, rest) = message.split_once(" needs ").expect(&message);
        assert_eq!(place, "/file: type section at offset 0x18");
        assert!(rest.ends_with(" bytes, 76 are left"), "{message}");
    }
    assert_eq!(
        rejected(&image(b"ARMd", 56, b"no types in here")),
        "/file: found no BTF in the arm64 kernel image"
    );
    let source = Folder::new();
    source.file("1.btf", &kernel_btf);
    source.file("2.btf", &kernel_btf);
    let Some(archive) = pack_in(&source.path(""), "tar -c -f - 1.btf 2.btf", b"") else { return };
    assert_eq!(
        rejected(&archive),
        "/file: contains several targets, expected one: /file!1.btf and /file!2.btf; name one of them with \
         --kernel"
    );
    let message = rejected(&archive[..700]);
    assert!(message.starts_with("/file!1.btf: the archive ends "), "{message}");
}

/// Tests the program's limit of 1 GiB for an unpacked file.
#[test]
fn bombs_are_rejected_with_bounded_memory() {
    let Some(zeros) = pack("gzip -c", &vec![0; 64 << 20]) else { return };
    let head = pack("gzip -c", b"\x9f\xeb\x01\0").unwrap_or_default();
    let bomb = [head, zeros.repeat(64)].concat();
    let folder = Folder::new();
    let path = folder.file("file", &bomb);
    let Output { status, stderr, .. } = Command::new("prlimit")
        .arg(format!("--as={}", 2_u64 << 30))
        .args([env!("CARGO_BIN_EXE_core-reloc"), "dump", "job", "--target"])
        .arg(path)
        .output()
        .expect("util-linux has prlimit");
    let message = folder.strip(&String::from_utf8(stderr).unwrap());
    let expected = "core-reloc: error: /file: the unpacked file has 1073741825 bytes, at most \
                    1073741824 are read\n";
    assert_eq!((status.code(), message.as_str()), (Some(2), expected));
}

#[test]
fn minimize_takes_every_format_in_folders() {
    let btf = btf("nested.le");
    let folder = Folder::new();
    let files = files(&btf);
    for (place, (name, bytes)) in files.iter().enumerate() {
        folder.file(&format!("kernels/{place}/{name}"), bytes);
    }
    let path = |name: &str| folder.path(name).to_str().unwrap().to_string();
    let (kernels, out, alone) = (path("kernels"), path("out"), path("alone.btf"));
    let minimize = |target: &str, out: &str| {
        run(&["minimize", OBJECT, "--format", "json", "--target", target, "-o", out])
    };
    let (status, lines, err) = minimize(&kernels, &out);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(minimize(&path("kernels/0/kernel.btf"), &alone).0, 0);
    let expected = std::fs::read(&alone).unwrap();

    let mut count = 0;
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let output = line["output"].as_str().unwrap();
        assert!(std::fs::read(output).unwrap() == expected, "{output}");
        // The name of the kernel, without compression and place in an image.
        let name = Path::new(output).file_name().unwrap().to_str().unwrap();
        let names = ["kernel", "vmlinux", "vmlinuz", "vmlinuz.efi", "Image", "5.4.0-26-generic"];
        assert!(names.iter().any(|kernel| name == format!("{kernel}.btf")), "{name}");
        count += 1;
    }
    assert_eq!(count, files.len());
}
