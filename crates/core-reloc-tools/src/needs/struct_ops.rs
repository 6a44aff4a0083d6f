//! Structs of functions: whether the kernel has them, with their members.
//!
//! Follows libbpf's `bpf_map__init_kern_struct_ops` (BSD-2-Clause option).

use btf_types::{Kind, Member, Type};
use core_reloc::{
    elf::{
        Object,
        requirements::{Requirements, StructOps},
    },
    essential_name,
};

use super::{
    kernel::Kernel,
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

/// Returns the need of each struct of functions that loaders create by default.
pub(super) fn answers<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    _: &Kernel<'_>,
    names: &Names<'_>,
) -> Vec<Need<'a>> {
    let mut needs = Vec::new();
    for (index, ops) in (0..).zip(&requirements.struct_ops) {
        let name = struct_name(object, ops).unwrap_or_default();
        let mut push = |name: String, answer| {
            needs.push(Need {
                subject: Subject::StructOps(index),
                program: None,
                name: name.into(),
                answer,
                is_optional: ops.is_optional,
            });
        };
        let kernel_struct = names.of(&name, Kind::Struct).first().map(|found| found.ty);
        let has_value = !names.of(&format!("{VALUE}{name}"), Kind::Struct).is_empty();
        let Some(kernel_struct) = kernel_struct.filter(|_| has_value) else {
            let answer = if names.has_functions() {
                Answer::Absent(Effect::NoObject)
            } else {
                Answer::Open(OpenReason::NotInBtf, Effect::NoObject)
            };
            push(format!("struct_ops of struct {name}"), answer);
            continue;
        };
        push(format!("struct_ops of struct {name}"), Answer::Present);
        let local = object.btf().and_then(|btf| btf.type_by_id(ops.struct_id).ok());
        for member in local.iter().flat_map(|local| local.members()) {
            if is_set(ops, member) && !fits(member, kernel_struct) {
                let member = member.name().map(|name| name.to_string()).unwrap_or_default();
                let what = format!("the member {member} of struct {name}");
                push(what, Answer::Absent(Effect::NoObject));
            }
        }
    }
    needs
}

/// Returns the essential name of the struct of a variable.
fn struct_name(object: &Object<'_>, ops: &StructOps<'_>) -> Option<String> {
    let name = object.btf()?.type_by_id(ops.struct_id).ok()?.name().ok()?;
    Some(String::from_utf8_lossy(essential_name(name.as_bytes())).into_owned())
}

/// Returns `true` if the object sets a member: it has bytes other than zero, or a function.
fn is_set(ops: &StructOps<'_>, member: Member<'_>) -> bool {
    let offset = member.bit_offset() / 8;
    let size = member.ty().and_then(Type::size).unwrap_or(0);
    let end = offset.saturating_add(size);
    let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let bytes = ops.data.get(index(offset)..index(end)).unwrap_or_default();
    let has_function = |range: std::ops::Range<u32>| {
        ops.callbacks.iter().any(|callback| range.contains(&callback.offset))
    };
    bytes.iter().any(|byte| *byte != 0) || has_function(offset..end)
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
