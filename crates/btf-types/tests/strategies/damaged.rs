//! Damages are noticed where they must be, and noise harms nobody.

use btf_types::{
    Btf, StrOffset,
    proptest::{Damaged, Notice, Profile, damaged, noise},
};
use proptest::prelude::*;

/// Looks at everything that there is.
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
    }
    let _ = (btf.validate(), btf.pointer_size(), btf.string(StrOffset(1)));
}

fn with_parsed<T>(damaged: &Damaged, look: impl FnOnce(btf_types::Result<&Btf<'_>>) -> T) -> T {
    let base = damaged.graph.base().map(|base| base.to_bytes().unwrap());
    let base = base.as_deref().map(|base| Btf::parse(base).unwrap());
    let bytes = damaged.to_bytes().unwrap();
    let parsed = match &base {
        Some(base) => Btf::parse_split(&bytes, base),
        None => Btf::parse(&bytes),
    };
    match parsed {
        Ok(btf) => look(Ok(&btf)),
        Err(error) => look(Err(error)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damages_are_noticed(damaged in damaged(Profile::default())) {
        with_parsed(&damaged, |parsed| {
            match (damaged.damage.notice(), parsed) {
                (Notice::Parse, parsed) => prop_assert!(parsed.is_err()),
                (Notice::Validate, parsed) => {
                    let btf = parsed.map_err(|error| TestCaseError::fail(error.to_string()))?;
                    prop_assert!(btf.validate().is_err());
                    read_everything(btf);
                }
                (Notice::Maybe, Ok(btf)) => read_everything(btf),
                (Notice::Maybe, Err(_)) => {}
            }
            Ok(())
        })?;
    }

    #[test]
    fn noise_harms_nobody(bytes in noise()) {
        if let Ok(btf) = Btf::parse(&bytes) {
            read_everything(&btf);
        }
    }
}
