//! Writes the lines of a definition.

use btf_types::{Kind, Member, Type};
use core_reloc::{
    describe::{declaration_in_c, quote},
    limits::MAX_QUOTE,
};

use super::{DefinitionLine, MemberLayout};
use crate::limits::MAX_DEFINITION_LINES;

/// The maximum depth of nested definitions.
const MAX_DEPTH: usize = 16;

/// Collects the lines of a definition.
#[derive(Default)]
pub(super) struct LineWriter {
    pub(super) lines: Vec<DefinitionLine>,
    pub(super) is_cut: bool,
}

impl LineWriter {
    /// Adds a line, and returns `true` if there was room for it.
    pub(super) fn push(
        &mut self,
        name: &str,
        depth: usize,
        text: String,
        layout: Option<MemberLayout>,
    ) -> bool {
        if self.lines.len() >= MAX_DEFINITION_LINES {
            self.is_cut = true;
            return false;
        }
        self.lines.push(DefinitionLine { name: name.to_string(), depth, text, layout });
        true
    }

    /// Adds the members or enumerators of a type. `prefix` is the path to the type, and `bits` its
    /// offset.
    pub(super) fn body(&mut self, ty: Type<'_>, prefix: &str, depth: usize, bits: u64) {
        for enumerator in ty.enumerators() {
            let name = enumerator.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
            let text = format!("{name} = {},", enumerator.value());
            if !self.push(&name, depth, text, None) {
                return;
            }
        }
        for member in ty.members() {
            if self.is_cut || !self.member(member, prefix, depth, bits) {
                return;
            }
        }
    }

    fn member(&mut self, member: Member<'_>, prefix: &str, depth: usize, bits: u64) -> bool {
        let name = member.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
        let bit_offset = bits.saturating_add(member.bit_offset().into());
        let path = if name.is_empty() { String::new() } else { join(prefix, &name) };
        let Ok(ty) = member.ty() else {
            return self.push(&path, depth, format!("type {} {name};", member.type_id()), None);
        };
        let bitfield_size = member.bitfield_size();
        let layout = Some(MemberLayout { bit_offset, bitfield_size, size: ty.size().ok() });
        if is_defined_inline(ty) && bitfield_size == 0 {
            if depth >= MAX_DEPTH {
                self.is_cut = true;
                return false;
            }
            let inner = if name.is_empty() { prefix } else { path.as_str() };
            if !self.push("", depth, format!("{} {{", keyword(ty)), None) {
                return false;
            }
            self.body(ty, inner, depth.saturating_add(1), bit_offset);
            let end = if name.is_empty() { "};".to_string() } else { format!("}} {name};") };
            return self.push(&path, depth, end, layout);
        }
        let mut text = declaration_in_c(ty, &name);
        if bitfield_size > 0 {
            text.push_str(&format!(" : {bitfield_size}"));
        }
        text.push(';');
        self.push(&path, depth, text, layout)
    }
}

/// Returns `true` if a type is defined where it is used, because it has no name.
pub(super) fn is_defined_inline(ty: Type<'_>) -> bool {
    (ty.kind().is_composite() || ty.kind().is_enum()) && name_of(ty).is_empty()
}

/// Appends a name to a path, and drops the path if it is longer than a quoted name may be.
fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || prefix.len() > MAX_QUOTE {
        return name.to_string();
    }
    format!("{prefix}.{name}")
}

/// Returns the quoted name of a type, or `?` if it cannot be read.
pub(super) fn name_of(ty: Type<'_>) -> String {
    ty.name().map_or_else(|_| "?".to_string(), |name| quote(&name))
}

/// Returns the keyword before the name of a type.
pub(super) fn keyword(ty: Type<'_>) -> &'static str {
    match ty.kind() {
        Kind::Union => "union",
        Kind::Fwd if ty.kind_flag() => "union",
        Kind::Struct | Kind::Fwd => "struct",
        Kind::Enum | Kind::Enum64 => "enum",
        _ => "",
    }
}
