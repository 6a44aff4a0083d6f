//! The one place that uses the library: everything else is data.
//!
//! Types are described in C, which `btf_from_c` reads. What is asked for is written as C writes it:
//!
//! | written | access string |
//! | --- | --- |
//! | `s` | `0`, the whole type |
//! | `s.a[2].b`, `s[3].a` | that of the field |
//! | `e::A` | that of the enumerator |
//! | `s 0:1` | `0:1` |
//! | `[4] 0:1` | `0:1` from the type with the id 4 |
//!
//! `generating.rs` checks the access strings of fields and enumerators.

use btf_types::{Btf, ByteOrder, TypeId};
pub(crate) use core_reloc::{
    AccessError, AccessPath, Candidate, Cause, Code, OnUnresolved, Options, PatchError, Poison,
    RelocKind,
    RelocKind::*,
    Relocation, Relocator, Resolution, Status, Target, access_in_c,
    describe::describe_unmatched,
    functions::{
        Shifts, apply_relocation, apply_relocations, create_relocation, parse_access_string,
        target_bitfield_shifts, target_enum_value, target_enum_value_exists, target_field_exists,
        target_field_offset, target_field_signed, target_field_size, target_type_exists,
        target_type_id, target_type_matches, target_type_size,
    },
    generate::{
        GenerateError, enumerator_relocation, field_relocation, local_value, type_relocation,
    },
    limits, patch,
    resolve::{Change, Extension, Resize},
};

/// What must come out of a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The instruction must hold the first value, and receives the second.
    Value(u64, u64),
    /// The instruction receives this value, whatever it held before.
    Unchecked(u64),
    /// Nothing matches, and there is no value for that.
    Unresolved,
    /// An error whose text contains this.
    Error(&'static str),
}
pub(crate) use Expected::{Error, Unchecked, Unresolved, Value};

/// The byte orders that every rule holds in.
pub(crate) const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// A relocation, and what must come out of it.
pub(crate) type Row<'r> = (RelocKind, &'r str, Expected);

/// The types that a relocation meets, in C.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types<'t> {
    pub(crate) local: &'t str,
    pub(crate) target: &'t str,
    pub(crate) modules: &'t [&'t str],
}

/// Returns the first type of a name, or that of an id in brackets.
pub(crate) fn root(btf: &Btf<'_>, name: &str) -> TypeId {
    if let Some(id) = name.strip_prefix('[').and_then(|id| id.strip_suffix(']')) {
        return TypeId(id.parse().expect("an id is a number"));
    }
    let found = btf.types().find(|ty| ty.name().is_ok_and(|found| found == name));
    found.unwrap_or_else(|| panic!("there is no type {name}")).id()
}

/// Returns the relocation of what is written as the table at the top has it.
pub(crate) fn relocation(
    local: &Btf<'_>,
    kind: RelocKind,
    access: &str,
) -> Result<Relocation, AccessError> {
    if let Some((name, access)) = access.split_once(' ') {
        Ok(Relocation::new(0, root(local, name), access.parse()?, kind))
    } else if let Some((name, enumerator)) = access.split_once("::") {
        Ok(enumerator_relocation(local, 0, name, enumerator, kind).unwrap())
    } else if let Some(end) = access.find(['.', '[']) {
        let path = access[end..].trim_start_matches('.');
        Ok(field_relocation(local, 0, &access[..end], path, kind).unwrap())
    } else {
        Ok(Relocation::new(0, root(local, access), AccessPath::root(), kind))
    }
}

/// Relocates in both byte orders, and compares.
#[track_caller]
pub(crate) fn check(local: &str, target: &str, kind: RelocKind, access: &str, expected: Expected) {
    let types = Types { local, target, modules: &[] };
    check_each(types, Options::default(), &[(kind, access, expected)]);
}

/// Relocates several times with one relocator, so that candidates narrow.
#[track_caller]
pub(crate) fn check_each(types: Types<'_>, options: Options, rows: &[Row<'_>]) {
    for order in ORDERS {
        for indexed in [false, true] {
            let found = changes(order, indexed, types, options, rows);
            for ((kind, access, expected), found) in rows.iter().zip(found) {
                assert!(
                    agrees(*expected, &found),
                    "{order}, {kind} of {access} in\n{types:#?}\nexpected {expected:?}\n   found \
                     {found:?}"
                );
            }
        }
    }
}

type Found = Result<Option<Change>, String>;

fn changes(
    order: ByteOrder,
    indexed: bool,
    types: Types<'_>,
    options: Options,
    rows: &[Row<'_>],
) -> Vec<Found> {
    let local = btf_from_c::btf(order, types.local);
    let local = Btf::parse(&local).unwrap();
    with_target(order, types, |target| {
        let target = if indexed { target.clone().indexed() } else { target.clone() };
        let mut relocator = Relocator::with_options(&local, &target, options);
        let mut change = |kind: RelocKind, access| {
            let relocation = relocation(&local, kind, access).map_err(|error| error.to_string())?;
            let resolution = relocator.resolve(&relocation).map_err(|error| error.to_string())?;
            assert_eq!(
                resolution.candidate.is_none(),
                resolution.unmatched.is_some() || kind == TypeIdLocal
            );
            Ok(resolution.change)
        };
        rows.iter().map(|(kind, access, _)| change(*kind, access)).collect()
    })
}

/// Calls a function with the target that a text and those of its modules describe.
pub(crate) fn with_target<R>(
    order: ByteOrder,
    types: Types<'_>,
    call: impl FnOnce(&Target<'_>) -> R,
) -> R {
    let main = btf_from_c::btf(order, types.target);
    let main = Btf::parse(&main).unwrap();
    let modules: Vec<Vec<u8>> =
        types.modules.iter().map(|module| btf_from_c::split_btf(&main, module)).collect();
    let modules: Vec<Btf<'_>> =
        modules.iter().map(|bytes| Btf::parse_split(bytes, &main).unwrap()).collect();
    let modules = modules.iter().map(|btf| core_reloc::Module { name: "module", btf });
    call(&Target::new(&main).with_modules(modules))
}

fn agrees(expected: Expected, found: &Found) -> bool {
    match (expected, found) {
        (Value(original, value), Ok(Some(change))) => {
            change.checked && (change.original, change.value) == (original, value)
        }
        (Unchecked(value), Ok(Some(change))) => !change.checked && change.value == value,
        (Unresolved, Ok(None)) => true,
        (Error(part), Err(text)) => text.contains(part),
        _ => false,
    }
}

/// Compares what a load of a field becomes, in both byte orders.
#[track_caller]
pub(crate) fn check_resize(local: &str, target: &str, access: &str, expected: Resize) {
    for order in ORDERS {
        let types = Types { local, target, modules: &[] };
        let row = [(FieldByteOffset, access, Unresolved)];
        let found = changes(order, false, types, Options::default(), &row);
        let change = found.into_iter().next().unwrap().unwrap().expect("it resolves");
        assert_eq!(change.resize, expected, "{order}, {access} in\n{types:#?}");
    }
}

/// Returns the left and right shift of a field, for an object and a target of a byte order each.
pub(crate) fn shifts(
    (local_order, local): (ByteOrder, &str),
    (target_order, target): (ByteOrder, &str),
    name: &str,
    access: &str,
) -> (u64, u64) {
    let local = btf_from_c::btf(local_order, local);
    let local = Btf::parse(&local).unwrap();
    with_target(target_order, Types { local: "", target, modules: &[] }, |target| {
        let shifts = target_bitfield_shifts(&local, target, root(&local, name), access);
        let Shifts { left, right } = shifts.unwrap().expect("it resolves");
        (left, right)
    })
}
