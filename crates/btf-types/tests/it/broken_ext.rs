//! A good `.BTF.ext`, of which each test breaks exactly one field.

use btf_types::{BtfExt, ByteOrder, Error, StrOffset, build::ExtBuilder};

use crate::{
    all_kinds::ORDERS,
    broken::set,
    ext::{FUNC, LINE, RELOC},
};

// Where the fields of `good` are, in bytes from its start. The header has 32 bytes; each
// sub-section has 4 bytes of record size, and 8 for its ELF section.
const VERSION: usize = 2;
const HDR_LEN: usize = 4;
const FUNC_OFF: usize = 8;
const FUNC_LEN: usize = 12;
const LINE_OFF: usize = 16;
const LINE_LEN: usize = 20;
const CORE_OFF: usize = 24;
const CORE_LEN: usize = 28;
const FUNC_INFO: usize = 32;
const LINE_INFO: usize = FUNC_INFO + 4 + 8 + 8;
const CORE_RELO: usize = LINE_INFO + 4 + 8 + 16;
const END: usize = CORE_RELO + 4 + 8 + 2 * 16;

/// One function, one line, two CO-RE relocations.
fn good(order: ByteOrder) -> Vec<u8> {
    let mut ext = ExtBuilder::new(order);
    ext.func_info(StrOffset(1), [FUNC]);
    ext.line_info(StrOffset(1), [LINE]);
    ext.core_relocs(StrOffset(1), [RELOC, RELOC]);
    let bytes = ext.finish().unwrap();
    assert_eq!(bytes.len(), END);
    assert!(BtfExt::parse(&bytes).is_ok());
    bytes
}

/// In both byte orders, `good` with one word changed is refused with this error.
#[track_caller]
fn refused(at: usize, value: u32, error: Error) {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, at, value, order);
        assert_eq!(BtfExt::parse(&bytes).err(), Some(error), "{order}");
    }
}

/// In both byte orders, the first `len` bytes of `good` are refused with this error.
#[track_caller]
fn refused_when_cut(len: usize, error: Error) {
    for order in ORDERS {
        assert_eq!(BtfExt::parse(&good(order)[..len]).err(), Some(error), "{order}");
    }
}

fn truncated(what: &'static str, offset: usize, needed: usize, available: usize) -> Error {
    Error::Truncated { what, offset, needed, available }
}

#[test]
fn a_header_that_is_cut_off() {
    refused_when_cut(0, truncated(".BTF.ext header", 0, 8, 0));
    refused_when_cut(7, truncated(".BTF.ext header", 0, 8, 7));
    refused_when_cut(31, truncated(".BTF.ext header", 0, 32, 31));
    refused(HDR_LEN, END as u32 + 1, truncated(".BTF.ext header", 0, END + 1, END));
}

#[test]
fn a_header_that_is_none() {
    refused(HDR_LEN, 23, Error::ShortHeader { found: 23, allowed: 24 });
    for order in ORDERS {
        let mut bytes = good(order);
        bytes[VERSION] = 0;
        assert_eq!(BtfExt::parse(&bytes).err(), Some(Error::BadVersion { found: 0 }));
        bytes[..2].fill(0);
        assert_eq!(BtfExt::parse(&bytes).err(), Some(Error::BadMagic { found: [0, 0] }));
    }
}

#[test]
fn sub_sections_that_begin_in_the_wrong_place() {
    refused(FUNC_OFF, 2, Error::Misaligned { what: "func_info", offset: 2 });
    refused(LINE_OFF, 21, Error::Misaligned { what: "line_info", offset: 21 });
    refused(CORE_OFF, 51, Error::Misaligned { what: "core_relo", offset: 51 });
}

#[test]
fn an_empty_sub_section_may_be_anywhere_inside() {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, LINE_LEN, 0, order);
        set(&mut bytes, LINE_OFF, 3, order);
        assert!(BtfExt::parse(&bytes).unwrap().line_info().is_empty());
    }
}

