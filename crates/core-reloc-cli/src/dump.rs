//! `core-reloc dump`.

use std::io::{self, Write};

use btf_types::{Btf, Kind, Type, TypeId};
use core_reloc::{
    enums::{EnumReader, EnumValue},
    type_in_c,
};
use core_reloc_sys::Kernel;
use core_reloc_tools::definition::{Definition, DefinitionLine, MemberLayout};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Dump, Format},
    failure::Failure,
    format::json_line,
    target::with_types,
    terminal::{self, stdout},
};

pub(crate) fn run(arguments: &Dump) -> Result<Completion, Failure> {
    let is_missing = |btf: &Btf<'_>| arguments.types.iter().any(|name| find(btf, name).is_empty());
    with_types(&arguments.target, &Kernel::running(), is_missing, |btf, modules| {
        dump(arguments, btf, modules)
    })?
}

fn dump(
    arguments: &Dump,
    btf: &Btf<'_>,
    modules: &[(&str, Btf<'_>)],
) -> Result<Completion, Failure> {
    let mut out = stdout();
    let format = arguments.format.format;
    let mut completion = Completion::Success;
    let modules = modules.iter().map(|(name, btf)| (Some(*name), btf));
    let all = std::iter::once((None, btf)).chain(modules);
    let all: Vec<_> = all.map(|(module, btf)| (module, btf, EnumReader::new(btf))).collect();
    if arguments.types.is_empty() {
        for (module, btf, enums) in &all {
            for ty in btf.own_types() {
                print(ty, *module, enums, format, &mut out)?;
            }
        }
    }
    for name in &arguments.types {
        let mut found = false;
        for (module, btf, enums) in &all {
            for ty in find(btf, name) {
                print(ty, *module, enums, format, &mut out)?;
                found = true;
            }
        }
        if !found {
            terminal::error(format_args!("type `{name}` not found"));
            completion = Completion::Negative;
        }
    }
    out.flush()?;
    Ok(completion)
}

/// Finds the types with an id or a name, without those of a base.
fn find<'a>(btf: &'a Btf<'a>, id_or_name: &str) -> Vec<Type<'a>> {
    if let Ok(id) = id_or_name.parse() {
        let id = TypeId(id);
        let is_own = btf.base().is_none() || id >= btf.start_id();
        return btf.type_by_id(id).ok().filter(|_| is_own).into_iter().collect();
    }
    let (keyword, name) = match id_or_name.split_once(' ') {
        Some((keyword @ ("struct" | "union" | "enum"), name)) => (keyword, name.trim()),
        _ => ("", id_or_name),
    };
    let has_kind = |kind: Kind| match keyword {
        "struct" => kind == Kind::Struct,
        "union" => kind == Kind::Union,
        "enum" => kind.is_enum(),
        _ => true,
    };
    let is_named =
        |ty: &Type<'_>| !name.is_empty() && ty.is_named(name.as_bytes()) && has_kind(ty.kind());
    btf.own_types().filter(is_named).collect()
}

fn print(
    ty: Type<'_>,
    module: Option<&str>,
    enums: &EnumReader<'_>,
    format: Format,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Text => text(ty, module, enums, out),
        Format::Json => json(ty, module, enums, out),
    }
}

/// Prints a definition in pahole's style, below a comment with its id, kind and size.
fn text(
    ty: Type<'_>,
    module: Option<&str>,
    enums: &EnumReader<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let definition = Definition::with(ty, enums);
    let size = definition.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
    let module = module.map(|module| format!(", of module {module}")).unwrap_or_default();
    let comment = format!("/* {} {}{size}{module} */", ty.id(), ty.kind());
    writeln!(out, "{}", comment.dimmed())?;
    writeln!(out, "{}", definition.head)?;
    let width = |line: &DefinitionLine| 2 * line.depth + line.text.chars().count();
    let members = definition.lines.iter().filter(|line| line.layout.is_some());
    let column = members.map(width).max().unwrap_or(0);
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

/// A line of JSON.
#[derive(Serialize)]
struct Line {
    id: u32,
    /// The module that defines the type; `None` for the kernel.
    module: Option<String>,
    kind: &'static str,
    name: Option<String>,
    size: Option<u32>,
    /// The type that this one refers to, or the element type of an array.
    type_id: Option<u32>,
    r#type: Option<String>,
    /// The length of an array.
    len: Option<u32>,
    members: Vec<MemberKeys>,
    enumerators: Vec<EnumeratorKeys>,
    parameters: Vec<ParameterKeys>,
}

#[derive(Serialize)]
struct MemberKeys {
    name: Option<String>,
    type_id: u32,
    r#type: Option<String>,
    bit_offset: u64,
    bitfield_size: u8,
}

#[derive(Serialize)]
struct EnumeratorKeys {
    name: Option<String>,
    value: i128,
    /// The sign of the value is a guess.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guess: bool,
}

#[derive(Serialize)]
struct ParameterKeys {
    name: Option<String>,
    type_id: u32,
    r#type: Option<String>,
}

fn json(
    ty: Type<'_>,
    module: Option<&str>,
    enums: &EnumReader<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let in_c = |id: TypeId| ty.btf().type_by_id(id).ok().map(type_in_c);
    let referenced = ty.referenced_id().or(ty.array().map(|array| array.element));
    let members = ty.members().iter().map(|member| {
        let layout = MemberLayout::of(member);
        MemberKeys {
            name: member.name().ok().map(|name| name.to_string()),
            type_id: member.type_id().0,
            r#type: in_c(member.type_id()),
            bit_offset: layout.bit_offset,
            bitfield_size: layout.bitfield_size,
        }
    });
    let enumerators = ty.enumerators().iter().map(|enumerator| {
        let EnumValue { value, is_guess, .. } = enums.value(enumerator);
        let name = enumerator.name().ok().map(|name| name.to_string());
        EnumeratorKeys { name, value, guess: is_guess }
    });
    let parameters = ty.params().iter().map(|param| ParameterKeys {
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
        type_id: referenced.map(|id| id.0),
        r#type: referenced.and_then(in_c),
        len: ty.array().map(|array| array.len),
        members: members.collect(),
        enumerators: enumerators.collect(),
        parameters: parameters.collect(),
    };
    json_line(&line, out)
}
