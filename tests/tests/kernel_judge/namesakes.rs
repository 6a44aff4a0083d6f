//! Looks in the running kernel for types to ask about, where every kernel has others.

use std::collections::BTreeMap;

use btf_types::{Kind, Type};

use super::compare::running;

/// Two structs of one name.
pub(crate) struct Structs {
    pub(crate) name: String,
    /// A field that only the one has.
    pub(crate) field: String,
    /// The size of that one.
    pub(crate) size: u32,
}

/// Two structs of one name and different sizes. One of them has an integer that the other has not.
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
                    // What is anonymous may hide it.
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
    /// The value, extended to 64 bits by its sign if the enum is signed.
    pub(crate) value: u64,
}

/// An enumerator of an enum of the given kind, all of whose values the test likes, and whose name no
/// other enum has.
pub(crate) fn enumerator(kind: Kind, likes: impl Fn(u64) -> bool) -> Option<Enumerator> {
    named(&[Kind::Enum, Kind::Enum64]).into_iter().find_map(|(root, types)| {
        let [ty] = types[..] else { return None };
        if ty.kind() != kind {
            return None;
        }
        let value = |value: i128| value as u64;
        if !ty.enumerators().iter().all(|one| likes(value(one.value()))) {
            return None;
        }
        let found = ty.enumerators().get(0)?;
        Some(Enumerator { root, name: found.name().ok()?.to_string(), value: value(found.value()) })
    })
}

/// The kernel's types of some kinds, by their names.
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
