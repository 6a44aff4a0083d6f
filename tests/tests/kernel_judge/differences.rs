//! A test of each [`Accepted`] difference between the kernel and us.
//!
//! One difference has no test. A type-based relocation of a FLOAT, or of a type that refers to one through
//! pointers, arrays and prototypes, crashes the kernel (at least 6.18): when it logs that it cannot compare
//! types of this kind, it overwrites memory, and its lock is never released. libbpf and we report that such
//! types are not compatible. No test may contain such a relocation.

use btf_types::Kind;
use btf_types::build::Builder;
use core_reloc::Options;
use core_reloc::RelocKind::*;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::accepted::{Accepted, Judge};
use core_reloc_tests::judge::kernel::Btf;
use core_reloc_tests::judge::kernel::asm::{Insn, Size, exit, insn, set, set64};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};
use super::memory::{self, BASE, VALUE};
use super::namesakes;

/// Shows a difference: the outcomes of a program when we relocate it and when the kernel does. `None` if
/// this kernel has no types to show it with.
type Show = fn() -> Option<[Outcome; 2]>;

const DIFFERENCES: [(Accepted, Show); 11] = [
    (Accepted::LargeUnsignedEnumerator, large_unsigned_enumerator),
    (Accepted::SignExtendingLoad, sign_extending_load),
    (Accepted::LooseAccessString, loose_access_string),
    (Accepted::LargeImmediate, large_immediate),
    (Accepted::WideValue, wide_value),
    (Accepted::WideField, wide_field),
    (Accepted::OffsetOverflow, offset_overflow),
    (Accepted::NoNarrowing, no_narrowing),
    (Accepted::ShallowKernel, shallow_kernel),
    (Accepted::EnumWidth, enum_width),
    (Accepted::CachedCandidates, cached_candidates),
];

#[test]
fn the_kernel_differs_as_listed() {
    let listed = Accepted::ALL.iter().filter(|one| one.judges().contains(&Judge::Kernel));
    assert!(listed.eq(DIFFERENCES.iter().map(|(accepted, _)| accepted)));
    if !is_available() {
        return;
    }
    for (accepted, show) in DIFFERENCES {
        match show() {
            Some([ours, kernel]) => {
                assert!(!ours.agrees(&kernel), "{accepted}: {ours:x?}");
                println!("{accepted}\n  ours:   {}\n  kernel: {}", ours.brief(), kernel.brief());
            }
            None => println!("{accepted}\n  this kernel has no types to show it with"),
        }
    }
}

