//! Explanations on BTF with only the types in their scopes are those on the whole BTF.

use std::collections::BTreeSet;

use btf_store::{Kernel, Selection, Store};
use btf_types::{Btf, Kind, PointerSize};
use core_reloc::{Relocation, Relocator, Target};
use core_reloc_proptest::{CaseProfile, case, relocations::LoaderInput};
use core_reloc_tools::explain::{Explainer, Scope};
use proptest::{collection::vec, prelude::*};

use crate::generated::{Given, config, has_siblings, releases, writer};

/// Returns the relocations of an object that can be selected by name.
fn relocations(local: &Btf<'_>, input: &LoaderInput) -> Vec<Relocation> {
    let no_type = [Kind::TypeTag, Kind::DeclTag, Kind::DataSec];
    let is_type = |id| local.type_by_id(id).is_ok_and(|ty| !no_type.contains(&ty.kind()));
    let relocations = input.records.iter().filter(|record| is_type(record.type_id));
    relocations.filter_map(|record| Relocation::from_record(local, record).ok()).collect()
}

/// Removes all digits, and so the ids of types.
fn without_ids(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Explains all relocations of an object that do not match. Returns the texts, and what the explanations look at.
fn explain(local: &Btf<'_>, input: &LoaderInput, kernel: &[u8]) -> (Vec<String>, BTreeSet<Scope>) {
    let kernel = Btf::parse(kernel).unwrap().with_pointer_size(PointerSize::Eight);
    let target = Target::new(&kernel);
    // Comparisons show more types.
    let mut explainer = Explainer::new(local, &target).without_comparisons();
    let (mut texts, mut scopes) = (Vec::new(), BTreeSet::new());
    for relocation in relocations(local, input) {
        // Each alone: earlier ones drop candidates.
        let resolution = Relocator::new(local, &target).resolve(&relocation);
        let Some(unmatched) = resolution.ok().and_then(|it| it.unmatched) else { continue };
        scopes.extend(explainer.unmatched_scopes(&relocation, &unmatched));
        let explanation = explainer.unmatched(&relocation, &unmatched);
        texts.push(without_ids(&format!("{explanation:#?}")));
    }
    (texts, scopes)
}

/// Returns the names of a store's types that a scope includes.
fn names(store: &Store<'_>, scope: &Scope) -> Vec<Vec<u8>> {
    let wanted = scope.names();
    let mut names = Vec::new();
    let visit =
        |kind, name: &[u8]| names.extend(wanted.includes(kind, name).then(|| name.to_vec()));
    store.type_names(visit).unwrap();
    names
}

fn select(store: &Store<'_>, selection: Selection, scopes: &BTreeSet<Scope>) -> Selection {
    scopes.iter().fold(selection, |selection, scope| match scope {
        Scope::Pointees { root } => selection.types_with_pointees([root]),
        Scope::LikeRoot { .. } => selection.names(names(store, scope)),
        _ => selection.types(names(store, scope)),
    })
}

fn extract(kernel: &Kernel<'_>, selection: &Selection) -> Vec<u8> {
    kernel.extract_selected(selection).unwrap().into_bytes()
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn explanations_need_no_other_types(cases in vec(case(CaseProfile::default()), 1..4)) {
        let inputs: Vec<_> = cases.iter().map(|case| case.write().unwrap()).collect();
        let alone = |input: &LoaderInput| Given { main: input.main.clone(), modules: Vec::new() };
        let kernels: Vec<Given> = inputs.iter().map(alone).collect();
        let bytes = writer(&kernels).finish().unwrap();
        let store = Store::open(&bytes).unwrap();
        for (release, given) in releases().zip(&kernels) {
            // The first candidate by id is the one that is explained.
            if has_siblings(given) {
                continue;
            }
            let kernel = store.find(&release).unwrap().next().unwrap().unwrap();
            let all = kernel.extract().unwrap().into_bytes();
            for input in &inputs {
                let local = Btf::parse(&input.local).unwrap();
                let local = local.with_pointer_size(PointerSize::Eight);
                let roots = relocations(&local, input);
                let roots = roots.iter().map(|it| local.type_by_id(it.type_id).unwrap());
                let selection = Selection::new().types(roots.map(|ty| ty.name().unwrap().to_vec()));
                let (_, scopes) = explain(&local, input, &extract(&kernel, &selection));
                let needed = extract(&kernel, &select(&store, selection, &scopes));
                let (expected, of_all) = explain(&local, input, &all);
                prop_assert_eq!(of_all, scopes);
                prop_assert_eq!(explain(&local, input, &needed).0, expected);
            }
        }
    }
}