#[test]
fn sub_sections_that_run_past_the_end() {
    refused(FUNC_LEN, 93, truncated("func_info", FUNC_INFO, 93, 92));
    refused(LINE_LEN, u32::MAX, truncated("line_info", LINE_INFO, 0xffff_ffff, 72));
    refused(CORE_LEN, 48, truncated("core_relo", CORE_RELO, 48, 44));
    refused(CORE_OFF, 0xffff_fffc, truncated("core_relo", 0x1_0000_001c, 44, 0));
    refused_when_cut(END - 1, truncated("core_relo", CORE_RELO, 44, 43));
}

#[test]
fn a_record_size_that_is_cut_off() {
    refused(CORE_LEN, 3, truncated("core_relo", CORE_RELO, 4, 3));
}

#[test]
fn a_record_size_that_is_too_small_or_odd() {
    let bad = |what, offset, found| {
        let problem = "the record size is too small, or not a multiple of 4";
        Error::BadExt { what, offset, problem, found }
    };
    for size in [0, 4, 9, 10, 11] {
        refused(FUNC_INFO, size, bad("func_info", FUNC_INFO, size));
    }
    for size in [0, 8, 12, 15, 17, u32::MAX] {
        refused(LINE_INFO, size, bad("line_info", LINE_INFO, size));
        refused(CORE_RELO, size, bad("core_relo", CORE_RELO, size));
    }
}

#[test]
fn an_elf_section_that_is_cut_off() {
    // 4 bytes are the record size; the other 4 should be 8.
    refused(FUNC_LEN, 8, truncated("func_info", FUNC_INFO + 4, 8, 4));
    // Behind the only record there is the start of the next section, 4 bytes short.
    refused(FUNC_LEN, 24, truncated("func_info", FUNC_INFO + 20, 8, 4));
}

#[test]
fn records_that_run_past_the_end() {
    let bad = |what, offset, found| {
        let problem = "the records of an ELF section run past the end";
        Error::BadExt { what, offset, problem, found }
    };
    refused(FUNC_INFO + 8, 2, bad("func_info", FUNC_INFO + 4, 2));
    refused(LINE_INFO + 8, u32::MAX, bad("line_info", LINE_INFO + 4, u32::MAX));
    refused(CORE_RELO + 8, 3, bad("core_relo", CORE_RELO + 4, 3));
    // Records that are larger than they were.
    refused(CORE_RELO, 20, bad("core_relo", CORE_RELO + 4, 2));
    // The section ends within a record.
    refused(CORE_LEN, 43, bad("core_relo", CORE_RELO + 4, 2));
}

#[test]
fn fewer_records_leave_what_must_be_a_section() {
    // The second relocation is taken for a section: its insn_off is the name, its type id, 6, the
    // number of records.
    let problem = "the records of an ELF section run past the end";
    let offset = CORE_RELO + 4 + 8 + 16;
    refused(CORE_RELO + 8, 1, Error::BadExt { what: "core_relo", offset, problem, found: 6 });
}

/// Whatever the bytes, nothing panics: every byte of a good section, and every length.
#[test]
fn any_byte_may_be_broken() {
    for order in ORDERS {
        let good = good(order);
        for at in 0..good.len() {
            for value in 0..=255 {
                let mut bytes = good.clone();
                bytes[at] = value;
                look_at_everything(&bytes);
            }
            look_at_everything(&good[..at]);
        }
    }
}

fn look_at_everything(bytes: &[u8]) {
    let Ok(ext) = BtfExt::parse(bytes) else { return };
    let funcs = ext.func_info().sections().flat_map(|section| section.records()).count();
    let lines = ext.line_info().sections().flat_map(|section| section.records()).count();
    let relocs = ext.core_relocs().sections().flat_map(|section| section.records()).count();
    assert!(funcs * 8 + lines * 16 + relocs * 16 <= 3 * bytes.len());
}
