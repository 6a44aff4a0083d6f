//! `core-reloc dump`.

use std::{
    io::{self, Write},
    ptr,
};

use btf_types::{Btf, Type, TypeId};
use core_reloc::{
    Module, Target,
    elf::Object,
    enums::{EnumReader, EnumValue},
    type_in_c,
};
use core_reloc_sys::Kernel;
use core_reloc_tools::{
    definition::{Definition, DefinitionLine, MemberLayout},
    header::{HeaderGenerator, types_for_object},
};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Dump, DumpFormat},
    failure::Failure,
    format::{json_line, plural},
    inputs::{parse_object, read_object},
    selection::{NotFound, find},
    target::with_types,
    terminal::{self, Printer, columns, stdout},
};

pub(crate) fn run(arguments: &Dump) -> Result<Completion, Failure> {
    let object = match &arguments.object {
        Some(path) => Some((path, read_object(path)?)),
        None => None,
    };
    let object = match &object {
        Some((path, bytes)) => Some(parse_object(path, bytes)?),
        None => None,
    };
    let is_missing = |btf: &Btf<'_>| {
        let needs_modules = |object: &Object<'_>| object.needs_modules(&Target::new(btf));
        object.as_ref().is_some_and(needs_modules)
            || arguments.types.iter().any(|name| find(btf, name).is_empty())
    };
    with_types(&arguments.target, &Kernel::running(), is_missing, |_, btf, modules| {
        dump(arguments, object.as_ref(), btf, modules)
    })?
}

fn dump(
    arguments: &Dump,
    object: Option<&Object<'_>>,
    btf: &Btf<'_>,
    modules: &[(&str, Btf<'_>)],
) -> Result<Completion, Failure> {
    let target =
        Target::new(btf).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));
    let mut completion = Completion::Success;
    let modules = target.modules().iter().map(|module| (Some(module.name), module.btf));
    let all: Vec<_> = std::iter::once((None, target.main())).chain(modules).collect();
    let is_whole = arguments.types.is_empty() && object.is_none();
    let mut wanted = Vec::new();
    if let Some(object) = object {
        wanted = types_for_object(object, &target);
    }
    for name in &arguments.types {
        let count = wanted.len();
        wanted.extend(all.iter().flat_map(|(_, btf)| find(btf, name)));
        if wanted.len() == count {
            terminal::error(NotFound::new(name, &target));
            completion = Completion::Negative;
        }
    }
    if arguments.format == DumpFormat::C {
        header(&target, (!is_whole).then_some(&wanted))?;
        return Ok(completion);
    }
    if is_whole {
        wanted = all.iter().flat_map(|(_, btf)| btf.own_types()).collect();
    }
    let mut out = match arguments.format {
        DumpFormat::Text => stdout().folded(),
        _ => stdout(),
    };
    let readers: Vec<_> = all.iter().map(|(_, btf)| EnumReader::new(btf)).collect();
    for ty in wanted {
        let part = all.iter().zip(&readers).find(|((_, btf), _)| ptr::eq(*btf, ty.btf()));
        if let Some(((module, _), enums)) = part {
            print(ty, *module, enums, arguments.format, &mut out)?;
        }
    }
    out.flush()?;
    Ok(completion)
}

/// Prints a header with all types, or with some.
fn header(target: &Target<'_>, wanted: Option<&Vec<Type<'_>>>) -> io::Result<()> {
    let generator = HeaderGenerator::new(target);
    let header = wanted.map_or_else(|| generator.whole(), |wanted| generator.of(wanted));
    if !header.differences.is_empty() {
        let count = plural(header.differences.len(), "difference");
        terminal::warning(format_args!(
            "{count} from the kernel, which the comment at the end of the header lists"
        ));
    }
    terminal::write_bytes(header.text.as_bytes())
}

fn print(
    ty: Type<'_>,
    module: Option<&str>,
    enums: &EnumReader<'_>,
    format: DumpFormat,
    out: &mut Printer,
) -> io::Result<()> {
    match format {
        DumpFormat::Json => json(ty, module, enums, out),
        _ => text(ty, module, enums, out),
    }
}

/// The columns to the left of a member.
const MARGIN: usize = 4;

/// Prints a definition in pahole's style, below a comment with its id, kind and size.
fn text(
    ty: Type<'_>,
    module: Option<&str>,
    enums: &EnumReader<'_>,
    out: &mut Printer,
) -> io::Result<()> {
    let definition = Definition::with(ty, enums);
    let size = definition.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
    let module = module.map(|module| format!(", of module {module}")).unwrap_or_default();
    let comment = format!("/* {} {}{size}{module} */", ty.id(), ty.kind());
    writeln!(out, "{}", comment.dimmed())?;
    writeln!(out, "{}", definition.head)?;
    let width = |line: &DefinitionLine| 2 * line.depth + columns(&line.text);
    let members = definition.lines.iter().filter(|line| line.layout.is_some());
    let mut column = members.map(width).max().unwrap_or(0);
    if let Some(room) = out.width() {
        let layouts = definition.lines.iter().filter_map(|line| line.layout);
        let widest = layouts.map(|layout| columns(&layout.to_string())).max().unwrap_or(0);
        column = column.min(room.saturating_sub(MARGIN + 1 + widest));
    }
    for line in &definition.lines {
        let indent = "  ".repeat(line.depth);
        let text = format!("{indent}{}", line.text);
        let hang = MARGIN + 2 * line.depth + 4;
        match line.layout {
            Some(layout) if columns(&text) > column => {
                writeln!(out.hang(hang), "{:MARGIN$}{text}", "")?;
                writeln!(out, "{:MARGIN$}{:column$} {}", "", "", layout.dimmed())?;
            }
            Some(layout) => {
                writeln!(out, "{:MARGIN$}{text:column$} {}", "", layout.dimmed())?;
            }
            None => writeln!(out.hang(hang), "{:MARGIN$}{text}", "")?,
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
