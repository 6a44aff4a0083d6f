//! The width of text: in a terminal of 80 and of 200 columns, and where only `COLUMNS` states it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use core_reloc_tests::{data, judge::skipped};

use crate::program::{Folder, Run, command, fixture, root, run};

const COMMANDS: [&str; 12] = [
    "relocate", "inspect", "explain", "check", "merge", "blame", "query", "dump", "diff",
    "minimize", "store", "support",
];

const OBJECTS: [&str; 10] = [
    "access",
    "bitfields",
    "enums",
    "fields",
    "module",
    "programs",
    "signs",
    "task",
    "types",
    "access_v4",
];

const KERNELS: [&str; 8] =
    ["gone", "renamed", "nested", "differing", "modular", "forward", "enum64", "resized"];

/// Returns a line without the sequences that set colors.
fn plain(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, part| {
        let (_, rest) = part.split_once('m').expect("only colors are set");
        text + rest
    })
}

/// Panics if a line has more columns than `width`, unless it is a single word: a name that people copy.
#[track_caller]
fn assert_fits(width: usize, text: &str, what: &str) {
    for line in text.lines() {
        let line = plain(line);
        let is_name = !line.trim().contains(' ');
        assert!(line.chars().count() <= width || is_name, "{what}:\n{line}");
    }
}

/// Returns the words of a text, which folding must not change.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn run_in(width: usize, arguments: &[String]) -> Run {
    Run::of(command(arguments).env("COLUMNS", width.to_string()).output().unwrap())
}

/// Runs a command with 80 columns, and returns its text. Folding must change only the spaces of those commands
/// that do not print comparisons and tables in another way.
fn fits(line: &[&str]) -> String {
    let folded = fits_alone(line);
    let what = line.join(" ");
    let whole = run(line);
    assert_eq!(words(&whole.stderr), words(&folded.stderr), "{what}");
    if !["explain", "check", "blame"].contains(&line[0]) {
        assert_eq!(words(&whole.stdout), words(&folded.stdout), "{what}");
    }
    folded.stdout
}

/// Runs a command with 80 columns.
fn fits_alone(line: &[&str]) -> Run {
    let arguments: Vec<String> = line.iter().map(ToString::to_string).collect();
    let what = arguments.join(" ");
    let run = run_in(80, &arguments);
    let Run { status, stdout, stderr } = &run;
    // What an object does not need of a kernel cannot be minimized.
    assert!(*status < if line[0] == "minimize" { 3 } else { 2 }, "{what}: {stderr}");
    assert_fits(80, stdout, &what);
    assert_fits(80, stderr, &what);
    run
}

#[test]
fn no_command_prints_more_than_80_columns() {
    let folder = Folder::new();
    for object in OBJECTS.map(|name| format!("fixtures/objects/{name}.bpfel.o")) {
        fits(&["inspect", &object]);
        fits(&["check", &object, "--lint"]);
        for kernel in KERNELS.map(|name| format!("fixtures/btf/{name}.le.btf")) {
            fits(&["relocate", &object, "--target", &kernel]);
            fits(&["explain", &object, "--target", &kernel, "--all"]);
        }
        fits(&["check", &object, "--target", "fixtures/btf", "--explain"]);
        let out = folder.path(&object.replace('/', "-"));
        fits(&["minimize", &object, "--target", "fixtures/btf/modular.le.btf", "-o", &out]);
        fits(&["dump", "--target", &object]);
        fits(&["query", "job", "job.ticks", "job.flagz", "--target", &object]);
    }
    for kernel in KERNELS.map(|name| format!("fixtures/btf/{name}.le.btf")) {
        fits(&["dump", "--target", &kernel]);
    }
    let log = "crates/core-reloc/guide/troubleshooting/verifier.log";
    let object = "fixtures/objects/fields.bpfel.o";
    for kernel in ["gone", "renamed"] {
        let kernel = format!("fixtures/btf/{kernel}.le.btf");
        fits(&["blame", object, "--log", log, "--target", &kernel]);
    }
    fits(&["support"]);
    for kernel in KERNELS.map(|name| format!("fixtures/btf/{name}.le.btf")) {
        fits(&["diff", "fixtures/btf/same.le.btf", &kernel]);
        fits(&["diff", &kernel, "fixtures/btf/same.le.btf", "--for", "fixtures/objects"]);
    }
}

