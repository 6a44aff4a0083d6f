//! The one place that touches the API: everything else is data.

use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
use core_reloc::{Module, Options, RelocKind, Relocation, Relocator, Resize, Target};

/// Describes types.
pub(crate) type Types = fn(&mut Builder<'_>);

/// What must come out of a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The instruction must hold the first, and is to hold the second.
    Value(u64, u64),
    /// The same, but what the instruction holds is not checked.
    Unchecked(u64),
    /// Nothing matches, and nothing can be said.
    Unresolved,
    /// An error whose text has this in it.
    Error(&'static str),
}
pub(crate) use Expected::{Error, Unchecked, Unresolved, Value};

/// The byte orders that every rule holds in.
pub(crate) const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// A relocation of the first type called `root`, by its access string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) kind: RelocKind,
    pub(crate) root: &'static str,
    pub(crate) access: &'static str,
}

pub(crate) fn ask(kind: RelocKind, root: &'static str, access: &'static str) -> Ask {
    Ask { kind, root, access }
}

pub(crate) fn build(order: ByteOrder, types: Types) -> Vec<u8> {
    let mut builder = Builder::new(order);
    types(&mut builder);
    builder.finish().expect("the description can be written")
}

/// The first type of a name.
pub(crate) fn root(btf: &Btf<'_>, name: &str) -> TypeId {
    let found = btf.types().find(|ty| ty.name().is_ok_and(|found| found == name));
    found.unwrap_or_else(|| panic!("no type {name}")).id()
}

/// Asks in both byte orders, and compares.
#[track_caller]
pub(crate) fn check(local: Types, target: Types, ask: Ask, expected: Expected) {
    check_each(local, target, &[], Options::default(), &[(ask, expected)]);
}

/// Asks several times of one relocator, so that candidates narrow.
#[track_caller]
pub(crate) fn check_each(
    local: Types,
    target: Types,
    modules: &[Types],
    options: Options,
    rows: &[(Ask, Expected)],
) {
    for order in ORDERS {
        for indexed in [false, true] {
            let found = answers(order, indexed, local, target, modules, options, rows);
            for ((ask, expected), found) in rows.iter().zip(found) {
                assert!(
                    agrees(*expected, &found),
                    "{order}, {ask:?}:\nexpected {expected:?}\n   found {found:?}"
                );
            }
        }
    }
}

type Found = Result<Option<core_reloc::resolve::Change>, String>;

fn answers(
    order: ByteOrder,
    indexed: bool,
    local: Types,
    target: Types,
    modules: &[Types],
    options: Options,
    rows: &[(Ask, Expected)],
) -> Vec<Found> {
    let (local, target) = (build(order, local), build(order, target));
    let local = Btf::parse(&local).unwrap();
    let main = Btf::parse(&target).unwrap();
    let split: Vec<Vec<u8>> = modules
        .iter()
        .map(|module| {
            let mut builder = Builder::split(&main);
            module(&mut builder);
            builder.finish().unwrap()
        })
        .collect();
    let split: Vec<Btf<'_>> =
        split.iter().map(|bytes| Btf::parse_split(bytes, &main).unwrap()).collect();
    let modules = split.iter().map(|btf| Module { name: "module", btf });
    let mut target = Target::new(&main).with_modules(modules);
    if indexed {
        target = target.indexed();
    }
    let mut relocator = Relocator::with_options(&local, &target, options);
    rows.iter()
        .map(|(Ask { kind, root: name, access }, _)| {
            let access = access.parse().map_err(|error| format!("{error}"))?;
            let relocation = Relocation::new(0, root(&local, name), access, *kind);
            let resolution = relocator.resolve(&relocation).map_err(|error| error.to_string())?;
            assert_eq!(
                resolution.candidate.is_none(),
                resolution.unmatched.is_some() || *kind == RelocKind::TypeIdLocal
            );
            Ok(resolution.change)
        })
        .collect()
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

/// What becomes of the size of a load, in both byte orders.
#[track_caller]
pub(crate) fn check_resize(local: Types, target: Types, ask: Ask, expected: Resize) {
    for order in ORDERS {
        let row = [(ask, Unresolved)];
        let found = answers(order, false, local, target, &[], Options::default(), &row);
        let change = found.into_iter().next().unwrap().unwrap().expect("it resolves");
        assert_eq!(change.resize, expected, "{order}, {ask:?}");
    }
}

// Types that the descriptions share.

pub(crate) fn int(btf: &mut Builder<'_>) -> TypeId {
    btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED))
}

pub(crate) fn unsigned(btf: &mut Builder<'_>, name: &str, size: u32) -> TypeId {
    btf.int(name, size, IntEncoding::new(u8::try_from(size * 8).unwrap(), 0))
}

pub(crate) fn u32_(btf: &mut Builder<'_>) -> TypeId {
    unsigned(btf, "unsigned int", 4)
}

pub(crate) fn u64_(btf: &mut Builder<'_>) -> TypeId {
    unsigned(btf, "unsigned long", 8)
}

pub(crate) fn empty(_: &mut Builder<'_>) {}
