//! Assumptions that a verdict depends on, as causes.

use btf_types::{Kind, KindSet};
use core_reloc::elf::{Object, requirements::Requirements};

use super::{cause::Cause, verdict::Verdict};
use crate::paths::Variable;

/// The variable of the configuration that has the kernel's release.
const RELEASE: &str = "LINUX_KERNEL_VERSION";

/// Returns the cause of a verdict that depends on a variable: its name, and the value that it was assumed to
/// have.
pub(super) fn condition<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    variable: &Variable,
) -> Cause<'a> {
    let (what, text) = match variable {
        Variable::Data { section, offset, value, .. } => {
            let data = requirements.data.iter().find(|data| data.index == *section);
            let name = data.and_then(|data| variable_at(object, data.name.as_bytes(), *offset));
            let name = name.unwrap_or_else(|| format!("read-only data at {offset:#x}"));
            ("read-only variable", format!("{name} = {value}"))
        }
        Variable::Config { symbol, value } => {
            let symbol = requirements.externs.get(*symbol);
            let name = symbol.map(|it| it.name.to_string()).unwrap_or_default();
            let value = match name.as_str() {
                RELEASE => release_in_c(*value),
                _ => value.to_string(),
            };
            ("configuration value", format!("{name} = {value}"))
        }
    };
    Cause::new(Verdict::Conditional, what, text)
}

/// Returns the number of a release as the macro that C programs write.
fn release_in_c(code: u64) -> String {
    let part = |shift: u32| code.checked_shr(shift).unwrap_or(0) & 0xff;
    format!("KERNEL_VERSION({}, {}, {})", part(16), part(8), part(0))
}

/// Returns the name of the variable at an offset of a section.
fn variable_at(object: &Object<'_>, section: &[u8], offset: u64) -> Option<String> {
    let sections = object.btf()?.own_types_of(KindSet::from_iter([Kind::DataSec]));
    let mut sections = sections.filter(|found| found.is_named(section));
    let entry = sections.find_map(|found| {
        found.variables().into_iter().find(|entry| {
            let start = u64::from(entry.offset());
            (start..start.saturating_add(entry.size().into())).contains(&offset)
        })
    })?;
    Some(entry.ty().ok()?.name().ok()?.to_string())
}
