//! Definitions for the program: flavors of a type, which declare a member as the target does.

use std::collections::BTreeSet;

use btf_types::{Btf, Kind, KindSet, Type};
use core_reloc::{
    budget::Budget,
    describe::{quote, type_in_c},
    essential_name,
};

/// A member to declare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) ty: Type<'a>,
    /// Its size in bits, if it is a bitfield.
    pub(super) bits: Option<u8>,
}

/// The most flavors that an object has of one type, for the search of a free name.
const MAX_FLAVORS: usize = 64;

/// Defines a flavor of a type of the program that has one member, nested as in the target:
/// `struct task___new { struct { int pid; } id; }` for `id.pid`. A typedef's flavor is a typedef, as it has
/// only typedefs for candidates.
///
/// The definition uses only types that the program has, and a name that it does not have. There is none if
/// the member cannot be declared so, or if no steps are left.
pub(super) fn flavor(
    local: &Btf<'_>,
    root: Type<'_>,
    path: &[&str],
    declared: Declared<'_>,
    budget: &mut Budget,
) -> Option<String> {
    flavor_with(local, root, &[(path, declared)], budget)
}

/// Defines a flavor that has several members.
pub(super) fn flavor_with(
    local: &Btf<'_>,
    root: Type<'_>,
    members: &[(&[&str], Declared<'_>)],
    budget: &mut Budget,
) -> Option<String> {
    let name = root.name().ok()?;
    let name = quote(&btf_types::Name::new(essential_name(&name)));
    let stripped = root.skip_modifiers_and_typedefs().ok()?;
    if name.is_empty() || !stripped.kind().is_composite() {
        return None;
    }
    let nested = members.iter().map(|(path, declared)| nest(local, path, *declared, budget));
    let members = nested.collect::<Option<Vec<String>>>()?.join(" ");
    let free = free_name(local, &name, budget)?;
    let attribute = "__attribute__((preserve_access_index))";
    let keyword = if stripped.kind() == Kind::Union { "union" } else { "struct" };
    match root.kind() {
        Kind::Typedef => Some(format!("typedef {keyword} {{ {members} }} {attribute} {free};")),
        kind if kind.is_composite() => {
            Some(format!("{keyword} {free} {{ {members} }} {attribute};"))
        }
        _ => None,
    }
}

/// Declares a member in the structs that a path leads through.
fn nest(
    local: &Btf<'_>,
    path: &[&str],
    declared: Declared<'_>,
    budget: &mut Budget,
) -> Option<String> {
    let (last, around) = path.split_last()?;
    let mut member = declare(local, declared.ty, last.to_string(), budget)?;
    if let Some(bits) = declared.bits {
        member.push_str(&format!(" : {bits}"));
    }
    let mut members = format!("{member};");
    for name in around.iter().rev() {
        members = format!("struct {{ {members} }} {name};");
    }
    Some(members)
}

/// Returns a name for a flavor that no type of the program has.
fn free_name(local: &Btf<'_>, essential: &str, budget: &mut Budget) -> Option<String> {
    budget.spend(local.own_types().len()).ok()?;
    let stem = format!("{essential}___new");
    let names = local.own_types_of(KindSet::TYPE_NAMES).filter_map(|ty| ty.name().ok());
    let taken: BTreeSet<Vec<u8>> = names
        .filter(|name| name.starts_with(stem.as_bytes()))
        .take(MAX_FLAVORS)
        .map(|name| name.to_vec())
        .collect();
    let numbered = (2..=MAX_FLAVORS).map(|number| format!("{stem}{number}"));
    std::iter::once(stem.clone()).chain(numbered).find(|name| !taken.contains(name.as_bytes()))
}

/// Declares a member with types that the program has. Integers are spelled without typedefs that it lacks;
/// a pointer may lead to a type that is nowhere defined.
fn declare(
    local: &Btf<'_>,
    ty: Type<'_>,
    declarator: String,
    budget: &mut Budget,
) -> Option<String> {
    /// The number of typedefs, modifiers and arrays that are followed.
    const STEPS: usize = 24;
    let (mut ty, mut declarator) = (ty, declarator);
    for _ in 0..STEPS {
        match ty.kind() {
            Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag => {
                ty = ty.referenced().ok()??;
            }
            Kind::Typedef if has(local, ty, budget)? => return named(ty, &declarator),
            Kind::Typedef => ty = ty.referenced().ok()??,
            Kind::Array => {
                let array = ty.array()?;
                declarator.push_str(&format!("[{}]", array.len));
                ty = ty.btf().type_by_id(array.element).ok()?;
            }
            Kind::Ptr => {
                let to = ty.referenced().ok()?;
                let to = to.and_then(|to| to.skip_modifiers_and_typedefs().ok());
                let is_tagged = |to: &Type<'_>| {
                    let is_struct = to.kind().is_composite() || to.kind() == Kind::Fwd;
                    is_struct && to.name().is_ok_and(|name| !name.is_empty())
                };
                // A relocation takes any pointer for another.
                let to = to.filter(is_tagged).map_or_else(|| "void".to_string(), type_in_c);
                return Some(format!("{to} *{declarator}"));
            }
            Kind::Int | Kind::Float => return named(ty, &declarator),
            _ => return has(local, ty, budget)?.then(|| named(ty, &declarator)).flatten(),
        }
    }
    None
}

fn named(ty: Type<'_>, declarator: &str) -> Option<String> {
    let has_name = ty.name().is_ok_and(|name| !name.is_empty());
    has_name.then(|| format!("{} {declarator}", type_in_c(ty)))
}

/// Returns `true` if the program defines a type of this name and kind; `None` if no steps are left.
fn has(local: &Btf<'_>, ty: Type<'_>, budget: &mut Budget) -> Option<bool> {
    let Ok(name) = ty.name() else { return Some(false) };
    budget.spend(local.own_types().len()).ok()?;
    let mut same = local.own_types_of(KindSet::TYPE_NAMES).filter(|own| own.kind() == ty.kind());
    Some(!name.is_empty() && same.any(|own| own.is_named(&name)))
}
