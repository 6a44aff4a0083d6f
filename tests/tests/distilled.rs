//! Relocating modules from their distilled base, with libbpf as the judge: it distills the base, and
//! relocates the module to the same bytes.
#![cfg(feature = "libbpf")]

use std::collections::BTreeMap;
use std::fs;

use btf_types::build::Builder;
use btf_types::distilled::Error;
use btf_types::{Btf, ByteOrder, Kind, TypeId};
use core_reloc_tests::data;
use core_reloc_tests::hostile::seeds;
use core_reloc_tests::judge::libbpf::{Btf as LibbpfBtf, Distilled};
use core_reloc_tests::judge::skipped;

/// Relocates a module onto a kernel, and compares the result with libbpf's.
fn compare(module: &Distilled, kernel: &[u8], what: &str) -> Result<Vec<u8>, Error> {
    let base = Btf::parse(&module.base).unwrap();
    let split = Btf::parse_split(&module.split, &base).unwrap();
    let onto = Btf::parse(kernel).unwrap();
    let ours = split.relocate_onto(&onto);
    let theirs = LibbpfBtf::new(kernel).unwrap().relocated(module);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert!(ours == theirs, "{what}: other bytes than libbpf's");
            let relocated = Btf::parse_split(ours, &onto).unwrap();
            assert_eq!(relocated.validate(), Ok(()), "{what}");
            assert_eq!(relocated.check_base(), Ok(()), "{what}");
        }
        (Err(Error::Missing { name, .. } | Error::Ambiguous { name, .. }), Err(theirs)) => {
            // libbpf reports the types in another order, so its first error may be another type's. It
            // ends its search with an ambiguous one, and reports only one missing type.
            let name = String::from_utf8_lossy(name);
            assert!(theirs.log.contains("distilled base BTF type"), "{what}: {name}, {theirs}");
        }
        (Ok(relocated), Err(theirs)) if takes_declaration(&theirs.log, &onto) => {
            let relocated = Btf::parse_split(relocated, &onto).unwrap();
            assert_eq!(relocated.check_base(), Ok(()), "{what}");
        }
        (ours, theirs) => {
            let theirs = theirs.as_ref().map(Vec::len);
            panic!("{what}: {:?}, libbpf {theirs:?}", ours.as_ref().map(Vec::len));
        }
    }
    ours
}

/// Returns `true` if libbpf rejects a module because the kernel has both a composite and a FWD of its name,
/// of which only the composite can be contained by value: the accepted difference `distilled-kind`.
fn takes_declaration(log: &str, kernel: &Btf<'_>) -> bool {
    let ids = |line: &str| -> Option<[TypeId; 2]> {
        let (_, ids) = line.split_once("multiple candidates of the same size (ids [")?;
        let (one, other) = ids.split_once(']')?.0.split_once(", ")?;
        Some([TypeId(one.parse().ok()?), TypeId(other.parse().ok()?)])
    };
    let kinds = |ids: [TypeId; 2]| ids.map(|id| kernel.type_by_id(id).unwrap().kind());
    log.lines().filter_map(ids).map(kinds).any(|[one, other]| match (one, other) {
        (Kind::Fwd, kind) | (kind, Kind::Fwd) => kind.is_composite(),
        _ => false,
    })
}

/// Distills a module with libbpf.
fn distill(module: &[u8], kernel: &[u8]) -> Distilled {
    let kernel = LibbpfBtf::new(kernel).unwrap();
    LibbpfBtf::new_split(module, &kernel).unwrap().distilled().unwrap()
}

/// Real modules of a real kernel, on their own kernel and on all others: there the types that they need are
/// the same, have another size, or are missing.
#[test]
fn real_modules_are_relocated_as_by_libbpf() {
    let kernels = data::kernels().unwrap();
    let mut outcomes = BTreeMap::<&str, usize>::new();
    for own in &kernels {
        let own_bytes = fs::read(&own.btf).unwrap();
        for path in &own.modules {
            let original = fs::read(path).unwrap();
            let module = distill(&original, &own_bytes);
            for kernel in &kernels {
                let bytes = fs::read(&kernel.btf).unwrap();
                let what = format!("{} on {}", path.display(), kernel.name);
                let outcome = match compare(&module, &bytes, &what) {
                    Ok(relocated) => {
                        if kernel.name == own.name {
                            same_answers(&original, &relocated, &bytes);
                        }
                        "relocated"
                    }
                    Err(Error::Missing { .. }) => "missing",
                    Err(_) => "ambiguous",
                };
                assert!(kernel.name != own.name || outcome == "relocated", "{what}");
                *outcomes.entry(outcome).or_default() += 1;
            }
        }
    }
    if outcomes.is_empty() {
        return skipped("no kernels with modules; `cargo xtask data` fetches them");
    }
    println!("{outcomes:?}");
    assert!(outcomes["relocated"] >= 6 && outcomes["missing"] > 0, "{outcomes:?}");
}

