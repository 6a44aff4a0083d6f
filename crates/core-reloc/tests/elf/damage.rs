//! A damaged file gives an error or a well-defined result of the same size, but no panic.

use btf_types::{Btf, ByteOrder};
use core_reloc::{
    Options, Target,
    elf::{Object, SourceLines, TypeSections},
};

use crate::file::{
    ElfFile, ORDERS, SHT_PROGBITS, SHT_STRTAB, SHT_SYMTAB, object, offset_of, symbol, target,
};

/// Processes a file in every way. Returns `true` if it was relocated.
fn handle(bytes: &[u8], target: &Target<'_>) -> bool {
    let _ = TypeSections::find(bytes);
    let Ok(object) = Object::parse(bytes) else { return false };
    let lines = SourceLines::of(&object);
    for relocation in object.relocations() {
        let _ = (relocation.access_in_c(), relocation.function(), lines.line(&relocation));
    }
    object.needs_modules(target);
    let mut relocating = object.relocate(target, Options::default());
    for report in &mut relocating {
        let _ = report.to_string();
    }
    match relocating.finish() {
        Ok(relocated) => {
            assert_eq!(relocated.bytes.len(), bytes.len());
            true
        }
        Err(failed) => {
            assert!(failed.counts.failed > 0);
            false
        }
    }
}

/// Truncates a file at every length, and damages each of its bytes in several ways.
fn damage(good: &[u8], order: ByteOrder) {
    let target = target(order);
    let target = Btf::parse(&target).unwrap();
    let target = Target::new(&target);
    assert!(handle(good, &target));
    for len in 0..good.len() {
        handle(&good[..len], &target);
    }
    let mut bytes = good.to_vec();
    for at in 0..good.len() {
        for damaged in [!good[at], good[at] ^ 1, good[at] ^ 0x80, good[at].wrapping_add(1), 0] {
            bytes[at] = damaged;
            handle(&bytes, &target);
        }
        bytes[at] = good[at];
    }
}

#[test]
fn a_small_object_may_be_truncated_and_damaged_anywhere() {
    let records =
        [offset_of("xdp", 0, "0:0"), offset_of("xdp", 16, "0:2"), offset_of("tc", 8, "0:1")];
    for order in ORDERS {
        damage(&object(order, &records).write().bytes, order);
    }
}

#[test]
fn a_compiled_object_may_be_truncated_and_damaged_anywhere() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/objects/weak.bpfel.o");
    damage(&std::fs::read(path).unwrap(), ByteOrder::Little);
}

/// In quadratic time, any of these would take minutes.
#[test]
fn time_is_linear_in_sections_names_symbols_and_records() {
    const MANY: usize = 50_000;
    let order = ByteOrder::Little;
    let target = target(order);
    let target = Btf::parse(&target).unwrap();
    let target = Target::new(&target);

    // Nested functions of one section, and a record of each instruction.
    let records: Vec<_> =
        (0..3).cycle().take(MANY).map(|at| offset_of("xdp", at * 8, "0:2")).collect();
    let mut file = object(order, &records);
    file.get("xdp").data = vec![0; MANY * 8];
    file.get(".symtab").data = (0..MANY as u64)
        .flat_map(|at| symbol(order, 0, 1, at * 8, (MANY as u64 - at) * 8))
        .collect();
    let written = file.write();
    handle(&written.bytes, &target);

    // Sections with long names, which differ only at the start.
    let name: &'static str = "n".repeat(4000).leak();
    let mut file = ElfFile::bpf(order);
    for start in 0..4000 {
        file = file.section(&name[start..], SHT_PROGBITS, &[]);
    }
    handle(&file.write().bytes, &target);

    // Names without a terminator.
    let mut file = ElfFile::bpf(order).section(".strtab", SHT_STRTAB, &vec![b'n'; MANY]);
    let symbols: Vec<u8> = (0..MANY).flat_map(|_| symbol(order, 1, 1, 0, 8)).collect();
    file = file.section(".symtab", SHT_SYMTAB, &symbols);
    handle(&file.write().bytes, &target);
}
