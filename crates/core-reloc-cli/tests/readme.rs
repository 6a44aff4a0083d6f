//! The README's console blocks: each command is run, and must print what the README shows.

use std::path::Path;
use std::process::Command;

/// The commands of the README's console blocks, each with what it shows.
fn console_blocks(readme: &str) -> impl Iterator<Item = (&str, &str)> {
    readme.split("```console\n$ core-reloc ").skip(1).map(|rest| {
        let (block, _) = rest.split_once("\n```").expect("the block ends");
        block.split_once('\n').expect("a command and its output")
    })
}

#[test]
fn commands_print_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut checked = 0;
    for (command, shown) in console_blocks(&readme) {
        if command == "support" {
            // What it prints is this machine's own.
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_core-reloc"))
            .args(command.split_whitespace())
            .current_dir(&root)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), shown, "{command}");
        checked += 1;
    }
    assert!(checked >= 2, "the README shows relocate and inspect");
}
