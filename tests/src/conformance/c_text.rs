//! Types as C text, with their ids and offsets, for reports.

use std::fmt::Write;

use btf_types::{Btf, Kind, Type, TypeId};

/// Returns the types of well-formed BTF, without those of its base.
pub(super) fn types_in_c(btf: &Btf<'_>) -> String {
    let mut text = String::new();
    for ty in btf.own_types() {
        writeln!(text, "  {} {}", ty.id(), define(ty)).expect("a string accepts any text");
    }
    text
}

/// Returns the definition of a type.
fn define(ty: Type<'_>) -> String {
    let size =
        |ty: Type<'_>| ty.size().map_or_else(|_| "no size".to_string(), |size| size.to_string());
    match ty.kind() {
        Kind::Int => {
            let encoding = ty.int().map(|int| int.to_string()).unwrap_or_default();
            format!("{} // {} bytes, {encoding}", reference(ty), size(ty))
        }
        Kind::Float => format!("{} // float of {} bytes", reference(ty), size(ty)),
        Kind::Struct | Kind::Union => {
            let mut text = format!("{} {{ // {} bytes", reference(ty), size(ty));
            for member in ty.members() {
                let declared = declare(ty.btf(), member.type_id(), name(member.name()));
                let bits = match member.bitfield_size() {
                    0 => String::new(),
                    bits => format!(" : {bits}"),
                };
                write!(text, "\n        {declared}{bits}; // bit {}", member.bit_offset())
                    .expect("a string accepts any text");
            }
            text + "\n      }"
        }
        Kind::Enum | Kind::Enum64 => {
            let sign = if ty.kind_flag() { "signed" } else { "unsigned" };
            let enumerators = ty.enumerators();
            let enumerators =
                enumerators.iter().map(|one| format!("{} = {}", name(one.name()), one.value()));
            let enumerators = enumerators.collect::<Vec<_>>().join(", ");
            format!("{} {{ {enumerators} }} // {} bytes, {sign}", reference(ty), size(ty))
        }
        Kind::Fwd => format!("{};", reference(ty)),
        Kind::Typedef => {
            let declared = ty.referenced_id().map(|of| declare(ty.btf(), of, reference(ty)));
            format!("typedef {}", declared.unwrap_or_default())
        }
        Kind::Var | Kind::Func => {
            let declared = ty.referenced_id().map(|of| declare(ty.btf(), of, reference(ty)));
            format!("{} {}", ty.kind(), declared.unwrap_or_default())
        }
        kind => format!("{kind}: {}", declare(ty.btf(), ty.id(), String::new())),
    }
}

/// Returns a declaration. C declarators nest, so `inner` is the name with the declarators so far.
fn declare(btf: &Btf<'_>, of: TypeId, inner: String) -> String {
    let Ok(ty) = btf.type_by_id(of) else { return format!("{inner} of missing type {of}") };
    let of = |inner: String| match ty.referenced_id() {
        Some(of) => declare(btf, of, inner),
        None => inner,
    };
    let is_pointer = inner.starts_with('*');
    let grouped = |inner: String| if is_pointer { format!("({inner})") } else { inner };
    match ty.kind() {
        Kind::Ptr => of(format!("*{inner}")),
        Kind::Array => {
            let array = ty.array().expect("an array");
            declare(btf, array.element, format!("{}[{}]", grouped(inner), array.len))
        }
        Kind::FuncProto => {
            let params = ty.params();
            let params: Vec<String> = params
                .iter()
                .map(|param| declare(btf, param.type_id(), name(param.name())))
                .collect();
            of(format!("{}({})", grouped(inner), params.join(", ")))
        }
        Kind::Const => of(format!("const {inner}")),
        Kind::Volatile => of(format!("volatile {inner}")),
        Kind::Restrict => of(format!("restrict {inner}")),
        Kind::TypeTag => of(format!("tag({}) {inner}", name(ty.name()))),
        Kind::Void if inner.is_empty() => "void".to_string(),
        Kind::Void => format!("void {inner}"),
        _ if inner.is_empty() => reference(ty),
        _ => format!("{} {inner}", reference(ty)),
    }
}

/// Returns the name of a type; the id of an anonymous type.
fn reference(ty: Type<'_>) -> String {
    let word = match ty.kind() {
        Kind::Struct => "struct ",
        Kind::Union => "union ",
        Kind::Enum => "enum ",
        Kind::Enum64 => "enum64 ",
        Kind::Fwd if ty.fwd_is_union() == Some(true) => "union ",
        Kind::Fwd => "struct ",
        _ => "",
    };
    match name(ty.name()) {
        // An id is displayed in brackets.
        name if name.is_empty() => format!("{word}{}", ty.id()),
        name => format!("{word}{name}"),
    }
}

fn name(name: btf_types::Result<btf_types::Name<'_>>) -> String {
    name.map_or_else(|error| format!("<{error}>"), |name| name.to_string())
}
