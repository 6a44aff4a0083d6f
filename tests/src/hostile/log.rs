//! Verifier logs.

use std::sync::LazyLock;

use btf_types::Btf;
use core_reloc::{
    Options, Target,
    elf::{Object, Report, SourceLines},
};
use core_reloc_tools::blame::Rejection;

use super::walk::printed;
use crate::data::read_fixture;

/// An object, and a kernel that poisons two of its relocations.
static FILES: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| ["objects/module.bpfel.o", "btf/modular.le.btf"].map(read_fixture));

/// Reads the bytes as a log, and looks for the relocation that it rejects.
///
/// # Panics
/// Panics if the library is wrong or a fixture is missing.
pub(super) fn log(bytes: &[u8]) {
    let log = String::from_utf8_lossy(bytes);
    let Some(rejection) = Rejection::find(&log) else { return };
    let lines: Vec<&str> = log.lines().collect();
    let shown = lines.get(rejection.log_line.wrapping_sub(1)).expect("a line of the log");
    assert!(shown.contains(&rejection.text));
    assert!(rejection.insn.is_none_or(|insn| rejection.subprogram <= insn));
    assert!(printed(format_args!("{rejection:?} {:?}", rejection.value())) > 0);

    let [object, kernel] = FILES.each_ref();
    let object = Object::parse(object).expect("a fixture");
    let kernel = Btf::parse(kernel).expect("a fixture");
    let target = Target::new(&kernel);
    let reports = object.relocate(&target, Options::default());
    let poisoned: Vec<Report<'_>> =
        reports.filter(|report| report.outcome.name() == "poisoned").collect();
    let (count, lines) = (poisoned.len(), SourceLines::of(&object));
    let blamed = rejection.poisoned(poisoned, &lines).len();
    assert!((1..=count).contains(&blamed), "{blamed} of {count} are blamed");
    let involved = rejection.involved(&object, &lines).expect("a fixture");
    let total = object.relocations().count();
    assert!(involved.iter().all(|involved| involved.relocation < total));
}
