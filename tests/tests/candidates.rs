//! Compares the types that questions are put to with libbpf's candidates: the types of the main BTF with the
//! essential name and kind or, if there are none, those of the modules.
#![cfg(feature = "libbpf")]

use std::collections::BTreeMap;
use std::fs;

use btf_types::build::Builder;
use btf_types::{Btf, ByteOrder, Kind, KindSet, TypeId};
use core_reloc::{Module, Target, essential_name};
use core_reloc_tests::data;
use core_reloc_tests::judge::libbpf::{Libbpf, Target as Judge};
use core_reloc_tools::query::{Answers, QueryError, query_types};

/// The kinds of types that a program declares.
const KINDS: [Kind; 4] = [Kind::Struct, Kind::Union, Kind::Enum, Kind::Typedef];

/// Returns the essential names, with their kind, that stand for several of the own types of a BTF, and every
/// fiftieth other.
fn names(btf: &Btf<'_>) -> Vec<(String, Kind)> {
    let mut counts: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for ty in btf.own_types_of(KindSet::TYPE_NAMES) {
        let kind = if ty.kind().is_enum() { Kind::Enum } else { ty.kind() };
        let name = ty.name().unwrap();
        let name = String::from_utf8(essential_name(&name).to_vec()).unwrap();
        if let Some(kind) = KINDS.iter().position(|other| *other == kind)
            && !name.is_empty()
        {
            *counts.entry((name, kind)).or_default() += 1;
        }
    }
    let (several, others): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, count)| *count > 1);
    let chosen = several.into_iter().chain(others.into_iter().step_by(50));
    chosen.map(|((name, kind), _)| (name, KINDS[kind])).collect()
}

/// Declares a type of each name, as a program does, and returns their ids.
fn declare(names: &[(String, Kind)], order: ByteOrder) -> (Vec<u8>, Vec<TypeId>) {
    let mut btf = Builder::new(order);
    let declared = names.iter().map(|(name, kind)| match kind {
        Kind::Struct => btf.structure(name, 0).finish(),
        Kind::Union => btf.union(name, 0).finish(),
        Kind::Enum => btf.enumeration(name, 4).finish(),
        _ => btf.typedef(name, TypeId::VOID),
    });
    let ids = declared.collect();
    (btf.finish().unwrap(), ids)
}

/// Returns the ids of the types that answer a question.
fn answering(answers: Result<Answers, QueryError>) -> Vec<u32> {
    answers.unwrap().of_types.iter().map(|answer| answer.root_id.0).collect()
}

#[test]
fn questions_are_put_to_the_candidates_of_libbpf() {
    for kernel in data::kernels().unwrap() {
        let main_bytes = fs::read(&kernel.btf).unwrap();
        let main = Btf::parse(&main_bytes).unwrap();
        let module_bytes: Vec<_> =
            kernel.modules.iter().map(|path| fs::read(path).unwrap()).collect();
        let modules: Vec<_> =
            module_bytes.iter().map(|bytes| Btf::parse_split(bytes, &main).unwrap()).collect();
        let of_target = modules.iter().map(|btf| Module { name: "module", btf });
        let target = Target::new(&main).with_modules(of_target);
        let of_judge: Vec<_> = module_bytes.iter().map(|bytes| ("module", &bytes[..])).collect();
        let judge = Judge::new(&main_bytes, &of_judge).unwrap();

        let names: Vec<_> = [&main].into_iter().chain(&modules).flat_map(names).collect();
        let (local, ids) = declare(&names, main.byte_order());
        let mut libbpf = Libbpf::new(&local, &judge).unwrap();
        let roots: Vec<(&str, Kind)> = names.iter().map(|(name, kind)| (&**name, *kind)).collect();
        let questions: Vec<&str> = roots.iter().map(|(name, _)| *name).collect();
        let found = target.find_candidates(&roots).into_iter();
        let answers = query_types(&target, &questions).into_iter().map(answering);
        let mut several = 0;
        for (((root, id), found), answering) in roots.iter().zip(ids).zip(found).zip(answers) {
            let module = |module: Option<u32>| module.map_or(0, |module| module as usize + 1);
            let ours: Vec<(usize, u32)> =
                found.iter().map(|found| (module(found.module), found.ty.id().0)).collect();
            let theirs = libbpf.candidates(id.0).unwrap();
            assert_eq!(ours, theirs, "{root:?}");
            // A typedef of an answering type has no answer of its own.
            let answers = theirs.iter().all(|(_, id)| answering.contains(id));
            assert!(answers || root.1 == Kind::Typedef, "{root:?}: {answering:?}, {theirs:?}");
            several += usize::from(theirs.len() > 1);
        }
        println!("{}: {} names, {several} of several types", kernel.name, roots.len());
        assert!(several > 10);
    }
}
