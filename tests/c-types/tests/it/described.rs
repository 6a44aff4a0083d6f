//! Types as text, without ids, to compare BTFs of different origin.

use std::fmt::Write;

use btf_types::{Btf, Kind, Type, TypeId};

/// Describes every named type of a BTF, a line each, in the order of the names.
pub(crate) fn named_types(btf: &Btf<'_>) -> Vec<String> {
    let named = btf.own_types().filter(|ty| ty.name().is_ok_and(|name| !name.is_empty()));
    let mut lines: Vec<String> = named.map(|ty| definition(btf, ty)).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Describes a type with what it consists of.
fn definition(btf: &Btf<'_>, ty: Type<'_>) -> String {
    let mut text = format!("{} {}", ty.kind(), ty.name().unwrap());
    match ty.kind() {
        Kind::Int => write!(text, " {} {:?}", ty.size().unwrap(), ty.int()),
        Kind::Float => write!(text, " {}", ty.size().unwrap()),
        Kind::Struct | Kind::Union => {
            write!(text, " size {}", ty.size().unwrap()).unwrap();
            for member in ty.members() {
                let (at, bits) = (member.bit_offset(), member.bitfield_size());
                let (name, of) = (member.name().unwrap(), mention(btf, member.type_id()));
                write!(text, "; {name} at {at} bits {bits:?}: {of}").unwrap();
            }
            Ok(())
        }
        Kind::Enum | Kind::Enum64 => {
            write!(text, " size {} signed {}", ty.size().unwrap(), ty.kind_flag()).unwrap();
            for enumerator in ty.enumerators() {
                write!(text, "; {} = {}", enumerator.name().unwrap(), enumerator.value()).unwrap();
            }
            Ok(())
        }
        Kind::Fwd => write!(text, " union {}", ty.kind_flag()),
        Kind::FuncProto => {
            write!(text, "{}", mention(btf, ty.referenced_id().unwrap())).unwrap();
            for param in ty.params() {
                write!(text, ", {} {}", param.name().unwrap(), mention(btf, param.type_id()))
                    .unwrap();
            }
            Ok(())
        }
        Kind::Array => {
            let array = ty.array().unwrap();
            write!(text, "[{}] of {}", array.len, mention(btf, array.element))
        }
        _ => write!(text, " of {}", mention(btf, ty.referenced_id().unwrap_or(TypeId::VOID))),
    }
    .unwrap();
    text
}

/// Names a type, or describes it if it has no name.
fn mention(btf: &Btf<'_>, id: TypeId) -> String {
    if id == TypeId::VOID {
        return "void".into();
    }
    let ty = btf.type_by_id(id).unwrap();
    let name = ty.name().unwrap();
    if name.is_empty() || ty.kind() == Kind::TypeTag {
        format!("({})", definition(btf, ty))
    } else {
        format!("{} {name}", ty.kind())
    }
}
