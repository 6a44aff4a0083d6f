//! Writing and reading `.BTF.ext`.

use btf_types::{
    Btf, BtfExt, ByteOrder, StrOffset, TypeId,
    build::{Error, ExtBuilder, HeaderForm},
    ext::{CoreReloc, FuncInfo, LineInfo},
};

use crate::all_kinds::ORDERS;

pub(crate) const FUNC: FuncInfo = FuncInfo { insn_off: 8, type_id: TypeId(5) };
pub(crate) const LINE: LineInfo = LineInfo {
    insn_off: 16,
    file_name_off: StrOffset(0x11),
    line_off: StrOffset(0x22),
    line: (1 << 22) - 1,
    column: 1023,
};
pub(crate) const RELOC: CoreReloc =
    CoreReloc { insn_off: 24, type_id: TypeId(6), access_str_off: StrOffset(0x33), kind: 12 };

#[test]
fn the_bytes_of_a_section() {
    let mut ext = ExtBuilder::new(ByteOrder::Little);
    ext.core_relocs(StrOffset(7), [RELOC]);
    let expected: &[u8] = &[
        0x9f, 0xeb, 1, 0, 32, 0, 0, 0, // magic, version, flags, hdr_len
        0, 0, 0, 0, 0, 0, 0, 0, // func_info
        0, 0, 0, 0, 0, 0, 0, 0, // line_info
        0, 0, 0, 0, 28, 0, 0, 0, // core_relo
        16, 0, 0, 0, // record size
        7, 0, 0, 0, 1, 0, 0, 0, // section's name, number of records
        24, 0, 0, 0, 6, 0, 0, 0, 0x33, 0, 0, 0, 12, 0, 0, 0,
    ];
    assert_eq!(ext.finish().unwrap(), expected);
}

#[test]
fn records_of_any_size_in_both_byte_orders() {
    let second = CoreReloc { insn_off: 32, ..RELOC };
    for order in ORDERS {
        for more in [0, 4, 20] {
            let mut ext = ExtBuilder::new(order);
            ext.set_func_info_size(8 + more);
            ext.set_line_info_size(16 + more);
            ext.set_core_reloc_size(16 + more);
            ext.func_info(StrOffset(1), [FUNC]);
            ext.line_info(StrOffset(2), [LINE, LINE]);
            ext.core_relocs(StrOffset(3), [RELOC, second]);
            ext.core_relocs(StrOffset(4), []);
            ext.core_relocs(StrOffset(3), [second]);
            let bytes = ext.finish().unwrap();

            let ext = BtfExt::parse(&bytes).unwrap();
            assert_eq!(ext.byte_order(), order);
            assert_eq!(ext.func_info().record_size(), 8 + more as usize);
            assert_eq!(ext.line_info().record_size(), 16 + more as usize);
            assert_eq!(ext.core_relocs().record_size(), 16 + more as usize);
            let func_info: Vec<_> = ext.func_info().sections().collect();
            assert_eq!((func_info.len(), func_info[0].name_off()), (1, StrOffset(1)));
            assert_eq!(func_info[0].records().collect::<Vec<_>>(), [FUNC]);
            let line_info: Vec<_> = ext.line_info().sections().collect();
            assert_eq!((line_info.len(), line_info[0].len()), (1, 2));
            assert_eq!(line_info[0].records().collect::<Vec<_>>(), [LINE, LINE]);
            let sections: Vec<_> = ext.core_relocs().sections().collect();
            let names: Vec<_> = sections.iter().map(|section| section.name_off().0).collect();
            assert_eq!(names, [3, 4, 3]);
            assert_eq!(sections[0].records().collect::<Vec<_>>(), [RELOC, second]);
            assert_eq!(sections[0].records().next_back(), Some(second));
            assert_eq!([0, 1, 2].map(|at| sections[0].get(at)), [Some(RELOC), Some(second), None]);
            assert!(sections[1].is_empty() && !sections[2].is_empty());
            assert_eq!(sections[1].len(), 0);
            assert!(!ext.core_relocs().is_empty());
        }
    }
}

#[test]
fn headers_of_24_32_and_40_bytes() {
    let forms =
        [(HeaderForm::Shortest, 24), (HeaderForm::Full, 32), (HeaderForm::Longer(&[0xee; 8]), 40)];
    for (form, size) in forms {
        let mut ext = ExtBuilder::new(ByteOrder::Big);
        ext.set_header(form);
        ext.func_info(StrOffset(1), [FUNC]);
        let bytes = ext.finish().unwrap();
        assert_eq!(bytes.len(), size + 4 + 8 + 8);
        let ext = BtfExt::parse(&bytes).unwrap();
        assert_eq!(ext.func_info().sections().count(), 1);
        assert!(ext.line_info().is_empty() && ext.core_relocs().is_empty());
        assert_eq!(ext.core_reloc_len_offset(), (size > 24).then_some(28));
    }
    // CO-RE relocations need the longer header.
    let mut ext = ExtBuilder::new(ByteOrder::Big);
    ext.set_header(HeaderForm::Shortest);
    ext.core_relocs(StrOffset(1), [RELOC]);
    let bytes = ext.finish().unwrap();
    assert_eq!(BtfExt::parse(&bytes).unwrap().core_reloc_len_offset(), Some(28));
}

