//! A BPF object as libbpf's loader sees it, read without the code under test.

use std::ops::Range;

use core_reloc::elf::{Object, Outcome, Report};
use core_reloc::{Options, Target};
use core_reloc_tools::check::{Checker, Verdict as Checked};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};

use super::compare::{Compared, Comparer, End, Ours};
use super::target::Kernel;
use crate::judge::Record;
use crate::judge::libbpf::{self, Libbpf, Verdict};

/// A BPF object's file.
#[derive(Debug, Clone)]
pub struct ObjectFile {
    /// Its name in reports.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How it is done on our side.
#[derive(Debug, Clone, Copy)]
enum Way {
    Relocate,
    Check,
}

impl Way {
    /// What becomes of each relocation, and what checking says of it.
    fn reports<'a>(
        self,
        object: &'a Object<'a>,
        target: &'a Target<'a>,
    ) -> Box<dyn Iterator<Item = (Report<'a>, Option<Checked>)> + 'a> {
        match self {
            Self::Relocate => {
                Box::new(object.relocate(target, Options::default()).map(|report| (report, None)))
            }
            Self::Check => {
                let findings = Checker::new(object).check(target).into_iter();
                Box::new(findings.map(|finding| (finding.report, Some(finding.verdict))))
            }
        }
    }
}

/// Whether a verdict is about what both sides did, bytes included.
fn means(verdict: Checked, end: End, done: &Ours) -> bool {
    let is_same = matches!(done, Ours::Applied { before, after, .. } if before == after);
    match verdict {
        Checked::Unchanged => end == End::Relocated && is_same,
        Checked::Changed => end == End::Relocated && !is_same,
        Checked::Poisoned { .. } => end == End::Poisoned,
        Checked::Failed => end == End::Failed,
        Checked::Skipped => end == End::Skipped,
        _ => false,
    }
}

/// What a loader takes from an object to relocate it.
struct Parts {
    btf: Vec<u8>,
    groups: Vec<Group>,
}

/// The relocation records of a section.
struct Group {
    section: String,
    /// The section's code; empty if there is no such section, or it holds none.
    code: Vec<u8>,
    /// Where its functions are, in bytes.
    functions: Vec<Range<u64>>,
    records: Vec<Record>,
}

impl ObjectFile {
    /// Compares all relocations of the object on a target, in their order. Each comes with its
    /// section's name; an object without any gives none.
    ///
    /// # Errors
    /// What either side cannot read. That the sides find other relocations is one, too.
    pub(super) fn compare(
        &self,
        ours: &Target<'_>,
        theirs: &libbpf::Target,
        with_log: bool,
    ) -> Result<Vec<(String, Compared)>, String> {
        self.compare_by(Way::Relocate, ours, theirs, with_log)
    }

    /// The same of what checking says, whose verdicts must be what libbpf does, too.
    ///
    /// # Errors
    /// As [`ObjectFile::compare`]; and a verdict of another sort.
    pub(super) fn compare_checked(
        &self,
        ours: &Target<'_>,
        theirs: &libbpf::Target,
        with_log: bool,
    ) -> Result<Vec<(String, Compared)>, String> {
        self.compare_by(Way::Check, ours, theirs, with_log)
    }

    fn compare_by(
        &self,
        way: Way,
        ours: &Target<'_>,
        theirs: &libbpf::Target,
        with_log: bool,
    ) -> Result<Vec<(String, Compared)>, String> {
        let failed = |error: String| format!("{}: {error}", self.name);
        let object = Object::parse(&self.bytes).map_err(|error| failed(error.to_string()))?;
        let Some(parts) = Parts::read(&self.bytes).map_err(failed)? else {
            let count = object.relocations().count();
            return if count == 0 {
                Ok(Vec::new())
            } else {
                Err(failed(format!("we find {count} relocations, there are none")))
            };
        };
        let local = object.btf().ok_or_else(|| failed("we find no .BTF".into()))?;
        let libbpf = Libbpf::new(&super::target::for_libbpf(&parts.btf), theirs);
        let libbpf = libbpf.map_err(|error| failed(error.to_string()))?;
        let mut comparer = Comparer::new(local, ours, libbpf, with_log);

        let mut done = way.reports(&object, ours);
        let mut compared = Vec::new();
        for group in &parts.groups {
            let mut code = group.code.clone();
            for record in &group.records {
                let (report, verdict) =
                    done.next().ok_or_else(|| failed("we miss records".into()))?;
                let found = report.relocation.record();
                let found = Record {
                    insn_off: found.insn_off,
                    type_id: found.type_id.0,
                    access_str_off: found.access_str_off.0,
                    kind: found.kind,
                };
                if found != *record || report.relocation.section() != group.section.as_str() {
                    return Err(failed(format!("we read {found:?} for {record:?}")));
                }
                let ours_done = match (report.outcome, report.before, report.after) {
                    (Outcome::Applied { status, resolution }, Some(before), Some(after)) => {
                        Ours::Applied { status, before, after, resolution }
                    }
                    (Outcome::Failed(error), ..) => Ours::Failed(error),
                    (Outcome::Skipped(_), ..) => Ours::Skipped,
                    (Outcome::Applied { .. }, ..) => {
                        return Err(failed("an instruction was changed that is not told".into()));
                    }
                };
                let offset = u64::from(record.insn_off);
                let is_covered = group.functions.iter().any(|function| function.contains(&offset));
                let result = if is_covered {
                    comparer.relocate(*record, &mut code, &ours_done, None)
                } else {
                    comparer.skip(*record, &ours_done)
                };
                if let (Some(verdict), Compared::Agreed(end)) = (verdict, &result)
                    && !means(verdict, *end, &ours_done)
                {
                    return Err(failed(format!("{record:?} is {verdict:?}, but was {end:?}")));
                }
                compared.push((group.section.clone(), result));
            }
        }
        if done.next().is_some() {
            return Err(failed("we find more records than there are".into()));
        }
        Ok(compared)
    }

