//! Paths of names: `comm[3]`, `se.vruntime`, `[2].next`.

use super::error::GenerateError;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathStep<'p> {
    Member(&'p str),
    Element(u32),
}

/// Splits a path into its steps, each with its offset in bytes. Ends after an error.
pub(super) struct PathSteps<'p> {
    path: &'p str,
    at: usize,
    done: bool,
}

impl<'p> PathSteps<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        Self { path, at: 0, done: false }
    }

    fn next_step(&mut self) -> Result<(usize, PathStep<'p>), GenerateError> {
        let bad = |at, problem| Err(GenerateError::BadPath { at, problem });
        let rest = self.path.get(self.at..).unwrap_or_default();
        if let Some(inside) = rest.strip_prefix('[') {
            let at = self.at;
            let Some((number, _)) = inside.split_once(']') else {
                return bad(at, "has a '[' without a ']'");
            };
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return bad(at.saturating_add(1), "has an index that is not a number");
            }
            let Ok(index) = number.parse() else {
                return bad(at.saturating_add(1), "has an index that is too large");
            };
            self.at = at.saturating_add(number.len()).saturating_add(2);
            return Ok((at, PathStep::Element(index)));
        }
        // A dot separates a part from a member, but does not precede the first member.
        let member = match rest.strip_prefix('.') {
            Some(member) if self.at > 0 => member,
            Some(_) => return bad(self.at, "starts with a '.'"),
            None if self.at > 0 => return bad(self.at, "continues without a '.' or '['"),
            None => rest,
        };
        let at = self.path.len().saturating_sub(member.len());
        let end = member.find(['.', '[']).unwrap_or(member.len());
        let name = member.get(..end).unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        if name.is_empty() || !name.bytes().all(is_name) {
            return bad(at, "has no member name");
        }
        self.at = at.saturating_add(end);
        Ok((at, PathStep::Member(name)))
    }
}

impl<'p> Iterator for PathSteps<'p> {
    type Item = Result<(usize, PathStep<'p>), GenerateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.next_step();
        self.done = step.is_err() || self.at >= self.path.len();
        Some(step)
    }
}
