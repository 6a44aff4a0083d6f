//! Substitutions in source code, by patterns of tokens.
//!
//! A pattern is Rust's tokens, whatever the white space, with placeholders: `$name` matches one
//! token, or one group with its brackets; `$name...` matches one or more of them, as few as possible,
//! and stands neither first nor last. A name that occurs again matches the same tokens. In the
//! replacement a placeholder's name stands for what it matched.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::Result;

/// Operators of several characters, the longest first.
const OPERATORS: [&str; 25] = [
    "<<=", ">>=", "...", "..=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=",
    "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>", "..", "$$",
];

/// A token, and where it is in the text.
struct Token {
    text: String,
    range: Range<usize>,
    /// Of an opening bracket: how many tokens the group has, with its brackets.
    group: Option<usize>,
    is_close: bool,
}

/// A part of a pattern.
enum Part {
    Token(String),
    One(String),
    Many(String),
}

/// What the placeholders matched: positions of tokens.
type Bindings = BTreeMap<String, Range<usize>>;

/// Where the pattern `before` occurs in the text, and what takes its place; or how many times it
/// occurs, if that is not once.
pub(super) fn substitute(
    text: &str,
    before: &str,
    after: &str,
) -> Result<std::result::Result<(Range<usize>, String), usize>> {
    let (tokens, pattern) = (read(text)?, parts(before)?);
    let found: Vec<(Range<usize>, Bindings)> = (0..tokens.len())
        .filter_map(|start| {
            let mut bindings = Bindings::new();
            let end = matched(&pattern, &tokens, start, &mut bindings)?;
            Some((start..end, bindings))
        })
        .collect();
    let [(range, bindings)] = &found[..] else { return Ok(Err(found.len())) };
    let bytes =
        |range: &Range<usize>| tokens[range.start].range.start..tokens[range.end - 1].range.end;
    let mut filled = String::new();
    let mut rest = after;
    while let Some((plain, named)) = rest.split_once('$') {
        let len = named.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(named.len());
        let (name, behind) = named.split_at(len);
        let binding =
            bindings.get(name).ok_or_else(|| format!("`{before}` does not bind ${name}"))?;
        filled.push_str(plain);
        filled.push_str(&text[bytes(binding)]);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(Ok((bytes(range), filled)))
}

/// Where a match that starts at a token ends.
fn matched(
    pattern: &[Part],
    tokens: &[Token],
    start: usize,
    bindings: &mut Bindings,
) -> Option<usize> {
    let Some((part, rest)) = pattern.split_first() else { return Some(start) };
    let (name, is_many) = match part {
        Part::Token(text) => {
            let is_same = tokens.get(start)?.text == *text;
            return is_same.then(|| matched(rest, tokens, start + 1, bindings)).flatten();
        }
        Part::One(name) => (name, false),
        Part::Many(name) => (name, true),
    };
    let mut end = start;
    loop {
        let token = tokens.get(end).filter(|token| !token.is_close)?;
        end += token.group.unwrap_or(1);
        let mut tried = bindings.clone();
        let known = tried.entry(name.clone()).or_insert(start..end).clone();
        if texts(&tokens[known]).eq(texts(&tokens[start..end]))
            && let Some(end) = matched(rest, tokens, end, &mut tried)
        {
            *bindings = tried;
            return Some(end);
        }
        if !is_many {
            return None;
        }
    }
}

fn texts(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().map(|token| token.text.as_str())
}

fn parts(pattern: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let tokens = read(pattern)?;
    let mut rest = tokens.iter().peekable();
    while let Some(token) = rest.next() {
        if token.text != "$" {
            parts.push(Part::Token(token.text.clone()));
            continue;
        }
        let name = rest.next().ok_or_else(|| format!("`{pattern}`: a `$` has no name"))?;
        let is_many = rest.next_if(|token| token.text == "...").is_some();
        let name = name.text.clone();
        parts.push(if is_many { Part::Many(name) } else { Part::One(name) });
    }
    match &parts[..] {
        [] => Err("a bug has an empty pattern".into()),
        [Part::Many(_), ..] | [.., Part::Many(_)] => {
            Err(format!("`{pattern}`: its first or last part has no bound").into())
        }
        _ => Ok(parts),
    }
}

/// The tokens of a piece of source, which need not be complete but for its brackets.
fn read(text: &str) -> Result<Vec<Token>> {
    let stream: TokenStream = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        let tree = &trees[at];
        at += 1;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let start = tokens.len();
                tokens.push(Token::new(open, group.span_open().byte_range()));
                flatten(group.stream(), tokens);
                tokens.push(Token::new(close, group.span_close().byte_range()));
                tokens[start].group = Some(tokens.len() - start);
                if let Some(last) = tokens.last_mut() {
                    last.is_close = true;
                }
            }
            TokenTree::Punct(first) => {
                let mut text = String::from(first.as_char());
                let mut range = first.span().byte_range();
                let mut longest = at;
                let mut joined = text.clone();
                let mut last = first;
                for (next, tree) in trees.iter().enumerate().skip(at).take(2) {
                    let TokenTree::Punct(punct) = tree else { break };
                    if last.spacing() == Spacing::Alone {
                        break;
                    }
                    joined.push(punct.as_char());
                    last = punct;
                    if OPERATORS.contains(&joined.as_str()) {
                        text.clone_from(&joined);
                        range.end = punct.span().byte_range().end;
                        longest = next + 1;
                    }
                }
                at = longest;
                tokens.push(Token::new(&text, range));
            }
            other => tokens.push(Token::new(&other.to_string(), other.span().byte_range())),
        }
    }
}

