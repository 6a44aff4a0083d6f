//! `core-reloc dump`.

use std::io::{self, Write};

use btf_types::{Btf, Kind, Type, TypeId};
use core_reloc::type_in_c;
use core_reloc_sys::Kernel;
use core_reloc_tools::definition::Definition;
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Ending,
    arguments::{Dump, Format},
    failure::Failure,
    message,
    output::stdout,
    target::with_types,
};

pub(crate) fn run(arguments: &Dump) -> Result<Ending, Failure> {
    let is_missing = |btf: &Btf<'_>| arguments.types.iter().any(|name| find(btf, name).is_empty());
    with_types(&arguments.target, &Kernel::running(), is_missing, |btf, modules| {
        dump(arguments, btf, modules)
    })?
}

fn dump(arguments: &Dump, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]) -> Result<Ending, Failure> {
    let mut out = stdout();
    let format = arguments.format.format;
    let mut ending = Ending::Good;
    let modules = modules.iter().map(|(name, btf)| (Some(*name), btf));
    let everywhere: Vec<_> = std::iter::once((None, btf)).chain(modules).collect();
    if arguments.types.is_empty() {
        for (module, btf) in &everywhere {
            for ty in btf.own_types() {
                print(ty, *module, format, &mut out)?;
            }
        }
    }
    for wanted in &arguments.types {
        let mut found = false;
        for (module, btf) in &everywhere {
            for ty in find(btf, wanted) {
                print(ty, *module, format, &mut out)?;
                found = true;
            }
        }
        if !found {
            message::error(format_args!("there is no type `{wanted}`"));
            ending = Ending::Bad;
        }
    }
    out.flush()?;
    Ok(ending)
}

/// The types of an id or a name, apart from those of a base.
fn find<'a>(btf: &'a Btf<'a>, wanted: &str) -> Vec<Type<'a>> {
    if let Ok(id) = wanted.parse() {
        let id = TypeId(id);
        let is_own = btf.base().is_none() || id >= btf.start_id();
        return btf.type_by_id(id).ok().filter(|_| is_own).into_iter().collect();
    }
    let (keyword, name) = match wanted.split_once(' ') {
        Some((keyword @ ("struct" | "union" | "enum"), name)) => (keyword, name.trim()),
        _ => ("", wanted),
    };
    let is_of_sort = |kind: Kind| match keyword {
        "struct" => kind == Kind::Struct,
        "union" => kind == Kind::Union,
        "enum" => kind.is_enum(),
        _ => true,
    };
    let is_it =
        |ty: &Type<'_>| !name.is_empty() && ty.is_named(name.as_bytes()) && is_of_sort(ty.kind());
    btf.own_types().filter(is_it).collect()
}

fn print(
    ty: Type<'_>,
    module: Option<&str>,
    format: Format,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Text => text(ty, module, out),
        Format::Json => json(ty, module, out),
    }
}

/// Prints a definition as pahole does, under a comment that says what it is.
fn text(ty: Type<'_>, module: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let definition = Definition::of(ty);
    let size = definition.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
    let module = module.map(|module| format!(", of module {module}")).unwrap_or_default();
    let about = format!("/* {} {}{size}{module} */", ty.id(), ty.kind());
    writeln!(out, "{}", about.dimmed())?;
    writeln!(out, "{}", definition.head)?;
    let width = |line: &core_reloc_tools::definition::DefinitionLine| {
        2 * line.depth + line.text.chars().count()
    };
    let places = definition.lines.iter().filter(|line| line.layout.is_some());
    let column = places.map(width).max().unwrap_or(0);
    for line in &definition.lines {
        let indent = "  ".repeat(line.depth);
        let text = format!("{indent}{}", line.text);
        match line.layout {
            Some(layout) => writeln!(out, "    {text:column$} {}", layout.dimmed())?,
            None => writeln!(out, "    {text}")?,
        }
    }
    if definition.is_cut {
        writeln!(out, "    /* and more */")?;
    }
    if !definition.tail.is_empty() {
        writeln!(out, "{}", definition.tail)?;
    }
    writeln!(out)
}

/// A line of `dump`.
#[derive(Serialize)]
struct Line {
    id: u32,
    /// The module whose own type it is.
    module: Option<String>,
    kind: &'static str,
    name: Option<String>,
    size: Option<u32>,
    /// What the type refers to, or the element of an array.
    type_id: Option<u32>,
    r#type: Option<String>,
    /// The length of an array.
    len: Option<u32>,
    members: Vec<MemberObject>,
    enumerators: Vec<EnumeratorObject>,
    parameters: Vec<ParameterObject>,
}

#[derive(Serialize)]
struct MemberObject {
    name: Option<String>,
    type_id: u32,
    r#type: Option<String>,
    bit_offset: u32,
    bitfield_size: u8,
}

#[derive(Serialize)]
struct EnumeratorObject {
    name: Option<String>,
    value: i128,
}

#[derive(Serialize)]
struct ParameterObject {
    name: Option<String>,
    type_id: u32,
    r#type: Option<String>,
}

fn json(ty: Type<'_>, module: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let in_c = |id: TypeId| ty.btf().type_by_id(id).ok().map(type_in_c);
    let refers = ty.referenced_id().or(ty.array().map(|array| array.element));
    let members = ty.members().iter().map(|member| MemberObject {
        name: member.name().ok().map(|name| name.to_string()),
        type_id: member.type_id().0,
        r#type: in_c(member.type_id()),
        bit_offset: member.bit_offset(),
        bitfield_size: member.bitfield_size(),
    });
    let enumerators = ty.enumerators().iter().map(|enumerator| EnumeratorObject {
        name: enumerator.name().ok().map(|name| name.to_string()),
        value: enumerator.value(),
    });
    let parameters = ty.params().iter().map(|param| ParameterObject {
        name: param.name().ok().map(|name| name.to_string()),
        type_id: param.type_id().0,
        r#type: in_c(param.type_id()),
    });
    let line = Line {
        id: ty.id().0,
        module: module.map(ToString::to_string),
        kind: ty.kind().name(),
        name: ty.name().ok().map(|name| name.to_string()),
        size: ty.size().ok(),
        type_id: refers.map(|id| id.0),
        r#type: refers.and_then(in_c),
        len: ty.array().map(|array| array.len),
        members: members.collect(),
        enumerators: enumerators.collect(),
        parameters: parameters.collect(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
