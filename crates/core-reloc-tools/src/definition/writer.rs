//! Writes the lines of a definition.

use btf_types::{Kind, Member, Type};
use core_reloc::{
    describe::{declaration_in_c, quote},
    enums::{EnumReader, EnumValue},
    limits::MAX_QUOTE,
};

use super::{DefinitionLine, MemberLayout, inline::split_inline};
use crate::limits::MAX_DEFINITION_LINES;

/// The maximum depth of nested definitions.
const MAX_DEPTH: usize = 16;

/// Collects the lines of a definition.
pub(super) struct LineWriter<'e> {
    enums: &'e EnumReader<'e>,
    pub(super) lines: Vec<DefinitionLine>,
    pub(super) is_cut: bool,
}

impl<'e> LineWriter<'e> {
    pub(super) fn new(enums: &'e EnumReader<'e>) -> Self {
        Self { enums, lines: Vec::new(), is_cut: false }
    }

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
            let EnumValue { value, is_guess, .. } = self.enums.value(enumerator);
            let mut text = format!("{name} = {value},");
            if is_guess {
                text.push_str(&format!(" /* a guess: or {} */", enumerator.value()));
            }
            if !self.push(&name, depth, text, None) {
                return;
            }
        }
        let mut members = ty.members().iter().enumerate().peekable();
        while let Some((position, member)) = members.next() {
            let may_be_flexible =
                ty.kind() == Kind::Struct && position > 0 && members.peek().is_none();
            let text = declaration(member, may_be_flexible);
            if self.is_cut || !self.member(member, &text, prefix, depth, bits) {
                return;
            }
        }
    }

    /// Adds a member, given its declaration.
    fn member(
        &mut self,
        member: Member<'_>,
        text: &str,
        prefix: &str,
        depth: usize,
        bits: u64,
    ) -> bool {
        let name = member_name(member);
        let path = if name.is_empty() { String::new() } else { join(prefix, &name) };
        let Ok(ty) = member.ty() else {
            return self.push(&path, depth, text.to_string(), None);
        };
        let layout = MemberLayout::within(member, bits);
        let Some((head, inline, tail)) = split_inline(ty, text) else {
            return self.push(&path, depth, text.to_string(), Some(layout));
        };
        let inner = if name.is_empty() { prefix.to_string() } else { inline.extend(&path) };
        let bits = if inline.is_elsewhere() { 0 } else { layout.bit_offset };
        self.nested(&head, inline.ty, &inner, depth, bits)
            && self.push(&path, depth, tail.to_string(), Some(layout))
    }

    /// Returns the first and the last line of the declaration of a typedef or variable. If it declares an
    /// anonymous type, the lines of that type are written.
    pub(super) fn declaration(&mut self, keyword: &str, ty: Type<'_>) -> (String, String) {
        let name = name_of(ty);
        let Ok(Some(to)) = ty.referenced() else {
            return (format!("{keyword}? {name};"), String::new());
        };
        let text = format!("{keyword}{};", declaration_in_c(to, &name));
        match split_inline(to, &text) {
            Some((head, inline, tail)) => {
                self.body(inline.ty, &inline.extend(""), 0, 0);
                (head, tail)
            }
            None => (text, String::new()),
        }
    }

    /// Adds the first line of a nested definition and the lines in it.
    fn nested(&mut self, head: &str, ty: Type<'_>, prefix: &str, depth: usize, bits: u64) -> bool {
        if depth >= MAX_DEPTH {
            self.is_cut = true;
            return false;
        }
        if !self.push("", depth, head.to_string(), None) {
            return false;
        }
        self.body(ty, prefix, depth.saturating_add(1), bits);
        true
    }
}

/// Declares a member as C does. Only the last member of a struct with others is a flexible array; any other
/// array without elements has the length 0.
fn declaration(member: Member<'_>, may_be_flexible: bool) -> String {
    let name = member_name(member);
    let Ok(ty) = member.ty() else { return format!("type {} {name};", member.type_id()) };
    let mut text = declaration_in_c(ty, &name);
    if !may_be_flexible && ty.array().is_some_and(|array| array.len == 0) {
        text = text.replacen(&format!("{name}[]"), &format!("{name}[0]"), 1);
    }
    match MemberLayout::of(member).bitfield_size {
        0 => text.push(';'),
        bits => text.push_str(&format!(" : {bits};")),
    }
    text
}

fn member_name(member: Member<'_>) -> String {
    member.name().map_or_else(|_| "?".to_string(), |name| quote(&name))
}

/// Appends a name to a path, and drops the path if it is longer than a quoted name may be. The path may
/// end with an operator.
fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_string(),
        _ if prefix.len() > MAX_QUOTE => name.to_string(),
        _ if prefix.ends_with("->") => format!("{prefix}{name}"),
        _ => format!("{prefix}.{name}"),
    }
}

/// Returns the quoted name of a type, or `?` if it cannot be read.
pub(super) fn name_of(ty: Type<'_>) -> String {
    ty.name().map_or_else(|_| "?".to_string(), |name| quote(&name))
}

/// Returns the keyword before the name of a type.
pub(crate) fn keyword(ty: Type<'_>) -> &'static str {
    match ty.kind() {
        Kind::Union => "union",
        Kind::Fwd if ty.kind_flag() => "union",
        Kind::Struct | Kind::Fwd => "struct",
        Kind::Enum | Kind::Enum64 => "enum",
        _ => "",
    }
}
