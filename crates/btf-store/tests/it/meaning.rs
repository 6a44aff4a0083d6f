//! What BTF says, without ids and order: each named type written out, with anonymous types where they are used.
//! It is computed from views of BTF, with no code of the store.

use btf_types::{Btf, Kind, Type, TypeId};

/// How many types without names are written out, one in the other. More would take exponential time.
const DEPTH: usize = 4;

/// Returns all named types, each as often as there is one, and the other types and tags, each once.
pub(crate) fn meaning(btf: &Btf<'_>) -> (Vec<String>, Vec<String>) {
    let (mut named, mut loose) = (Vec::new(), Vec::new());
    for ty in btf.own_types() {
        if is_named(ty) {
            named.push(body(ty, DEPTH));
        } else {
            loose.push(body(ty, DEPTH));
        }
    }
    named.sort();
    loose.sort();
    loose.dedup();
    (named, loose)
}

/// Returns `true` if references to the type are by name.
fn is_named(ty: Type<'_>) -> bool {
    let is_modifier = ty.kind().is_modifier() || matches!(ty.kind(), Kind::Ptr | Kind::DeclTag);
    !ty.name().unwrap().is_empty() && !is_modifier
}

fn reference(btf: &Btf<'_>, id: TypeId, depth: usize) -> String {
    if id.is_void() {
        return "void".into();
    }
    let ty = btf.type_by_id(id).unwrap();
    if is_named(ty) || depth == 0 {
        return format!("{} {}", ty.kind(), ty.name().unwrap());
    }
    format!("({})", body(ty, depth - 1))
}

fn body(ty: Type<'_>, depth: usize) -> String {
    let btf = ty.btf();
    let to = |id| reference(btf, id, depth);
    let mut text = format!("{} {} flag {} ", ty.kind(), ty.name().unwrap(), ty.kind_flag());
    text += &format!("size {:?} {:?} {:?} ", ty.stated_size(), ty.int(), ty.linkage());
    text += &format!("{:?} {:?} ", ty.decl_target(), ty.fwd_is_union());
    if let Some(array) = ty.array() {
        text += &format!("[{}] by {} ", array.len, to(array.index));
    }
    text += &ty.referenced_id().map(to).unwrap_or_default();
    for member in ty.members() {
        let (offset, bits) = (member.bit_offset(), member.bitfield_size());
        text += &format!("; {} {} @{offset}:{bits}", to(member.type_id()), member.name().unwrap());
    }
    for one in ty.enumerators() {
        text += &format!("; {} = {}", one.name().unwrap(), one.value());
    }
    for param in ty.params() {
        text += &format!("; {} {}", to(param.type_id()), param.name().unwrap());
    }
    for variable in ty.variables() {
        let (offset, size) = (variable.offset(), variable.size());
        text += &format!("; {} @{offset}+{size}", to(variable.type_id()));
    }
    text
}

/// Returns `true` if a type without a name contains itself through types without names. Which of them a store
/// takes for a definition depends on their ids.
pub(crate) fn has_loop(btf: &Btf<'_>) -> bool {
    let next = |id: TypeId| {
        let ty = btf.type_by_id(id).unwrap();
        let mut ids: Vec<TypeId> = ty.referenced_id().into_iter().collect();
        ids.extend(ty.array().map(|array| array.index));
        ids.extend(ty.array().map(|array| array.element));
        ids.extend(ty.members().iter().map(|member| member.type_id()));
        ids.extend(ty.params().iter().map(|param| param.type_id()));
        ids.retain(|id| !id.is_void() && !is_named(btf.type_by_id(*id).unwrap()));
        ids
    };
    btf.types().filter(|ty| !is_named(*ty)).any(|ty| {
        let (mut queue, mut seen) = (next(ty.id()), std::collections::BTreeSet::new());
        while let Some(id) = queue.pop() {
            if seen.insert(id) {
                queue.extend(next(id));
            }
        }
        seen.contains(&ty.id())
    })
}
