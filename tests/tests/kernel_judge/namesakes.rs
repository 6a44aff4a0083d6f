//! Finds types in the running kernel for tests whose types differ from kernel to kernel.

use std::collections::BTreeMap;

use btf_types::{Kind, Type};

use super::compare::running;

/// Two structs with the same name.
pub(crate) struct Structs {
    pub(crate) name: String,
    /// A field that only one of them has.
    pub(crate) field: String,
    /// The size of the one with the field.
    pub(crate) size: u32,
}

/// Finds two structs with the same name and different sizes, one of which has an integer that the other
/// does not have.
pub(crate) fn structs() -> Option<Structs> {
    let pairs = named(&[Kind::Struct]).into_values().filter(|types| types.len() == 2);
    pairs.into_iter().find_map(|pair| {
        let [one, other] = pair[..] else { return None };
        if one.stated_size() == other.stated_size() {
            return None;
        }
        let field = one.members().iter().find(|member| {
            let name = member.name().unwrap();
            let is_integer = member.ty().is_ok_and(|ty| ty.kind() == Kind::Int);
            is_integer
                && !name.is_empty()
                && other.members().iter().all(|member| {
                    // An anonymous member may contain it.
                    let other = member.name().unwrap();
                    other != name && !other.is_empty()
                })
        })?;
        Some(Structs {
            name: one.name().ok()?.to_string(),
            field: field.name().ok()?.to_string(),
            size: one.stated_size()?,
        })
    })
}

/// An enumerator.
pub(crate) struct Enumerator {
    /// The enum's name.
    pub(crate) root: String,
    pub(crate) name: String,
    /// The value, sign-extended to 64 bits if the enum is signed.
    pub(crate) value: u64,
}

/// Finds an enumerator of an enum of a kind whose name no other enum has. All values of the enum must
/// satisfy a predicate.
pub(crate) fn enumerator(kind: Kind, predicate: impl Fn(u64) -> bool) -> Option<Enumerator> {
    named(&[Kind::Enum, Kind::Enum64]).into_iter().find_map(|(root, types)| {
        let [ty] = types[..] else { return None };
        if ty.kind() != kind {
            return None;
        }
        let value = |value: i128| value as u64;
        if !ty.enumerators().iter().all(|one| predicate(value(one.value()))) {
            return None;
        }
        let found = ty.enumerators().get(0)?;
        Some(Enumerator { root, name: found.name().ok()?.to_string(), value: value(found.value()) })
    })
}

/// Finds a negative enumerator of an ENUM whose name no other enum has.
pub(crate) fn negative_enumerator() -> Option<Enumerator> {
    named(&[Kind::Enum, Kind::Enum64]).into_iter().find_map(|(root, types)| {
        let [ty] = types[..] else { return None };
        let found = ty.enumerators().iter().find(|one| one.value() < 0)?;
        (ty.kind() == Kind::Enum).then_some(())?;
        Some(Enumerator { root, name: found.name().ok()?.to_string(), value: found.bits() })
    })
}

/// Returns the kernel's types of some kinds, by name.
fn named(kinds: &[Kind]) -> BTreeMap<String, Vec<Type<'static>>> {
    let mut named: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for ty in running().main().own_types().filter(|ty| kinds.contains(&ty.kind())) {
        let name = ty.name().unwrap();
        if !name.is_empty() {
            named.entry(name.to_string()).or_default().push(ty);
        }
    }
    named
}
