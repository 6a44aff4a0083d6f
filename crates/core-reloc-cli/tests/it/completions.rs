//! The completions of `docs/completions`, by the shells themselves: each line is typed in a terminal, TAB is
//! pressed, and the shell prints the words that it then has.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    thread,
};

use core_reloc_tests::judge::skipped;

use crate::program::{Folder, root};

/// What is typed, and the words after TAB. The folder has the files of [`FILES`] and a folder `kernels`.
const TYPED: [(&str, &[&str]); 13] = [
    ("min", &["minimize"]),
    ("help min", &["help", "minimize"]),
    ("check --for", &["check", "--format"]),
    ("check --format j", &["check", "--format", "json"]),
    ("check --format=j", &["check", "--format=json"]),
    ("relocate --in", &["relocate", "--in-place"]),
    ("relocate --unresolved p", &["relocate", "--unresolved", "poison"]),
    (
        "relocate --format json --unresolved e",
        &["relocate", "--format", "json", "--unresolved", "error"],
    ),
    // Files, where files are wanted.
    ("check obj", &["check", "obj one.bpf.o"]),
    ("blame --log ver", &["blame", "--log", "verifier.log"]),
    ("minimize -o min", &["minimize", "-o", "min.btf"]),
    // None where something else is.
    ("explain --program ver", &["explain", "--program", "ver"]),
    ("query ver", &["query", "ver"]),
];

const FILES: [&str; 3] = ["obj one.bpf.o", "verifier.log", "min.btf"];

fn folder() -> Folder {
    let folder = Folder::new();
    for name in FILES {
        folder.file(name, b"");
    }
    folder
}

fn completions() -> String {
    root().canonicalize().unwrap().join("docs/completions").to_str().unwrap().to_string()
}

/// Returns `true` if the programs are installed.
fn are_installed(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        Command::new(program).arg("--version").stdin(Stdio::null()).output().is_err()
    });
    if let Some(program) = missing {
        skipped(&format!("{program} is not installed"));
    }
    missing.is_none()
}

/// Types all lines in a shell that runs in a terminal, and returns the words of each after TAB. `start` makes
/// the shell complete, and prints words by the function `words`.
fn typed(shell: &str, folder: &Folder) -> Vec<Vec<String>> {
    // After TAB, Control-A leads to the start of the line.
    let lines: String =
        TYPED.iter().map(|(line, _)| format!("core-reloc {line}\t\x01words \n")).collect();
    // util-linux's `script` runs it in a terminal.
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", shell, "/dev/null"]);
    command.env("TERM", "dumb").env("ZDOTDIR", folder.path("")).env_remove("PROMPT_COMMAND");
    command.current_dir(folder.path("")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(format!("{lines}exit\n").as_bytes()));
        child.wait_with_output().unwrap()
    });
    let output = String::from_utf8_lossy(&output.stdout);
    let printed = output.lines().filter_map(|line| line.trim_end().strip_prefix("WORDS<"));
    let words = |line: &str| {
        let words = line.strip_suffix('>').unwrap_or(line).split("><");
        words.map(str::to_string).collect()
    };
    printed.map(words).collect()
}

#[track_caller]
fn assert_completed(found: &[Vec<String>]) {
    for ((line, expected), found) in TYPED.iter().zip(found) {
        let expected: Vec<&str> = [&["core-reloc"], *expected].concat();
        assert_eq!(found, &expected, "{line}");
    }
    assert_eq!(found.len(), TYPED.len());
}

#[test]
fn bash_completes_commands_options_values_and_files() {
    if !are_installed(&["bash", "script"]) {
        return;
    }
    let folder = folder();
    let start = format!(
        "PS1='> '\nbind 'set enable-bracketed-paste off'\nsource {}/core-reloc.bash\n\
         words() {{ printf 'WORDS'; printf '<%s>' \"$@\"; echo; }}\n",
        completions()
    );
    folder.file(".start", start.as_bytes());
    assert_completed(&typed("bash --noprofile --rcfile .start -i", &folder));
}

