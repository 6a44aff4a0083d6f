//! A well-formed `.BTF.ext`, of which each test changes exactly one field.

use btf_types::{BtfExt, ByteOrder, Error, StrOffset, build::ExtBuilder};

use crate::{
    all_kinds::ORDERS,
    broken::set,
    ext::{FUNC, LINE, RELOC},
};

// Offsets of the fields of `good` in bytes. The header has 32 bytes; each sub-section has 4 bytes of record
// size, and 8 for its ELF section.
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

/// Returns a `.BTF.ext` with one function, one line and two CO-RE relocations.
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

/// Checks that `good` with one word changed is rejected with an error, in both byte orders.
#[track_caller]
fn check(at: usize, value: u32, error: Error) {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, at, value, order);
        assert_eq!(BtfExt::parse(&bytes).err(), Some(error), "{order}");
    }
}

/// Checks that the first `len` bytes of `good` are rejected with an error, in both byte orders.
#[track_caller]
fn check_cut(len: usize, error: Error) {
    for order in ORDERS {
        assert_eq!(BtfExt::parse(&good(order)[..len]).err(), Some(error), "{order}");
    }
}

fn truncated(what: &'static str, offset: usize, needed: usize, available: usize) -> Error {
    Error::Truncated { what, offset, needed, available }
}

#[test]
fn a_header_that_is_cut_off() {
    check_cut(0, truncated(".BTF.ext header", 0, 8, 0));
    check_cut(7, truncated(".BTF.ext header", 0, 8, 7));
    check_cut(31, truncated(".BTF.ext header", 0, 32, 31));
    check(HDR_LEN, END as u32 + 1, truncated(".BTF.ext header", 0, END + 1, END));
}

#[test]
fn a_header_with_bad_fields() {
    check(HDR_LEN, 23, Error::ShortHeader { found: 23, allowed: 24 });
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
    check(FUNC_OFF, 2, Error::Misaligned { what: "func_info", offset: 2 });
    check(LINE_OFF, 21, Error::Misaligned { what: "line_info", offset: 21 });
    check(CORE_OFF, 51, Error::Misaligned { what: "core_relo", offset: 51 });
}

#[test]
fn an_empty_sub_section_may_have_any_offset() {
    for order in ORDERS {
        let mut bytes = good(order);
        set(&mut bytes, LINE_LEN, 0, order);
        set(&mut bytes, LINE_OFF, 3, order);
        assert!(BtfExt::parse(&bytes).unwrap().line_info().is_empty());
    }
}

#[test]
fn sub_sections_that_run_past_the_end() {
    check(FUNC_LEN, 93, truncated("func_info", FUNC_INFO, 93, 92));
    check(LINE_LEN, u32::MAX, truncated("line_info", LINE_INFO, 0xffff_ffff, 72));
    check(CORE_LEN, 48, truncated("core_relo", CORE_RELO, 48, 44));
    check(CORE_OFF, 0xffff_fffc, truncated("core_relo", 0x1_0000_001c, 44, 0));
    check_cut(END - 1, truncated("core_relo", CORE_RELO, 44, 43));
}

#[test]
fn a_record_size_that_is_cut_off() {
    check(CORE_LEN, 3, truncated("core_relo", CORE_RELO, 4, 3));
}

#[test]
fn a_record_size_that_is_too_small_or_odd() {
    let bad = |what, offset, found| {
        let problem = "the record size is too small, or not a multiple of 4";
        Error::BadExt { what, offset, problem, found }
    };
    for size in [0, 4, 9, 10, 11] {
        check(FUNC_INFO, size, bad("func_info", FUNC_INFO, size));
    }
    for size in [0, 8, 12, 15, 17, u32::MAX] {
        check(LINE_INFO, size, bad("line_info", LINE_INFO, size));
        check(CORE_RELO, size, bad("core_relo", CORE_RELO, size));
    }
}

#[test]
fn an_elf_section_that_is_cut_off() {
    // 4 bytes are the record size; the other 4 should be 8.
    check(FUNC_LEN, 8, truncated("func_info", FUNC_INFO + 4, 8, 4));
    // The only record is followed by the start of another section, 4 bytes too short.
    check(FUNC_LEN, 24, truncated("func_info", FUNC_INFO + 20, 8, 4));
}

#[test]
fn records_that_run_past_the_end() {
    let bad = |what, offset, found| {
        let problem = "the records of an ELF section run past the end";
        Error::BadExt { what, offset, problem, found }
    };
    check(FUNC_INFO + 8, 2, bad("func_info", FUNC_INFO + 4, 2));
    check(LINE_INFO + 8, u32::MAX, bad("line_info", LINE_INFO + 4, u32::MAX));
    check(CORE_RELO + 8, 3, bad("core_relo", CORE_RELO + 4, 3));
    // A larger record size.
    check(CORE_RELO, 20, bad("core_relo", CORE_RELO + 4, 2));
    // The section ends within a record.
    check(CORE_LEN, 43, bad("core_relo", CORE_RELO + 4, 2));
}

#[test]
fn bytes_after_the_counted_records_are_read_as_a_section() {
    // The second relocation is read as a section: its insn_off as the name, its type id, 6, as the number
    // of records.
    let problem = "the records of an ELF section run past the end";
    let offset = CORE_RELO + 4 + 8 + 16;
    check(CORE_RELO + 8, 1, Error::BadExt { what: "core_relo", offset, problem, found: 6 });
}

/// Reads `good` with every byte changed, and every prefix of it. Nothing may panic.
#[test]
fn changed_bytes_cause_no_panic() {
    for order in ORDERS {
        let good = good(order);
        for at in 0..good.len() {
            for value in 0..=255 {
                let mut bytes = good.clone();
                bytes[at] = value;
                read_everything(&bytes);
            }
            read_everything(&good[..at]);
        }
    }
}

fn read_everything(bytes: &[u8]) {
    let Ok(ext) = BtfExt::parse(bytes) else { return };
    let funcs = ext.func_info().sections().flat_map(|section| section.records()).count();
    let lines = ext.line_info().sections().flat_map(|section| section.records()).count();
    let relocs = ext.core_relocs().sections().flat_map(|section| section.records()).count();
    assert!(funcs * 8 + lines * 16 + relocs * 16 <= 3 * bytes.len());
}
