//! A BPF object as libbpf's loader sees it, read without the code under test.

use std::ops::Range;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};

use super::target::for_libbpf;
use super::words::Words;
use crate::judge::{Record, libbpf};

/// What a loader needs from an object to relocate it.
#[derive(Debug)]
pub struct Parts {
    /// The section `.BTF`.
    pub btf: Vec<u8>,
    /// The relocation records, by section.
    pub groups: Vec<Group>,
}

/// The relocation records of a section.
#[derive(Debug)]
pub struct Group {
    /// The name of the section.
    pub section: String,
    /// The section's code; empty if the section is missing or has no code.
    pub code: Vec<u8>,
    /// The ranges of its functions, in bytes.
    functions: Vec<Range<u64>>,
    /// The records.
    pub records: Vec<Record>,
}

impl Parts {
    /// Reads an object. Returns `None` if it has no relocation records.
    ///
    /// # Errors
    /// The object is malformed.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let data = |name: &str| {
            let data = file.section_by_name(name).map(|section| section.data()).transpose();
            data.map_err(|error| format!("{name}: {error}"))
        };
        let (Some(btf), Some(ext)) = (data(".BTF")?, data(".BTF.ext")?) else { return Ok(None) };
        let names = libbpf::Btf::new(&for_libbpf(btf));
        let names = names.map_err(|error| error.to_string())?;
        let words = Words::of(ext).ok_or(".BTF.ext has no magic")?;
        let records = core_relocations(&words).ok_or(".BTF.ext ends early")?;
        let mut groups = Vec::with_capacity(records.len());
        for (name_off, records) in records {
            let name = names.string(name_off).ok_or("a section's name is missing")?;
            let name = name.to_str().map_err(|error| error.to_string())?.to_string();
            groups.push(Group::read(&file, name, records)?);
        }
        let has_records = groups.iter().any(|group| !group.records.is_empty());
        Ok(has_records.then(|| Self { btf: btf.to_vec(), groups }))
    }
}

impl Group {
    /// Code is what is executable and stored in the file; programs are its function symbols.
    fn read(
        file: &object::File<'_>,
        section: String,
        records: Vec<Record>,
    ) -> Result<Self, String> {
        let mut group = Self { section, code: Vec::new(), functions: Vec::new(), records };
        let found = file
            .section_by_name(&group.section)
            .filter(|section| section.kind() == SectionKind::Text);
        let Some(found) = found else { return Ok(group) };
        group.code = found.data().map_err(|error| error.to_string())?.to_vec();
        let functions = file.symbols().filter(|symbol| {
            symbol.kind() == SymbolKind::Text && symbol.section_index() == Some(found.index())
        });
        group.functions =
            functions.map(|symbol| symbol.address()..symbol.address() + symbol.size()).collect();
        Ok(group)
    }

    /// Returns `true` if a function covers the instruction at an offset.
    pub(super) fn covers(&self, insn_off: u32) -> bool {
        self.functions.iter().any(|function| function.contains(&insn_off.into()))
    }
}

/// Returns the relocation records of `.BTF.ext` by section, each section with the offset of its name.
fn core_relocations(ext: &Words<'_>) -> Option<Vec<(u32, Vec<Record>)>> {
    const CORE_RELO_OFF: usize = 24;
    let hdr_len = ext.at(4)? as usize;
    if hdr_len < CORE_RELO_OFF + 8 {
        return Some(Vec::new());
    }
    let mut at = hdr_len + ext.at(CORE_RELO_OFF)? as usize;
    let end = at + ext.at(CORE_RELO_OFF + 4)? as usize;
    let mut sections = Vec::new();
    if at == end {
        return Some(sections);
    }
    let record_len = ext.at(at)? as usize;
    at += 4;
    while at < end {
        let (name_off, count) = (ext.at(at)?, ext.at(at + 4)?);
        at += 8;
        let mut records = Vec::new();
        for _ in 0..count {
            let word = |index: usize| ext.at(at + 4 * index);
            let (insn_off, type_id) = (word(0)?, word(1)?);
            let (access_str_off, kind) = (word(2)?, word(3)?);
            records.push(Record { insn_off, type_id, access_str_off, kind });
            at += record_len;
        }
        sections.push((name_off, records));
    }
    Some(sections)
}
