//! Writes the program's man pages and shell completions to a folder: `xtask-manual FOLDER`.
//! `cargo xtask manual` runs it.
//!
//! They are generated from the definitions of the program's arguments. The help text after the options
//! becomes sections of its own; examples keep their line breaks.

mod bash;
mod synopsis;

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use core_reloc_cli::arguments::Arguments;

const PROGRAM: &str = "core-reloc";

/// The shells whose completions clap_complete generates, each with the file name that it expects.
const SHELLS: [(Shell, &str); 2] = [(Shell::Zsh, "_core-reloc"), (Shell::Fish, "core-reloc.fish")];

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: xtask-manual FOLDER");
        return ExitCode::from(2);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-manual: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    for (shell, name) in SHELLS {
        let mut text = Vec::new();
        generate(shell, &mut program_to_complete(), PROGRAM, &mut text);
        if shell == Shell::Fish {
            text = mended_for_fish(&text);
        }
        fs::write(completions.join(name), text)?;
    }
    let mut program = program_to_complete();
    program.build();
    fs::write(completions.join("core-reloc.bash"), bash::script(&program))?;

    let pages = folder.join("man");
    fs::create_dir_all(&pages)?;
    // The pages replace the subcommand `help`.
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let names: Vec<String> =
        std::iter::once(&program).chain(program.get_subcommands()).map(name_of).collect();
    let inner = program.get_subcommands().flat_map(Command::get_subcommands);
    for command in std::iter::once(&program).chain(program.get_subcommands()).chain(inner) {
        let name = name_of(command);
        fs::write(pages.join(format!("{name}.1")), page(command, &names)?)?;
    }
    Ok(())
}

/// Returns the program's arguments. The value of an option without a hint is no file.
fn program_to_complete() -> Command {
    let hinted = |argument: Arg| match argument.get_value_hint() {
        ValueHint::Unknown if argument.get_action().takes_values() => {
            argument.value_hint(ValueHint::Other)
        }
        _ => argument,
    };
    let mut program = Arguments::command();
    // Deferred arguments are there only after this.
    program.build();
    program.mut_subcommands(|command| command.mut_args(hinted))
}

/// Mends completions for fish: clap_complete (4.6) offers nothing after `help`, as if that were the command that
/// help is wanted for, and names of files where the operands are none.
fn mended_for_fish(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).replace(" support help\" -f", " support\" -f");
    (text + &without_files(&program_to_complete())).into_bytes()
}

/// Returns lines that keep fish from completing the names of files where the operands are none.
fn without_files(program: &Command) -> String {
    let is_other = |argument: &Arg| argument.get_value_hint() == ValueHint::Other;
    let commands =
        program.get_subcommands().filter(|command| command.get_positionals().all(is_other));
    let line = |command: &Command| {
        let name = command.get_name();
        format!("complete -c {PROGRAM} -n \"__fish_core_reloc_using_subcommand {name}\" -f\n")
    };
    commands.map(line).collect()
}

/// The name of a command's page: `core-reloc-relocate`.
fn name_of(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_string()
}

/// The page of a command. `names` are the names of all pages.
fn page(command: &Command, names: &[String]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let man = Man::new(command.clone()).source(concat!("core-reloc ", env!("CARGO_PKG_VERSION")));
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    writeln!(out, ".SH SYNOPSIS\n{}", synopsis::of(command))?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut last = "";
    for part in after.split("\n\n") {
        let (heading, text) = match part.split_once('\n') {
            Some(("Examples:", text)) => ("EXAMPLES", text),
            Some(("Exit status:", text)) => ("EXIT STATUS", text),
            _ if part.starts_with("The exit status") => ("EXIT STATUS", part),
            _ => ("NOTES", part),
        };
        section(&mut out, (heading != last).then_some(heading), text)?;
        last = heading;
    }
    let own = name_of(command);
    let others = names.iter().filter(|name| **name != own);
    let others: Vec<String> = others.map(|name| format!("\\fB{}\\fR(1)", escaped(name))).collect();
    writeln!(out, ".SH \"SEE ALSO\"\n{}", others.join(",\n"))?;
    Ok(out)
}

/// Writes a section, or without a heading a further paragraph. Indented text keeps its line breaks, other text is
/// filled.
fn section(out: &mut impl Write, heading: Option<&str>, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let keeps_lines = text.starts_with(' ');
    match heading {
        Some(heading) => writeln!(out, ".SH \"{heading}\"")?,
        None => writeln!(out, ".PP")?,
    }
    if keeps_lines {
        writeln!(out, ".nf")?;
    }
    for line in text.lines() {
        // roff indents the section by itself.
        writeln!(out, "{}", escaped(line.strip_prefix("  ").unwrap_or(line)))?;
    }
    if keeps_lines {
        writeln!(out, ".fi")?;
    }
    Ok(())
}

/// Escapes text for roff.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\\\").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}
