//! Reads of more bytes than the field has in the object's own types.

use core_reloc::elf::requirements::Requirements;

use super::{Code, finding::LintFinding, rule::Rule};
use crate::sizes::SizedReads;

/// Applies the rule to all functions.
///
/// Fewer bytes may be meant; more are those of the next field.
pub(super) fn lint<'a>(
    code: &Code<'_, 'a>,
    requirements: &Requirements<'a>,
    findings: &mut Vec<LintFinding<'a>>,
) {
    for read in SizedReads::of(code.object, requirements).past_fields() {
        let access = code.relocations.get(read.relocation).map(|it| it.access_in_c());
        let message = format!(
            "reads {} bytes of {}, which has {}",
            read.size,
            access.unwrap_or_default(),
            read.local_size
        );
        let at = (read.function, read.insn);
        findings.extend(code.finding(Rule::ReadPastField, at, Some(read.relocation), message));
    }
}
