//! Whole ELF objects.

use std::ops::Range;
use std::sync::LazyLock;

use btf_types::{Btf, ByteOrder};
use core_reloc::{
    Code, OnUnresolved, Options, Status, Target,
    elf::{Object, ObjectRelocation, Outcome, Report, SourceLines, TypeSections, is_elf},
};
use core_reloc_tools::{
    check::{Checker, RelocationVerdict, Verdict},
    explain::Explainer,
    lint::lint,
    needs::Kernel,
};
use object::{
    Endianness, elf,
    read::elf::{FileHeader, SectionHeader},
};

use super::walk::printed;
use crate::data::read_fixture;

/// A made-up kernel that differs from the local types of the fixtures, in little and big endian.
static KERNELS: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| ["btf/grown.le.btf", "btf/grown.be.btf"].map(read_fixture));

/// Reads the bytes as an ELF file with BTF, and as a BPF object, which is then relocated.
///
/// # Panics
/// Panics if the library is wrong or a fixture is missing.
pub(super) fn elf(bytes: &[u8]) {
    type_sections(bytes);
    let object = match Object::parse(bytes) {
        Ok(object) => object,
        Err(error) => return assert!(printed(format_args!("{error} {error:?}")) > 0),
    };
    assert!(is_elf(bytes));
    assert_eq!(object.as_bytes(), bytes);
    assert_eq!(object.validate().is_ok(), object.btf().is_none_or(|btf| btf.validate().is_ok()));
    assert!(printed(format_args!("{:?}", object.byte_order())) > 0);
    let relocations: Vec<ObjectRelocation<'_>> = object.relocations().collect();
    let Some(local) = object.btf() else { return assert!(relocations.is_empty()) };
    assert!(object.ext().is_some() || relocations.is_empty());
    let lines = SourceLines::of(&object);
    relocations.iter().for_each(|relocation| read_relocation(relocation, &lines));

    let kernel = match object.byte_order() {
        ByteOrder::Little => &KERNELS[0],
        ByteOrder::Big => &KERNELS[1],
    };
    let kernel = Btf::parse(kernel).expect("a fixture");
    check(&object, &Target::new(&kernel));
    mistakes(&object, &lines);
    for target in [Target::new(&kernel), Target::new(local).indexed()] {
        assert!(!object.needs_modules(&target) || !relocations.is_empty());
        for unresolved in [OnUnresolved::Poison, OnUnresolved::Error, OnUnresolved::Keep] {
            relocate(
                &object,
                &target,
                Options::default().unresolved(unresolved),
                relocations.len(),
            );
        }
        relocate(&object, &target, Options::default().narrow(false), relocations.len());
    }
}

/// Looks for mistakes, with and without a kernel.
fn mistakes<'a>(object: &'a Object<'a>, lines: &SourceLines<'a>) {
    let Ok(findings) = lint(object) else { return };
    for finding in findings {
        let line = finding.source_line(lines);
        assert!(printed(format_args!("{} {} {line:?}", finding.rule, finding.message)) > 0);
        // Symbols of several sizes may start at one place.
        assert!(finding.function_range.start <= finding.insn_off.into());
    }
}

fn type_sections(bytes: &[u8]) {
    match TypeSections::find(bytes) {
        Ok(sections) => {
            assert!(is_elf(bytes));
            let inside = |section: Option<&[u8]>| {
                section.is_none_or(|section| {
                    bytes.as_ptr_range().contains(&section.as_ptr()) || section.is_empty()
                })
            };
            assert!(inside(sections.btf) && inside(sections.base));
            assert!(
                printed(format_args!("{:?} {:?}", sections.pointer_size, sections.byte_order)) > 0
            );
        }
        Err(error) => assert!(printed(format_args!("{error} {error:?}")) > 0),
    }
}

