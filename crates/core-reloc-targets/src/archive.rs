//! Tar archives, one entry at a time.

mod header;
mod reader;

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use core_reloc_sys::{BtfFile, FileProblem};

use self::{
    header::{BLOCK_LEN, Header, Kind},
    reader::{Bounded, EntryReader},
};
use crate::{
    Compression, Limits,
    error::{TargetError, TargetProblem, nested_path},
    files::MANIFEST,
    input::{Format, Input, read_problem},
    limits::MAX_ENTRY_HEADER,
    single::{single, unpacked},
};

/// An archive that is being read.
pub(crate) struct Archive {
    path: PathBuf,
    input: Bounded,
    packed: Option<Compression>,
    limits: Limits,
    entries: u64,
    /// The header after the last entry that was read, if it was looked at.
    ahead: Option<Result<Option<Entry>, TargetProblem>>,
    is_finished: bool,
}

/// An entry of an archive that is being read.
pub(crate) struct EntryFile<'r, 'a> {
    /// The path in the archive.
    pub(crate) name: PathBuf,
    /// The path of the entry, with the archive's: `archive.tar!entry`.
    path: PathBuf,
    reader: &'r mut EntryReader<'a>,
    len: u64,
    limits: Limits,
}

/// A file in an archive.
struct Entry {
    name: Vec<u8>,
    len: u64,
    is_sparse: bool,
}

impl Archive {
    pub(crate) fn new(path: &Path, input: Input<'static>, limits: Limits) -> Self {
        Self {
            path: path.to_path_buf(),
            packed: input.packed(),
            input: Bounded::new(input.into_reader(), limits.archive),
            limits,
            entries: 0,
            ahead: None,
            is_finished: false,
        }
    }

    /// Returns the path of the archive.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the next entry's BTF.
    pub(crate) fn next_target(&mut self) -> Option<Result<BtfFile, TargetError>> {
        self.next_with(|entry| entry.read_btf())
    }

    /// Reads the next entry with `read`, which need not read all of it.
    pub(crate) fn next_with<T>(
        &mut self,
        read: impl FnOnce(EntryFile<'_, '_>) -> Result<T, TargetError>,
    ) -> Option<Result<T, TargetError>> {
        if self.is_finished {
            return None;
        }
        // Unless the whole entry can be read, no other entry can.
        self.is_finished = true;
        let entry = match self.ahead.take().unwrap_or_else(|| self.next_entry()) {
            Ok(entry) => entry?,
            Err(problem) => return Some(Err(TargetError::new(&self.path, problem))),
        };
        let name = header::displayed(&entry.name);
        let path = nested_path(&self.path, &name);
        let (len, limits) = (entry.len, self.limits);
        let mut reader = EntryReader::new(&mut self.input, len);
        let result = if entry.is_sparse {
            Err(TargetError::new(&path, TargetProblem::Sparse))
        } else {
            let (name, path) = (PathBuf::from(name), path.clone());
            read(EntryFile { name, path, reader: &mut reader, len, limits })
        };
        match reader.skip() {
            Ok(()) => self.is_finished = false,
            // An error of the archive is the cause of the entry's.
            Err(error) => return Some(Err(TargetError::new(&path, self.problem(error)))),
        }
        Some(result)
    }

    /// Returns `true` if no entry follows. Reads the next header.
    pub(crate) fn is_at_end(&mut self) -> bool {
        if self.is_finished {
            return true;
        }
        if self.ahead.is_none() {
            self.ahead = Some(self.next_entry());
        }
        matches!(self.ahead, Some(Ok(None)))
    }

