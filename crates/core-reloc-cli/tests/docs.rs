//! The console blocks of the README and of all documents: each command is run, and must print what
//! the document shows.
//!
//! `UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test docs` puts what it prints there instead.
//! A block that begins with `console,no_check` shows what differs from machine to machine; its
//! commands must end well and no more.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A command, and what comes of it.
struct Step<'d> {
    command: &'d str,
    shown: &'d str,
}

/// A folder in which the commands of a document are run: it has what they read, and takes what they
/// write.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["fixtures", "docs"] {
        symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All documents: at the root, beside the crates, and below `docs`.
fn documents() -> Vec<PathBuf> {
    let mut folders = vec![root(), root().join("fixtures")];
    folders.extend(entries(&root().join("crates")));
    let mut below = vec![root().join("docs")];
    while let Some(folder) = below.pop() {
        below.extend(entries(&folder).into_iter().filter(|path| path.is_dir()));
        folders.push(folder);
    }
    let files = folders.iter().flat_map(|folder| entries(folder));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Splits a block into its commands, which follow `$ `, each with what it shows.
fn steps(block: &str) -> Vec<Step<'_>> {
    let rest = block.strip_prefix("$ ").expect("a console block begins with `$ ` and a command");
    let steps = rest.split("\n$ ").map(|step| {
        let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
        Step { command, shown }
    });
    steps.collect()
}

/// What a command prints to either stream, in the shell, where `core-reloc` is the program.
fn run(command: &str, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_core-reloc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let status = output.status.code().expect("no signal ends the command");
    (status, String::from_utf8(output.stdout).unwrap().trim_end().to_string())
}

/// A document with what its commands print now, and how many were compared.
fn checked(document: &str) -> (String, usize) {
    let mut renewed = String::new();
    let folder = folder();
    let (mut rest, mut compared) = (document, 0);
    while let Some((before, behind)) = rest.split_once("```console") {
        let (flags, behind) = behind.split_once('\n').expect("the block begins");
        let (block, behind) = behind.split_once("\n```").expect("the block ends");
        let steps = steps(block);
        renewed.push_str(&format!("{before}```console{flags}"));
        for Step { command, shown } in steps {
            let (status, printed) = run(command, folder.path());
            assert!(status < 2, "`{command}` ends with {status}: {printed}");
            let printed = match flags {
                "" => printed,
                ",no_check" => shown.to_string(),
                flags => panic!("`console{flags}` is not known"),
            };
            compared += usize::from(flags.is_empty());
            renewed.push_str(&format!("\n$ {command}\n{printed}"));
            renewed.truncate(renewed.trim_end().len());
        }
        renewed.push_str("\n```");
        rest = behind;
    }
    (renewed + rest, compared)
}

#[test]
fn commands_print_what_the_documents_show() {
    let mut compared = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        let (renewed, count) = checked(&document);
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
            "{}: the commands print something else now, first: {differs:?}; \
             UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test docs renews it",
            path.display(),
        );
    }
    assert!(compared > 1, "the documents show commands");
}
