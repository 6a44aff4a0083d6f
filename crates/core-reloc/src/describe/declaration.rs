//! C declarations.

use alloc::{
    format,
    string::{String, ToString},
};

use btf_types::{Kind, Type};

use super::quote::quote;
use crate::limits::MAX_QUOTE;

/// Writes the C declaration of a name with a type, such as `int (*name)(struct job *, long)`. An empty name
/// gives the type alone. Long declarations are truncated. Type tags are left out, except for attributes
/// (kind_flag): `__attribute__((address_space(1))) int *name`.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # let array = btf.array(int, int, 4);
/// # let pointer = btf.ptr(array);
/// # let bytes = btf.finish()?;
/// use core_reloc::describe::declaration_in_c;
///
/// let btf = Btf::parse(&bytes)?;
/// assert_eq!(declaration_in_c(btf.type_by_id(pointer)?, "counts"), "int (*counts)[4]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn declaration_in_c(ty: Type<'_>, name: &str) -> String {
    declare_within(ty, name, 0)
}

fn declare_within(ty: Type<'_>, declared: &str, depth: usize) -> String {
    /// The number of pointers, arrays, functions and qualifiers that are followed.
    const STEPS: usize = 24;
    let mut declarator = declared.to_string();
    let mut qualifiers = String::new();
    let mut ty = ty;
    for _ in 0..STEPS {
        let next = match ty.kind() {
            Kind::Ptr => {
                declarator = format!("*{qualifiers}{declarator}");
                declarator.truncate(declarator.trim_end().len());
                qualifiers.clear();
                ty.referenced_id()
            }
            Kind::Array => ty.array().map(|array| {
                parenthesize(&mut declarator);
                let len = if array.len == 0 { String::new() } else { array.len.to_string() };
                declarator.push_str(&format!("[{len}]"));
                array.element
            }),
            Kind::FuncProto => {
                parenthesize(&mut declarator);
                declarator.push_str(&parameters(ty, depth));
                ty.referenced_id()
            }
            Kind::Const | Kind::Volatile | Kind::Restrict => {
                qualifiers.push_str(match ty.kind() {
                    Kind::Const => "const ",
                    Kind::Volatile => "volatile ",
                    _ => "restrict ",
                });
                ty.referenced_id()
            }
            Kind::TypeTag => {
                // Other tags are notes for BPF. With kind_flag set, a tag is any attribute of the compiler.
                if ty.kind_flag() {
                    qualifiers.push_str(&format!("__attribute__(({})) ", name(ty)));
                }
                ty.referenced_id()
            }
            _ => None,
        };
        let Some(id) = next.filter(|_| declarator.len() <= MAX_QUOTE) else { break };
        match ty.btf().type_by_id(id) {
            Ok(next) => ty = next,
            Err(_) => return format!("type {id} {declarator}"),
        }
    }
    let base = base(ty);
    let space = if declarator.is_empty() || declarator.starts_with('[') { "" } else { " " };
    let text = format!("{qualifiers}{base}{space}{declarator}");
    if text.len() <= MAX_QUOTE.saturating_mul(2) { text } else { format!("{base} … {declared}") }
}

/// Adds the parentheses that a pointer to an array or function needs.
fn parenthesize(declarator: &mut String) {
    if declarator.starts_with('*') {
        *declarator = format!("({declarator})");
    }
}

fn parameters(proto: Type<'_>, depth: usize) -> String {
    /// The number of parameters that are written.
    const SHOWN: usize = 16;
    /// The number of levels of prototypes that are written.
    const DEPTH: usize = 2;
    if depth >= DEPTH {
        return "(…)".to_string();
    }
    let mut text = String::from("(");
    let count = proto.params().len();
    for (position, param) in proto.params().iter().enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        if position >= SHOWN {
            text.push('…');
            break;
        }
        let is_last = position.saturating_add(1) == count;
        let name = param.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
        match param.ty() {
            Ok(ty) if ty.kind() == Kind::Void && is_last => text.push_str("..."),
            Ok(ty) => text.push_str(&declare_within(ty, &name, depth.saturating_add(1))),
            Err(_) => text.push_str(&format!("type {}", param.type_id())),
        }
    }
    if count == 0 {
        text.push_str("void");
    }
    text.push(')');
    text
}

fn name(ty: Type<'_>) -> String {
    ty.name().map_or_else(|_| "?".to_string(), |name| quote(&name))
}

/// Returns the start of a declaration: `struct job`, `int`, `void`.
fn base(ty: Type<'_>) -> String {
    match (ty.kind(), keyword(ty), name(ty)) {
        (Kind::Void, ..) => "void".to_string(),
        (_, "", name) if name.is_empty() => format!("type {}", ty.id()),
        (_, "", name) => name,
        (_, keyword, name) if name.is_empty() => format!("{keyword} {{…}}"),
        (_, keyword, name) => format!("{keyword} {name}"),
    }
}

fn keyword(ty: Type<'_>) -> &'static str {
    match ty.kind() {
        Kind::Union => "union",
        Kind::Fwd if ty.kind_flag() => "union",
        Kind::Struct | Kind::Fwd => "struct",
        Kind::Enum | Kind::Enum64 => "enum",
        _ => "",
    }
}
