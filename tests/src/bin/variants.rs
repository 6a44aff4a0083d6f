//! A variant of a kernel; `cargo xtask fleet` runs it.
//!
//! ```text
//! variants KERNEL SEED FILE  writes BTF like the kernel's, after edits of the kinds that kernels go through
//! ```
//!
//! The edits are those of the strategies: members inserted, moved, renamed and nested, types renamed and resized,
//! and others. The same seed gives the same bytes. Sizes and offsets are laid out anew, by the rules of C, with
//! packed and aligned composites as far as their sizes show them; a few differ from the original for that reason.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use btf_types::{Btf, IntEncoding, Kind, Type, TypeId, TypeView};
use core_reloc_proptest::{
    Profile,
    evolve::Evolution,
    strategy::Random,
    types::{
        CompositeDesc, CompositeKind, EnumDesc, EnumeratorDesc, Graph, Layout, MemberDesc,
        Modifier, Packing, ParamDesc, ProtoDesc, TypeDesc,
    },
};
use core_reloc_targets::{Limits, open};
use proptest::test_runner::{RngAlgorithm, TestRng};

/// The number of edits.
const EDITS: std::ops::RangeInclusive<usize> = 16..=32;

/// Structs that programs ask for, which most of the edits change.
const FOCUS: [&str; 16] = [
    "bio",
    "cgroup",
    "cred",
    "dentry",
    "file",
    "inet_sock",
    "inode",
    "mm_struct",
    "net_device",
    "pid",
    "request",
    "sk_buff",
    "sock",
    "super_block",
    "task_struct",
    "tcp_sock",
];

/// How often packing is derived anew: a composite shows its own only once its members have theirs.
const ROUNDS: usize = 4;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kernel, seed, file] = &arguments[..] else {
        return Err("expected KERNEL SEED FILE".into());
    };
    let kernel = open(Path::new(kernel), Limits::default())?;
    fs::write(file, variant(&kernel.parse()?, seed.parse()?)?)?;
    Ok(())
}

fn variant(kernel: &Btf<'_>, seed: u64) -> Result<Vec<u8>> {
    let graph = graph(kernel)?;
    let is_focus = |ty: &TypeDesc| !ty.members().is_empty() && FOCUS.contains(&ty.name());
    let focus: Vec<TypeId> =
        graph.iter().filter(|(_, ty)| is_focus(ty)).map(|(id, _)| id).collect();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let profile = Profile::default().edits(EDITS);
    let evolution = Evolution::of(graph, &focus, &profile, &mut Random::new(&mut rng));
    if evolution.edits.len() < *EDITS.start() / 2 {
        return Err(format!("only {} edits could be applied", evolution.edits.len()).into());
    }
    Ok(evolution.evolve().main.to_bytes()?)
}

/// Describes all types of a kernel.
fn graph(kernel: &Btf<'_>) -> Result<Graph> {
    let types = kernel.own_types().map(describe).collect::<Result<_>>()?;
    let mut graph = Graph { byte_order: kernel.byte_order(), base_len: 0, types };
    for _ in 0..ROUNDS {
        let layout = graph.layout()?;
        if !pack(&mut graph, &layout, kernel)? {
            break;
        }
    }
    Ok(graph)
}

/// Packs and aligns composites whose size is not the natural one. Returns `false` if there are none.
fn pack(graph: &mut Graph, layout: &Layout, kernel: &Btf<'_>) -> Result<bool> {
    let mut has_changed = false;
    for ty in kernel.own_types() {
        let (Some(size), Some(natural)) = (ty.stated_size(), layout.size(ty.id())) else {
            continue;
        };
        let Some(TypeDesc::Composite(composite)) = graph.get_mut(ty.id()) else { continue };
        let aligned =
            (0..13).map(|power| 1 << power).find(|align| natural.next_multiple_of(*align) == size);
        let packing = match (natural.cmp(&size), aligned) {
            (std::cmp::Ordering::Greater, _) => Packing::Packed,
            (std::cmp::Ordering::Less, Some(align)) => Packing::Aligned(align),
            _ => continue,
        };
        has_changed |= composite.packing != packing;
        composite.packing = packing;
    }
    Ok(has_changed)
}