    /// Has libbpf relocate the object on two kernels, and says what it does not do alike. Ids of
    /// target types may differ.
    ///
    /// # Errors
    /// What libbpf cannot read.
    pub fn differences(&self, one: &Kernel, other: &Kernel) -> Result<Vec<String>, String> {
        let read = |kernel: &Kernel| kernel.for_libbpf().map_err(|error| error.to_string());
        self.compare_targets(&read(one)?, &read(other)?)
    }

    /// Has libbpf relocate the object on two targets, and says what it does not do alike. Ids of
    /// target types may differ.
    ///
    /// # Errors
    /// What libbpf cannot read.
    pub(super) fn compare_targets(
        &self,
        one: &libbpf::Target,
        other: &libbpf::Target,
    ) -> Result<Vec<String>, String> {
        let failed = |error: String| format!("{}: {error}", self.name);
        let Some(parts) = Parts::read(&self.bytes).map_err(failed)? else { return Ok(Vec::new()) };
        let local = super::target::for_libbpf(&parts.btf);
        let judge = |target| Libbpf::new(&local, target).map_err(|error| failed(error.to_string()));
        let (mut one, mut other) = (judge(one)?, judge(other)?);
        let mut differences = Vec::new();
        for group in &parts.groups {
            let mut code = [group.code.clone(), group.code.clone()];
            for record in &group.records {
                let offset = u64::from(record.insn_off);
                if !group.functions.iter().any(|function| function.contains(&offset)) {
                    continue;
                }
                let [first, second] = &mut code;
                let (one, other) = (one.relocate(*record, first), other.relocate(*record, second));
                if !is_same(*record, &one, &other) {
                    let place = format!("{} {}+{offset:#x}", self.name, group.section);
                    differences.push(format!("{place}: libbpf: {one:?}, then {other:?}"));
                }
            }
        }
        Ok(differences)
    }
}

/// Whether libbpf did the same to an instruction with two targets, but for the ids of target types.
fn is_same(record: Record, one: &Verdict, other: &Verdict) -> bool {
    const TYPE_ID_TARGET: u32 = 7;
    let patch = |verdict: &Verdict| {
        let (end, patch) = match verdict {
            Verdict::Relocated(patch) => ("relocated", patch),
            Verdict::Poisoned(patch) => ("poisoned", patch),
            Verdict::Failed(_) => return None,
        };
        let mut patch = patch.clone();
        patch.resolution.type_id = 0;
        if record.kind == TYPE_ID_TARGET {
            // Found or not found, that is to stay.
            patch.resolution.value = u64::from(patch.resolution.value != 0);
            patch.after.clear();
        }
        Some((end, patch))
    };
    match (one, other) {
        (Verdict::Failed(one), Verdict::Failed(other)) => one == other,
        _ => patch(one).is_some() && patch(one) == patch(other),
    }
}

impl Parts {
    /// Reads an object; none if it has no relocation records.
    fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let data = |name: &str| {
            let data = file.section_by_name(name).map(|section| section.data()).transpose();
            data.map_err(|error| format!("{name}: {error}"))
        };
        let (Some(btf), Some(ext)) = (data(".BTF")?, data(".BTF.ext")?) else { return Ok(None) };
        let names = libbpf::Btf::new(&super::target::for_libbpf(btf));
        let names = names.map_err(|error| error.to_string())?;
        let words = Words::of(ext).ok_or(".BTF.ext has no magic")?;
        let records = words.core_relocations().ok_or(".BTF.ext ends early")?;
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
    /// Code is what is executable and in the file; programs are its function symbols.
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
}

/// `.BTF.ext` as words in the order of its magic.
struct Words<'b> {
    bytes: &'b [u8],
    is_foreign: bool,
}

impl<'b> Words<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let magic = u16::from_ne_bytes(*bytes.first_chunk()?);
        let is_foreign = magic != 0xeb9f;
        (!is_foreign || magic.swap_bytes() == 0xeb9f).then_some(Self { bytes, is_foreign })
    }

    fn at(&self, offset: usize) -> Option<u32> {
        let word = u32::from_ne_bytes(*self.bytes.get(offset..)?.first_chunk()?);
        Some(if self.is_foreign { word.swap_bytes() } else { word })
    }

    /// The relocation records by section; each begins with the offset of the section's name.
    fn core_relocations(&self) -> Option<Vec<(u32, Vec<Record>)>> {
        const CORE_RELO_OFF: usize = 24;
        let hdr_len = self.at(4)? as usize;
        if hdr_len < CORE_RELO_OFF + 8 {
            return Some(Vec::new());
        }
        let mut at = hdr_len + self.at(CORE_RELO_OFF)? as usize;
        let end = at + self.at(CORE_RELO_OFF + 4)? as usize;
        let mut sections = Vec::new();
        if at == end {
            return Some(sections);
        }
        let record_len = self.at(at)? as usize;
        at += 4;
        while at < end {
            let (name_off, count) = (self.at(at)?, self.at(at + 4)?);
            at += 8;
            let mut records = Vec::new();
            for _ in 0..count {
                let word = |index: usize| self.at(at + 4 * index);
                let (insn_off, type_id) = (word(0)?, word(1)?);
                let (access_str_off, kind) = (word(2)?, word(3)?);
                records.push(Record { insn_off, type_id, access_str_off, kind });
                at += record_len;
            }
            sections.push((name_off, records));
        }
        Some(sections)
    }
}