#[test]
fn zsh_completes_commands_options_values_and_files() {
    if !are_installed(&["zsh", "script"]) {
        return;
    }
    let folder = folder();
    let start = format!(
        "PS1='> '\nunset zle_bracketed_paste\nbindkey -e\nfpath=({} $fpath)\n\
         autoload -U compinit; compinit -u -d .dump\n\
         words() {{ printf 'WORDS'; printf '<%s>' \"$@\"; echo }}\n",
        completions()
    );
    folder.file(".zshrc", start.as_bytes());
    assert_completed(&typed("zsh -d -i", &folder));
}

/// Returns what fish offers for a line. It needs no terminal.
fn fish_offers(line: &str, folder: &Folder) -> Vec<String> {
    let script = format!("source {}/core-reloc.fish; complete --do-complete $argv", completions());
    let mut fish = Command::new("fish");
    fish.args(["--no-config", "-c", &script, &format!("core-reloc {line}")]);
    fish.current_dir(folder.path("")).env("HOME", folder.path(""));
    let output = fish.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().map(|line| line.split('\t').next().unwrap().to_string()).collect()
}

#[test]
fn fish_completes_commands_options_values_and_files() {
    if !are_installed(&["fish"]) {
        return;
    }
    let folder = folder();
    for (line, expected) in TYPED {
        let typed = line.split(' ').next_back().unwrap();
        let completed = expected.last().filter(|word| **word != typed);
        let expected: Vec<&str> = completed.into_iter().copied().collect();
        assert_eq!(fish_offers(line, &folder), expected, "{line}");
    }
    let mut values = fish_offers("relocate --unresolved ", &folder);
    values.sort();
    assert_eq!(values, ["error", "keep", "poison"]);
}

/// bash lists the possible completions of a word at the second TAB; its function answers with all of them.
#[test]
fn bash_offers_all_values_and_options() {
    if !are_installed(&["bash"]) {
        return;
    }
    let offers = |words: &str| {
        let script = format!(
            "source {}/core-reloc.bash; COMP_WORDS=(core-reloc {words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}}-1))
             _core_reloc core-reloc \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
             echo \"${{COMPREPLY[@]}}\"",
            completions()
        );
        let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_string()
    };
    assert_eq!(offers("relocate --unresolved ''"), "poison error keep");
    assert_eq!(offers("inspect --"), "--format --help");
    assert_eq!(offers("support ''"), "--format -h --help");
    assert_eq!(offers("check ''"), "");
    let help = crate::program::run(&["--help"]).good();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().map_while(|line| line.split_whitespace().next());
    let commands = commands.collect::<Vec<_>>().join(" ");
    assert!(commands.starts_with("relocate inspect explain "), "{commands}");
    assert!(offers("''").ends_with(&commands), "{}", offers("''"));
    assert_eq!(offers("help ''"), commands);
}

/// Every option of every command is completed after it, as its help lists them.
#[test]
fn bash_offers_every_option_of_the_help() {
    let script = fs::read_to_string(root().join("docs/completions/core-reloc.bash")).unwrap();
    for command in ["relocate", "explain", "check", "blame", "query", "dump", "diff", "minimize"] {
        let line = script.lines().find(|line| line.trim().starts_with(&format!("{command}) ")));
        let offered = line.unwrap_or_else(|| panic!("{command} is not completed"));
        let help = crate::program::run(&[command, "--help"]).good();
        let options = help.lines().filter_map(|line| {
            line.trim_start().split([' ', ',', '.']).find(|word| word.starts_with("--"))
        });
        let of_help: Vec<&str> = options.collect();
        assert!(of_help.len() > 2, "{help}");
        for option in of_help {
            assert!(
                offered.contains(&format!("{option} ")) || offered.contains(&format!("{option}\"")),
                "{command} {option}"
            );
        }
    }
}
