//! Bytes that are read from the front, of which the first are known beforehand.

use std::io::{self, Cursor, Read};

use core_reloc_sys::Problem;

use super::{
    Compression, TargetProblem,
    format::{EXPECTED, Format, HEAD_LEN},
};

/// A file, an entry of an archive, or what one of these unpacks to.
pub(super) struct Input<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + Send + 'a>,
    /// What is being unpacked, and so is the likely cause of an error.
    packed: Option<Compression>,
}

impl<'a> Input<'a> {
    /// Reads the first bytes.
    pub(super) fn new(reader: impl Read + Send + 'a) -> Result<Self, TargetProblem> {
        Self::read_head(Box::new(reader), None)
    }

    /// The same, of something that is being unpacked.
    pub(super) fn unpacked(
        reader: impl Read + Send + 'a,
        packed: Compression,
    ) -> Result<Self, TargetProblem> {
        Self::read_head(Box::new(reader), Some(packed))
    }

    fn read_head(
        mut rest: Box<dyn Read + Send + 'a>,
        packed: Option<Compression>,
    ) -> Result<Self, TargetProblem> {
        let mut head = Vec::new();
        match Read::by_ref(&mut rest).take(HEAD_LEN as u64).read_to_end(&mut head) {
            Ok(_) => Ok(Self { head, rest, packed }),
            Err(error) => Err(read_problem(packed, error)),
        }
    }

    /// What it is.
    pub(super) fn format(&self) -> Option<Format> {
        Format::of(&self.head)
    }

    /// What it is unpacked from.
    pub(super) fn packed(&self) -> Option<Compression> {
        self.packed
    }

    /// That it is nothing that is known.
    pub(super) fn unrecognised(&self) -> TargetProblem {
        if self.head.is_empty() {
            return Problem::Empty.into();
        }
        let found = self.head.iter().copied().take(4).collect();
        Problem::Unrecognised { found, expected: EXPECTED }.into()
    }

    /// All of it, from the front.
    pub(super) fn into_reader(self) -> impl Read + Send + 'a {
        Cursor::new(self.head).chain(self.rest)
    }

    /// All of it in memory, unless it is more than `allowed`.
    pub(super) fn read_whole(self, allowed: u64) -> Result<Vec<u8>, TargetProblem> {
        let packed = self.packed;
        let mut bytes = self.head;
        let rest = allowed.saturating_add(1).saturating_sub(bytes.len() as u64);
        // This grows with what there is, and takes memory that is not there for an error.
        self.rest
            .take(rest)
            .read_to_end(&mut bytes)
            .map_err(|error| read_problem(packed, error))?;
        let len = bytes.len() as u64;
        if len > allowed {
            let what = if packed.is_some() { "what it unpacks to" } else { "the file" };
            return Err(Problem::TooLarge { what, len, allowed }.into());
        }
        Ok(bytes)
    }
}

/// What is wrong when reading fails.
pub(super) fn read_problem(packed: Option<Compression>, error: io::Error) -> TargetProblem {
    match packed {
        Some(format) => TargetProblem::Packed { format, error },
        None => error.into(),
    }
}
