//! Runs the commands in the console blocks of all documents, and compares their output with the
//! documents.
//!
//! `UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test docs` writes the output into the documents.
//! The output of a block that begins with `console,no_check` differs from machine to machine; its
//! commands only have to succeed.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
};

use tempfile::TempDir;

/// A command with the output that a document shows.
struct Command<'d> {
    line: &'d str,
    output: &'d str,
}

/// Makes a folder for the commands of a document, with the files that they read.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = format!("{GUIDE}/troubleshooting/verifier.log");
    for (file, name) in [("fixtures", "fixtures"), (log.as_str(), "verifier.log")] {
        symlink(root().join(file), folder.path().join(name)).unwrap();
    }
    folder
}

const GUIDE: &str = "crates/core-reloc/guide";

/// Returns the root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns all documents: those at the root, of the crates and the fixtures, in `docs`, and the guide.
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

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Splits a console block into its commands, each after `$ `.
fn commands(block: &str) -> Vec<Command<'_>> {
    let rest = block.strip_prefix("$ ").expect("a console block begins with `$ ` and a command");
    let commands = rest.split("\n$ ").map(|command| {
        let (line, output) = command.split_once('\n').unwrap_or((command, ""));
        Command { line, output }
    });
    commands.collect()
}

/// Runs a command in the shell, and returns its exit status and what it printed to both streams.
fn run(command: &str, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_core-reloc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap_or_default());
    let output = process::Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let status = output.status.code().expect("no signal ends the command");
    (status, String::from_utf8(output.stdout).unwrap().trim_end().to_string())
}

/// Returns a document with the present output of its commands, and the number of outputs compared.
fn renew(document: &str) -> (String, usize) {
    let mut renewed = String::new();
    let folder = folder();
    let (mut rest, mut compared) = (document, 0);
    while let Some((before, after)) = rest.split_once("```console") {
        let (flags, after) = after.split_once('\n').expect("the block begins");
        let (block, after) = after.split_once("\n```").expect("the block ends");
        renewed.push_str(&format!("{before}```console{flags}"));
        for Command { line, output } in commands(block) {
            let (status, printed) = run(line, folder.path());
            assert!(status < 2, "`{line}` ends with {status}: {printed}");
            let output = match flags {
                "" => printed,
                ",no_check" => output.to_string(),
                flags => panic!("unknown block `console{flags}`"),
            };
            compared += usize::from(flags.is_empty());
            renewed.push_str(&format!("\n$ {line}\n{output}"));
            renewed.truncate(renewed.trim_end().len());
        }
        renewed.push_str("\n```");
        rest = after;
    }
    (renewed + rest, compared)
}

#[test]
fn commands_print_what_the_documents_show() {
    let mut compared = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        let (renewed, count) = renew(&document);
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
            "{}: the output has changed, first: {differs:?}; \
             UPDATE_EXPECT=1 cargo test -p core-reloc-cli --test docs renews it",
            path.display(),
        );
    }
    assert!(compared > 1, "the documents show commands");
}
