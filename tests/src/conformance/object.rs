//! Compares what we and libbpf make of whole objects.

use core_reloc::elf::{Object, Outcome, Report};
use core_reloc::{Options, Target};
use core_reloc_tools::check::{Checker, RelocationVerdict as Checked};
use core_reloc_tools::needs;

use super::case::Ours;
use super::compare::{Compared, Comparer, End};
use super::parts::Parts;
use super::report::Row;
use super::target::{Index, Kernel, for_libbpf};
use crate::judge::Record;
use crate::judge::libbpf::{self, Libbpf, Verdict};

/// A BPF object's file.
#[derive(Debug, Clone)]
pub struct ObjectFile {
    /// The name in reports.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// How we process an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Relocate,
    Check,
}

impl Mode {
    /// Returns the report of each relocation, with the verdict of checking.
    fn reports<'a>(
        self,
        object: &'a Object<'a>,
        target: &'a Target<'a>,
    ) -> Box<dyn Iterator<Item = (Report<'a>, Option<Checked>)> + 'a> {
        // A kernel of the other byte order has no findings, and relocating is compared all the same.
        if self == Self::Relocate || target.main().byte_order() != object.byte_order() {
            let reports = object.relocate(target, Options::default());
            return Box::new(reports.map(|report| (report, None)));
        }
        // An object that cannot be checked has no findings, which the comparison reports.
        let checker = Checker::new(object).ok();
        let checked = checker.map(|checker| checker.check(&needs::Kernel::new(target)));
        let findings = checked.into_iter().flat_map(|checked| checked.findings);
        Box::new(findings.map(|finding| (finding.report, Some(finding.verdict))))
    }
}

/// Returns `true` if a verdict describes the outcome.
fn describes(verdict: Checked, end: End, ours: &Ours) -> bool {
    let is_same = matches!(ours, Ours::Applied { before, after, .. } if before == after);
    match verdict {
        Checked::Unchanged => end == End::Relocated && is_same,
        Checked::Changed => end == End::Relocated && !is_same,
        Checked::Guarded { .. } | Checked::Conditional | Checked::Poisoned { .. } => {
            end == End::Poisoned
        }
        Checked::Failed => end == End::Failed,
        Checked::Skipped => end == End::Skipped,
        _ => false,
    }
}

