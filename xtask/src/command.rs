//! Runs other programs and prints each command as it would be typed.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::Result;

/// The cargo that started xtask, so that all steps use the same toolchain.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Prints the command and runs it. An exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed: {status}").into()) }
}

/// Returns `true` if the task's only argument is this flag, `false` if it has no arguments.
pub(crate) fn flag(arguments: &[String], flag: &str) -> Result<bool> {
    match arguments {
        [] => Ok(false),
        [argument] if argument == flag => Ok(true),
        _ => Err(format!("expected {flag} or no argument, found `{}`", arguments.join(" ")).into()),
    }
}

/// Runs the command and returns its standard output as text, as [`output`] does.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8(output(command)?)?)
}

/// Runs the command and returns its standard output. An exit status other than 0 is an error that
/// quotes the standard error.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{shown}` failed: {}\n{}", output.status, errors.trim_end()).into())
    }
}

/// Returns `true` if `PATH` has a program of this name.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// The command as it would be typed, with the environment variables that it sets.
pub(crate) fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}={}", name.display(), quoted(value)))
    });
    let program = std::path::Path::new(command.get_program());
    // The full path of the toolchain's cargo means nothing to the reader.
    let program =
        if program.ends_with("cargo") { OsStr::new("cargo") } else { program.as_os_str() };
    let words = std::iter::once(program).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_the_only_argument() {
        let check = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            flag(&arguments, "--check").ok()
        };
        assert_eq!(check(&[]), Some(false));
        assert_eq!(check(&["--check"]), Some(true));
        assert_eq!(check(&["--check", "x"]), None);
        assert_eq!(check(&["--record"]), None);
    }

    #[test]
    fn commands_are_shown_as_they_would_be_typed() {
        let mut command = Command::new("/some/where/bin/cargo");
        command.args(["doc", "--cfg", "a b", ""]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shown(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --cfg 'a b' ''");
        assert_eq!(shown(Command::new("echo").arg("it's")), r"echo 'it'\''s'");
    }
}
