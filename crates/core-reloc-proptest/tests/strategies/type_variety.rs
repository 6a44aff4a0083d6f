//! Every feature of graphs, evolutions and damages occurs.

use btf_types::{ByteOrder, Kind, TypeId};
use core_reloc_proptest::{
    Profile,
    damage::Damage,
    damaged, evolution,
    evolve::{Change, Reference},
    graph,
    types::{Graph, Layout, Packing, TypeDesc},
};

use crate::support::{Features, values};

/// The number of values of each strategy.
const VALUES: usize = 3000;

#[test]
fn graphs_have_every_feature() {
    let mut features = Features::default();
    for graph in values(graph(Profile::default()), VALUES) {
        let layout = graph.layout().unwrap();
        features.note("little endian", graph.byte_order == ByteOrder::Little);
        features.note("big endian", graph.byte_order == ByteOrder::Big);
        features.note("split", graph.base_len > 0);
        features.note("pointers of 4 bytes", graph.pointer_size() == 4);
        features.note("pointers of 8 bytes", graph.pointer_size() == 8);
        for kind in Kind::ALL {
            let types = graph.types.iter().filter(|ty| ty.kind() == kind);
            features.add(kind.name(), types.count());
        }
        for (id, ty) in graph.iter() {
            note_type(&mut features, &graph, &layout, id, ty);
        }
    }
    features.check_all(56);
}

fn note_type(features: &mut Features, graph: &Graph, layout: &Layout, id: TypeId, ty: &TypeDesc) {
    let name = ty.name();
    features.note("flavor", name.split_once("___").is_some_and(|(before, _)| !before.is_empty()));
    features.note("name that only looks like a flavor", name.starts_with("___"));
    match ty {
        TypeDesc::Composite(desc) => {
            features.note("anonymous composite", name.is_empty());
            features.note("packed", desc.packing == Packing::Packed);
            features.note("aligned", matches!(desc.packing, Packing::Aligned(_)));
            features.note("composite without members", desc.members.is_empty());
            features.note("64 KiB and more", layout.size(id).unwrap() >= 1 << 16);
            for (at, member) in desc.members.iter().enumerate() {
                let is_last = at + 1 == desc.members.len();
                features.note("bitfield", member.bits.is_some());
                let resolved = graph.resolve(member.ty).unwrap();
                let flexible = matches!(resolved, TypeDesc::Array { len: 0, .. });
                features.note("flexible array", flexible && is_last);
                features.note("array without elements before the end", flexible && !is_last);
                features.note("anonymous member", member.name.is_empty());
                let anonymous = |ty: &TypeDesc| ty.members().iter().any(|m| m.name.is_empty());
                features
                    .note("anonymous in anonymous", member.name.is_empty() && anonymous(resolved));
                features.note(
                    "struct in struct",
                    !member.name.is_empty() && matches!(resolved, TypeDesc::Composite(_)),
                );
                let pointer = matches!(resolved, TypeDesc::Ptr(to) if *to == id);
                features.note("recursion through a pointer", pointer);
            }
        }
        TypeDesc::Array { element, .. } => {
            let element = graph.resolve(*element).unwrap();
            features.note("array of arrays", matches!(element, TypeDesc::Array { .. }));
            features.note("array of composites", matches!(element, TypeDesc::Composite(_)));
        }
        TypeDesc::Enum(desc) => {
            let signed = if desc.signed { "signed" } else { "unsigned" };
            features.note(format!("{signed} {}", ty.kind()), true);
            let large = |value: i128| value > i32::MAX.into();
            let enumerators = &desc.enumerators;
            features.note("large value", enumerators.iter().any(|one| large(one.value)));
            features.note("negative value", enumerators.iter().any(|one| one.value < 0));
            features.note("small enum", desc.size < 4);
            let states_no_sign = desc.signed && !desc.flagged && !desc.wide;
            features.note("signed enum without the kind_flag", states_no_sign);
        }
        TypeDesc::Typedef { of, .. } => {
            features.note(
                "typedef of typedef",
                matches!(graph.get(*of), Some(TypeDesc::Typedef { .. })),
            );
            features.note("typedef of void", of.is_void());
        }
        TypeDesc::Ptr(to) => {
            let function = matches!(graph.get(*to), Some(TypeDesc::FuncProto(_)));
            features.note("pointer to function", function);
            features.note("forward reference", to.0 > id.0);
        }
        TypeDesc::FuncProto(proto) => features.note("variadic function", proto.variadic),
        _ => {}
    }
}