fn describe(ty: Type<'_>) -> Result<TypeDesc> {
    let name = ty.name()?.to_string();
    Ok(match ty.view() {
        TypeView::Int { size, encoding, .. } => {
            let all = IntEncoding::SIGNED | IntEncoding::CHAR | IntEncoding::BOOL;
            TypeDesc::Int { name, size, flags: encoding.0 & all }
        }
        TypeView::Float { size, .. } => TypeDesc::Float { name, size },
        TypeView::Ptr { to, .. } => TypeDesc::Ptr(to),
        TypeView::Array(array) => {
            TypeDesc::Array { element: array.element, index: array.index, len: array.len }
        }
        TypeView::Struct { members, .. } | TypeView::Union { members, .. } => {
            let is_union = ty.kind() == Kind::Union;
            let mut described = Vec::new();
            for member in members {
                let bits = Some(member.bitfield_size()).filter(|bits| *bits > 0);
                let (name, ty) = (member.name()?.to_string(), member.type_id());
                described.push(MemberDesc { name, ty, bits });
            }
            let (kind, packing) = (kind(is_union), Packing::Natural);
            TypeDesc::Composite(CompositeDesc { kind, name, packing, members: described })
        }
        TypeView::Enum { size, is_signed, enumerators, .. } => {
            let mut described = Vec::new();
            for enumerator in enumerators {
                let (name, value) = (enumerator.name()?.to_string(), enumerator.value());
                described.push(EnumeratorDesc { name, value });
            }
            let is_negative = described.iter().any(|enumerator| enumerator.value < 0);
            TypeDesc::Enum(EnumDesc {
                name,
                wide: ty.kind() == Kind::Enum64,
                size,
                signed: is_signed || is_negative,
                flagged: is_signed,
                enumerators: described,
            })
        }
        TypeView::Fwd { is_union, .. } => TypeDesc::Fwd { name, kind: kind(is_union) },
        TypeView::Typedef { of, .. } => TypeDesc::Typedef { name, of },
        TypeView::Modifier { kind, of, .. } => match kind {
            Kind::Const => TypeDesc::Modifier(Modifier::Const, of),
            Kind::Volatile => TypeDesc::Modifier(Modifier::Volatile, of),
            Kind::Restrict => TypeDesc::Modifier(Modifier::Restrict, of),
            _ => TypeDesc::TypeTag { tag: name, of },
        },
        TypeView::Func { prototype, linkage, .. } => {
            TypeDesc::Func { name, proto: prototype, linkage }
        }
        TypeView::FuncProto { result, params, .. } => {
            let mut described = Vec::new();
            for param in params {
                described.push(ParamDesc { name: param.name()?.to_string(), ty: param.type_id() });
            }
            // A last parameter without type and name stands for `...`.
            let variadic =
                described.pop_if(|last| last.ty.0 == 0 && last.name.is_empty()).is_some();
            TypeDesc::FuncProto(ProtoDesc { result, params: described, variadic })
        }
        TypeView::Var { ty: of, linkage, .. } => TypeDesc::Var { name, of, linkage },
        TypeView::DataSec { variables, .. } => {
            let variables = variables.iter().map(|variable| variable.type_id()).collect();
            TypeDesc::DataSec { name, variables }
        }
        TypeView::DeclTag { on, target, .. } => TypeDesc::DeclTag { tag: name, on, target },
        _ => return Err(format!("{}: a {} is not expected in a kernel", ty.id(), ty.kind()).into()),
    })
}

fn kind(is_union: bool) -> CompositeKind {
    if is_union { CompositeKind::Union } else { CompositeKind::Struct }
}
