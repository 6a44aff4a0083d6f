//! Properties of the answers for generated kernels: those of extracted BTF are those of the original, but for ids.

use std::collections::BTreeSet;

use btf_store::Store;
use btf_types::{Btf, Kind, PointerSize};
use core_reloc::{Module, Target};
use core_reloc_proptest::{CaseProfile, Profile, case, graph};
use core_reloc_tools::query::query_types;
use proptest::{collection::vec, prelude::*};

use crate::generated::{Given, config, evolved, extract, has_siblings, outcomes, releases, writer};

/// The most questions about a kernel: enough for all types of most.
const QUESTIONS: usize = 400;

/// Calls `use_it` with the target of a kernel and its modules.
fn with_target<T>(given: &Given, use_it: impl FnOnce(&Target<'_>) -> T) -> T {
    let main = Btf::parse(&given.main).unwrap().with_pointer_size(PointerSize::Eight);
    let split = |module| Btf::parse_split(module, &main).unwrap();
    let modules: Vec<Btf<'_>> = given.modules.iter().map(|module| split(module)).collect();
    let modules = ["a", "b", "c"].into_iter().zip(&modules);
    use_it(&Target::new(&main).with_modules(modules.map(|(name, btf)| Module { name, btf })))
}

/// Returns questions about the types of a kernel, their members and enumerators.
fn questions(target: &Target<'_>) -> BTreeSet<String> {
    let modules = target.modules().iter().map(|module| module.btf);
    let mut questions = BTreeSet::new();
    for btf in std::iter::once(target.main()).chain(modules) {
        for ty in btf.own_types() {
            let name = ty.name().unwrap().to_string();
            if name.is_empty() {
                continue;
            }
            let inner = ty.members().iter().map(|member| member.name().unwrap().to_string());
            questions.extend(inner.map(|member| format!("{name}.{member}")));
            let enumerators = ty.enumerators();
            let enumerators = enumerators.iter().map(|one| one.name().unwrap().to_string());
            questions.extend(enumerators.map(|one| format!("{name}::{one}")));
            questions.insert(name);
        }
    }
    questions
}

/// Returns a text without the numbers of types.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("id: [");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Returns the answers to questions, those of several types of a name in an order that does not depend on ids.
fn answers(target: &Target<'_>, questions: &[&str]) -> Vec<Vec<String>> {
    let answers = query_types(target, questions).into_iter().map(|answers| match answers {
        Ok(answers) => {
            let of_type = |of_type| without_ids(&format!("{of_type:?}"));
            let mut of_types: Vec<_> = answers.of_types.iter().map(of_type).collect();
            of_types.push(format!("{} left out", answers.left_out));
            of_types.sort();
            of_types
        }
        Err(error) => vec![without_ids(&format!("{error:?}"))],
    });
    answers.collect()
}

/// Returns the sizes of all types with a name, each with what it is.
fn sizes(target: &Target<'_>) -> Vec<String> {
    let modules = target.modules().iter().map(|module| module.btf);
    let types = std::iter::once(target.main()).chain(modules).flat_map(|btf| btf.own_types());
    let named = types.filter(|ty| !ty.name().unwrap().is_empty());
    // Tags with the same content are one.
    let named = named.filter(|ty| ![Kind::DeclTag, Kind::TypeTag].contains(&ty.kind()));
    let mut sizes: Vec<String> = named
        .map(|ty| format!("{} {}: {:?}", ty.kind(), ty.name().unwrap(), ty.size().ok()))
        .collect();
    sizes.sort();
    sizes
}

fn assert_same_answers(given: &Given, extracted: &Given) {
    let questions = with_target(given, questions);
    let questions: Vec<&str> = questions.iter().map(String::as_str).take(QUESTIONS).collect();
    let of =
        |given: &Given| with_target(given, |target| (answers(target, &questions), sizes(target)));
    let (expected, found) = (of(given), of(extracted));
    for ((question, expected), found) in questions.iter().zip(&expected.0).zip(&found.0) {
        assert_eq!(found, expected, "{question}");
    }
    assert_eq!(found.1, expected.1);
}

proptest! {
    #![proptest_config(config(200))]

    /// Every type, field and enumerator of kernels that descend from each other has the answers of the original.
    #[test]
    fn queries_and_sizes_are_the_same(kernels in evolved()) {
        let bytes = writer(&kernels).finish_packed().unwrap();
        let store = Store::open(&bytes).unwrap();
        for (release, given) in releases().zip(&kernels) {
            let kernel = store.find(&release).unwrap().next().unwrap().unwrap();
            assert_same_answers(given, &extract(&kernel));
        }
    }

    /// The same for kernels that have nothing in common, so that the store has many definitions of a name.
    #[test]
    fn unrelated_kernels_do_not_mix(graphs in vec(graph(Profile::default().split(false)), 1..5)) {
        let given = |main| Given { main, modules: Vec::new() };
        let kernels: Vec<Given> =
            graphs.iter().map(|graph| given(graph.to_bytes().unwrap())).collect();
        let bytes = writer(&kernels).finish().unwrap();
        let store = Store::open(&bytes).unwrap();
        for (release, given) in releases().zip(&kernels) {
            let kernel = store.find(&release).unwrap().next().unwrap().unwrap();
            assert_same_answers(given, &extract(&kernel));
        }
    }

    /// Programs are relocated for the kernels of one store, each as for its original. The kernels of one program are
    /// those that its types became; those of several programs share names.
    #[test]
    fn programs_are_relocated_for_any_set_of_kernels(
        cases in vec(case(CaseProfile::default()), 2..5)
    ) {
        let inputs: Vec<_> = cases.iter().map(|case| case.write().unwrap()).collect();
        let kernels: Vec<Given> = inputs
            .iter()
            .map(|input| Given { main: input.main.clone(), modules: input.modules.clone() })
            .collect();
        let bytes = writer(&kernels).finish_packed().unwrap();
        let store = Store::open(&bytes).unwrap();
        for (release, given) in releases().zip(&kernels) {
            // Of several candidates, the first by id decides how an instruction is resized.
            if has_siblings(given) {
                continue;
            }
            let kernel = store.find(&release).unwrap().next().unwrap().unwrap();
            let extracted = extract(&kernel);
            for input in &inputs {
                prop_assert_eq!(outcomes(input, &extracted), outcomes(input, given));
            }
        }
    }
}
