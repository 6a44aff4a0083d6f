//! Writes the definitions of structs, unions and typedefs.

use btf_types::{Kind, Member, Name};

use super::{
    Reason,
    layout::{Pads, Place},
    names::{TypeName, name_of},
    types::Node,
    words::{identifier, is_keyword_of_c23, spelling},
    writer::{Context, DECLARED, DEFINED, MAX_DEPTH, Writer},
};
use crate::definition::keyword;

/// The number of bitfields that padding takes at most; more padding is an array.
const MAX_PADS: usize = 32;

impl<'a> Writer<'_, 'a> {
    /// Declares a struct or union, if it is not yet known.
    pub(super) fn declare(&mut self, node: Node<'a>) {
        if self.has(node, DECLARED | DEFINED) || !matches!(self.names.of(node), TypeName::Own(_)) {
            return;
        }
        self.mark(node, DECLARED);
        self.out.push_str(keyword(node.ty));
        self.out.push(' ');
        self.name(node);
        self.out.push_str(";\n\n");
    }

    /// Defines a struct, union, enum or typedef.
    pub(super) fn define(&mut self, node: Node<'a>) {
        if !self.may_write_more() {
            self.too_large(node);
            return;
        }
        let is_c17_only = self.is_keyword_of_c23(node);
        if is_c17_only {
            self.out.push_str("#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L\n");
        }
        if node.ty.kind() == Kind::Typedef {
            self.typedef(node);
        } else {
            if node.ty.kind().is_enum() {
                self.enumeration(node, Context::default());
            } else {
                self.out.push_str(keyword(node.ty));
                self.out.push(' ');
                self.name(node);
                self.out.push(' ');
                self.body(node, Context::default());
            }
            self.out.push_str(";\n");
        }
        if is_c17_only {
            self.out.push_str("#endif\n");
        }
        self.out.push('\n');
        self.mark(node, DEFINED);
    }

    fn is_keyword_of_c23(&self, node: Node<'a>) -> bool {
        if node.ty.kind() == Kind::Typedef {
            return name_of(node.ty).is_some_and(is_keyword_of_c23);
        }
        let is_keyword = |name: Name<'_>| is_keyword_of_c23(name.as_bytes());
        node.ty.enumerators().iter().any(|enumerator| enumerator.name().is_ok_and(is_keyword))
    }

    fn typedef(&mut self, node: Node<'a>) {
        let Some(to) = self.types.referenced(node) else { return };
        let start = self.out.len();
        // The name, with its flavor.
        self.name(node);
        let name = self.out.split_off(start);
        self.out.push_str("typedef ");
        self.declaration(to, &name, Context::default());
        self.out.push_str(";\n");
    }

    /// Writes the members of a struct or union, in braces, with the attributes after them.
    pub(super) fn body(&mut self, node: Node<'a>, context: Context) {
        let shape = self.layouts.shape(node);
        let is_packed = shape.is_some_and(|shape| shape.is_packed);
        let (members, tail) = self.layouts.place(self.types, node, is_packed);
        let inner = context.deeper();
        self.open.push(node.key);
        self.out.push_str("{\n");
        let is_placed = |place: &Place| *place != Place::Nowhere;
        let last = members.iter().rposition(|(_, place)| is_placed(place));
        let is_struct = node.ty.kind() == Kind::Struct;
        let mut count = 0_usize;
        for (position, (member, place)) in members.into_iter().enumerate() {
            let Place::At { pads, aligned, bits } = place else {
                self.left_out(node, member);
                continue;
            };
            if !self.may_write_more() {
                self.too_large(node);
                break;
            }
            self.pads(pads, inner.depth, !is_struct);
            let may_be_flexible =
                is_struct && count > 0 && last == Some(position) && tail == Pads::default();
            self.member(node, member, bits, aligned, Context { may_be_flexible, ..inner });
            count = count.saturating_add(1);
        }
        self.pads(tail, inner.depth, !is_struct);
        self.open.pop();
        self.indent(context.depth);
        self.out.push('}');
        match shape.map_or((false, 0), |shape| (shape.is_packed, shape.aligned)) {
            (false, 0) => {}
            (true, 0) => self.out.push_str(" __attribute__((packed))"),
            (false, align) => self.out.push_str(&format!(" __attribute__((aligned({align})))")),
            (true, align) => {
                self.out.push_str(&format!(" __attribute__((packed, aligned({align})))"))
            }
        }
    }

    fn member(
        &mut self,
        owner: Node<'a>,
        member: Member<'a>,
        bits: u64,
        aligned: u64,
        context: Context,
    ) {
        let Some(ty) = self.types.follow(owner, member.type_id()) else { return };
        let own = member.name().ok().map(|name| name.as_bytes()).unwrap_or_default();
        let name = identifier(own);
        let is_bitfield = bits > 0;
        self.indent(context.depth);
        self.take_line(own);
        match name {
            Some(name) => self.declaration(ty, name, context),
            None => {
                let whole = self.definition_without_name(ty).filter(|_| own.is_empty());
                match whole {
                    Some(whole) if !is_bitfield => self.unnamed(whole, context),
                    _ => {
                        // Only the space is left.
                        self.differ(owner, Some(member), Reason::Name);
                        let size = self.layouts.shape(ty).map_or(0, |shape| shape.size);
                        let at = member.bit_offset();
                        match is_bitfield {
                            true => self.declaration(ty, "", context),
                            false => self
                                .out
                                .push_str(&format!("unsigned char __unnamed_at_{at}[{size}]")),
                        }
                    }
                }
            }
        }
        if is_bitfield {
            self.out.push_str(&format!(" : {bits}"));
        }
        if aligned > 0 {
            self.out.push_str(&format!(" __attribute__((aligned({aligned})))"));
        }
        self.out.push_str(";\n");
        if let Some(base) = self.base_without_spelling(ty) {
            self.differ(base, None, Reason::Size);
        }
    }

    /// Returns the struct or union whose members a member without a name adds.
    fn definition_without_name(&self, ty: Node<'a>) -> Option<Node<'a>> {
        let mut ty = ty;
        for _ in 0..16 {
            if ty.ty.kind().is_composite() {
                return Some(ty);
            }
            if !ty.ty.kind().is_modifier() && ty.ty.kind() != Kind::Typedef {
                return None;
            }
            ty = self.types.referenced(ty)?;
        }
        None
    }

    /// Writes a member without a name. If its type has one, only an extension of C would find its members
    /// (`-fms-extensions`), so they are written once more.
    fn unnamed(&mut self, whole: Node<'a>, context: Context) {
        if context.depth >= MAX_DEPTH || !self.may_write_more() {
            self.too_large(whole);
            let size = self.layouts.shape(whole).map_or(0, |shape| shape.size);
            self.out.push_str(&format!("struct {{ unsigned char bytes[{size}]; }}"));
            return;
        }
        self.out.push_str(keyword(whole.ty));
        self.out.push(' ');
        self.body(whole, context);
    }

    fn base_without_spelling(&self, ty: Node<'a>) -> Option<Node<'a>> {
        let is_number = matches!(ty.ty.kind(), Kind::Int | Kind::Float);
        (is_number && spelling(ty.ty).is_none()).then_some(ty)
    }

    fn pads(&mut self, pads: Pads, depth: usize, is_union: bool) {
        if pads == Pads::default() {
            return;
        }
        if pads.count() > MAX_PADS {
            self.indent(depth);
            self.out.push_str(&format!(
                "unsigned char __padding_{}[{}];\n",
                pads.start(),
                pads.bytes()
            ));
            return;
        }
        if is_union {
            self.indent(depth);
            self.out.push_str("struct {\n");
        }
        let inner = if is_union { depth.saturating_add(1) } else { depth };
        for bits in pads {
            self.indent(inner);
            let ty = match bits {
                64 => "long",
                32 => "int",
                16 => "short",
                _ => "char",
            };
            self.out.push_str(&format!("{ty} : {bits};\n"));
        }
        if is_union {
            self.indent(depth);
            self.out.push_str("};\n");
        }
    }

    fn left_out(&mut self, node: Node<'a>, member: Member<'a>) {
        let ty = self.types.follow(node, member.type_id());
        let has_size = ty.is_some_and(|ty| self.layouts.contained(node, ty).is_some());
        self.differ(node, Some(member), if has_size { Reason::Place } else { Reason::NoSize });
    }
}
