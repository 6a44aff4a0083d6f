//! Prints all facts of a BTF in the format of `bpftool btf dump file`.

use std::fmt::{Display, Write};

use btf_types::{Btf, DeclTarget, Kind, Linkage, Name, Type};

/// Returns the own types of a BTF as text.
pub(crate) fn dump(btf: &Btf<'_>) -> String {
    let mut out = String::new();
    for ty in btf.own_types() {
        dump_type(&mut out, ty).unwrap();
    }
    out
}

fn dump_type(out: &mut String, ty: Type<'_>) -> std::fmt::Result {
    write!(out, "{} {} {}", ty.id(), ty.kind(), quoted(ty.name().unwrap()))?;
    let size = ty.stated_size().unwrap_or_default();
    let reference = ty.referenced_id().unwrap_or_default().0;
    let vlen = ty.vlen();
    match ty.kind() {
        Kind::Int => {
            let int = ty.int().unwrap();
            let encoding = match int.to_string().as_str() {
                "SIGNED CHAR" => "UNKN".into(),
                encoding => encoding.to_owned(),
            };
            let (offset, bits) = (int.bit_offset(), int.bits());
            writeln!(out, " size={size} bits_offset={offset} nr_bits={bits} encoding={encoding}")?;
        }
        Kind::Ptr
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::TypeTag => writeln!(out, " type_id={reference}")?,
        Kind::Array => {
            let array = ty.array().unwrap();
            let (element, index, len) = (array.element.0, array.index.0, array.len);
            writeln!(out, " type_id={element} index_type_id={index} nr_elems={len}")?;
        }
        Kind::Struct | Kind::Union => {
            writeln!(out, " size={size} vlen={vlen}")?;
            for member in ty.members() {
                let name = quoted(member.name().unwrap());
                let (id, offset) = (member.type_id().0, member.bit_offset());
                write!(out, "\t{name} type_id={id} bits_offset={offset}")?;
                match member.bitfield_size() {
                    0 => writeln!(out)?,
                    bits => writeln!(out, " bitfield_size={bits}")?,
                }
            }
        }
        Kind::Enum | Kind::Enum64 => {
            let encoding = if ty.kind_flag() { "SIGNED" } else { "UNSIGNED" };
            let suffix = match (ty.kind(), ty.kind_flag()) {
                (Kind::Enum, _) => "",
                (_, true) => "LL",
                (_, false) => "ULL",
            };
            writeln!(out, " encoding={encoding} size={size} vlen={vlen}")?;
            for enumerator in ty.enumerators() {
                let name = quoted(enumerator.name().unwrap());
                writeln!(out, "\t{name} val={}{suffix}", enumerator.value())?;
            }
        }
        Kind::Fwd => {
            let kind = if ty.fwd_is_union().unwrap() { "union" } else { "struct" };
            writeln!(out, " fwd_kind={kind}")?;
        }
        Kind::Func => {
            writeln!(out, " type_id={reference} linkage={}", linkage(ty))?;
        }
        Kind::FuncProto => {
            writeln!(out, " ret_type_id={reference} vlen={vlen}")?;
            for param in ty.params() {
                let name = quoted(param.name().unwrap());
                writeln!(out, "\t{name} type_id={}", param.type_id().0)?;
            }
        }
        Kind::Var => {
            writeln!(out, " type_id={reference}, linkage={}", linkage(ty))?;
        }
        Kind::DataSec => {
            writeln!(out, " size={size} vlen={vlen}")?;
            for variable in ty.variables() {
                let (id, offset, size) = (variable.type_id().0, variable.offset(), variable.size());
                let target = variable.ty().unwrap();
                let name = quoted(target.name().unwrap());
                let kind = target.kind();
                writeln!(out, "\ttype_id={id} offset={offset} size={size} ({kind} {name})")?;
            }
        }
        Kind::Float => writeln!(out, " size={size}")?,
        Kind::DeclTag => {
            let component: i64 = match ty.decl_target().unwrap() {
                DeclTarget::Declaration => -1,
                DeclTarget::Component(index) => index.into(),
            };
            writeln!(out, " type_id={reference} component_idx={component}")?;
        }
        _ => writeln!(out)?,
    }
    Ok(())
}

fn quoted(name: Name<'_>) -> impl Display {
    if name.is_empty() { "'(anon)'".into() } else { format!("'{name}'") }
}

fn linkage(ty: Type<'_>) -> &'static str {
    match ty.linkage().unwrap() {
        Linkage::Static => "static",
        Linkage::Global => "global",
        Linkage::Extern => "extern",
        _ => "(unknown)",
    }
}
