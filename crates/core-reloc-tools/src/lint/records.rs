//! Rules about single relocations.

use core_reloc::{
    RelocKind, essential_name,
    patch::insn::Class,
    record::Subject,
    spec::{End, LocalSpec},
};

use super::{Code, finding::LintFinding, rule::Rule};

/// Applies the rules to all relocations.
pub(super) fn lint<'a>(code: &Code<'_, 'a>, findings: &mut Vec<LintFinding<'a>>) {
    for function in 0..code.functions.requirements.functions.len() {
        for (insn, relocation) in code.functions.relocations(function) {
            for (rule, message) in broken_rules(code, function, insn, relocation) {
                let at = (function, insn);
                findings.extend(code.finding(rule, at, Some(relocation), message));
            }
        }
    }
}

fn broken_rules(
    code: &Code<'_, '_>,
    function: usize,
    insn: usize,
    relocation: usize,
) -> Vec<(Rule, String)> {
    let Some(found) = code.relocations.get(relocation) else { return Vec::new() };
    let Ok(decoded) = found.decode() else { return Vec::new() };
    let mut broken = Vec::new();
    let Some(root) = found.root_name() else { return Vec::new() };
    if root.is_empty() && decoded.kind != RelocKind::TypeIdLocal {
        let message = "the root type has no name, so that no loader finds it".to_owned();
        broken.push((Rule::AnonymousRoot, message));
    }
    let message = |name: &str, what| {
        format!("{name} is {what} of that whole name: more than three underscores make no flavor")
    };
    if has_underscores(root.as_bytes()) {
        broken.push((Rule::FlavorUnderscores, message(&root.to_string(), "a type")));
    }
    let Ok(spec) = LocalSpec::new(found.local(), &decoded) else { return broken };
    if let End::Enumerator(enumerator) = spec.spec().end
        && let Ok(name) = found.local().string(enumerator.name_off())
        && has_underscores(name.as_bytes())
    {
        broken.push((Rule::FlavorUnderscores, message(&name.to_string(), "an enumerator")));
    }
    let is_offset = decoded.kind == RelocKind::FieldByteOffset
        && decoded.kind.subject() == Subject::Field
        && spec.spec().field().is_some_and(|field| field.bitfield_size == 0);
    let offset = spec.spec().bit_offset / 8;
    let decoded = code.functions.insn(function, insn);
    let held = decoded.filter(|it| matches!(it.class(), Class::Ldx | Class::St | Class::Stx));
    if let Some(held) = held.filter(|_| is_offset)
        && i16::try_from(offset).is_err()
        && offset & 0xffff == u32::from(held.off.cast_unsigned())
    {
        let message = format!(
            "the offset of {} is {offset}, of which the instruction has 16 bits: {}",
            found.access_in_c(),
            held.off
        );
        broken.push((Rule::CutOffset, message));
    }
    broken
}

/// Returns `true` for a name with more than three underscores where a flavor starts, and no flavor.
fn has_underscores(name: &[u8]) -> bool {
    let Some(start) = name.iter().position(|byte| *byte != b'_') else { return false };
    let rest = name.get(start..).unwrap_or_default();
    let mut runs = rest.split(|byte| *byte != b'_').map(<[u8]>::len);
    let is_long = runs.any(|run| run > 3);
    is_long && !name.ends_with(b"_") && essential_name(name).len() == name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_three_underscores_make_no_flavor() {
        for (name, expected) in [
            ("task_struct____old", true),
            ("a_____b", true),
            ("a___b", false),
            // The last three are a flavor's.
            ("a____b___c", false),
            ("____a", false),
            ("a____", false),
            ("__a__b", false),
            ("", false),
        ] {
            assert_eq!(has_underscores(name.as_bytes()), expected, "{name}");
        }
    }
}
