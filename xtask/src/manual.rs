//! `cargo xtask manual`: makes man pages and shell completions from the definitions of the program's
//! arguments, and records them below `docs`; or, with `--check`, finds that they are as recorded, and
//! has shells and mandoc read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, is_installed, output, run as run_command};
use crate::recorded::{Listing, settle};
use crate::skip::skipped;

/// Where they are made, and where they are recorded.
const MADE: &str = "target/manual";
const RECORDED: &str = "docs";
const FOLDERS: [&str; 2] = ["completions", "man"];

/// Programs that read a file and complain about what is wrong in it, by the ending of its name.
const READERS: [(&str, &str, &[&str]); 4] = [
    (".bash", "bash", &["-n"]),
    ("_core-reloc", "zsh", &["-n"]),
    (".fish", "fish", &["--no-execute"]),
    (".1", "mandoc", &["-T", "lint", "-W", "error"]),
];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask manual [--check]".into()),
    };
    if Path::new(MADE).exists() {
        fs::remove_dir_all(MADE)?;
    }
    run_command(cargo().args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "xtask-manual",
        "--",
        MADE,
    ]))?;
    let mut listings = Vec::new();
    for name in files(MADE)? {
        let text = fs::read_to_string(Path::new(MADE).join(&name))?;
        listings.push(Listing { path: format!("{RECORDED}/{name}"), text });
    }
    remove_stale(&listings, check)?;
    settle(&listings, check, "cargo xtask manual")?;
    if check {
        read_all(&listings)?;
    }
    Ok(())
}

/// The files of both folders below one, by their names from there.
fn files(below: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for folder in FOLDERS {
        let path = Path::new(below).join(folder);
        if !path.exists() {
            continue;
        }
        for entry in fs::read_dir(&path)? {
            names.insert(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
        }
    }
    Ok(names)
}

/// Removes the pages of commands that there no longer are, or complains about them.
fn remove_stale(listings: &[Listing], check: bool) -> Result {
    let made: BTreeSet<&str> = listings.iter().map(|listing| listing.path.as_str()).collect();
    for name in files(RECORDED)? {
        let path = format!("{RECORDED}/{name}");
        if made.contains(path.as_str()) {
            continue;
        }
        if check {
            return Err(format!("{path} is of no command; remove it: cargo xtask manual").into());
        }
        fs::remove_file(&path)?;
        println!("removed: {path}");
    }
    Ok(())
}

/// What a shell offers for `core-reloc mini`, by a script that it runs.
const OFFERS: [(&str, &str); 2] = [
    (
        "bash",
        "source docs/completions/core-reloc.bash; COMP_WORDS=(core-reloc mini); COMP_CWORD=1
         _core__reloc core-reloc mini core-reloc; echo \"${COMPREPLY[@]}\"",
    ),
    ("fish", "source docs/completions/core-reloc.fish; complete --do-complete 'core-reloc mini'"),
];

/// Has every file read by a program that knows its language, and shells complete a word.
fn read_all(listings: &[Listing]) -> Result {
    for (ending, program, arguments) in READERS {
        if !is_installed(program) {
            skipped(&format!("{program} is not installed, which reads *{ending}"))?;
            continue;
        }
        let paths =
            listings.iter().map(|listing| &listing.path).filter(|path| path.ends_with(ending));
        for path in paths {
            output(Command::new(program).args(arguments).arg(path))?;
        }
    }
    for (shell, script) in OFFERS {
        if !is_installed(shell) {
            continue;
        }
        let offered = output(Command::new(shell).args(["-c", script]))?;
        let offered = String::from_utf8_lossy(&offered);
        if offered.split_whitespace().next() != Some("minimize") {
            return Err(format!("{shell} completes `core-reloc mini` to `{offered}`").into());
        }
    }
    Ok(())
}
