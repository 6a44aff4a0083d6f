//! Code that reads and relocates, tested with generated types and programs.

use btf_types::{Btf, Kind, Type};
use core_reloc::{Relocation, Relocator, Target};

/// Returns the first struct with the most members.
pub fn widest<'a>(btf: &'a Btf<'a>) -> Option<Type<'a>> {
    let structs = btf.own_types().filter(|ty| ty.kind() == Kind::Struct);
    structs.reduce(|widest, ty| if ty.vlen() > widest.vlen() { ty } else { widest })
}

/// Returns the values of relocations for a kernel; `None` where there is none.
pub fn answers(
    local: &Btf<'_>,
    kernel: &Target<'_>,
    relocations: &[Relocation],
) -> Vec<Option<u64>> {
    let mut relocator = Relocator::new(local, kernel);
    relocations.iter().map(|one| relocator.resolve(one).ok()?.value()).collect()
}

#[cfg(test)]
mod tests {
    use core_reloc_proptest::{CaseProfile, Profile, case, graph};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_struct_is_wider(graph in graph(Profile::default().split(false))) {
            let bytes = graph.to_bytes().unwrap();
            let btf = Btf::parse(&bytes).unwrap();
            // The graph describes the same types without BTF.
            let is_struct = |id| btf.type_by_id(id).unwrap().kind() == Kind::Struct;
            let structs = graph.iter().filter(|(id, _)| is_struct(*id));
            let most = structs.map(|(_, ty)| ty.members().len()).max();
            prop_assert_eq!(widest(&btf).map(|ty| ty.members().len()), most);
        }

        #[test]
        fn an_index_changes_no_answer(case in case(CaseProfile::default())) {
            let object = case.write().unwrap();
            let local = Btf::parse(&object.local).unwrap();
            let kernel = Btf::parse(&object.main).unwrap();
            let decoded = object.records.iter().map(|record| Relocation::from_record(&local, record));
            let relocations: Vec<Relocation> = decoded.flatten().collect();
            prop_assert_eq!(
                answers(&local, &Target::new(&kernel), &relocations),
                answers(&local, &Target::new(&kernel).indexed(), &relocations)
            );
        }
    }
}
