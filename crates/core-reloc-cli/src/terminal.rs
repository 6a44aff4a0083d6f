//! Standard output, messages on standard error, and escaped text for both.

mod fold;
mod printer;

use std::{
    fmt::{self, Display, Write as _},
    io::{self, Write},
};

use btf_types::is_plain;
use owo_colors::OwoColorize;

use self::printer::UntilClosed;
pub(crate) use self::{
    fold::columns,
    printer::{Printer, WIDTH},
};

/// Prints an error to standard error.
pub(crate) fn error(message: impl Display) {
    print_message(format_args!("{}: {}", "error".red().bold(), escaped_lines(message)));
}

/// Prints a warning to standard error: the results may not be what the user meant.
pub(crate) fn warning(message: impl Display) {
    print_message(format_args!("{}: {}", "warning".yellow().bold(), escaped_lines(message)));
}

/// Prints a message to standard error. If that cannot be written, there is no place to say so; the exit
/// status still tells.
fn print_message(message: fmt::Arguments<'_>) {
    let mut stderr = Printer::new(io::stderr()).folded();
    let _ = writeln!(stderr, "core-reloc: {message}").and_then(|()| stderr.flush());
}

/// Escapes each line of a message, which may quote text from files.
fn escaped_lines(message: impl Display) -> String {
    let message = message.to_string();
    let lines: Vec<String> = message.split('\n').map(|line| Escaped(line).to_string()).collect();
    lines.join("\n")
}

/// Opens standard output.
pub(crate) fn stdout() -> Printer {
    Printer::new(io::stdout())
}

/// Opens the stream for a command's report: standard output, or standard error if an output is written
/// to standard output.
pub(crate) fn report(is_stdout_taken: bool) -> Printer {
    if is_stdout_taken { Printer::new(io::stderr()) } else { stdout() }
}

/// Writes an output to standard output, as it is.
pub(crate) fn write_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = UntilClosed(Some(io::stdout().lock()));
    out.write_all(bytes)?;
    out.flush()
}

/// Text from elsewhere, such as a path, with all characters escaped that are not [plain](is_plain): it
/// can neither control the terminal nor end the line nor look like other text.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Escapes the text that is written to it.
struct Escaping<'f, 'w>(&'f mut fmt::Formatter<'w>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_escaped = |character: char| !is_plain(character);
        for part in text.split_inclusive(is_escaped) {
            match part.chars().next_back().filter(|last| is_escaped(*last)) {
                Some(last) => {
                    let rest = part.strip_suffix(last).unwrap_or_default();
                    write!(self.0, "{rest}{}", last.escape_default())?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        for (text, expected) in [
            ("", ""),
            ("kernels/6.1.btf", "kernels/6.1.btf"),
            ("a\x1b[2Jb\n\tc\u{9b}31m", r"a\u{1b}[2Jb\n\tc\u{9b}31m"),
            ("Größe ⟨ß⟩\r", r"Größe ⟨ß⟩\r"),
            ("o.\u{202e}ftb\u{2028}", r"o.\u{202e}ftb\u{2028}"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }
}
