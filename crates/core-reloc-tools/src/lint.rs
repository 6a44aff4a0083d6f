//! Mistakes in an object that show without any target.
//!
//! Each [`Rule`] is about something that goes wrong on some kernel, or on all. What is only likely is left
//! out: a finding should be worth a look.
//!
//! ```
//! # fn print_findings(object: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use core_reloc::elf::Object;
//! use core_reloc_tools::lint::lint;
//!
//! let object = Object::parse(object)?;
//! for finding in lint(&object)? {
//!     println!("{}: {} in {}", finding.rule, finding.message, finding.function);
//!     println!("  help: {}", finding.rule.help());
//! }
//! # Ok(())
//! # }
//! ```

mod finding;
mod guards;
mod records;
mod rule;
mod sizes;
mod thing;
mod unrecorded;

use core_reloc::elf::{Object, ObjectError, ObjectRelocation};

pub use self::{finding::LintFinding, rule::Rule};
use crate::{flow::Functions, limits::MAX_FLOW_STEPS};

/// Applies all rules to an object. The findings are in the order of sections and instructions.
///
/// Following values takes at most [`MAX_FLOW_STEPS`] steps; what takes more has no findings.
///
/// # Errors
/// As [`Object::requirements`].
pub fn lint<'a>(object: &'a Object<'a>) -> Result<Vec<LintFinding<'a>>, ObjectError> {
    let requirements = object.requirements()?;
    let code = Code {
        object,
        functions: Functions::of(object, &requirements),
        relocations: object.relocations().collect(),
    };
    let mut findings = Vec::new();
    let mut steps = MAX_FLOW_STEPS;
    records::lint(&code, &mut findings);
    sizes::lint(&code, &requirements, &mut findings);
    for function in 0..requirements.functions.len() {
        guards::lint(&code, function, &mut steps, &mut findings);
        unrecorded::lint(&code, function, &mut steps, &mut findings);
    }
    findings.sort_by_key(|finding| (finding.section_index, finding.insn_off, finding.rule));
    Ok(findings)
}

/// What the rules are about.
struct Code<'c, 'a> {
    object: &'a Object<'a>,
    functions: Functions<'c, 'a>,
    relocations: Vec<ObjectRelocation<'a>>,
}