#[test]
fn evolutions_have_every_change() {
    let mut features = Features::default();
    for evolution in values(evolution(Profile::object()), VALUES) {
        for edit in &evolution.edits {
            note_change(&mut features, "", &edit.change);
        }
        let evolved = evolution.evolve();
        features.note("one module", evolved.modules.len() == 1);
        features.note("two modules", evolved.modules.len() == 2);
        features.note("pointers of 4 bytes", evolved.main.pointer_size() == 4);
    }
    features.check_all(57);
}

fn note_change(features: &mut Features, of: &str, change: &Change) {
    let feature = match change {
        Change::AddMember { .. } => "add member",
        Change::RemoveMember { .. } => "remove member",
        Change::MoveMember { .. } => "move member",
        Change::RenameMember { .. } => "rename member",
        Change::NestMembers { name, .. } if name.is_empty() => "nest in an anonymous member",
        Change::NestMembers { .. } => "nest in a named member",
        Change::UnnestMember { .. } => "unnest member",
        Change::SetBits { bits: Some(_), .. } => "set bits",
        Change::SetBits { bits: None, .. } => "clear bits",
        Change::SetPacking(_) => "set packing",
        Change::SwapKind => "swap struct and union",
        Change::Retype { reference: Reference::Member(_), .. } => "retype member",
        Change::Retype { reference: Reference::Param(_), .. } if of.is_empty() => {
            "retype parameter"
        }
        Change::Retype { .. } => "retype",
        Change::SetLen(_) => "set length",
        Change::Resize(_) => "resize",
        Change::SetSigned(_) => "set signedness",
        Change::SetFlag(_) => "set kind_flag",
        Change::SetWide(_) => "swap ENUM and ENUM64",
        Change::AddEnumerator { .. } => "add enumerator",
        Change::RemoveEnumerator { .. } => "remove enumerator",
        Change::SetValue { .. } => "set value",
        Change::RenameEnumerator { .. } => "rename enumerator",
        Change::AddParam(_) => "add parameter",
        Change::RemoveParam { .. } => "remove parameter",
        Change::Rename(_) => "rename",
        Change::Remove => "remove",
        Change::Duplicate { changes, module, .. } => {
            changes.iter().for_each(|change| note_change(features, "copy: ", change));
            match (changes.is_empty(), module) {
                (true, None) => "identical duplicate",
                (false, None) => "changed duplicate",
                (_, Some(_)) => "duplicate in a module",
            }
        }
        Change::NameToTypedef => "name to typedef",
        Change::NameFromTypedef => "name from typedef",
        Change::MoveToModule(_) => "move to module",
        other => panic!("{other:?} is not counted"),
    };
    features.note(format!("{of}{feature}"), true);
}

#[test]
fn every_damage_occurs() {
    let mut features = Features::default();
    for damaged in values(damaged(Profile::default()), VALUES) {
        let feature = match damaged.damage {
            Damage::Magic(_) => "magic",
            Damage::Version(_) => "version",
            Damage::HeaderLen(_) => "length of the header",
            Damage::TypesOffset(_) => "start of the types",
            Damage::TypesLen(_) => "length of the types",
            Damage::StringsOffset(_) => "start of the strings",
            Damage::StringsLen(_) => "length of the strings",
            Damage::Truncated(_) => "truncated",
            Damage::FirstString => "first string",
            Damage::LastString => "last string",
            Damage::UnknownKind { .. } => "unknown kind",
            Damage::Vlen { .. } => "vlen",
            Damage::Name { .. } => "name",
            Damage::PartName { .. } => "name of a part",
            Damage::Reference { .. } => "reference",
            Damage::PartReference { .. } => "reference of a part",
            Damage::Cycle(_) => "cycle",
            Damage::ContainsItself { .. } => "contains itself",
            Damage::IntBits { .. } => "bits of an INT",
            Damage::Size { .. } => "size",
            Damage::Offset { .. } => "offset",
            Damage::KindFlag(_) => "kind_flag",
            Damage::Byte { .. } => "byte",
            other => panic!("{other:?} is not counted"),
        };
        features.note(feature, true);
    }
    features.check_all(23);
}
