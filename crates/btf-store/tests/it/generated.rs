//! Properties of stores of generated kernels: a program's types and what later kernels made of them.

use btf_store::{Info, Kernel, Reach, Selection, Store, Writer};
use btf_types::{Btf, Kind, PointerSize};
use core_reloc::{Module, Relocation, Relocator, Target};
use core_reloc_proptest::{CaseProfile, Profile, case, evolution, graph, relocations::LoaderInput};
use proptest::{collection::vec, prelude::*};

use crate::meaning::{has_loop, meaning};

/// The BTF of a kernel and its modules.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) main: Vec<u8>,
    pub(crate) modules: Vec<Vec<u8>>,
}

pub(crate) fn config(cases: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    ProptestConfig { max_shrink_iters: 1000, max_shrink_time: 20_000, ..config }
}

/// The names of modules.
const MODULES: [&str; 3] = ["a", "b", "c"];

pub(crate) fn add(writer: &mut Writer, release: &str, given: &Given) {
    let main = Btf::parse(&given.main).unwrap();
    let modules: Vec<_> =
        given.modules.iter().map(|module| Btf::parse_split(module, &main).unwrap()).collect();
    let modules: Vec<_> = MODULES.into_iter().zip(&modules).collect();
    let info = Info { release, architecture: "made up", origin: release, ..Info::default() };
    writer.add(info, &main, &modules).unwrap();
}

/// Extracts a kernel and its modules.
pub(crate) fn extract(kernel: &Kernel<'_>) -> Given {
    let main = kernel.extract().unwrap();
    let modules = kernel.modules().unwrap();
    let modules = modules.iter().map(|module| main.module(module).unwrap()).collect();
    Given { main: main.into_bytes(), modules }
}

#[track_caller]
pub(crate) fn assert_same(one: &Given, other: &Given) {
    let (one_main, other_main) = (Btf::parse(&one.main).unwrap(), Btf::parse(&other.main).unwrap());
    assert_eq!(one_main.byte_order(), other_main.byte_order());
    assert_eq!(meaning(&one_main), meaning(&other_main));
    assert_eq!(one.modules.len(), other.modules.len());
    for (one, other) in one.modules.iter().zip(&other.modules) {
        let one = Btf::parse_split(one, &one_main).unwrap();
        let other = Btf::parse_split(other, &other_main).unwrap();
        other.validate().unwrap();
        let (one, other) = (meaning(&one), meaning(&other));
        assert_eq!(one.0, other.0);
    }
    other_main.validate().unwrap();
}

/// Kernels that descend from one program's types.
pub(crate) fn evolved() -> impl Strategy<Value = Vec<Given>> {
    vec(evolution(Profile::default().split(false)), 1..4).prop_map(|evolutions| {
        let mut kernels = Vec::new();
        for evolution in evolutions {
            let main = evolution.local.to_bytes().unwrap();
            kernels.push(Given { main, modules: Vec::new() });
            // With half of the edits, and with all.
            let mut half = evolution.clone();
            half.edits.truncate(half.edits.len() / 2);
            for evolution in [half, evolution] {
                let (main, modules) = evolution.evolve().to_bytes().unwrap();
                kernels.push(Given { main, modules });
            }
        }
        kernels
    })
}

pub(crate) fn releases() -> impl Iterator<Item = String> {
    (0..).map(|number| format!("{}.{}", number / 4, number % 4))
}

pub(crate) fn writer(kernels: &[Given]) -> Writer {
    let mut writer = Writer::new();
    for (release, given) in releases().zip(kernels) {
        add(&mut writer, &release, given);
    }
    writer
}

