//! The synopses of man pages.
//!
//! clap_mangen (0.3) leaves out the values of options and what may be repeated, and puts required options
//! last.

use clap::{Arg, ArgAction, Command};

use crate::escaped;

/// Returns the synopsis of a command in roff: its options, then its operands, as in
/// `core-reloc check [--target FILE|DIR]... OBJECT...`.
pub(crate) fn of(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut words = vec![bold(name)];
    let visible = || command.get_arguments().filter(|argument| !argument.is_hide_set());
    let is_help = |argument: &&Arg| {
        matches!(
            argument.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
    };
    let options = visible().filter(|argument| !argument.is_positional() && !is_help(argument));
    words.extend(options.map(option));
    words.extend(command.get_positionals().map(operand));
    if command.has_subcommands() {
        words.push(format!("{} [{}]", italic("COMMAND"), italic("ARGUMENT")) + "...");
    }
    let mut forms = vec![words.join(" ")];
    let has_others = command.has_subcommands();
    forms.extend(visible().filter(|argument| has_others && is_help(argument)).map(|argument| {
        let spellings = spellings(argument);
        format!("{} {}", bold(name), spellings.join("|"))
    }));
    forms.join("\n.br\n")
}

fn option(argument: &Arg) -> String {
    let mut word = spellings(argument).join("|");
    if argument.get_action().takes_values() {
        word.push_str(&format!(" {}", italic(&value_name(argument))));
    }
    if !argument.is_required_set() {
        word = format!("[{word}]");
    }
    if is_repeated(argument) { word + "..." } else { word }
}

fn operand(argument: &Arg) -> String {
    let word = italic(&value_name(argument));
    let word = if argument.is_required_set() { word } else { format!("[{word}]") };
    if is_repeated(argument) { word + "..." } else { word }
}

/// Returns `true` if an argument may be given several times, or has several values.
fn is_repeated(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append | ArgAction::Count)
}

fn value_name(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    match names.first() {
        Some(name) => name.to_string(),
        None => argument.get_id().as_str().to_uppercase(),
    }
}

fn spellings(argument: &Arg) -> Vec<String> {
    let short = argument.get_short().map(|short| bold(&format!("-{short}")));
    let long = argument.get_long().map(|long| bold(&format!("--{long}")));
    short.into_iter().chain(long).collect()
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}
