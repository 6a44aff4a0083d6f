//! The completions for bash.
//!
//! Those of clap_complete (4.6) offer nothing after a subcommand of a program whose name has a hyphen, offer
//! options where files are wanted, and split the names of files at spaces.

use std::fmt::Write as _;

use clap::{Arg, Command, ValueHint};

/// Returns the script. `program` is built, and has subcommands without subcommands of their own.
pub(crate) fn script(program: &Command) -> String {
    let name = program.get_name();
    let function = format!("_{}", name.replace('-', "_"));
    let commands: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let commands = commands.join(" ");
    let mut cases = Cases::default();
    cases.add("", program);
    for command in program.get_subcommands() {
        cases.add(command.get_name(), command);
    }
    let Cases { options, values } = cases;
    format!(
        r#"{function}() {{
    local current="$2" previous="$3" command="" options="" at
    COMPREPLY=()
    # In `--option=value`, the equals sign is a word.
    if [[ "$current" == "=" ]]; then
        current=""
    elif [[ "$previous" == "=" ]]; then
        previous="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ "${{COMP_WORDS[at]}}" != -* ]]; then
            command="${{COMP_WORDS[at]}}"
            break
        fi
    done
    case "$command" in
{options}    esac
    if [[ "$command" == "" || "$command" == help ]]; then
        options+=" {commands}"
    elif [[ "$current" != -* ]]; then
        # Where a file is wanted there is no answer: readline then completes the names of files.
        case "$command $previous" in
{values}        esac
    fi
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}}

complete -o bashdefault -o default -F {function} {name}
"#
    )
}

/// The branches of two `case` commands.
#[derive(Default)]
struct Cases {
    /// By command: its options.
    options: String,
    /// By command and the word before: the values, or the names of files.
    values: String,
}

impl Cases {
    fn add(&mut self, name: &str, command: &Command) {
        let visible = || command.get_arguments().filter(|argument| !argument.is_hide_set());
        let options: Vec<String> = visible().flat_map(spellings).collect();
        let pattern = if name.is_empty() { "\"\"" } else { name };
        // Writing to text cannot fail.
        _ = writeln!(self.options, "        {pattern}) options=\"{}\" ;;", options.join(" "));
        if name.is_empty() || command.has_subcommands() {
            return;
        }
        for option in visible().filter(|argument| takes_value(argument)) {
            let words: Vec<String> =
                spellings(option).map(|spelling| format!("\"{name} {spelling}\"")).collect();
            if !words.is_empty() {
                self.value(&words.join(" | "), option);
            }
        }
        if let Some(positional) = command.get_positionals().next() {
            self.value(&format!("\"{name} \"*"), positional);
        }
    }

    fn value(&mut self, words: &str, argument: &Arg) {
        let possible: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| value.get_name().to_string())
            .collect();
        let is_file = !matches!(argument.get_value_hint(), ValueHint::Unknown | ValueHint::Other);
        let then = if !possible.is_empty() {
            format!("options=\"{}\"", possible.join(" "))
        } else if is_file {
            "return".to_string()
        } else {
            "compopt +o bashdefault +o default; return".to_string()
        };
        _ = writeln!(self.values, "            {words}) {then} ;;");
    }
}

/// Returns the forms of an option, such as `-o` and `--output`.
fn spellings(argument: &Arg) -> impl Iterator<Item = String> {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long)
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}
