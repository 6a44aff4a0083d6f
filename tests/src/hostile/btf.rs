//! BTF, alone and split.

use btf_types::{
    Btf, ByteOrder, PointerSize, Type,
    build::{Builder, HeaderForm},
};
use core_reloc::type_in_c;
use core_reloc_tools::{definition::Definition, limits::MAX_DEFINITION_LINES};

use super::walk::{printed, walk};

/// Reads the bytes as BTF.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn alone(bytes: &[u8]) {
    let btf = match Btf::parse(bytes) {
        Ok(btf) => btf,
        Err(error) => return assert!(printed(format_args!("{error} {error:?}")) > 0),
    };
    walk(&btf);
    for ty in btf.own_types().take(DEFINED) {
        define(ty);
    }
    for size in [PointerSize::Four, PointerSize::Eight] {
        assert_eq!(btf.clone().with_pointer_size(size).pointer_size(), size as u8);
    }
    for order in [ByteOrder::Little, ByteOrder::Big] {
        copy(&btf, order);
    }
}

/// The number of types to define: a definition may have thousands of lines.
const DEFINED: usize = 8;

/// Writes a type in C.
fn define(ty: Type<'_>) {
    assert!(!type_in_c(ty).is_empty());
    let definition = Definition::of(ty);
    assert!(!definition.head.is_empty());
    assert!(definition.lines.len() <= MAX_DEFINITION_LINES);
    assert_eq!(definition.size, ty.size().ok());
    for line in &definition.lines {
        assert!(line.text.len() < 1 << 12 && line.name.len() < 1 << 12);
        assert!(line.layout.is_none_or(|layout| printed(format_args!("{layout}")) > 0));
    }
}

/// Reads the bytes as a base and split BTF. The first four bytes are the length of the base, in little
/// endian.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn split(bytes: &[u8]) {
    let Some((len, rest)) = bytes.split_first_chunk::<4>() else { return };
    let len = u32::from_le_bytes(*len) as usize;
    let Some((base, split)) = rest.split_at_checked(len) else { return };
    let Ok(base) = Btf::parse(base) else { return };
    let middle = match Btf::parse_split(split, &base) {
        Ok(middle) => middle,
        Err(error) => return assert!(printed(format_args!("{error}")) > 0),
    };
    walk(&middle);
    // A base may itself be split, and have another byte order.
    let top = Btf::parse_split(split, &middle).expect("it was well-formed on another base");
    walk(&top);
    assert_eq!(top.len(), base.len() + 2 * middle.own_types().len());
    for ty in base.own_types() {
        let same = top.type_by_id(ty.id()).expect("a type of the base");
        assert_eq!(same, ty);
        // Offsets past the base's strings lie in the strings of the split BTF.
        if let Ok(name) = ty.name() {
            assert_eq!(top.string(ty.name_off()), Ok(name));
        }
    }
}

/// Writes a copy of the types, and compares it.
fn copy(btf: &Btf<'_>, order: ByteOrder) {
    /// The longest copy: strings that share bytes are written separately.
    const MOST: usize = 1 << 16;
    let names = btf.own_types().filter_map(|ty| ty.name().ok());
    let entries = btf.own_types().map(|ty| ty.vlen() as usize).sum::<usize>();
    if names.map(|name| name.len()).sum::<usize>() + entries * 16 > MOST {
        return;
    }
    let mut builder = Builder::new(order);
    builder.set_header(HeaderForm::Full);
    for ty in btf.own_types() {
        builder.copy(ty, |id| id);
    }
    let written = match builder.finish() {
        Ok(written) => written,
        Err(error) => return assert!(printed(format_args!("{error}")) > 0),
    };
    let copy = Btf::parse(&written).expect("what the builder writes is well-formed");
    assert_eq!((copy.len(), copy.byte_order()), (btf.len(), order));
    for (ty, copied) in btf.own_types().zip(copy.own_types()) {
        assert_eq!(ty.info(), copied.info());
        assert_eq!(ty.name().ok(), copied.name().ok());
        assert_eq!(ty.referenced_id(), copied.referenced_id());
        assert_eq!((ty.int(), ty.array()), (copied.int(), copied.array()));
        let members = |ty: Type<'_>| {
            ty.members()
                .iter()
                .map(|member| (member.type_id(), member.bit_offset()))
                .collect::<Vec<_>>()
        };
        assert_eq!(members(ty), members(copied));
        let values = |ty: Type<'_>| {
            ty.enumerators().iter().map(|enumerator| enumerator.value()).collect::<Vec<_>>()
        };
        assert_eq!(values(ty), values(copied));
    }
}