/// Compares the types of a module with those after it was distilled and relocated onto the same kernel: the
/// ids, names, sizes and members are the same, and members have the kernel's own types.
fn same_answers(original: &[u8], relocated: &[u8], kernel: &[u8]) {
    let kernel = Btf::parse(kernel).unwrap();
    let original = Btf::parse_split(original, &kernel).unwrap();
    let relocated = Btf::parse_split(relocated, &kernel).unwrap();
    // libbpf adds copies of the kernel's anonymous types at the end.
    assert!(original.own_types().len() <= relocated.own_types().len());
    let mut own_ids = 0;
    for (one, other) in original.own_types().zip(relocated.own_types()) {
        assert_eq!((one.id(), one.kind(), one.vlen()), (other.id(), other.kind(), other.vlen()));
        assert_eq!(one.name().unwrap(), other.name().unwrap());
        assert_eq!(one.size(), other.size(), "{one:?}");
        for (member, moved) in one.members().iter().zip(other.members()) {
            assert_eq!(member.name().unwrap(), moved.name().unwrap());
            assert_eq!(member.bit_offset(), moved.bit_offset());
            let (ty, moved) = (member.ty().unwrap(), moved.ty().unwrap());
            assert_eq!((ty.kind(), ty.name().unwrap()), (moved.kind(), moved.name().unwrap()));
            // A named struct of the kernel is the same one.
            if ty.kind() == Kind::Struct && !ty.name().unwrap().is_empty() {
                assert_eq!(ty.id(), moved.id());
                own_ids += 1;
            }
        }
    }
    assert!(own_ids > 0 || original.own_types().len() < 200, "the modules embed structs");
}

/// The seeds of the fuzz target: all kinds of a distilled base, in both byte orders.
#[test]
fn seeds_are_relocated_as_by_libbpf() {
    let mut relocated = 0;
    for seed in seeds::of("distilled").unwrap() {
        let name = seed.path.display().to_string();
        if name.starts_with("adversary") {
            continue;
        }
        let (len, rest) = seed.bytes.split_first_chunk::<4>().unwrap();
        let (split_len, rest) = rest.split_first_chunk::<4>().unwrap();
        let (base, rest) = rest.split_at(u32::from_le_bytes(*len) as usize);
        let (split, kernel) = rest.split_at(u32::from_le_bytes(*split_len) as usize);
        let module = Distilled { base: base.to_vec(), split: split.to_vec() };
        let Ok(bytes) = compare(&module, kernel, &name) else { continue };
        let kernel = Btf::parse(kernel).unwrap();
        let btf = Btf::parse_split(&bytes, &kernel).unwrap();
        let vpn = btf.find("vpn", Kind::Struct).unwrap();
        let types: Vec<_> = vpn.members().iter().map(|member| member.type_id().0).collect();
        // By the words of the seed: `sock` is [5], `state` [7]; the pointers are the module's first types.
        assert_eq!(types, [5, 7, 9, 10], "{name}");
        let pointees = [9, 10].map(|id| btf.type_by_id(TypeId(id)).unwrap().referenced_id());
        // `skb`, and the `file` of 16 bytes.
        assert_eq!(pointees, [Some(TypeId(6)), Some(TypeId(4))], "{name}");
        relocated += 1;
    }
    assert_eq!(relocated, 2);
}

/// Modules made of a kernel's own types, for kernels of every architecture and byte order.
#[test]
fn made_up_modules_of_real_kernels_are_relocated_as_by_libbpf() {
    let kernels = data::kernels().unwrap();
    if kernels.is_empty() {
        return skipped("no kernels; `cargo xtask data` fetches them");
    }
    let mut relocated = 0;
    for own in &kernels {
        let bytes = fs::read(&own.btf).unwrap();
        let kernel = Btf::parse(&bytes).unwrap();
        // Structs from all parts of the kernel, with what they refer to.
        for part in 0..4 {
            let mut builder = Builder::split(&kernel);
            let structs = kernel.own_types().filter(|ty| ty.kind().is_composite());
            let named = structs.filter(|ty| !ty.name_off().0.eq(&0));
            for ty in named.skip(part * 700).step_by(37).take(12) {
                let pointer = builder.ptr(ty.id());
                let constant = builder.constant(ty.id());
                let size = ty.size().unwrap_or(0);
                builder
                    .structure(format!("made_{}", ty.id().0), 2 * size + 16)
                    .member("first", pointer, 0)
                    .member(ty.name().unwrap(), constant, 64)
                    .finish();
                builder.copy(ty, |id| id);
            }
            let module = distill(&builder.finish().unwrap(), &bytes);
            for kernel in kernels.iter().filter(|kernel| kernel.name[..4] == own.name[..4]) {
                let bytes = fs::read(&kernel.btf).unwrap();
                let what = format!("part {part} of {} on {}", own.name, kernel.name);
                let result = compare(&module, &bytes, &what);
                // Some names stand for several types of one size even in their own kernel.
                relocated += usize::from(result.is_ok());
            }
        }
    }
    println!("{relocated} relocated");
    assert!(relocated >= kernels.len(), "{relocated} relocated");
}