/// Reads a relocation through every accessor.
fn read_relocation<'a>(relocation: &ObjectRelocation<'a>, lines: &SourceLines<'a>) {
    assert_eq!(relocation.insn_off(), relocation.record().insn_off);
    assert_eq!(relocation.type_id(), relocation.record().type_id);
    assert_eq!(
        relocation.kind().map_or(relocation.record().kind, |kind| kind.to_raw()),
        relocation.record().kind
    );
    assert!(!relocation.section().is_empty());
    if let (Some(code), Ok(_)) = (relocation.insn(), relocation.function()) {
        assert!(matches!(code.as_bytes().len(), 8 | 16));
    }
    if let Ok(decoded) = relocation.decode() {
        assert!(relocation.access_string().is_some());
        assert_eq!(decoded.type_id, relocation.type_id());
    }
    let text = printed(format_args!(
        "{} {:?} {:?} {}",
        relocation.access_in_c(),
        relocation.root_name().map(|name| name.len()),
        relocation.function().map(|name| name.map(|name| name.len())),
        relocation.index(),
    ));
    assert!(text < 4096, "a relocation of {text} bytes");
    let (line, written_in) = (lines.line(relocation), lines.written_in(relocation));
    assert_eq!(line.is_some(), written_in.is_some());
    for line in [line, written_in].into_iter().flatten() {
        assert!(printed(format_args!("{line:?}")) > 0);
    }
}

/// Relocates the object, and compares the result with the reports.
fn relocate<'a>(object: &'a Object<'a>, target: &'a Target<'a>, options: Options, count: usize) {
    let mut relocating = object.relocate(target, options);
    let sections = Sections::of(object.as_bytes());
    let mut expected = object.as_bytes().to_vec();
    let mut reports = 0;
    let mut outcomes = Vec::new();
    let mut explainer = object.btf().map(|local| Explainer::new(local, target));
    for report in &mut relocating {
        reports += 1;
        check_report(&report, options);
        let explanation = explainer.as_mut().and_then(|explainer| explainer.report(&report));
        assert!(explanation.is_some() || report.outcome.name() == "relocated");
        replay(&sections, &mut expected, &report);
        outcomes.push((report.outcome.name(), report.outcome.value()));
    }
    assert_eq!(reports, count);
    let counts = relocating.counts();
    assert_eq!(counts.total(), count);
    let again = object.relocate(target, options);
    let mut again_outcomes = again.map(|report| (report.outcome.name(), report.outcome.value()));
    assert!(again_outcomes.by_ref().eq(outcomes), "the same input must give the same result");

    match relocating.finish() {
        Ok(relocated) => {
            assert_eq!((relocated.counts, counts.failed), (counts, 0));
            empty_records(object, &sections, &mut expected);
            assert!(relocated.bytes == expected, "only the reported instructions may change");
            if object.ext().is_some() && counts.total() == counts.kept + counts.skipped {
                let changed = relocated.bytes.iter().zip(object.as_bytes()).filter(|(a, b)| a != b);
                assert!(changed.count() <= 4, "only the length of the records may change");
            }
        }
        Err(failed) => {
            assert_eq!(failed.counts, counts);
            assert!(counts.failed > 0 && printed(format_args!("{failed}")) > 0);
        }
    }
}

fn check_report(report: &Report<'_>, options: Options) {
    let text = printed(format_args!("{report}"));
    assert!(text > 0 && text < 1 << 14, "a report of {text} bytes");
    assert!(printed(format_args!("{:?}", report.outcome)) > 0);
    match &report.outcome {
        Outcome::Applied { status, resolution } => {
            assert!(report.before.is_some() && report.after.is_some());
            assert_eq!(*status == Status::Relocated, report.reason().is_none());
            assert!(resolution.change.is_some() || *status != Status::Relocated);
            match status {
                Status::Relocated => assert_eq!(report.outcome.value(), resolution.value()),
                Status::Poisoned(_) => assert_eq!(options.unresolved, OnUnresolved::Poison),
                Status::Kept(_) => assert_eq!(options.unresolved, OnUnresolved::Keep),
                _ => panic!("{status:?}"),
            }
        }
        Outcome::Failed(_) | Outcome::Skipped(_) => {
            assert!(report.reason().is_some_and(|reason| !reason.is_empty()));
            assert_eq!((report.before, report.outcome.value()), (report.after, None));
        }
        outcome => panic!("{outcome:?}"),
    }
    if let Outcome::Applied { status: Status::Kept(_), .. } = report.outcome {
        assert_eq!(report.before, report.after);
    }
}