#[test]
fn no_real_object_or_kernel_needs_more_than_80_columns() {
    let (kernels, objects) = (data::kernels().unwrap(), data::objects().unwrap());
    if kernels.is_empty() || objects.is_empty() {
        return skipped("there are no real kernels and objects; `cargo xtask data` fetches them");
    }
    let kernels: Vec<String> =
        kernels.iter().map(|kernel| kernel.btf.display().to_string()).collect();
    // Objects of all sizes, and of several projects.
    let objects: Vec<String> =
        objects.iter().step_by(20).map(|path| path.display().to_string()).collect();
    assert!(kernels.len() > 4 && objects.len() > 8, "{kernels:?} {objects:?}");
    let kernel = |name: &str| kernels.iter().find(|path| path.ends_with(name)).unwrap();
    for object in &objects {
        fits_alone(&["inspect", object]);
        fits_alone(&["relocate", object, "--target", kernel("amd64-sid.btf")]);
        fits_alone(&["explain", object, "--target", kernel("amd64-5.10.btf")]);
    }
    let mut check = vec!["check", "--explain"];
    check.extend(objects.iter().take(5).map(String::as_str));
    check.extend(kernels.iter().step_by(3).flat_map(|kernel| ["--target", kernel]));
    fits_alone(&check);
    fits_alone(&[
        "diff",
        kernel("amd64-6.1.btf"),
        kernel("amd64-6.12.btf"),
        "task_struct",
        "bpf_*",
    ]);
    for kernel in kernels.iter().step_by(3) {
        fits_alone(&["dump", "--target", kernel, "task_struct", "file*", "sk_buff", "bpf_func_id"]);
        fits_alone(&[
            "query",
            "--target",
            kernel,
            "task_struct.comm",
            "sk_buff.mark",
            "file.f_pathz",
        ]);
    }
}

#[test]
fn help_has_80_columns() {
    for name in COMMANDS {
        for arguments in [["help", name], [name, "--help"], [name, "-h"]] {
            let help = run(&arguments).good();
            assert_fits(80, &help, name);
            // A wide terminal does not make it wider, and a narrow one makes it narrower.
            let arguments = arguments.map(str::to_string);
            assert_eq!(run_in(200, &arguments).good(), help);
            let narrow = run_in(60, &arguments).good();
            assert!(narrow.lines().count() > help.lines().count(), "{name}");
            // Of what does not end with a space of its own, no line is left of wrapping by hand.
            assert!(help.lines().any(|line| line.chars().count() > 72), "{name}");
        }
    }
    for name in ["add", "list", "extract", "merge", "remove"] {
        for arguments in [["store", name, "--help"], ["store", "help", name]] {
            assert_fits(80, &run(&arguments).good(), name);
        }
    }
    for arguments in [["--help"], ["-h"], ["help"]] {
        assert_fits(80, &run(&arguments).good(), "help");
    }
}

#[test]
fn files_and_pipes_get_whole_lines() {
    let object = "fixtures/objects/fields.bpfel.o";
    let renamed = "fixtures/btf/renamed.le.btf";
    let text = run(&["explain", object, "--target", renamed]).stdout;
    let side_by_side = |text: &str| {
        let title = "struct job, 144 bytes";
        text.lines().any(|line| plain(line).matches(title).count() == 2)
    };
    assert!(side_by_side(&text), "{text}");
    assert!(text.lines().any(|line| line.len() > 110), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    let text = fits(&["explain", object, "--target", renamed]);
    assert!(!side_by_side(&text), "{text}");
    assert!(
        text.contains("\n   >> - job_id_t pid;  ") && text.contains("\n   >> + job_id_t number;  ")
    );
    // JSON has a line for each object, however long.
    let json = ["inspect", object, "--format", "json"].map(str::to_string);
    assert_eq!(run_in(40, &json), run(&json));
    // What is no width is none.
    for width in ["", "0x50", "-80"] {
        let arguments = ["explain", object, "--target", renamed];
        let output = command(&arguments).env("COLUMNS", width).output().unwrap();
        assert_eq!(Run::of(output).stdout, run(&arguments).stdout);
    }
}

/// Checks an object on 123 kernels, of which these lack nothing.
fn check_many(passing: impl Iterator<Item = usize>) -> String {
    let folder = Folder::new();
    let [gone, same] = ["gone", "same"].map(|name| fixture(&format!("btf/{name}.le.btf")));
    for minor in 1..=123 {
        folder.file(&format!("5.{minor}.btf"), &gone);
    }
    for minor in passing {
        folder.file(&format!("5.{minor}.btf"), &same);
    }
    fits(&["check", "fixtures/objects/enums.bpfel.o", "--target", &folder.path("")])
}

/// Returns the marks of a program in each part of the table, without gaps.
fn marks(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("  values    "));
    rows.map(|row| row.replace(' ', "")).collect()
}

