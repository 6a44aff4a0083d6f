//! Structs of functions: whether the kernel has them, with their members.
//!
//! Follows libbpf's `bpf_map__init_kern_struct_ops` (BSD-2-Clause option).

use btf_types::{Kind, Member, Name, Type};
use core_reloc::{
    elf::{
        Object,
        requirements::{Requirements, StructOps},
    },
    essential_name,
};

use super::{
    names::{Names, Wanted},
    need::{Answer, Effect, Need, OpenReason, Subject},
};

/// The prefix of the struct that wraps the values of a struct of functions.
const VALUE: &str = "bpf_struct_ops_";

/// Adds the names of the structs.
pub(super) fn want(object: &Object<'_>, requirements: &Requirements<'_>, wanted: &mut Wanted) {
    for ops in &requirements.struct_ops {
        let Some(name) = struct_name(object, ops) else { continue };
        wanted.add(format!("{VALUE}{name}"), Kind::Struct);
        wanted.add(name, Kind::Struct);
    }
}

/// Returns the need of each struct of functions, and of the members that the object sets.
pub(super) fn answers<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    names: &Names<'_>,
) -> Vec<Need<'a>> {
    let mut needs = Vec::new();
    for (index, ops) in (0..).zip(&requirements.struct_ops) {
        let name = struct_name(object, ops).unwrap_or_default();
        let mut push = |what, name: String, program, answer| {
            let need = Need::of_object(Subject::StructOps(index), what, name, answer);
            needs.push(Need { program, is_optional: ops.is_optional, ..need });
        };
        let kernel_struct = names.of(&name, Kind::Struct).first().map(|found| found.ty);
        let has_value = !names.of(&format!("{VALUE}{name}"), Kind::Struct).is_empty();
        let Some(kernel_struct) = kernel_struct.filter(|_| has_value) else {
            let answer = if names.has_functions() {
                Answer::Absent(Effect::NoObject)
            } else {
                Answer::Open(OpenReason::NotInBtf, Effect::NoObject)
            };
            push("struct of functions", name, None, answer);
            continue;
        };
        push("struct of functions", name.clone(), None, Answer::Present);
        let local = object.btf().and_then(|btf| btf.type_by_id(ops.struct_id).ok());
        for member in local.iter().flat_map(|local| local.members()) {
            let set = Set::of(ops, member);
            if (set.has_bytes || !set.functions.is_empty()) && !fits(member, kernel_struct) {
                let is_known = member.name().is_ok_and(|name| has_member(kernel_struct, name));
                let member = member.name().map(|name| name.to_string()).unwrap_or_default();
                let member = format!("{name}.{member}");
                if set.has_bytes || is_known {
                    push("member", member, None, Answer::Absent(Effect::NoObject));
                    continue;
                }
                // Loaders leave out the programs of functions that the kernel does not know.
                for program in programs(requirements, &set.functions) {
                    let answer = Answer::Absent(Effect::NoAttachment);
                    push("member", member.clone(), Some(program), answer);
                }
            }
        }
    }
    needs
}

/// Returns the programs of functions.
fn programs<'r>(
    requirements: &'r Requirements<'_>,
    functions: &'r [usize],
) -> impl Iterator<Item = usize> + 'r {
    let programs = requirements.programs.iter().enumerate();
    let programs = programs.filter(|(_, program)| functions.contains(&program.function));
    programs.map(|(index, _)| index)
}

/// Returns the essential name of the struct of a variable.
fn struct_name(object: &Object<'_>, ops: &StructOps<'_>) -> Option<String> {
    let name = object.btf()?.type_by_id(ops.struct_id).ok()?.name().ok()?;
    Some(String::from_utf8_lossy(essential_name(name.as_bytes())).into_owned())
}

/// What an object sets a member to.
struct Set {
    /// Whether it has bytes other than zero.
    has_bytes: bool,
    /// The functions.
    functions: Vec<usize>,
}

impl Set {
    fn of(ops: &StructOps<'_>, member: Member<'_>) -> Self {
        let start = member.bit_offset() / 8;
        let size = member.ty().and_then(Type::size).unwrap_or(0);
        let range = start..start.saturating_add(size);
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = ops.data.get(index(range.start)..index(range.end)).unwrap_or_default();
        let callbacks = ops.callbacks.iter().filter(|callback| range.contains(&callback.offset));
        Self {
            has_bytes: bytes.iter().any(|byte| *byte != 0),
            functions: callbacks.map(|callback| callback.function).collect(),
        }
    }
}

fn has_member(ty: Type<'_>, name: Name<'_>) -> bool {
    ty.members().into_iter().any(|member| member.name().is_ok_and(|other| other == name))
}

/// Returns `true` if the kernel's struct has a member with the name, kind and, except for pointers, size of
/// a local one, and neither is a bitfield.
fn fits(local: Member<'_>, kernel_struct: Type<'_>) -> bool {
    let Ok(name) = local.name() else { return false };
    let same_name = |member: &Member<'_>| member.name().is_ok_and(|other| other == name);
    let Some(kernel) = kernel_struct.members().into_iter().find(same_name) else { return false };
    let (Ok(local_type), Ok(kernel_type)) = (stripped_type(local), stripped_type(kernel)) else {
        return false;
    };
    let is_bitfield = |member: Member<'_>| member.bitfield_size() != 0;
    !is_bitfield(local)
        && !is_bitfield(kernel)
        && local_type.kind() == kernel_type.kind()
        && (local_type.kind() == Kind::Ptr || local_type.size() == kernel_type.size())
}

fn stripped_type(member: Member<'_>) -> btf_types::Result<Type<'_>> {
    member.ty().and_then(Type::skip_modifiers_and_typedefs)
}
