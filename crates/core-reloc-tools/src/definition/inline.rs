//! Types without a name, which C defines where they are used.

use btf_types::{Kind, Type};

/// A type without a name that a declaration starts with, and what its declarator makes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inline<'a> {
    pub(crate) ty: Type<'a>,
    is_array: bool,
    is_pointer: bool,
    is_result: bool,
}

impl<'a> Inline<'a> {
    /// Finds the struct, union or enum without a name that the declaration of a type has to define.
    pub(crate) fn of(ty: Type<'a>) -> Option<Self> {
        /// The number of steps; a declaration follows as many.
        const STEPS: usize = 24;
        let mut inline = Self { ty, is_array: false, is_pointer: false, is_result: false };
        for _ in 0..STEPS {
            let kind = inline.ty.kind();
            let next = match kind {
                Kind::Array => inline.ty.array()?.element,
                Kind::Ptr
                | Kind::FuncProto
                | Kind::Const
                | Kind::Volatile
                | Kind::Restrict
                | Kind::TypeTag => inline.ty.referenced_id()?,
                _ => {
                    let has_body = kind.is_composite() || kind.is_enum();
                    let is_anonymous = inline.ty.name().is_ok_and(|name| name.is_empty());
                    return (has_body && is_anonymous).then_some(inline);
                }
            };
            inline.is_array |= kind == Kind::Array;
            inline.is_pointer |= kind == Kind::Ptr;
            inline.is_result |= kind == Kind::FuncProto;
            inline.ty = inline.ty.btf().type_by_id(next).ok()?;
        }
        None
    }

    /// Returns `true` if a member with this type does not contain the values of the type, but refers to
    /// them.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_pointer || self.is_result
    }

    /// Returns the path of the members of the type, given that of the member: `pairs[]` for the elements
    /// of an array, `ops->` for what a pointer points to.
    pub(crate) fn extend(&self, path: &str) -> String {
        let call = if self.is_result { "()" } else { "" };
        let element = if self.is_array { "[]" } else { "" };
        let arrow = if self.is_pointer && !self.is_result { "->" } else { "" };
        format!("{path}{call}{element}{arrow}")
    }
}

/// Splits the declaration of something with a type, in which the type without a name that it starts with is
/// written as `{…}`. Returns the line before the body of that type, the type, and the line after the body;
/// `None` if there is no such type.
pub(super) fn split_inline<'a>(
    ty: Type<'a>,
    declaration: &str,
) -> Option<(String, Inline<'a>, String)> {
    let inline = Inline::of(ty)?;
    // Only qualifiers and a keyword stand before it.
    let (before, after) = declaration.split_once("{…}")?;
    let after = if after.starts_with([';', ' ']) { after.to_string() } else { format!(" {after}") };
    Some((format!("{before}{{"), inline, format!("}}{after}")))
}
