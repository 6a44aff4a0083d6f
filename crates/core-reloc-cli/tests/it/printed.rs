//! Long outputs. Each file in `printed` has a command and its output.
//!
//! `UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test it printed` renews the files. To add a file,
//! write a comment and a command, and renew it.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use expect_test::expect_file;

use crate::program::{Run, run_line};

/// Returns the files, sorted by name.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/printed");
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns the comment and the command of a file, with the current output.
fn renewed(file: &str) -> String {
    let command_at = file.find("$ core-reloc ").expect("the file has a command");
    let (command, _) = file[command_at..].split_once('\n').unwrap_or((&file[command_at..], ""));
    let Run { status, stdout, stderr } = run_line(command.trim_start_matches("$ core-reloc "));
    let mut text = format!("{}{command}\n{stdout}", &file[..command_at]);
    if !stderr.is_empty() {
        write!(text, "standard error:\n{stderr}").unwrap();
    }
    if status != 0 {
        writeln!(text, "exit status {status}").unwrap();
    }
    text
}

#[test]
fn commands_print_what_the_files_show() {
    let files = files();
    assert!(files.len() > 10, "{files:?}");
    for path in files {
        let file = fs::read_to_string(&path).unwrap();
        expect_file![path].assert_eq(&renewed(&file));
    }
}