/// Returns the writer's store in both forms.
fn forms(writer: &Writer) -> [Vec<u8>; 2] {
    [writer.finish().unwrap(), writer.finish_packed().unwrap()]
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn what_is_extracted_means_the_same(kernels in evolved()) {
        for bytes in forms(&writer(&kernels)) {
            let store = Store::open(&bytes).unwrap();
            prop_assert_eq!(store.len(), kernels.len());
            for (release, given) in releases().zip(&kernels) {
                let kernel = store.find(&release).unwrap().next().unwrap().unwrap();
                assert_same(given, &extract(&kernel));
            }
        }
    }

    #[test]
    fn any_graph_comes_back(graph in graph(Profile::default().split(false))) {
        let given = Given { main: graph.to_bytes().unwrap(), modules: Vec::new() };
        let bytes = writer(std::slice::from_ref(&given)).finish().unwrap();
        let store = Store::open(&bytes).unwrap();
        assert_same(&given, &extract(&store.kernel(0).unwrap()));
    }

    /// Extracting is the inverse: what was extracted makes the same store.
    #[test]
    fn what_is_extracted_makes_the_same_store(kernels in evolved()) {
        for given in &kernels {
            let main = Btf::parse(&given.main).unwrap();
            let modules = given.modules.iter();
            let mut modules = modules.map(|module| Btf::parse_split(module, &main).unwrap());
            prop_assume!(!has_loop(&main) && !modules.any(|module| has_loop(&module)));
        }
        let bytes = writer(&kernels).finish().unwrap();
        let store = Store::open(&bytes).unwrap();
        let again: Vec<_> = store.kernels().map(|kernel| extract(&kernel.unwrap())).collect();
        let mut numbered: Vec<_> = releases().take(kernels.len()).collect();
        numbered.sort();
        let mut writer = Writer::new();
        for (release, given) in numbered.iter().zip(&again) {
            add(&mut writer, release, given);
        }
        let written = writer.finish().unwrap();
        prop_assert!(written == bytes);
    }

    /// Neither the order of addition, nor merging, nor what was removed shows in the bytes.
    #[test]
    fn the_history_does_not_show(kernels in evolved(), split in any::<prop::sample::Index>()) {
        let whole = forms(&writer(&kernels));
        let named: Vec<_> = releases().zip(&kernels).collect();
        let mut reversed = Writer::new();
        named.iter().rev().for_each(|(release, given)| add(&mut reversed, release, given));
        prop_assert!(forms(&reversed) == whole);

        let (first, second) = named.split_at(split.index(named.len()));
        let part = |kernels: &[(String, &Given)]| {
            let mut writer = Writer::new();
            kernels.iter().for_each(|(release, given)| add(&mut writer, release, given));
            writer.finish_packed().unwrap()
        };
        let parts = [part(second), part(first)];
        let mut merged = Writer::new();
        for part in &parts {
            merged.add_store(&Store::open(part).unwrap()).unwrap();
        }
        prop_assert!(forms(&merged) == whole);

        let mut removed = Writer::new();
        removed.add_store(&Store::open(&whole[0]).unwrap()).unwrap();
        removed.retain(|info| first.iter().any(|(release, _)| release == info.release));
        prop_assert!(removed.finish_packed().unwrap() == parts[1]);
    }
}

/// Returns `true` if two types have the same essential name.
pub(crate) fn has_siblings(given: &Given) -> bool {
    let main = Btf::parse(&given.main).unwrap();
    let modules = given.modules.iter().map(|module| Btf::parse_split(module, &main).unwrap());
    let modules: Vec<_> = modules.collect();
    let mut seen = std::collections::BTreeSet::new();
    let types = main.own_types().chain(modules.iter().flat_map(|module| module.own_types()));
    let names = types.map(|ty| core_reloc::essential_name(ty.name().unwrap().as_bytes()).to_vec());
    let mut names = names.filter(|name| !name.is_empty());
    names.any(|name| !seen.insert(name))
}

