//! Questions: the name of a root type or enumerator, and what follows it.

use btf_types::Kind;
use core_reloc::generate::RootName;

/// A way to read a question: the name of a root type or enumerator, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading<'q> {
    pub(super) root: &'q str,
    pub(super) rest: Rest<'q>,
}

/// The part of a question after the name of the root type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest<'q> {
    Nothing,
    Path(&'q str),
    Enumerator(&'q str),
}

/// The readings of a question, of which the target decides: `a::b` is an enumerator, or a type of Rust or
/// C++ in a namespace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) first: Reading<'q>,
    pub(super) second: Option<Reading<'q>>,
}

impl<'q> Question<'q> {
    pub(super) fn parse(text: &'q str) -> Self {
        let text = text.trim();
        let (path, colons) = separators(text);
        let (root, rest) = path.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
        if !rest.is_empty() {
            let rest = Rest::Path(rest.strip_prefix('.').unwrap_or(rest));
            return Self { first: Reading { root, rest }, second: None };
        }
        let whole = Reading { root: text, rest: Rest::Nothing };
        let split = colons.and_then(|at| text.split_at_checked(at));
        match split.and_then(|(root, rest)| Some((root, rest.strip_prefix("::")?))) {
            Some((root, name)) => {
                Self { first: Reading { root, rest: Rest::Enumerator(name) }, second: Some(whole) }
            }
            None => Self { first: whole, second: None },
        }
    }

    pub(super) fn readings(&self) -> impl Iterator<Item = Reading<'q>> + use<'q> {
        std::iter::once(self.first).chain(self.second)
    }

    /// Returns the name to report if no type and no enumerator has it: the root, unless a namespace may
    /// be a part of it.
    pub(super) fn missing_name(&self) -> &'q str {
        let whole = self.second.map(|whole| whole.root);
        whole.filter(|_| self.first.root.contains("::")).unwrap_or(self.first.root)
    }
}

/// Finds where the root ends: the first `.` or `[` that is not part of its name, and the last `::` before
/// it. Names of Rust and C++ have such characters, and spaces, between brackets: `Vec<u8, alloc::Global>`,
/// `(u8, [u8; 4])`, `{closure_env#0}`.
fn separators(text: &str) -> (Option<usize>, Option<usize>) {
    let (mut depth, mut colons) = (0_usize, None);
    let mut before = '\0';
    for (at, letter) in text.char_indices() {
        let may_have_elements =
            before.is_alphanumeric() || matches!(before, '_' | '$' | '>' | ')' | '}' | ']');
        match letter {
            '.' if depth == 0 => return (Some(at), colons),
            '[' if depth == 0 && may_have_elements => return (Some(at), colons),
            ':' if depth == 0 && before == ':' => colons = at.checked_sub(1),
            '<' | '(' | '{' | '[' => depth = depth.saturating_add(1),
            // The arrow before the result of a function closes nothing.
            '>' if before == '-' => {}
            '>' | ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    (None, colons)
}

impl<'q> Reading<'q> {
    /// Returns `true` if an enumerator may follow the root: after `::`, or after a dot as a member.
    pub(super) fn may_name_enumerator(&self) -> bool {
        match self.rest {
            Rest::Nothing => false,
            Rest::Enumerator(_) => true,
            Rest::Path(path) => {
                path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
        }
    }

    /// Returns the names and kinds of the types that the root may be, in the order of the answers. ENUM
    /// stands for both widths.
    pub(super) fn roots(&self) -> impl Iterator<Item = (&'q str, Kind)> + use<'q> {
        const TYPES: [Kind; 7] = [
            Kind::Struct,
            Kind::Union,
            Kind::Enum,
            Kind::Typedef,
            Kind::Int,
            Kind::Float,
            Kind::Fwd,
        ];
        const OF_FIELDS: [Kind; 4] = [Kind::Struct, Kind::Union, Kind::Typedef, Kind::Enum];
        let kinds: &[Kind] = match self.rest {
            Rest::Nothing => &TYPES,
            Rest::Enumerator(_) => &[Kind::Enum, Kind::Typedef],
            Rest::Path(_) if self.may_name_enumerator() => &OF_FIELDS,
            Rest::Path(_) => &[Kind::Struct, Kind::Union, Kind::Typedef],
        };
        let root = RootName::parse(self.root);
        let kinds = kinds.iter().copied().filter(move |kind| root.may_be(*kind));
        kinds.map(move |kind| (root.name, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, root: &str, rest: Rest<'_>) {
        let question = Question::parse(text);
        assert_eq!(question.first, Reading { root, rest }, "{text}");
    }

    #[test]
    fn a_path_starts_after_the_name() {
        check(" task ", "task", Rest::Nothing);
        check("task.pid", "task", Rest::Path("pid"));
        check("struct task[2].pid", "struct task", Rest::Path("[2].pid"));
        check("task.[", "task", Rest::Path("["));
        check("", "", Rest::Nothing);
        check(".a", "", Rest::Path("a"));
    }

    #[test]
    fn names_of_rust_and_cpp_have_brackets_colons_and_spaces() {
        let vec = "Vec<u8, alloc::alloc::Global>";
        check(vec, vec, Rest::Nothing);
        check(&format!("{vec}.len"), vec, Rest::Path("len"));
        check(&format!("{vec}[1].buf.cap"), vec, Rest::Path("[1].buf.cap"));
        check("&[u8].length", "&[u8]", Rest::Path("length"));
        check("&mut [u8; 4].x", "&mut [u8; 4]", Rest::Path("x"));
        check("Foo<[u8; 4]>.x", "Foo<[u8; 4]>", Rest::Path("x"));
        check("Option<fn(u8) -> u8>.x", "Option<fn(u8) -> u8>", Rest::Path("x"));
        check("{closure_env#0}<f32, 0.5>.a", "{closure_env#0}<f32, 0.5>", Rest::Path("a"));
        check("std::pair<int, int>.first", "std::pair<int, int>", Rest::Path("first"));
    }

    #[test]
    fn the_last_colons_may_precede_an_enumerator() {
        check("enum state::STOPPED", "enum state", Rest::Enumerator("STOPPED"));
        check("core::cmp::Ordering::Less", "core::cmp::Ordering", Rest::Enumerator("Less"));
        let question = Question::parse("core::cmp::Ordering");
        let whole = Reading { root: "core::cmp::Ordering", rest: Rest::Nothing };
        assert_eq!(question.second, Some(whole));
        assert_eq!(question.missing_name(), "core::cmp::Ordering");
        assert_eq!(Question::parse("state::STOPPED").missing_name(), "state");
    }
}
