//! Modules on their own kernel and on other builds: real modules, which no encoder of ours wrote.

use std::fs;

use btf_types::{Btf, Error, Kind};
use core_reloc_tests::data;
use core_reloc_tests::judge::skipped;

/// Every module fits its own kernel, and no other one of any architecture and byte order.
#[test]
fn modules_fit_their_own_kernel_only() {
    let kernels = data::kernels().unwrap();
    let bytes: Vec<Vec<u8>> = kernels.iter().map(|kernel| fs::read(&kernel.btf).unwrap()).collect();
    let bases: Vec<Btf<'_>> = bytes.iter().map(|bytes| Btf::parse(bytes).unwrap()).collect();
    let mut pairs = [0, 0];
    for own in &kernels {
        for path in &own.modules {
            let module = fs::read(path).unwrap();
            for (kernel, base) in kernels.iter().zip(&bases) {
                let split = Btf::parse_split(&module, base).unwrap();
                let result = split.check_base();
                let pair = format!("{} on {}: {result:?}", path.display(), kernel.name);
                let is_own = kernel.name == own.name;
                assert_eq!(result.is_ok(), is_own, "{pair}");
                assert!(is_own || matches!(result, Err(Error::WrongBase { .. })), "{pair}");
                pairs[usize::from(is_own)] += 1;
            }
        }
    }
    if pairs == [0, 0] {
        skipped("no kernels with modules; `cargo xtask data` fetches them");
    }
    println!("{} modules on their own kernel, {} on others", pairs[1], pairs[0]);
}

/// The base types that a real module refers to have the kinds that the check allows, and one wrong reference
/// is enough.
#[test]
fn one_wrong_reference_is_enough() {
    let kernels = data::kernels().unwrap();
    let Some(kernel) = kernels.iter().find(|kernel| !kernel.modules.is_empty()) else {
        return skipped("no kernels with modules; `cargo xtask data` fetches them");
    };
    let bytes = fs::read(&kernel.btf).unwrap();
    let base = Btf::parse(&bytes).unwrap();
    let module = fs::read(&kernel.modules[0]).unwrap();
    let split = Btf::parse_split(&module, &base).unwrap();
    let start = split.header().types().start;
    let order = split.byte_order();

    // The record of the first pointer into the base, and of the first type with a name of the base.
    let mut at = start;
    let (mut pointer, mut named) = (None, None);
    for ty in split.own_types() {
        let refers = ty.referenced_id().is_some_and(|id| !id.is_void() && id < split.start_id());
        pointer = pointer.or((ty.kind() == Kind::Ptr && refers).then_some((at, ty.id())));
        let has_name = ty.name_off().0 > 0 && ty.name_off() < split.start_str_offset();
        named = named.or(has_name.then_some((at, ty.id())));
        at += 12 + ty.trailing().len();
    }
    let func = base.own_types().find(|ty| ty.kind() == Kind::Func).unwrap();
    let word = |value: u32| match order {
        btf_types::ByteOrder::Little => value.to_le_bytes(),
        btf_types::ByteOrder::Big => value.to_be_bytes(),
    };
    let check = |at: usize, value: u32| {
        let mut damaged = module.clone();
        damaged[at..at + 4].copy_from_slice(&word(value));
        Btf::parse_split(&damaged, &base).unwrap().check_base()
    };
    let (pointer, id) = pointer.expect("modules point to types of the kernel");
    let found = func.id().0;
    let error = Error::WrongBase { id, kind: Kind::Ptr, what: "type id", found };
    assert_eq!(check(pointer + 8, found), Err(error));

    let (named, id) = named.expect("modules share names with the kernel");
    let kind = split.type_by_id(id).unwrap().kind();
    // The second byte of a name of more than one.
    let found = base.own_types().find(|ty| ty.name().unwrap().len() > 1).unwrap().name_off().0 + 1;
    let error = Error::WrongBase { id, kind, what: "string offset", found };
    assert_eq!(check(named, found), Err(error));
}