/// Returns what each relocation of a program comes to, without the ids of target types.
pub(crate) fn outcomes(input: &LoaderInput, given: &Given) -> Vec<String> {
    let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
    let main = Btf::parse(&given.main).unwrap().with_pointer_size(PointerSize::Eight);
    let modules: Vec<_> = given
        .modules
        .iter()
        .map(|module| {
            Btf::parse_split(module, &main).unwrap().with_pointer_size(PointerSize::Eight)
        })
        .collect();
    let modules = MODULES.into_iter().zip(&modules).map(|(name, btf)| Module { name, btf });
    let target = Target::new(&main).with_modules(modules);
    let mut relocator = Relocator::new(&local, &target);
    let mut code = input.code.clone();
    // The instructions that ids may have been written to: what they contain after that is another matter, and so is
    // whether a second relocation finds what it expects.
    let mut with_ids = std::collections::BTreeSet::new();
    let records = input.records.iter().map(|record| {
        let Ok(relocation) = Relocation::from_record(&local, record) else { return "bad".into() };
        if relocation.kind == core_reloc::RelocKind::TypeIdTarget {
            with_ids.insert(record.insn_off);
        }
        match relocator.relocate(&mut code, &relocation) {
            // Ids differ, and with them whether several candidates agree.
            _ if with_ids.contains(&record.insn_off) => "id".into(),
            Ok(applied) => {
                // Of several candidates, the first by id is in the reason.
                let status = format!("{:?}", applied.patched.status);
                let status = status.split('(').next().unwrap_or_default().to_owned();
                format!("{status} {:?}", applied.patched.after)
            }
            // Errors name types by their ids.
            Err(_) => "error".into(),
        }
    });
    records.collect()
}

proptest! {
    #![proptest_config(config(1000))]

    /// Programs are relocated with extracted BTF as with the original: with all of it, and with what they ask
    /// for.
    #[test]
    fn relocations_have_the_same_results(case in case(CaseProfile::default())) {
        let mut input = case.write().unwrap();
        // These cannot be selected by name, and equal tags become one. No compiler writes such relocations.
        let names = input.local.clone();
        let names = Btf::parse(&names).unwrap();
        let no_type = [Kind::TypeTag, Kind::DeclTag, Kind::DataSec];
        let is_type = |id| names.type_by_id(id).is_ok_and(|ty| !no_type.contains(&ty.kind()));
        input.records.retain(|record| is_type(record.type_id));
        let given = Given { main: input.main.clone(), modules: input.modules.clone() };
        // Of several candidates, the first by id decides how an instruction is resized.
        if has_siblings(&given) {
            return Ok(());
        }
        let expected = outcomes(&input, &given);
        let alone = Given { modules: Vec::new(), ..given.clone() };
        let local = Given { main: input.local.clone(), modules: Vec::new() };
        let bytes = writer(&[given.clone(), local.clone(), alone.clone()]).finish().unwrap();
        let store = Store::open(&bytes).unwrap();
        prop_assert_eq!(&outcomes(&input, &extract(&store.kernel(0).unwrap())), &expected);

        let names = names.types().map(|ty| ty.name().unwrap().as_bytes().to_vec());
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        for reach in [Reach::Relocations, Reach::All] {
            let selection =
                Selection::new().types(&names).functions(&names).variables(&names).reach(reach);
            for (number, given) in [&given, &local, &alone].into_iter().enumerate() {
                let expected = outcomes(&input, &Given { modules: Vec::new(), ..given.clone() });
                let kernel = store.kernel(number as u32).unwrap();
                let main = kernel.extract_selected(&selection).unwrap().into_bytes();
                Btf::parse(&main).unwrap().validate().unwrap();
                let selected = Given { main, modules: Vec::new() };
                prop_assert_eq!(&outcomes(&input, &selected), &expected);
            }
            let mut found: Vec<u32> = Vec::new();
            for group in store.groups(&selection).unwrap() {
                found.extend(group.kernels());
                let of_group = group.extract(&store).unwrap().into_bytes();
                for number in group.kernels() {
                    let kernel = store.kernel(*number).unwrap();
                    let own = kernel.extract_selected(&selection).unwrap().into_bytes();
                    prop_assert_eq!(&own, &of_group);
                }
            }
            found.sort();
            prop_assert_eq!(found, [0, 1, 2]);
        }
    }
}