#[test]
fn four_zero_bytes_make_the_core_relo_sub_section_empty() {
    let mut ext = ExtBuilder::new(ByteOrder::Big);
    ext.func_info(StrOffset(1), [FUNC]);
    ext.core_relocs(StrOffset(1), [RELOC]);
    let mut bytes = ext.finish().unwrap();
    let at = BtfExt::parse(&bytes).unwrap().core_reloc_len_offset().unwrap();
    bytes[at..at + 4].fill(0);
    let ext = BtfExt::parse(&bytes).unwrap();
    assert!(ext.core_relocs().is_empty() && !ext.func_info().is_empty());
}

#[test]
fn a_section_without_records() {
    let bytes = ExtBuilder::new(ByteOrder::Little).finish().unwrap();
    let ext = BtfExt::parse(&bytes).unwrap();
    assert!(ext.func_info().is_empty() && ext.func_info().sections().next().is_none());
    assert_eq!(ext.func_info().record_size(), 8);
    assert_eq!(ext.line_info().record_size(), 16);
    assert_eq!(ext.core_relocs().record_size(), 16);
}

#[test]
fn debug_output_lists_the_sections() {
    let mut ext = ExtBuilder::new(ByteOrder::Little);
    ext.core_relocs(StrOffset(7), [RELOC, RELOC]);
    let bytes = ext.finish().unwrap();
    let relocs = format!("{:?}", BtfExt::parse(&bytes).unwrap().core_relocs());
    assert_eq!(relocs, "[Section { name_off: 0x7, records: 2 }]");
}

#[test]
fn records_that_cannot_be_written() {
    for size in [0, 12, 15, 17] {
        let mut ext = ExtBuilder::new(ByteOrder::Little);
        ext.set_core_reloc_size(size);
        let error = Error::BadRecordSize { what: "core_relo", found: size, least: 16 };
        assert_eq!(ext.finish(), Err(error));
    }
    for (line, column) in [(1 << 22, 0), (0, 1 << 10)] {
        let mut ext = ExtBuilder::new(ByteOrder::Little);
        ext.line_info(StrOffset(1), [LineInfo { line, column, ..LINE }]);
        assert_eq!(ext.finish(), Err(Error::LineTooLarge { line, column }));
    }
}

/// An object's BTF with the names of two sections, and its `.BTF.ext`.
fn two_sections(order: ByteOrder) -> (Vec<u8>, Vec<u8>) {
    let mut btf = btf_types::build::Builder::new(order);
    let (xdp, tc) = (btf.string("xdp"), btf.string("tc"));
    let mut ext = ExtBuilder::new(order);
    ext.func_info(xdp, [FUNC]);
    ext.core_relocs(xdp, [RELOC]);
    ext.core_relocs(tc, [RELOC, CoreReloc { insn_off: 32, ..RELOC }]);
    (btf.finish().unwrap(), ext.finish().unwrap())
}

#[test]
fn records_are_found_by_the_name_of_their_section() {
    for order in ORDERS {
        let (btf, ext) = two_sections(order);
        let (btf, ext) = (Btf::parse(&btf).unwrap(), BtfExt::parse(&ext).unwrap());
        let count = |name| ext.core_relocs().section(&btf, name).map(|section| section.len());
        assert_eq!((count("xdp"), count("tc"), count("maps")), (Some(1), Some(2), None));
        let offsets: Vec<u32> =
            ext.core_relocs().records().map(|(_, record)| record.insn_off).collect();
        assert_eq!(offsets, [24, 24, 32]);
        let names = ext.core_relocs().records().map(|(section, _)| section.name_off());
        assert_eq!(
            names.map(|name| btf.string(name).unwrap().to_string()).collect::<Vec<_>>(),
            ["xdp", "tc", "tc"]
        );
    }
}

#[test]
fn relocations_can_be_read_although_other_records_are_damaged() {
    for order in ORDERS {
        let (_, mut ext) = two_sections(order);
        // The record size of func_info, the first word after the header, becomes 3.
        let size: [u8; 4] = match order {
            ByteOrder::Little => 3_u32.to_le_bytes(),
            ByteOrder::Big => 3_u32.to_be_bytes(),
        };
        ext[32..36].copy_from_slice(&size);
        assert!(BtfExt::parse(&ext).is_err());
        let relocs = BtfExt::parse_core_relocs(&ext).unwrap();
        assert_eq!(relocs.records().count(), 3);
        // Damage to the relocations is still an error.
        let end = ext.len() - 1;
        assert!(BtfExt::parse_core_relocs(&ext[..end]).is_err());
    }
}
