//! The tokens of C that declarations need.

use std::fmt;

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    Word(&'s str),
    Number(i128),
    /// The contents of a string literal, which has no escapes.
    Text(&'s str),
    Mark(char),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(word) => write!(f, "`{word}`"),
            Token::Number(number) => write!(f, "`{number}`"),
            Token::Text(text) => write!(f, "\"{text}\""),
            Token::Mark(mark) => write!(f, "`{mark}`"),
            Token::End => f.write_str("the end of the text"),
        }
    }
}

/// Splits a text into tokens, each with the byte at which it starts. The last one is
/// [`Token::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<(Token<'_>, usize)>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let len = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or_else(|| Error::at(source, at, "`/*` without `*/`"))?;
            end + 2
        } else {
            let (token, len) = token(rest).map_err(|message| Error::at(source, at, message))?;
            tokens.push((token, at));
            len
        };
        at += len;
    }
    tokens.push((Token::End, source.len()));
    Ok(tokens)
}

/// Returns the first token and its length in bytes.
fn token(rest: &str) -> std::result::Result<(Token<'_>, usize), String> {
    let in_word = |char: char| char.is_alphanumeric() || char == '_';
    let first = rest.chars().next().unwrap_or_default();
    let word = &rest[..rest.find(|char| !in_word(char)).unwrap_or(rest.len())];
    if first.is_ascii_digit() {
        let digits = word.trim_end_matches(['u', 'U', 'l', 'L']);
        let number = match digits.strip_prefix("0x") {
            Some(digits) => i128::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let number = number.map_err(|_| format!("`{word}` is not a number"))?;
        Ok((Token::Number(number), word.len()))
    } else if !word.is_empty() {
        Ok((Token::Word(word), word.len()))
    } else if let Some(text) = rest.strip_prefix('"') {
        let len = text.find('"').ok_or("a string without its end")?;
        Ok((Token::Text(&text[..len]), len + 2))
    } else if "{}()[]*,;:=@.-".contains(first) {
        Ok((Token::Mark(first), 1))
    } else {
        Err(format!("`{first}` has no meaning here"))
    }
}