/// Types of one name, of which the module refers to the first, on a kernel described by the second.
struct Case {
    what: &'static str,
    distilled: fn(&mut Builder<'_>) -> TypeId,
    is_embedded: bool,
    kernel: fn(&mut Builder<'_>),
    /// The id of the kernel's type, if the module can be relocated.
    expected: Option<u32>,
}

/// The module of a case: split BTF with a pointer to the type, or a struct with a member of the type.
fn module(case: &Case, order: ByteOrder) -> Distilled {
    let mut base = Builder::new(order);
    let ty = (case.distilled)(&mut base);
    let base = base.finish().unwrap();
    let parsed = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&parsed);
    if case.is_embedded {
        split.structure("outer", 64).member("x", ty, 0).finish();
    } else {
        split.ptr(ty);
    }
    let split = split.finish().unwrap();
    Distilled { base, split }
}

fn kernel(case: &Case, order: ByteOrder) -> Vec<u8> {
    let mut kernel = Builder::new(order);
    (case.kernel)(&mut kernel);
    kernel.finish().unwrap()
}

fn id_of(relocated: &[u8], kernel: &[u8]) -> u32 {
    let kernel = Btf::parse(kernel).unwrap();
    let split = Btf::parse_split(relocated, &kernel).unwrap();
    let ty = split.own_types().next().unwrap();
    let member = ty.members().get(0).map(|member| member.type_id());
    ty.referenced_id().or(member).unwrap().0
}

const INT: u32 = btf_types::IntEncoding::SIGNED;

fn int(btf: &mut Builder<'_>, size: u32, flags: u32) -> TypeId {
    btf.int("t", size, btf_types::IntEncoding::new((8 * size) as u8, flags))
}

fn structure(btf: &mut Builder<'_>, size: u32) -> TypeId {
    btf.structure("t", size).finish()
}

#[test]
fn the_rules_are_libbpfs() {
    let cases = [
        Case {
            what: "an INT of this size and encoding",
            distilled: |btf| int(btf, 4, INT),
            is_embedded: false,
            kernel: |btf| {
                int(btf, 8, INT);
                int(btf, 4, 0);
                int(btf, 4, INT);
            },
            expected: Some(3),
        },
        Case {
            what: "two INTs",
            distilled: |btf| int(btf, 4, INT),
            is_embedded: false,
            kernel: |btf| {
                int(btf, 4, INT);
                int(btf, 4, INT);
            },
            expected: None,
        },
        Case {
            what: "a FLOAT of this size",
            distilled: |btf| btf.float("t", 8),
            is_embedded: false,
            kernel: |btf| {
                btf.float("t", 4);
                btf.float("t", 8);
                int(btf, 8, 0);
            },
            expected: Some(2),
        },
        Case {
            what: "an ENUM that became an ENUM64",
            distilled: |btf| btf.enumeration("t", 8).finish(),
            is_embedded: false,
            kernel: |btf| {
                btf.enumeration("t", 4).finish();
                btf.enumeration64("t", 8).finish();
            },
            expected: Some(2),
        },
        Case {
            what: "an ENUM of another size",
            distilled: |btf| btf.enumeration("t", 8).finish(),
            is_embedded: false,
            kernel: |btf| _ = btf.enumeration("t", 4).finish(),
            expected: None,
        },
        Case {
            what: "a STRUCT of another size behind a pointer",
            distilled: |btf| structure(btf, 8),
            is_embedded: false,
            kernel: |btf| _ = structure(btf, 16),
            expected: Some(1),
        },
        Case {
            what: "a STRUCT of another size that is embedded",
            distilled: |btf| structure(btf, 8),
            is_embedded: true,
            kernel: |btf| _ = structure(btf, 16),
            expected: None,
        },
        Case {
            what: "one of two STRUCTs, by size",
            distilled: |btf| structure(btf, 8),
            is_embedded: false,
            kernel: |btf| {
                structure(btf, 16);
                structure(btf, 8);
            },
            expected: Some(2),
        },
        Case {
            what: "two STRUCTs of other sizes",
            distilled: |btf| structure(btf, 8),
            is_embedded: false,
            kernel: |btf| {
                structure(btf, 16);
                structure(btf, 24);
            },
            expected: None,
        },
        Case {
            what: "two STRUCTs of this size",
            distilled: |btf| structure(btf, 8),
            is_embedded: true,
            kernel: |btf| {
                structure(btf, 8);
                structure(btf, 8);
            },
            expected: None,
        },
        Case {
            what: "a STRUCT that the kernel only declares",
            distilled: |btf| structure(btf, 8),
            is_embedded: false,
            kernel: |btf| _ = btf.fwd_struct("t"),
            expected: Some(1),
        },
        Case {
            what: "a FWD",
            distilled: |btf| btf.fwd_struct("t"),
            is_embedded: false,
            kernel: |btf| {
                btf.fwd_union("t");
                btf.fwd_struct("t");
            },
            expected: Some(2),
        },
        Case {
            what: "a FWD of a STRUCT without bitfields",
            distilled: |btf| btf.fwd_struct("t"),
            is_embedded: false,
            kernel: |btf| _ = structure(btf, 8),
            expected: Some(1),
        },
        Case {
            what: "a FWD with several STRUCTs",
            distilled: |btf| btf.fwd_struct("t"),
            is_embedded: false,
            kernel: |btf| {
                structure(btf, 8);
                structure(btf, 16);
            },
            expected: None,
        },
        Case {
            what: "a FWD with several STRUCTs and a FWD",
            distilled: |btf| btf.fwd_struct("t"),
            is_embedded: false,
            kernel: |btf| {
                structure(btf, 8);
                structure(btf, 16);
                btf.fwd_struct("t");
            },
            expected: Some(3),
        },
        Case {
            what: "another name",
            distilled: |btf| btf.fwd_struct("other"),
            is_embedded: false,
            kernel: |btf| _ = btf.fwd_struct("t"),
            expected: None,
        },
        Case {
            what: "a TYPEDEF of this name",
            distilled: |btf| structure(btf, 8),
            is_embedded: false,
            kernel: |btf| _ = btf.typedef("t", TypeId::VOID),
            expected: None,
        },
    ];
    for case in &cases {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let what = format!("{}, {order}", case.what);
            let kernel = kernel(case, order);
            let relocated = compare(&module(case, order), &kernel, &what);
            let id = relocated.ok().map(|relocated| id_of(&relocated, &kernel));
            assert_eq!(id, case.expected, "{what}");
        }
    }
}