/// The ranges of an object's sections, found without the library.
struct Sections(Vec<(Vec<u8>, Range<usize>)>);

impl Sections {
    fn of(bytes: &[u8]) -> Self {
        let header = elf::FileHeader64::<Endianness>::parse(bytes).expect("it was parsed before");
        let endian = header.endian().expect("likewise");
        let sections = header.sections(endian, bytes).expect("likewise");
        let code = sections.iter().filter(|section| section.sh_type(endian) == elf::SHT_PROGBITS);
        let ranges = code.map(|section| {
            let name = sections.section_name(endian, section).expect("likewise");
            let start = section.sh_offset(endian) as usize;
            (name.to_vec(), start..start.saturating_add(section.sh_size(endian) as usize))
        });
        Self(ranges.collect())
    }

    fn first(&self, name: &[u8]) -> Range<usize> {
        let section = self.0.iter().find(|(other, _)| other == name);
        section.map(|(_, range)| range.clone()).expect("a section with this name")
    }
}

/// Patches the bytes as reported.
fn replay(sections: &Sections, bytes: &mut [u8], report: &Report<'_>) {
    let (Some(before), Some(after)) = (report.before, report.after) else { return };
    if before == after {
        return;
    }
    let code = &mut bytes[sections.first(&report.relocation.section())];
    let at = report.relocation.insn_off();
    assert_eq!(
        Code::at(code, at),
        Some(before),
        "the reported instruction must be the original one"
    );
    code[at as usize..][..after.as_bytes().len()].copy_from_slice(after.as_bytes());
}

/// Empties the core_relo records: the length of their sub-section becomes 0.
fn empty_records(object: &Object<'_>, sections: &Sections, bytes: &mut [u8]) {
    if let Some(at) = object.ext().and_then(|ext| ext.core_reloc_len_offset()) {
        bytes[sections.first(b".BTF.ext")][at..][..4].fill(0);
    }
}

/// Checks an object: verdicts must agree with relocating, and a guard must be an existence check.
fn check(object: &Object<'_>, target: &Target<'_>) {
    let checker = match Checker::new(object) {
        Ok(checker) => checker,
        Err(error) => return assert!(printed(format_args!("{error} {error:?}")) > 0),
    };
    let checked = checker.check(&Kernel::new(target));
    let reports: Vec<Report<'_>> = object.relocate(target, Options::default()).collect();
    assert_eq!(checked.findings.len(), reports.len());
    for (finding, report) in checked.findings.iter().zip(&reports) {
        assert_eq!(finding.report.outcome, report.outcome);
        let status = match finding.verdict.name() {
            "unchanged" | "changed" => "relocated",
            "guarded" | "conditional" => "poisoned",
            other => other,
        };
        assert_eq!(report.outcome.name(), status);
        assert_eq!(finding.has_poison(), status == "poisoned");
        if let RelocationVerdict::Poisoned { asked: Some(relocation) } = finding.verdict {
            let question = &reports[relocation];
            assert!(question.relocation.kind().is_some_and(|kind| kind.is_existence()));
            assert_eq!(question.outcome.value(), Some(0));
        }
    }
    for found in &checked.copies {
        assert!(printed(format_args!("{found} {found:?}")) > 0);
    }
    for found in &checked.sizes {
        assert!(printed(format_args!("{found} {found:?}")) > 0);
    }
    assert_eq!(checked.programs.len(), checker.requirements().programs.len());
    for program in &checked.programs {
        assert!(printed(format_args!("{program:?}")) > 0);
        assert!(program.causes.is_sorted_by_key(|cause| cause.verdict));
        match program.causes.first() {
            Some(cause) => assert_eq!(program.verdict, cause.verdict),
            None => assert!(program.verdict >= Verdict::Guarded),
        }
    }
}