#[test]
fn a_table_of_many_kernels_is_continued_below() {
    let text = check_many((2..=123).step_by(2));
    // The names take 9 columns, with the margin 12: six tens fit in the other 68.
    let parts = marks(&text);
    assert_eq!(parts.iter().map(String::len).collect::<Vec<_>>(), [60, 60, 3]);
    for (number, mark) in (1..).zip(parts.concat().chars()) {
        assert_eq!(mark == 'P', number % 2 == 1, "{number}");
    }
    // No more ranges are listed than one can read.
    let expected = "62 of 123 kernels (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, …)";
    assert!(words(&text).join(" ").contains(expected), "{text}");
}

#[test]
fn kernels_with_the_same_verdicts_share_a_column() {
    let text = check_many([2, 30, 31, 50, 52, 54, 60].into_iter());
    assert_eq!(marks(&text), ["P?P?P?P?P?P?P"]);
    for line in [
        "     1  5.1\n",
        "  3-29  5.3 to 5.29 (27 kernels)\n",
        " 30-31  5.30 to 5.31 (2 kernels)\n",
        "\n61-123  5.61 to 5.123 (63 kernels)\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // Above each column is the number of its first kernel, from top to bottom.
    let first = [1, 2, 3, 30, 32, 50, 51, 52, 53, 54, 55, 60, 61];
    let tens: String =
        first.iter().filter(|first| **first > 9).map(|it| (it / 10).to_string()).collect();
    let units: String = first.iter().map(|it| (it % 10).to_string()).collect();
    let lines: Vec<String> = text.lines().map(|line| line.replace(' ', "")).collect();
    assert!(lines.windows(2).any(|pair| pair == [tens.as_str(), units.as_str()]), "{text}");
    // Many ranges are numbers of the table, and the number of kernels.
    let expected = "116 of 123 kernels (1, 3-29, 32-49, 51, 53, 55-59, 61-123)";
    assert!(words(&text).join(" ").contains(expected), "{text}");
}

/// Runs a command in a pseudo-terminal of a width; returns what it prints, or `None` if that cannot be done here.
fn in_terminal(width: usize, arguments: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_core-reloc");
    let script = format!("stty cols {width} && exec {program} {arguments}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &script, "/dev/null"])
        .current_dir(root())
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .output()
        .ok()?;
    assert!(output.status.code().is_some_and(|status| status < 2), "{arguments}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"))
}

#[test]
fn a_terminals_width_is_used() {
    let modules = Path::new("fixtures/btf/modular.le.btf");
    let explain = "explain fixtures/objects/fields.bpfel.o --target fixtures/btf/renamed.le.btf";
    let lines = [
        explain.to_string(),
        "relocate fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf".into(),
        "check fixtures/objects --target fixtures/btf/gone.le.btf --explain".into(),
        "inspect fixtures/objects/enums.bpfel.o".into(),
        format!("dump --target {}", modules.display()),
        "query job job.pid job.ticks --target fixtures/btf/nested.le.btf".into(),
        "check --help".into(),
    ];
    for line in &lines {
        for width in [80, 200] {
            let Some(text) = in_terminal(width, line) else {
                return skipped("there is no `script`, which makes a terminal");
            };
            assert_fits(width, &text, line);
            assert!(text.contains('\x1b'), "{line} has no colors");
        }
    }
    let stacked = "\n      - struct job, 144 bytes\n      + struct job, 144 bytes\n";
    let wide = plain(&in_terminal(200, explain).unwrap());
    let narrow = plain(&in_terminal(80, explain).unwrap());
    assert!(narrow.contains(stacked) && !wide.contains(stacked));
    // The same words as in a pipe.
    let piped = run(&explain.split(' ').collect::<Vec<_>>()).stdout;
    assert_eq!(words(&wide), words(&piped));
}

/// Real kernels have names that are longer than a line is wide. They stay whole.
#[test]
fn a_long_name_stays_whole() {
    let folder = Folder::new();
    let name = format!("{}.btf", "6.1.0-a-very-long-name-of-a-kernel".repeat(4));
    let kernel: PathBuf = root().join("fixtures/btf/same.le.btf");
    let path = folder.file(&name, &fs::read(kernel).unwrap());
    let text = fits(&["query", "job.pid", "--target", &path]);
    assert!(text.contains(&path), "{text}");
}
