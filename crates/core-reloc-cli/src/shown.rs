//! Text that comes from elsewhere, such as a path, as it is shown.

use std::fmt::{self, Display, Write};

/// Text without what a terminal obeys, and without line ends: they are escaped.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Escapes what is written through it.
struct Escaping<'f, 'w>(&'f mut fmt::Formatter<'w>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.chars().next_back().filter(|last| last.is_control()) {
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
    fn what_terminals_obey_is_escaped() {
        for (text, expected) in [
            ("", ""),
            ("kernels/6.1.btf", "kernels/6.1.btf"),
            ("a\x1b[2Jb\n\tc\u{9b}31m", r"a\u{1b}[2Jb\n\tc\u{9b}31m"),
            ("Größe ⟨ß⟩\r", r"Größe ⟨ß⟩\r"),
        ] {
            assert_eq!(Shown(text).to_string(), expected);
        }
    }
}