impl ObjectFile {
    /// Compares all relocations of the object on a target, in order. Each result comes with the name
    /// of its section. With [`Mode::Check`], each verdict must describe what libbpf does.
    ///
    /// # Errors
    /// A side cannot read its input, the sides find different relocations, or a verdict is wrong.
    pub(super) fn compare(
        &self,
        mode: Mode,
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
                Err(failed(format!("we find {count} relocations, but there are none")))
            };
        };
        let local = object.btf().ok_or_else(|| failed("we find no .BTF".into()))?;
        let libbpf = Libbpf::new(&for_libbpf(&parts.btf), theirs);
        let libbpf = libbpf.map_err(|error| failed(error.to_string()))?;
        let mut comparer = Comparer::new(local, ours, libbpf, with_log);

        let mut reports = mode.reports(&object, ours);
        let mut compared = Vec::new();
        for group in &parts.groups {
            let mut code = group.code.clone();
            for record in &group.records {
                let (report, verdict) =
                    reports.next().ok_or_else(|| failed("we miss records".into()))?;
                let found = Record::from(*report.relocation.record());
                if found != *record || report.relocation.section() != group.section.as_str() {
                    return Err(failed(format!("we read {found:?}, expected {record:?}")));
                }
                let ours_done = match (report.outcome, report.before, report.after) {
                    (Outcome::Applied { status, resolution }, Some(before), Some(after)) => {
                        Ours::Applied { status, before, after, resolution }
                    }
                    (Outcome::Failed(error), ..) => Ours::Failed(error),
                    (Outcome::Skipped(_), ..) => Ours::Skipped,
                    (Outcome::Applied { .. }, ..) => {
                        return Err(failed("a changed instruction is not reported".into()));
                    }
                    (outcome, ..) => return Err(failed(format!("unknown: {outcome:?}"))),
                };
                let result = if group.covers(record.insn_off) {
                    comparer.relocate(*record, &mut code, &ours_done, None)
                } else {
                    comparer.skip(*record, &ours_done)
                };
                if let (Some(verdict), Compared::Agreed(end)) = (verdict, &result)
                    && !describes(verdict, *end, &ours_done)
                {
                    return Err(failed(format!("{record:?} is {verdict:?}, but was {end:?}")));
                }
                compared.push((group.section.clone(), result));
            }
        }
        if reports.next().is_some() {
            return Err(failed("we find more records than there are".into()));
        }
        Ok(compared)
    }

    /// Has libbpf relocate the object on two kernels, and describes each difference. Ids of target
    /// types may differ.
    ///
    /// # Errors
    /// libbpf cannot read its input.
    pub fn differences(&self, one: &Kernel, other: &Kernel) -> Result<Vec<String>, String> {
        let read = |kernel: &Kernel| kernel.for_libbpf().map_err(|error| error.to_string());
        self.compare_targets(&read(one)?, &read(other)?)
    }

    /// Does the same as [`ObjectFile::differences`] with two targets.
    ///
    /// # Errors
    /// libbpf cannot read its input.
    pub(super) fn compare_targets(
        &self,
        one: &libbpf::Target,
        other: &libbpf::Target,
    ) -> Result<Vec<String>, String> {
        let failed = |error: String| format!("{}: {error}", self.name);
        let Some(parts) = Parts::read(&self.bytes).map_err(failed)? else { return Ok(Vec::new()) };
        let local = for_libbpf(&parts.btf);
        let judge = |target| Libbpf::new(&local, target).map_err(|error| failed(error.to_string()));
        let (mut one, mut other) = (judge(one)?, judge(other)?);
        let mut differences = Vec::new();
        for group in &parts.groups {
            let mut code = [group.code.clone(), group.code.clone()];
            for record in &group.records {
                if !group.covers(record.insn_off) {
                    continue;
                }
                let [first, second] = &mut code;
                let (one, other) = (one.relocate(*record, first), other.relocate(*record, second));
                if !is_same(*record, &one, &other) {
                    let place = format!("{} {}+{:#x}", self.name, group.section, record.insn_off);
                    differences.push(format!("{place}: libbpf: {one:?}, then {other:?}"));
                }
            }
        }
        Ok(differences)
    }
}

/// Returns `true` if libbpf did the same with both targets, except for the ids of target types.
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
            // Whether the type was found must stay the same.
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

/// Compares all relocations of all objects on a kernel, and adds the results to a row.
pub fn compare_objects(row: &mut Row, objects: &[ObjectFile], kernel: &Kernel) {
    compare_on(Mode::Relocate, row, objects, kernel);
}

/// Compares the objects in a mode. Checking usually has many objects, and so uses an index.
pub(super) fn compare_on(mode: Mode, row: &mut Row, objects: &[ObjectFile], kernel: &Kernel) {
    let index = if mode == Mode::Check { Index::Kept } else { Index::None };
    let all = kernel.with_targets(index, |ours, theirs| {
        for object in objects {
            let compare = |with_log| object.compare(mode, ours, theirs, with_log);
            let compared = match compare(false) {
                // Again, with libbpf's log.
                Ok(compared) if compared.iter().any(|(_, one)| one.is_different()) => compare(true),
                compared => compared,
            };
            match compared {
                Ok(compared) => {
                    for (section, compared) in &compared {
                        let place = || format!("{} {section} on {}", object.name, kernel.name);
                        row.add(place, compared);
                    }
                }
                Err(error) => row.add_unexplained(|| format!("on {}: {error}", kernel.name)),
            }
        }
        Ok(())
    });
    row.add_result(all);
}