    /// Reads headers up to that of the next file.
    fn next_entry(&mut self) -> Result<Option<Entry>, TargetProblem> {
        // Set by entries that describe the one after them.
        let (mut long_name, mut long_len, mut is_sparse) = (None, None, false);
        loop {
            let offset = self.input.position();
            let Some(block) = self.next_block()? else { return Ok(None) };
            let damaged = |reason| TargetProblem::Archive { offset, reason };
            let Some(header) = Header::parse(&block).map_err(damaged)? else {
                // The end. The rest is read so that its checksum is verified.
                let rest = io::copy(&mut self.input, &mut io::sink());
                return rest.map(|_| None).map_err(|error| self.problem(error));
            };
            self.entries = self.entries.saturating_add(1);
            if self.entries > self.limits.entries {
                return Err(TargetProblem::TooManyEntries(self.limits.entries));
            }
            match header.kind {
                Kind::File | Kind::Sparse { .. } => {
                    if let Kind::Sparse { continues } = header.kind {
                        is_sparse = true;
                        self.skip_sparse_map(continues)?;
                    }
                    let name = long_name.unwrap_or(header.name);
                    let len = long_len.unwrap_or(header.len);
                    if header::displayed(&name) != MANIFEST {
                        return Ok(Some(Entry { name, len, is_sparse }));
                    }
                    self.skip(len)?;
                    (long_name, long_len, is_sparse) = (None, None, false);
                }
                Kind::LongName => long_name = Some(self.read_extension(offset, header.len)?),
                Kind::Extensions => {
                    let bytes = self.read_extension(offset, header.len)?;
                    let extensions = header::extensions(&bytes).map_err(damaged)?;
                    long_name = extensions.name.or(long_name);
                    long_len = extensions.len.or(long_len);
                    is_sparse |= extensions.is_sparse;
                }
                Kind::Other => {
                    self.skip(header.len)?;
                    (long_name, long_len, is_sparse) = (None, None, false);
                }
                Kind::OtherExtension => self.skip(header.len)?,
            }
        }
    }

    /// Skips the content of an entry.
    fn skip(&mut self, len: u64) -> Result<(), TargetProblem> {
        let mut reader = EntryReader::new(&mut self.input, len);
        reader.skip().map_err(|error| self.problem(error))
    }

    /// Skips the blocks between the header and the content of a sparse file, if there are any.
    fn skip_sparse_map(&mut self, mut continues: bool) -> Result<(), TargetProblem> {
        while continues {
            let offset = self.input.position();
            let block = self.next_block()?.ok_or_else(|| {
                let reason = "the map of a sparse file has no end".to_string();
                TargetProblem::Archive { offset, reason }
            })?;
            continues = header::sparse_map_continues(&block);
        }
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<[u8; BLOCK_LEN]>, TargetProblem> {
        let offset = self.input.position();
        let mut block = Vec::new();
        let read = Read::by_ref(&mut self.input).take(BLOCK_LEN as u64).read_to_end(&mut block);
        read.map_err(|error| self.problem(error))?;
        match block.try_into() {
            Ok(block) => Ok(Some(block)),
            Err(block) if block.is_empty() => Ok(None),
            Err(block) => {
                let reason = format!("needs {BLOCK_LEN} bytes, {} are left", block.len());
                Err(TargetProblem::Archive { offset, reason })
            }
        }
    }

    /// Reads the content of an entry that describes the next one.
    fn read_extension(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, TargetProblem> {
        if len > MAX_ENTRY_HEADER {
            let reason =
                format!("extended header has {len} bytes, at most {MAX_ENTRY_HEADER} are read");
            return Err(TargetProblem::Archive { offset, reason });
        }
        let mut reader = EntryReader::new(&mut self.input, len);
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes).and_then(|_| reader.skip());
        read.map_err(|error| self.problem(error))?;
        Ok(bytes)
    }

    fn problem(&self, error: io::Error) -> TargetProblem {
        match self.input.exceeded() {
            Some(len) => {
                let allowed = self.limits.archive;
                FileProblem::TooLarge { what: "the archive", len, allowed }.into()
            }
            None => read_problem(self.packed, error),
        }
    }
}

impl<'r> EntryFile<'r, '_> {
    /// Reads the BTF in the entry.
    pub(crate) fn read_btf(self) -> Result<BtfFile, TargetError> {
        let limits = self.limits;
        let (path, input) = self.input()?;
        match input.format() {
            Some(Format::Tar) => Err(TargetError::new(&path, TargetProblem::NestedArchive)),
            _ => single(&path, input, limits),
        }
    }

    /// Reads the whole entry, unpacked.
    pub(crate) fn read_bytes(self) -> Result<Vec<u8>, TargetError> {
        let allowed = self.limits.file;
        let (path, input) = self.input()?;
        input.read_whole(allowed).map_err(|problem| TargetError::new(&path, problem))
    }

    fn input(self) -> Result<(PathBuf, Input<'r>), TargetError> {
        let path = self.path;
        let here = |problem: TargetProblem| TargetError::new(&path, problem);
        let (len, allowed) = (self.len, self.limits.file);
        if len > allowed {
            return Err(here(FileProblem::TooLarge { what: "the entry", len, allowed }.into()));
        }
        let input = Input::new(self.reader).map_err(here)?.expecting(len);
        let input = unpacked(&path, input)?;
        Ok((path, input))
    }
}
