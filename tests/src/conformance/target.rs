//! The target of a comparison: the BTF of a kernel and its modules, for us and for libbpf.

use std::borrow::Cow;

use btf_types::{Btf, Kind};
use core_reloc::{Module, Target};

use super::words::Words;
use crate::judge::libbpf;

/// Why a kernel cannot be a target.
#[derive(Debug)]
pub(super) enum TargetError {
    /// Its BTF has kinds that libbpf 1.7 does not know. We read them by the layout table.
    UnknownToLibbpf,
    /// A side cannot read it, or something else failed.
    Other(String),
}

impl From<String> for TargetError {
    fn from(error: String) -> Self {
        Self::Other(error)
    }
}

/// Whether we index the names of the target, or search it for each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    None,
    Kept,
}

/// The BTF of a kernel and of its modules.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// The name in reports.
    pub name: String,
    /// The BTF of `vmlinux`.
    pub main: Vec<u8>,
    /// The names and split BTF of modules.
    pub modules: Vec<(String, Vec<u8>)>,
}

impl Kernel {
    /// Returns a kernel without modules.
    pub fn new(name: impl Into<String>, main: Vec<u8>) -> Self {
        Self { name: name.into(), main, modules: Vec::new() }
    }

    /// Reads the BTF on both sides, and calls `f` with the two targets.
    ///
    /// # Errors
    /// A side cannot read the BTF, or `f` returns an error.
    pub(super) fn with_targets<T>(
        &self,
        index: Index,
        f: impl FnOnce(&Target<'_>, &libbpf::Target) -> Result<T, String>,
    ) -> Result<T, TargetError> {
        let failed = |name: &str, error: String| format!("BTF of {name}: {error}");
        let main = Btf::parse(&self.main).map_err(|error| failed(&self.name, error.to_string()))?;
        let mut split = Vec::with_capacity(self.modules.len());
        for (name, bytes) in &self.modules {
            let btf = Btf::parse_split(bytes, &main);
            split.push((name, btf.map_err(|error| failed(name, error.to_string()))?));
        }
        let modules = split.iter().map(|(name, btf)| Module { name, btf });
        let ours = Target::new(&main).with_modules(modules);
        let ours = match index {
            Index::None => ours,
            Index::Kept => ours.indexed(),
        };

        let theirs = self.for_libbpf().map_err(|error| {
            let has_unknown = main.types().any(|ty| matches!(ty.kind(), Kind::Unknown(_)));
            if has_unknown && error.log.contains("Unsupported BTF_KIND") {
                TargetError::UnknownToLibbpf
            } else {
                failed(&self.name, error.to_string()).into()
            }
        })?;
        Ok(f(&ours, &theirs)?)
    }

    /// Has libbpf read the BTF.
    pub(super) fn for_libbpf(&self) -> Result<libbpf::Target, libbpf::LoadError> {
        let bytes = for_libbpf(&self.main);
        let modules: Vec<(&str, Cow<'_, [u8]>)> =
            self.modules.iter().map(|(name, bytes)| (name.as_str(), for_libbpf(bytes))).collect();
        let modules: Vec<(&str, &[u8])> =
            modules.iter().map(|(name, bytes)| (*name, bytes.as_ref())).collect();
        libbpf::Target::new(&bytes, &modules)
    }
}

/// Returns BTF that libbpf 1.7 can read: in the other byte order it accepts only a header of 24 bytes.
/// Longer headers add the layout of kinds, which libbpf does not use.
pub(super) fn for_libbpf(bytes: &[u8]) -> Cow<'_, [u8]> {
    match Sections::of(bytes) {
        Some(sections) if sections.words.is_foreign && sections.hdr_len > HEADER_LEN => {
            Cow::Owned(sections.join(&[], &[]))
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// Returns BTF with more strings, and their offsets.
///
/// # Errors
/// The bytes are not BTF.
pub(super) fn with_strings<'s>(
    bytes: &[u8],
    strings: impl IntoIterator<Item = &'s str>,
) -> Result<(Vec<u8>, Vec<u32>), String> {
    let sections = Sections::of(bytes).ok_or("not BTF")?;
    let mut more = Vec::new();
    let mut offsets = Vec::new();
    for string in strings {
        let offset = sections.strings.len() + more.len();
        offsets.push(u32::try_from(offset).map_err(|error| error.to_string())?);
        more.extend(string.bytes().chain([0]));
    }
    Ok((sections.join(&[], &more), offsets))
}

/// Returns the types of a base and of a split BTF as one BTF without a base: ids and string offsets
/// continue, so the sections are joined.
pub(super) fn flattened(base: &[u8], split: &[u8]) -> Option<Vec<u8>> {
    let (base, split) = (Sections::of(base)?, Sections::of(split)?);
    Some(base.join(split.types, split.strings))
}

/// Returns `true` if BTF does not have the host's byte order.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    Words::of(bytes).is_none_or(|words| words.is_foreign)
}

/// The header that all readers know.
const HEADER_LEN: usize = 24;

/// The parts of BTF, found without the code under test.
struct Sections<'b> {
    words: Words<'b>,
    hdr_len: usize,
    /// Magic, version and flags.
    start: [u8; 4],
    types: &'b [u8],
    strings: &'b [u8],
}

impl<'b> Sections<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let words = Words::of(bytes)?;
        let hdr_len = words.at(4)? as usize;
        let section = |field: usize| {
            let start = hdr_len.checked_add(words.at(field)? as usize)?;
            bytes.get(start..start.checked_add(words.at(field + 4)? as usize)?)
        };
        let (types, strings) = (section(8)?, section(16)?);
        Some(Self { hdr_len, start: *bytes.first_chunk()?, types, strings, words })
    }

    /// Joins the parts after the shortest header, with more types and strings.
    fn join(&self, more_types: &[u8], more_strings: &[u8]) -> Vec<u8> {
        let types = self.types.len() + more_types.len();
        let header = [HEADER_LEN, 0, types, types, self.strings.len() + more_strings.len()];
        let word = |word| u32::try_from(word).expect("BTF has 32-bit offsets").to_ne_bytes();
        let header = header.map(|len| self.words.in_order(word(len)));
        let sections = [self.types, more_types, self.strings, more_strings];
        [&[&self.start, header.as_flattened()], &sections[..]].concat().concat()
    }
}
