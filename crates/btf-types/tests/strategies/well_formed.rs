//! What strategies make is what they say.

use btf_types::{
    Btf,
    proptest::{Profile, evolution, graph},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn graphs_are_well_formed(graph in graph(Profile::default())) {
        let base = graph.base().map(|base| base.to_bytes().unwrap());
        let base = base.as_deref().map(|base| Btf::parse(base).unwrap());
        let bytes = graph.to_bytes().unwrap();
        let btf = match &base {
            Some(base) => Btf::parse_split(&bytes, base).unwrap(),
            None => Btf::parse(&bytes).unwrap(),
        };
        prop_assert_eq!(btf.validate(), Ok(()));
        prop_assert_eq!(btf.len(), graph.types.len());
        prop_assert_eq!(u32::from(btf.pointer_size()), graph.pointer_size());
        for (ty, (id, desc)) in btf.types().zip(graph.iter()) {
            prop_assert_eq!(ty.id(), id);
            prop_assert_eq!(ty.kind(), desc.kind());
            prop_assert_eq!(ty.name().unwrap().as_bytes(), desc.name().as_bytes());
        }
    }

    #[test]
    fn targets_are_well_formed(evolution in evolution(Profile::object())) {
        prop_assert!(evolution.local.layout().is_ok());
        let evolved = evolution.evolve();
        let (main, modules) = evolved.to_bytes().unwrap();
        let main = Btf::parse(&main).unwrap();
        prop_assert_eq!(main.validate(), Ok(()));
        for module in &modules {
            let module = Btf::parse_split(module, &main).unwrap();
            prop_assert_eq!(module.validate(), Ok(()));
        }
    }
}
