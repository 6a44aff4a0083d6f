//! Runs each command in the console blocks of all documents, and compares its output with the block.
//!
//! `UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test docs` writes the output into the documents. A
//! `console,no_check` block shows output that differs from machine to machine; its commands must only
//! succeed.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
};

use tempfile::TempDir;

/// A command, and the output that the document shows.
struct ShownCommand<'d> {
    command: &'d str,
    shown: &'d str,
}

/// Makes the folder in which the commands of a document run. It has links to the files that they read,
/// and receives the files that they write.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = format!("{GUIDE}/troubleshooting/verifier.log");
    for (file, name) in
        [("fixtures", "fixtures"), ("tests", "tests"), (log.as_str(), "verifier.log")]
    {
        symlink(root().join(file), folder.path().join(name)).unwrap();
    }
    folder
}

/// The folder of the guide.
const GUIDE: &str = "crates/core-reloc/guide";

/// Returns the root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns all documents: at the root, in the crates' folders, and below `docs`.
fn documents() -> Vec<PathBuf> {
    let mut folders = vec![root(), root().join("fixtures")];
    folders.extend(entries(&root().join("crates")));
    let mut below = vec![root().join("docs"), root().join(GUIDE)];
    while let Some(folder) = below.pop() {
        below.extend(entries(&folder).into_iter().filter(|path| path.is_dir()));
        folders.push(folder);
    }
    let files = folders.iter().flat_map(|folder| entries(folder));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the sorted paths of a folder's entries.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Splits a block into its commands, each after `$ `, and their output.
fn shown_commands(block: &str) -> Vec<ShownCommand<'_>> {
    let rest = block.strip_prefix("$ ").expect("a console block starts with `$ ` and a command");
    let commands = rest.split("\n$ ").map(|text| {
        let (command, shown) = text.split_once('\n').unwrap_or((text, ""));
        ShownCommand { command, shown }
    });
    commands.collect()
}

/// Runs a command in a shell, where `core-reloc` is the program; returns its exit status and its output
/// to both streams.
fn run(command: &str, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_core-reloc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap_or_default());
    let output = process::Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let status = output.status.code().expect("the command exits without a signal");
    (status, String::from_utf8(output.stdout).unwrap().trim_end().to_string())
}

/// Returns the document with the current output of its commands, and the number of compared commands.
fn renewed(document: &str) -> (String, usize) {
    let mut text = String::new();
    let folder = folder();
    let (mut rest, mut compared) = (document, 0);
    while let Some((before, after)) = rest.split_once("```console") {
        let (flags, after) = after.split_once('\n').expect("the block starts");
        let (block, after) = after.split_once("\n```").expect("the block ends");
        text.push_str(&format!("{before}```console{flags}"));
        for ShownCommand { command, shown } in shown_commands(block) {
            let (status, printed) = run(command, folder.path());
            assert!(status < 2, "`{command}` exits with {status}: {printed}");
            let printed = match flags {
                "" => printed,
                ",no_check" => shown.to_string(),
                flags => panic!("unknown block `console{flags}`"),
            };
            compared += usize::from(flags.is_empty());
            text.push_str(&format!("\n$ {command}\n{printed}"));
            text.truncate(text.trim_end().len());
        }
        text.push_str("\n```");
        rest = after;
    }
    (text + rest, compared)
}

#[test]
fn commands_print_what_the_documents_show() {
    let mut compared = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        let (renewed, count) = renewed(&document);
        compared += count;
        if env::var_os("UPDATE_EXPECT").is_some() {
            if renewed != document {
                fs::write(&path, renewed).unwrap();
            }
            continue;
        }
        let differs =
            document.lines().zip(renewed.lines()).find(|(shown, printed)| shown != printed);
        assert!(
            renewed == document,
            "{}: the output has changed, first: {differs:?}; run UPDATE_EXPECT=1 cargo test -p \
             core-reloc-cli --test docs",
            path.display(),
        );
    }
    assert!(compared > 1, "only {compared} commands were compared");
}
