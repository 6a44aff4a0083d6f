//! Objects for the tests, and the types and relocations in them.

use btf_types::{
    ByteOrder, StrOffset, TypeId,
    build::{Builder, ExtBuilder, HeaderForm},
    ext::{CoreReloc, LineInfo},
};
use core_reloc::RelocKind;

pub(crate) use elf_writer::*;

/// A relocation record to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) section: &'static str,
    pub(crate) insn_off: u32,
    pub(crate) access: &'static str,
    pub(crate) kind: u32,
}

/// Asks for the offset of a member of `struct point`, of which there are `x`, `y` and `color`.
pub(crate) fn offset_of(section: &'static str, insn_off: u32, access: &'static str) -> Record {
    Record { section, insn_off, access, kind: RelocKind::FieldByteOffset.to_raw() }
}

/// The types of an object, and relocations of its `struct point`.
///
/// Records of one section that follow each other are one group. `lines` are those of `xdp`: the offset of the
/// first instruction, and the number.
pub(crate) fn types(
    order: ByteOrder,
    records: &[Record],
    lines: &[(u32, u32)],
) -> (Vec<u8>, Vec<u8>) {
    let mut btf = Builder::new(order);
    let types = "struct point { unsigned x; unsigned y; unsigned color; };";
    let point = btf_from_c::declare(&mut btf, types).unwrap().id("point");
    let mut ext = ExtBuilder::new(order);
    // Without records the header is that of objects before CO-RE.
    ext.set_header(HeaderForm::Shortest);
    for group in records.chunk_by(|one, other| one.section == other.section) {
        let name = btf.string(group[0].section);
        let records: Vec<CoreReloc> =
            group.iter().map(|record| encode(&mut btf, point, record)).collect();
        ext.core_relocs(name, records);
    }
    let (file, text) = (btf.string("point.c"), btf.string("p->y"));
    let line = |(insn_off, line): &(u32, u32)| LineInfo {
        insn_off: *insn_off,
        file_name_off: file,
        line_off: if *line == 11 { text } else { StrOffset::EMPTY },
        line: *line,
        column: 3,
    };
    ext.line_info(btf.string("xdp"), lines.iter().map(line));
    (btf.finish().unwrap(), ext.finish().unwrap())
}

fn encode(btf: &mut Builder<'_>, type_id: TypeId, record: &Record) -> CoreReloc {
    let access_str_off = btf.string(record.access);
    CoreReloc { insn_off: record.insn_off, type_id, access_str_off, kind: record.kind }
}

/// A target's types: `x` is at 8, `y` at 16, and there is no `color`.
pub(crate) fn target(order: ByteOrder) -> Vec<u8> {
    btf_from_c::btf(order, "struct point { unsigned long seq; unsigned x; unsigned y @ 16; };")
}

/// An object with two sections of code, `xdp` and `tc`, each of three instructions with the offsets of
/// `x`, `y` and `color` as the compiler wrote them. Each section is one function.
pub(crate) fn object(order: ByteOrder, records: &[Record]) -> ElfFile {
    // Not in order, so that no code can rely on it.
    object_with_lines(order, records, &[(8, 11), (0, 10)])
}

/// An [`object`] with other lines of `xdp`.
pub(crate) fn object_with_lines(
    order: ByteOrder,
    records: &[Record],
    lines: &[(u32, u32)],
) -> ElfFile {
    let (btf, ext) = types(order, records, lines);
    let code: Vec<u8> = [0, 4, 8].into_iter().flat_map(|offset| mov(order, offset)).collect();
    ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section("tc", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &btf)
        .section(".BTF.ext", SHT_PROGBITS, &ext)
        .functions(&[("run", "xdp"), ("classify", "tc")])
}
