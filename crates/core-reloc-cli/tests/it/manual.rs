//! The man pages agree with the help of the program, which clap prints.

use std::fs;

use crate::program::{root, run};

const COMMANDS: [&str; 12] = [
    "relocate", "inspect", "explain", "check", "merge", "blame", "query", "dump", "diff",
    "minimize", "store", "support",
];

/// The commands that do something: of `store`, its own.
fn last_commands() -> impl Iterator<Item = &'static str> {
    let of_store = ["store add", "store list", "store extract", "store merge", "store remove"];
    COMMANDS.into_iter().filter(|command| *command != "store").chain(of_store)
}

fn page(name: &str) -> String {
    let path = root().join("docs/man").join(format!("{name}.1"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the lines of a section without the requests and escapes of roff.
fn section(page: &str, heading: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!(".SH {heading}\n")).unwrap();
    let lines = rest.lines().take_while(|line| !line.starts_with(".SH"));
    let text = |line: &str| {
        line.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-")
    };
    lines.filter(|line| !line.starts_with('.')).map(text).collect()
}

/// Splits a synopsis into its parts: an option with its value and brackets is one.
fn parts(synopsis: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in synopsis.split(' ') {
        match parts.last_mut() {
            Some(part) if part.starts_with("[-") && !part.contains(']') => {
                *part += &format!(" {word}")
            }
            _ => parts.push(word.to_string()),
        }
    }
    parts
}

#[test]
fn a_synopsis_is_the_usage_with_all_options() {
    for command in last_commands() {
        let page = page(&format!("core-reloc-{}", command.replace(' ', "-")));
        let [synopsis] = &section(&page, "SYNOPSIS")[..] else { panic!("{command}") };
        let words: Vec<&str> = command.split(' ').collect();
        let help = run(&[&words[..], &["--help"]].concat()).good();

        // Without what may be left out and has a dash, it is the usage without `[OPTIONS]`.
        let is_required = |part: &&String| !part.starts_with("[-");
        let parts = parts(synopsis);
        let required: Vec<&str> = parts
            .iter()
            .filter(is_required)
            .map(|part| part.strip_prefix("-o|").unwrap_or(part))
            .collect();
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap();
        let usage =
            usage.replace("[OPTIONS] ", "").replace(" [OPTIONS]", "").replace(['<', '>'], "");
        let mut expected: Vec<&str> = usage.split(' ').collect();
        let mut sorted = required.clone();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected, "{synopsis}\n{usage}");
        assert_eq!(required[..=words.len()], [&["core-reloc"], &words[..]].concat());

        // Every option of the help is in it, with the name of its value.
        // What is said of an option is indented more.
        let is_option = |line: &&str| {
            let text = line.trim_start();
            text.starts_with('-') && !text.starts_with("- ") && line.len() - text.len() <= 6
        };
        for line in help.lines().filter(is_option) {
            let option = line.trim_start().split("  ").next().unwrap();
            if option.ends_with("--help") {
                continue;
            }
            let value = option.split_once(" <").map(|(_, value)| value.trim_end_matches('>'));
            let name = option.split([' ', ',']).find(|word| word.starts_with("--")).unwrap();
            let words = value.map_or(name.to_string(), |value| format!("{name} {value}"));
            let part = parts.iter().any(|part| part.contains(&words))
                || synopsis.contains(&format!("{words} "));
            assert!(part, "{words} is not in {synopsis}");
        }
    }
}

#[test]
fn the_main_page_has_the_commands_and_the_exit_statuses() {
    let page = page("core-reloc");
    let forms = section(&page, "SYNOPSIS");
    assert_eq!(
        forms,
        ["core-reloc COMMAND [ARGUMENT]...", "core-reloc -h|--help", "core-reloc -V|--version"]
    );
    let help = run(&["--help"]).good();
    let (_, statuses) = help.split_once("Exit status:\n").unwrap();
    let (statuses, _) = statuses.split_once("\n\n").unwrap();
    let expected: Vec<&str> =
        statuses.lines().map(|line| line.strip_prefix("  ").unwrap()).collect();
    assert_eq!(section(&page, "\"EXIT STATUS\""), expected);
    for command in COMMANDS {
        assert!(page.contains(&format!("core\\-reloc\\-{command}(1)")), "{command}");
    }
}

#[test]
fn the_page_of_stores_has_their_commands() {
    let page = page("core-reloc-store");
    let forms = section(&page, "SYNOPSIS");
    assert_eq!(forms, ["core-reloc store COMMAND [ARGUMENT]...", "core-reloc store -h|--help"]);
    for command in last_commands().filter_map(|command| command.strip_prefix("store ")) {
        assert!(page.contains(&format!("core\\-reloc\\-store\\-{command}(1)")), "{command}");
    }
}