/// The accepted difference `distilled-kind`: libbpf looks at kind_flag rather than the kind.
#[test]
fn kinds_are_compared_where_libbpf_compares_flags_or_nothing() {
    // Each with the id that libbpf maps the type to.
    let cases = [
        (
            Case {
                what: "a FWD of a STRUCT with bitfields",
                distilled: |btf| btf.fwd_struct("t"),
                is_embedded: false,
                kernel: |btf| _ = btf.structure("t", 8).with_kind_flag().finish(),
                expected: Some(1),
            },
            None,
        ),
        (
            Case {
                what: "a FWD of a UNION without bitfields",
                distilled: |btf| btf.fwd_union("t"),
                is_embedded: false,
                kernel: |btf| _ = btf.union("t", 8).finish(),
                expected: Some(1),
            },
            None,
        ),
        (
            Case {
                what: "a STRUCT that became a UNION",
                distilled: |btf| structure(btf, 8),
                is_embedded: true,
                kernel: |btf| _ = btf.union("t", 8).finish(),
                expected: None,
            },
            Some(1),
        ),
        (
            Case {
                what: "a STRUCT and an ENUM of its size",
                distilled: |btf| structure(btf, 4),
                is_embedded: false,
                kernel: |btf| _ = btf.enumeration("t", 4).finish(),
                expected: None,
            },
            Some(1),
        ),
    ];
    let embedded = Case {
        what: "an embedded STRUCT and a FWD of its name",
        distilled: |btf| structure(btf, 8),
        is_embedded: true,
        kernel: |btf| {
            structure(btf, 8);
            btf.fwd_struct("t");
        },
        expected: Some(1),
    };
    for (case, libbpf) in cases.iter().chain(&[(embedded, None)]) {
        let order = ByteOrder::Little;
        let (module, kernel) = (module(case, order), kernel(case, order));
        let base = Btf::parse(&module.base).unwrap();
        let split = Btf::parse_split(&module.split, &base).unwrap();
        let ours = split.relocate_onto(&Btf::parse(&kernel).unwrap());
        assert_eq!(ours.ok().map(|bytes| id_of(&bytes, &kernel)), case.expected, "{}", case.what);
        let theirs = LibbpfBtf::new(&kernel).unwrap().relocated(&module);
        assert_eq!(theirs.ok().map(|bytes| id_of(&bytes, &kernel)), *libbpf, "{}", case.what);
    }
}