/// Builds a program with relocations, and relocates it on both sides.
fn both<const N: usize>(
    code: &[Insn],
    records: impl FnOnce(&mut Builder<'_>) -> [Record; N],
) -> [Outcome; 2] {
    let (local, records) = Local::new(records);
    let case = Case { local: &local, code, records: &records };
    [case.ours(), case.kernel()]
}

/// Checks that only we relocate, to a value.
#[track_caller]
fn only_we_relocate([ours, kernel]: &[Outcome; 2], value: u32) {
    assert!(matches!(kernel, Outcome::NotRelocated(_)), "{kernel:x?}");
    assert!(matches!(ours, Outcome::Runs { returned, .. } if *returned == value), "{ours:x?}");
}

/// Checks that only the kernel relocates, to a value.
#[track_caller]
fn only_the_kernel_relocates([ours, kernel]: &[Outcome; 2], value: u32) {
    assert!(matches!(ours, Outcome::NotRelocated(_)), "{ours:x?}");
    assert!(matches!(kernel, Outcome::Runs { returned, .. } if *returned == value), "{kernel:x?}");
}

fn large_unsigned_enumerator() -> Option<[Outcome; 2]> {
    let found = namesakes::enumerator(Kind::Enum, |value| value >> 31 == 1)?;
    let [low, high] = set64(0, 1 << 31);
    let outcomes = both(&[low, high, exit()], |builder| {
        let types = format!("enum {} {{ {} = 0x80000000 }};", found.root, found.name);
        let ids = declare(builder, &types);
        [record(builder, EnumvalValue, ids.id(&found.root), "0")]
    });
    only_we_relocate(&outcomes, found.value as u32);
    Some(outcomes)
}

fn sign_extending_load() -> Option<[Outcome; 2]> {
    const LDX_MEMSX: u8 = 0x81;
    let signed = insn(LDX_MEMSX | Size::Word as u8, VALUE, BASE, 0, 0);
    let (code, insn_off) = memory::around(&[signed]);
    let outcomes = both(&code, |builder| {
        let ids = declare(builder, "struct iphdr { unsigned tot_len; };");
        [Record { insn_off, ..record(builder, FieldByteOffset, ids.id("iphdr"), "0:0") }]
    });
    assert!(outcomes[0].is_poison(), "{:x?}", outcomes[0]);
    assert!(matches!(outcomes[1], Outcome::Runs { .. }), "{:x?}", outcomes[1]);
    Some(outcomes)
}

fn loose_access_string() -> Option<[Outcome; 2]> {
    let outcomes = both(&[set(0, 1), exit()], |builder| {
        let ids = declare(builder, "struct list_head { void *next; void *prev; };");
        [record(builder, FieldExists, ids.id("list_head"), " 0: 1")]
    });
    only_the_kernel_relocates(&outcomes, 1);
    Some(outcomes)
}

fn large_immediate() -> Option<[Outcome; 2]> {
    let outcomes = both(&[set(0, i32::MIN), exit()], |builder| {
        let ids = declare(builder, "struct list_head {} @size 0x80000000;");
        [record(builder, TypeSize, ids.id("list_head"), "0")]
    });
    only_we_relocate(&outcomes, 16);
    Some(outcomes)
}

fn wide_value() -> Option<[Outcome; 2]> {
    let found = namesakes::enumerator(Kind::Enum64, is_wide)?;
    let outcomes = both(&[set(0, 5), exit()], |builder| {
        let types = format!("enum {} : unsigned long {{ {} = 5 }};", found.root, found.name);
        let ids = declare(builder, &types);
        [record(builder, EnumvalValue, ids.id(&found.root), "0")]
    });
    only_the_kernel_relocates(&outcomes, found.value as u32);
    Some(outcomes)
}

/// Returns `true` if a value fits in 32 bits neither unsigned nor signed.
fn is_wide(value: u64) -> bool {
    u32::try_from(value).is_err() && i32::try_from(value.cast_signed()).is_err()
}

/// The shift of a field of 16 bytes.
fn wide_field() -> Option<[Outcome; 2]> {
    let shift = 64_u32.wrapping_sub(128);
    let [low, high] = set64(0, shift.into());
    let outcomes = both(&[low, high, exit()], |builder| {
        let ids =
            declare(builder, "struct sockaddr_in6 { struct in6_addr {} @size 16 sin6_addr; };");
        [record(builder, FieldRshiftU64, ids.id("sockaddr_in6"), "0:0")]
    });
    only_the_kernel_relocates(&outcomes, shift);
    Some(outcomes)
}

/// A field of an element so far from the start that its offset in bits exceeds 32 bits.
fn offset_overflow() -> Option<[Outcome; 2]> {
    let wrapped = |size: u32| (0x0400_0000_u32.wrapping_mul(size).wrapping_add(8) << 3) >> 3;
    let outcomes = both(&[set(0, wrapped(24) as i32), exit()], |builder| {
        let ids = declare(builder, "struct list_head { void *prev @ 8; } @size 24;");
        [record(builder, FieldByteOffset, ids.id("list_head"), "67108864:0")]
    });
    only_the_kernel_relocates(&outcomes, wrapped(16));
    Some(outcomes)
}

/// The first relocation narrows to one candidate; the kernel considers both again for the second.
fn no_narrowing() -> Option<[Outcome; 2]> {
    let found = namesakes::structs()?;
    let (local, records) = Local::new(|builder| {
        let types = format!("struct {} {{ unsigned {}; }};", found.name, found.field);
        let root = declare(builder, &types).id(&found.name);
        let size = record(builder, TypeSize, root, "0");
        [record(builder, FieldExists, root, "0:0"), Record { insn_off: 8, ..size }]
    });
    let code = [set(0, 1), set(0, 4), exit()];
    let case = Case { local: &local, code: &code, records: &records };
    let kernel = case.check("without narrowing");
    let outcomes = [case.ours_with(Options::default()), kernel];
    only_we_relocate(&outcomes, found.size);
    Some(outcomes)
}

/// The kernel can match the members of a struct, but not the members of a member.
fn shallow_kernel() -> Option<[Outcome; 2]> {
    let matches = |is_nested: bool| {
        both(&[set(0, 1), exit()], |builder| {
            let ids = declare(
                builder,
                "@int long unsigned int 8;
                 struct sched_entity { struct load_weight { long unsigned int weight; } load; };",
            );
            let root = if is_nested { "sched_entity" } else { "load_weight" };
            [record(builder, TypeMatches, ids.id(root), "0")]
        })
    };
    let [ours, kernel] = matches(false);
    assert!(ours.agrees(&kernel), "{ours:x?} {kernel:x?}");
    assert!(matches!(ours, Outcome::Runs { returned: 1, .. }), "{ours:x?}");
    let outcomes = matches(true);
    only_we_relocate(&outcomes, 1);
    Some(outcomes)
}

/// The enum must have no relocation of its true width, since the kernel would cache its candidates.
fn enum_width() -> Option<[Outcome; 2]> {
    let found = namesakes::enumerator(Kind::Enum64, |value| !is_wide(value))?;
    let outcomes = both(&[set(0, 1), exit()], |builder| {
        let ids = declare(builder, &format!("enum {} {{ {} = 5 }};", found.root, found.name));
        [record(builder, EnumvalExists, ids.id(&found.root), "0")]
    });
    assert!(matches!(outcomes[0], Outcome::Runs { returned: 1, .. }), "{:x?}", outcomes[0]);
    assert!(matches!(outcomes[1], Outcome::Runs { returned: 0, .. }), "{:x?}", outcomes[1]);
    Some(outcomes)
}

/// Relocates a struct and then a union of that name, until the kernel takes the struct for the union. Its
/// cache has room for few names, so that a test beside this one may have evicted the struct in between.
///
/// No other test may use these names: after a relocation of the union, the kernel no longer finds the struct.
fn cached_candidates() -> Option<[Outcome; 2]> {
    const UNUSUAL: [(&str, &str); 6] = [
        ("btf_header", "unsigned short magic"),
        ("btf_var_secinfo", "unsigned int size"),
        ("btf_decl_tag", "int component_idx"),
        ("btf_array", "unsigned int nelems"),
        ("bpf_line_info", "unsigned int line_off"),
        ("bpf_func_info", "unsigned int insn_off"),
    ];
    let second_bit = insn(0x67, 2, 0, 0, 1);
    let both_bits = insn(0x4f, 0, 2, 0, 0);
    let outcomes_of = |(name, member): &(&str, &str)| {
        both(&[set(0, 1), set(2, 1), second_bit, both_bits, exit()], |builder| {
            let [structure, union] = ["struct", "union"].map(|keyword| {
                let types = format!("{keyword} {name} {{ {member}; }};");
                declare(builder, &types).id(name)
            });
            let union = record(builder, FieldExists, union, "0:0");
            [record(builder, FieldExists, structure, "0:0"), Record { insn_off: 8, ..union }]
        })
    };
    let is_cached = |outcomes: &[Outcome; 2]| match outcomes[1] {
        Outcome::Runs { returned: 0b11, .. } => true,
        // The struct was evicted in between, now or in an earlier run.
        Outcome::Runs { returned: 0b01 | 0b00, .. } => false,
        _ => panic!("{:x?}", outcomes[1]),
    };
    let outcomes = UNUSUAL.iter().map(outcomes_of).find(is_cached);
    let outcomes = outcomes.expect("the kernel has kept no name until the next relocation");
    assert!(matches!(outcomes[0], Outcome::Runs { returned: 0b01, .. }), "{:x?}", outcomes[0]);
    Some(outcomes)
}

/// These differences from libbpf cannot occur, because the kernel rejects the types.
#[test]
fn the_kernel_refuses_types_that_libbpf_misunderstands() {
    if !is_available() {
        return;
    }
    let btf =
        |order, flags: &str| Btf::load(&btf_from_c::btf(order, &format!("@int one 1 {flags};")));
    use btf_types::ByteOrder::{Big, Little};
    let [host, foreign] = if cfg!(target_endian = "big") { [Big, Little] } else { [Little, Big] };
    assert!(btf(host, "signed").is_ok());
    assert!(btf(host, "signed char").is_err());
    assert!(btf(foreign, "signed").is_err());
}
