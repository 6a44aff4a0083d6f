//! What relocations are compared on: a kernel's BTF and its modules', for us and for libbpf.

use std::borrow::Cow;

use btf_types::{Btf, Kind};
use core_reloc::{Module, Target};

use crate::judge::libbpf;

/// Why a kernel cannot be compared on.
#[derive(Debug)]
pub(super) enum TargetError {
    /// Its BTF has kinds that libbpf 1.7 does not know, which we read by the layout table.
    UnknownToLibbpf,
    /// One side does not read it, or something else went wrong.
    Other(String),
}

impl From<String> for TargetError {
    fn from(error: String) -> Self {
        Self::Other(error)
    }
}

/// Whether our side keeps an index of the target's names, or searches the target for each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    None,
    Kept,
}

/// The BTF of a kernel and of its modules.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Its name in reports.
    pub name: String,
    /// The BTF of `vmlinux`.
    pub main: Vec<u8>,
    /// The names and split BTF of modules.
    pub modules: Vec<(String, Vec<u8>)>,
}

impl Kernel {
    /// A kernel without modules.
    pub fn new(name: impl Into<String>, main: Vec<u8>) -> Self {
        Self { name: name.into(), main, modules: Vec::new() }
    }

    /// Reads everything on both sides, and calls `f` with it.
    ///
    /// # Errors
    /// What either side refuses to read, and what `f` returns.
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
            if has_unknown && error.said.contains("Unsupported BTF_KIND") {
                TargetError::UnknownToLibbpf
            } else {
                failed(&self.name, error.to_string()).into()
            }
        })?;
        Ok(f(&ours, &theirs)?)
    }

    /// Has libbpf read everything.
    pub(super) fn for_libbpf(&self) -> Result<libbpf::Target, libbpf::LoadError> {
        let bytes = for_libbpf(&self.main);
        let modules: Vec<(&str, Cow<'_, [u8]>)> =
            self.modules.iter().map(|(name, bytes)| (name.as_str(), for_libbpf(bytes))).collect();
        let modules: Vec<(&str, &[u8])> =
            modules.iter().map(|(name, bytes)| (*name, bytes.as_ref())).collect();
        libbpf::Target::new(&bytes, &modules)
    }
}

/// BTF as libbpf 1.7 can read it: in the other byte order it takes no header but that of 24 bytes.
/// What longer ones add is the layout of kinds that it does not know anyway.
pub(super) fn for_libbpf(bytes: &[u8]) -> Cow<'_, [u8]> {
    match Sections::of(bytes) {
        Some(sections) if sections.is_foreign && sections.hdr_len > HEADER_LEN => {
            Cow::Owned(sections.join(&[]))
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// The same BTF with more strings, and where each of them is.
///
/// # Errors
/// Bytes that are no BTF.
pub(super) fn with_strings<'s>(
    bytes: &[u8],
    strings: impl IntoIterator<Item = &'s str>,
) -> Result<(Vec<u8>, Vec<u32>), String> {
    let sections = Sections::of(bytes).ok_or("this is no BTF")?;
    let mut more = Vec::new();
    let mut offsets = Vec::new();
    for string in strings {
        let offset = sections.strings.len() + more.len();
        offsets.push(u32::try_from(offset).map_err(|error| error.to_string())?);
        more.extend(string.bytes().chain([0]));
    }
    Ok((sections.join(&more), offsets))
}

/// The header that all readers know.
const HEADER_LEN: usize = 24;

/// The parts of BTF, found without the code under test.
struct Sections<'b> {
    is_foreign: bool,
    hdr_len: usize,
    /// Magic, version and flags.
    start: [u8; 4],
    types: &'b [u8],
    strings: &'b [u8],
}

impl<'b> Sections<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let (start, rest) = bytes.split_first_chunk::<4>()?;
        let is_foreign = start[..2] != 0xeb9f_u16.to_ne_bytes();
        let word = |index: usize| -> Option<usize> {
            let word = *rest.get(index * 4..)?.first_chunk::<4>()?;
            let word = u32::from_ne_bytes(word);
            usize::try_from(if is_foreign { word.swap_bytes() } else { word }).ok()
        };
        let hdr_len = word(0)?;
        let section = |off: usize, len: usize| {
            let start = hdr_len.checked_add(word(off)?)?;
            bytes.get(start..start.checked_add(word(len)?)?)
        };
        let (types, strings) = (section(1, 2)?, section(3, 4)?);
        Some(Self { is_foreign, hdr_len, start: *start, types, strings })
    }

    /// The parts behind the shortest header, with more strings.
    fn join(&self, more_strings: &[u8]) -> Vec<u8> {
        let types = self.types.len();
        let header = [HEADER_LEN, 0, types, types, self.strings.len() + more_strings.len()];
        let mut bytes = self.start.to_vec();
        for word in header {
            let word = u32::try_from(word).expect("BTF has 32-bit offsets");
            bytes.extend(if self.is_foreign { word.swap_bytes() } else { word }.to_ne_bytes());
        }
        [&bytes[..], self.types, self.strings, more_strings].concat()
    }
}
