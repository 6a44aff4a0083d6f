//! Properties of reading generated BTF: well-formed, damaged, and arbitrary bytes.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, Result, StrOffset};
use core_reloc_proptest::{
    Profile,
    damage::Detection,
    damaged, graph, noise,
    types::{Graph, GraphError},
};
use proptest::prelude::*;

/// Parses the BTF of a graph, on its base if it has one, and passes the result to `check`.
fn with_parsed<T>(
    graph: &Graph,
    bytes: std::result::Result<Vec<u8>, GraphError>,
    check: impl FnOnce(Result<&Btf<'_>>) -> T,
) -> T {
    let base = graph.base().map(|base| base.to_bytes().unwrap());
    let base = base.as_deref().map(|base| Btf::parse(base).unwrap());
    let bytes = bytes.unwrap();
    let parsed = match &base {
        Some(base) => Btf::parse_split(&bytes, base),
        None => Btf::parse(&bytes),
    };
    match parsed {
        Ok(btf) => check(Ok(&btf)),
        Err(error) => check(Err(error)),
    }
}

/// Calls all accessors, which must not panic.
fn read_everything(btf: &Btf<'_>) {
    for ty in btf.types() {
        let _ = (ty.name(), ty.size(), ty.skip_modifiers_and_typedefs(), ty.innermost_element());
        for member in ty.members() {
            let _ = (member.name(), member.ty(), member.bit_offset(), member.bitfield_size());
        }
        for enumerator in ty.enumerators() {
            let _ = (enumerator.name(), enumerator.value());
        }
        for param in ty.params() {
            let _ = (param.name(), param.ty());
        }
        for variable in ty.variables() {
            let _ = variable.ty();
        }
        let _ = ty.loc_param().map(|param| param.value());
        for param in ty.loc_params() {
            let _ = param.ty();
        }
        for loc in ty.locs() {
            let _ = (loc.func(), loc.proto(), loc.offset());
        }
    }
    let _ = (btf.validate(), btf.check_base(), btf.pointer_size(), btf.string(StrOffset(1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn well_formed_types_are_read_as_described(graph in graph(Profile::default())) {
        with_parsed(&graph, graph.to_bytes(), |parsed| {
            let btf = parsed.unwrap();
            prop_assert_eq!(btf.validate(), Ok(()));
            prop_assert_eq!(btf.check_base(), Ok(()));
            prop_assert_eq!(btf.len(), graph.types.len());
            prop_assert_eq!(u32::from(btf.pointer_size()), graph.pointer_size());
            for (ty, (id, desc)) in btf.types().zip(graph.iter()) {
                prop_assert_eq!(ty.id(), id);
                prop_assert_eq!(ty.kind(), desc.kind());
                prop_assert_eq!(ty.name().unwrap().as_bytes(), desc.name().as_bytes());
            }
            Ok(())
        })?;
    }

    #[test]
    fn damage_is_detected(damaged in damaged(Profile::default())) {
        with_parsed(&damaged.graph, damaged.to_bytes(), |parsed| {
            match (damaged.damage.detection(), parsed) {
                (Detection::Parse, parsed) => prop_assert!(parsed.is_err()),
                (Detection::Validate, parsed) => {
                    let btf = parsed.map_err(|error| TestCaseError::fail(error.to_string()))?;
                    prop_assert!(btf.validate().is_err());
                    read_everything(btf);
                }
                (Detection::NotGuaranteed, Ok(btf)) => read_everything(btf),
                (Detection::NotGuaranteed, Err(_)) => {}
            }
            Ok(())
        })?;
    }

    #[test]
    fn arbitrary_bytes_cause_no_panic(bytes in noise()) {
        if let Ok(btf) = Btf::parse(&bytes) {
            read_everything(&btf);
        }
    }
}