impl Token {
    fn new(text: &str, range: Range<usize>) -> Self {
        Self { text: text.to_owned(), range, group: None, is_close: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text after the substitution, or how many times the pattern occurs.
    fn check(text: &str, before: &str, after: &str) -> std::result::Result<String, usize> {
        let (range, new) = substitute(text, before, after).unwrap()?;
        Ok(format!("{}{new}{}", &text[..range.start], &text[range.end..]))
    }

    #[test]
    fn tokens_match_whatever_the_white_space() {
        assert_eq!(check("f(a +\n    b) // ß", "a+b", "c"), Ok("f(c) // ß".into()));
        assert_eq!(check("a + b, a + b", "a + b", "c"), Err(2));
        assert_eq!(check("a", "a + b", "c"), Err(0));
        assert_eq!(check("ab + b", "a + b", "c"), Err(0));
    }

    #[test]
    fn operators_match_as_a_whole() {
        assert_eq!(check("a <= b", "<", ">"), Err(0));
        assert_eq!(check("a == b", "a = ", ""), Err(0));
        assert_eq!(check("x(&*a)", "&$a", "$a"), Ok("x(*a)".into()));
        assert_eq!(check("for i in 0..n {}", "0..$n", "0..=$n"), Ok("for i in 0..=n {}".into()));
    }

    #[test]
    fn a_placeholder_matches_one_token_or_group() {
        assert_eq!(check("last.len(a) == 2", "$a == 2", "$a >= 2"), Ok("last.len(a) >= 2".into()));
        assert_eq!(check("a.b == a.c", "a.$x == a.$x", ""), Err(0));
        assert_eq!(check("a.b == a.b", "a.$x == a.$x", "$x"), Ok("b".into()));
        assert_eq!(check("f()", "f($a)", ""), Err(0));
    }

    #[test]
    fn dots_match_several_within_their_group() {
        let text = "if a.b(c).is_none() { d }";
        assert_eq!(
            check(text, "if $a... { $b }", "if true { $a; $b }"),
            Ok("if true { a.b(c).is_none(); d }".into())
        );
        assert_eq!(check("f(a, b); g(c)", "f($a..., c)", ""), Err(0));
        assert_eq!(check("f(a, b, c)", "f($a..., $b)", "f($b, $a)"), Ok("f(c, a, b)".into()));
    }

    #[test]
    fn what_a_pattern_must_have_is_asked_for() {
        for (before, after) in
            [("", ""), ("$a...", ""), ("a + $b...", ""), ("a $", ""), ("a", "$b"), ("(", "")]
        {
            assert!(substitute("a", before, after).is_err(), "{before}");
        }
    }
}
