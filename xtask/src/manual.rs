//! `cargo xtask manual`: generates man pages and shell completions in `docs` from the definitions of
//! the program's arguments; with `--check`, shells and mandoc also read them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, flag, is_installed, run as run_command, text};
use crate::recorded::{Recorded, settle};
use crate::skip::skipped;

/// The folder of the generated files, and the one where they are recorded.
const MADE: &str = "target/manual";
const RECORDED: &str = "docs";
const FOLDERS: [&str; 2] = ["completions", "man"];

/// Programs that report errors in a file, by the ending of its name.
const READERS: [(&str, &str, &[&str]); 4] = [
    (".bash", "bash", &["-n"]),
    ("_core-reloc", "zsh", &["-n"]),
    (".fish", "fish", &["--no-execute"]),
    (".1", "mandoc", &["-T", "lint", "-W", "error"]),
];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    if Path::new(MADE).exists() {
        fs::remove_dir_all(MADE)?;
    }
    let mut make = cargo();
    make.args(["run", "--quiet", "--locked", "--package", "xtask-manual", "--", MADE]);
    run_command(&mut make)?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(Path::new(MADE).join(folder))? {
            let entry = entry?;
            let path = format!("{RECORDED}/{folder}/{}", entry.file_name().to_string_lossy());
            files.push(Recorded { path, content: fs::read(entry.path())? });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let folders = FOLDERS.map(|folder| format!("{RECORDED}/{folder}"));
    settle(&files, &folders.each_ref().map(String::as_str), check, "cargo xtask manual")?;
    if check { read_all(&files) } else { Ok(()) }
}

/// Reads each file with a program for its language. Tests of the program complete words in each shell.
fn read_all(files: &[Recorded]) -> Result {
    for (ending, program, arguments) in READERS {
        if !is_installed(program) {
            skipped(&format!("{program}, which reads *{ending}, is not installed"))?;
            continue;
        }
        let paths = files.iter().map(|file| &file.path).filter(|path| path.ends_with(ending));
        for path in paths {
            text(Command::new(program).args(arguments).arg(path))?;
        }
    }
    Ok(())
}
