//! Writes declarations of a name with a type.

use btf_types::Kind;
use smallvec::SmallVec;

use super::{
    Reason,
    names::{TypeName, name_of},
    types::Node,
    words::{identifier, spelling},
    writer::{Context, DEFINED, MAX_DEPTH, Writer},
};
use crate::definition::keyword;

/// The number of pointers, arrays, functions and qualifiers of one declaration.
const MAX_STEPS: usize = 32;

/// A part of a declarator, from the name outwards.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Pointer(Qualifiers),
    Array(u32),
    Function(Node<'a>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Qualifiers {
    is_const: bool,
    is_volatile: bool,
    is_restrict: bool,
    /// The number of an address space, for pointers into arenas.
    space: u32,
}

impl Qualifiers {
    fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Const => self.is_const = true,
            Kind::Volatile => self.is_volatile = true,
            _ => self.is_restrict = true,
        }
    }

    fn write(self, out: &mut String) {
        if self.is_const {
            out.push_str("const ");
        }
        if self.is_volatile {
            out.push_str("volatile ");
        }
        if self.space > 0 {
            out.push_str(&format!("__attribute__((address_space({}))) ", self.space));
        }
    }
}

/// What a declaration starts with.
#[derive(Debug, Clone, Copy)]
enum Base<'a> {
    Type(Node<'a>),
    Word(&'static str),
}

impl<'a> Writer<'_, 'a> {
    /// Writes the declaration of a name with a type. Anonymous types are defined in it.
    pub(super) fn declaration(&mut self, node: Node<'a>, name: &str, context: Context) {
        let mut steps: SmallVec<[Step<'a>; 8]> = SmallVec::new();
        let (base, qualifiers) = self.split(node, &mut steps);
        qualifiers.write(&mut self.out);
        match base {
            Base::Word(word) => self.out.push_str(word),
            Base::Type(ty) => {
                let is_pointed_to = matches!(steps.last(), Some(Step::Pointer(_)));
                let is_contained = steps.iter().all(|step| matches!(step, Step::Array(_)));
                if !is_contained && self.names.is_inline(ty) && !self.can_define(ty) {
                    self.differ(ty, None, Reason::Circle);
                    let is_element = matches!(steps.last(), Some(Step::Array(_)));
                    self.out.push_str(if is_element { "char" } else { "void" });
                } else {
                    self.base(ty, is_pointed_to, context);
                }
            }
        }
        if let [Step::Pointer(qualifiers)] = steps[..]
            && qualifiers == Qualifiers::default()
        {
            self.out.push_str(" *");
            self.out.push_str(name);
            return;
        }
        if steps.is_empty() {
            if !name.is_empty() {
                self.out.push(' ');
                self.out.push_str(name);
            }
            return;
        }
        let declarator = self.declarator(name, &steps, context);
        self.out.push(' ');
        self.out.push_str(&declarator);
    }

    /// Splits a type into what a declaration starts with and the parts of its declarator.
    fn split(&self, node: Node<'a>, steps: &mut SmallVec<[Step<'a>; 8]>) -> (Base<'a>, Qualifiers) {
        let mut qualifiers = Qualifiers::default();
        let mut node = node;
        for _ in 0..MAX_STEPS {
            let last = steps.last().copied();
            let next = match node.ty.kind() {
                kind @ (Kind::Const | Kind::Volatile | Kind::Restrict) => {
                    qualifiers.add(kind);
                    self.types.referenced(node)
                }
                Kind::TypeTag => {
                    qualifiers.space = address_space(node).unwrap_or(qualifiers.space);
                    self.types.referenced(node)
                }
                Kind::Ptr => {
                    steps.push(Step::Pointer(std::mem::take(&mut qualifiers)));
                    self.types.referenced(node)
                }
                Kind::Array => {
                    let array = node.ty.array();
                    let element = array.and_then(|array| self.types.follow(node, array.element));
                    let element = element.filter(|element| self.has_size(*element));
                    let (Some(array), Some(element)) = (array, element) else {
                        return (Base::Word("char"), qualifiers);
                    };
                    if matches!(last, Some(Step::Function(_))) {
                        return (Base::Word("char"), qualifiers);
                    }
                    steps.push(Step::Array(array.len));
                    Some(element)
                }
                Kind::FuncProto => {
                    if matches!(last, Some(Step::Function(_) | Step::Array(_))) {
                        return (Base::Word("char"), qualifiers);
                    }
                    qualifiers = Qualifiers::default();
                    steps.push(Step::Function(node));
                    self.types.referenced(node)
                }
                // One that cannot be written yet is part of a circle.
                Kind::Typedef if !self.has(node, DEFINED) => self.types.referenced(node),
                Kind::Fwd => {
                    return (Base::Type(self.names.definition(self.types, node)), qualifiers);
                }
                kind if kind.is_composite() || kind.is_enum() => {
                    return (Base::Type(node), qualifiers);
                }
                Kind::Int | Kind::Float | Kind::Typedef => return (Base::Type(node), qualifiers),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        let is_element = matches!(steps.last(), Some(Step::Array(_)));
        (Base::Word(if is_element { "char" } else { "void" }), qualifiers)
    }

    /// Returns `true` if a type has a size at this point of the header.
    fn has_size(&self, node: Node<'a>) -> bool {
        let mut node = node;
        for _ in 0..MAX_STEPS {
            let kind = node.ty.kind();
            let next = match kind {
                Kind::Struct | Kind::Union => {
                    return self.names.is_inline(node) || self.has(node, DEFINED);
                }
                Kind::Array => {
                    node.ty.array().and_then(|array| self.types.follow(node, array.element))
                }
                _ if kind.is_modifier() || kind == Kind::Typedef => self.types.referenced(node),
                _ => return self.layouts.shape(node).is_some(),
            };
            let Some(next) = next else { return false };
            node = next;
        }
        false
    }

    /// Returns `true` if all that a type without a name contains is defined at this point of the header.
    fn can_define(&self, node: Node<'a>) -> bool {
        /// The number of members that are looked at; no type of the kernel without a name has more.
        const MEMBERS: usize = 1 << 12;
        let mut open = vec![node];
        let mut left = MEMBERS;
        while let Some(node) = open.pop() {
            if self.open.contains(&node.key) {
                return false;
            }
            for member in node.ty.members() {
                let Some(rest) = left.checked_sub(1) else { return false };
                left = rest;
                let ty = self.types.follow(node, member.type_id());
                match ty.and_then(|ty| self.contained_composite(ty)) {
                    Some(inner) if self.names.is_inline(inner) => open.push(inner),
                    Some(inner) if !self.has(inner, DEFINED) => return false,
                    _ => {}
                }
            }
        }
        true
    }

    /// Returns the struct or union that a type is, or an array of.
    fn contained_composite(&self, node: Node<'a>) -> Option<Node<'a>> {
        let mut node = node;
        for _ in 0..MAX_STEPS {
            let kind = node.ty.kind();
            node = match kind {
                Kind::Struct | Kind::Union => return Some(node),
                Kind::Array => self.types.follow(node, node.ty.array()?.element)?,
                _ if kind.is_modifier() || kind == Kind::Typedef => self.types.referenced(node)?,
                _ => return None,
            };
        }
        None
    }

    /// Writes what a declaration starts with.
    fn base(&mut self, node: Node<'a>, is_pointed_to: bool, context: Context) {
        let kind = node.ty.kind();
        if matches!(kind, Kind::Int | Kind::Float) {
            match spelling(node.ty) {
                Some(spelling) => self.out.push_str(spelling),
                None => self.bytes(node),
            }
        } else if kind == Kind::Typedef {
            self.name(node);
        } else if matches!(self.names.of(node), TypeName::Own(_)) {
            self.out.push_str(keyword(node.ty));
            self.out.push(' ');
            self.name(node);
        } else if kind.is_enum() {
            self.inline_enum(node, context);
        } else if kind == Kind::Fwd
            || is_pointed_to
                && (context.is_in_prototype || self.names.of(node) == TypeName::Unusable)
        {
            self.out.push_str("void");
        } else if context.depth >= MAX_DEPTH || !self.may_write_more() {
            self.too_large(node);
            self.bytes(node);
        } else {
            self.out.push_str(keyword(node.ty));
            self.out.push(' ');
            self.body(node, context);
        }
    }

    /// Writes a type of as many bytes as another one.
    fn bytes(&mut self, node: Node<'a>) {
        let size = self.layouts.shape(node).map_or(0, |shape| shape.size);
        self.out.push_str(&format!("struct {{ unsigned char bytes[{size}]; }}"));
    }

    fn declarator(&mut self, name: &str, steps: &[Step<'a>], context: Context) -> String {
        let mut text = name.to_string();
        let mut is_first_array = context.may_be_flexible;
        for step in steps {
            match step {
                Step::Pointer(qualifiers) => {
                    let mut pointer = String::from("*");
                    qualifiers.write(&mut pointer);
                    if qualifiers.is_restrict {
                        pointer.push_str("restrict ");
                    }
                    pointer.push_str(&text);
                    pointer.truncate(pointer.trim_end().len());
                    text = pointer;
                }
                Step::Array(len) => {
                    parenthesize(&mut text);
                    match len {
                        0 if is_first_array => text.push_str("[]"),
                        len => text.push_str(&format!("[{len}]")),
                    }
                }
                Step::Function(proto) => {
                    parenthesize(&mut text);
                    let params = self.parameters(*proto, context.deeper());
                    text.push_str(&params);
                }
            }
            is_first_array = false;
        }
        text
    }

    /// Returns the parameters of a prototype, with their names if C allows them.
    fn parameters(&mut self, proto: Node<'a>, context: Context) -> String {
        if context.depth >= MAX_DEPTH || !self.may_write_more() {
            return "()".to_string();
        }
        let context = Context { is_in_prototype: true, ..context };
        // What is written is put aside.
        let before = std::mem::take(&mut self.out);
        /// The number of parameters up to which they have names.
        const NAMED: usize = 64;
        let params = proto.ty.params();
        let mut names: SmallVec<[&str; 8]> = SmallVec::new();
        for (position, param) in params.iter().enumerate() {
            if position > 0 {
                self.out.push_str(", ");
            }
            let name = param.name().ok().and_then(|name| identifier(name.as_bytes())).unwrap_or("");
            // A parameter hides a type of its name from the next parameters.
            let is_usable = params.len() <= NAMED
                && !self.names.idents().has(name.as_bytes())
                && !names.contains(&name);
            self.take_line(name.as_bytes());
            let name = if is_usable { name } else { "" };
            names.push(name);
            let is_last = position.saturating_add(1) == params.len();
            match self.types.follow(proto, param.type_id()) {
                Some(ty) if ty.ty.kind() == Kind::Void && is_last && position > 0 => {
                    self.out.push_str("...");
                }
                Some(ty) if ty.ty.kind() != Kind::Void => self.declaration(ty, name, context),
                _ => self.out.push_str("void *"),
            }
        }
        if params.is_empty() {
            self.out.push_str("void");
        }
        let written = std::mem::replace(&mut self.out, before);
        format!("({written})")
    }
}

/// Adds the parentheses that a pointer to an array or function needs.
fn parenthesize(declarator: &mut String) {
    if declarator.starts_with('*') {
        *declarator = format!("({declarator})");
    }
}

/// Returns the number in a type tag that is the attribute `address_space`.
fn address_space(tag: Node<'_>) -> Option<u32> {
    let text = name_of(tag.ty).filter(|_| tag.ty.kind_flag())?;
    let number = text.strip_prefix(b"address_space(")?.strip_suffix(b")")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}
