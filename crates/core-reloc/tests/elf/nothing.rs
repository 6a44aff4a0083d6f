//! Objects without relocations: whether there is a reason to think that some are missing.

use btf_types::{Btf, ByteOrder};
use core_reloc::{
    Options, Target,
    elf::{NothingToRelocate, Object, ObjectError},
};

use crate::file::{ElfFile, ORDERS, SHT_PROGBITS, mov, object, offset_of, target, types, word};

fn reason(file: &ElfFile) -> Option<NothingToRelocate> {
    let file = file.write();
    Object::parse(&file.bytes).unwrap().nothing_to_relocate()
}

/// Returns an instruction: code, destination, source, offset, immediate.
fn insn(order: ByteOrder, (code, dst, src, off, imm): (u8, u8, u8, u16, u32)) -> Vec<u8> {
    let (registers, off) = match order {
        ByteOrder::Little => (src << 4 | dst, off.to_le_bytes()),
        ByteOrder::Big => (dst << 4 | src, off.to_be_bytes()),
    };
    [&[code, registers][..], &off, &word(order, imm)].concat()
}

/// `call imm`: a helper.
fn call(helper: u32) -> (u8, u8, u8, u16, u32) {
    (0x85, 0, 0, 0, helper)
}

/// `dst = *(u64 *)(src + 8)`.
fn load(dst: u8, src: u8) -> (u8, u8, u8, u16, u32) {
    (0x79, dst, src, 8, 0)
}

/// `dst = src`.
fn copy(dst: u8, src: u8) -> (u8, u8, u8, u16, u32) {
    (0xbf, dst, src, 0, 0)
}

const EXIT: (u8, u8, u8, u16, u32) = (0x95, 0, 0, 0, 0);

#[test]
fn missing_sections_are_the_reason() {
    for order in ORDERS {
        let mut file = object(order, &[offset_of("xdp", 8, "0:1")]);
        assert_eq!(reason(&file), None);
        file.sections.retain(|section| section.name != ".BTF.ext");
        assert_eq!(reason(&file), Some(NothingToRelocate::NoExt));
        file.sections.retain(|section| section.name != ".BTF");
        assert_eq!(reason(&file), Some(NothingToRelocate::NoBtf));
    }
}

#[test]
fn applied_relocations_are_the_reason() {
    for order in ORDERS {
        let file = object(order, &[offset_of("xdp", 8, "0:1")]).write();
        let (object, kernel) = (Object::parse(&file.bytes).unwrap(), target(order));
        let kernel = Btf::parse(&kernel).unwrap();
        let target = Target::new(&kernel);
        let relocated = object.relocate(&target, Options::default()).finish().unwrap();
        let again = Object::parse(&relocated.bytes).unwrap();
        assert_eq!(again.nothing_to_relocate(), Some(NothingToRelocate::Applied));
    }
}

#[test]
fn reads_of_the_kernel_are_the_reason() {
    const PROBE_READ: u32 = 4;
    const PROBE_READ_KERNEL: u32 = 113;
    const PROBE_READ_USER: u32 = 112;
    const CURRENT_TASK_BTF: u32 = 158;
    for order in ORDERS {
        let (btf, ext) = types(order, &[], &[]);
        let reads = |section: &'static str, code: &[(u8, u8, u8, u16, u32)]| {
            let code: Vec<u8> = code.iter().flat_map(|it| insn(order, *it)).collect();
            let file = ElfFile::bpf(order)
                .section("tc", SHT_PROGBITS, &mov(order, 1))
                .section(section, SHT_PROGBITS, &code)
                .section(".BTF", SHT_PROGBITS, &btf)
                .section(".BTF.ext", SHT_PROGBITS, &ext);
            let expected = NothingToRelocate::NoRecords { section: section.into() };
            reason(&file).inspect(|reason| assert_eq!(*reason, expected)).is_some()
        };
        assert!(reads("kprobe/x", &[call(PROBE_READ), EXIT]));
        assert!(reads("xdp", &[call(PROBE_READ_KERNEL), EXIT]));
        assert!(!reads("kprobe/x", &[call(PROBE_READ_USER), EXIT]));
        // The same number as a function of the object, which the source register marks.
        assert!(!reads("kprobe/x", &[(0x85, 0, 1, 0, PROBE_READ_KERNEL), EXIT]));

        // A pointer of the context: only in tracing programs does it lead to the kernel's memory.
        let through_context = [copy(6, 1), load(7, 6), load(0, 7), EXIT];
        for tracing in ["fentry/x", "fexit.s/x", "tp_btf/x", "lsm/x", "iter/task", "struct_ops/x"] {
            assert!(reads(tracing, &through_context), "{tracing}");
        }
        assert!(!reads("xdp", &through_context));
        // Register 1 is overwritten by a call, register 6 is not.
        assert!(!reads("fentry/x", &[call(5), load(7, 1), load(0, 7), EXIT]));
        assert!(reads("fentry/x", &[copy(6, 1), call(5), load(7, 6), load(0, 7), EXIT]));
        // The second function of a section has a context too.
        assert!(reads("fentry/x", &[EXIT, load(7, 1), load(0, 7), EXIT]));
        // Values of the context, and its pointers as such, are no reads.
        assert!(!reads("fentry/x", &[load(1, 1), (0xb7, 1, 0, 0, 0), load(0, 1), EXIT]));

        assert!(reads("xdp", &[call(CURRENT_TASK_BTF), load(0, 0), EXIT]));
        assert!(!reads("xdp", &[call(CURRENT_TASK_BTF), call(5), load(0, 0), EXIT]));
    }
}

/// 20,000 sections that all are the same megabyte of code take no longer than one.
#[test]
fn sections_that_overlap_are_not_examined_again_and_again() {
    let (btf, ext) = types(ByteOrder::Little, &[], &[]);
    let mut file = ElfFile::bpf(ByteOrder::Little).section("tc", SHT_PROGBITS, &vec![0; 1 << 20]);
    for _ in 0..20_000 {
        file = file.section("xdp", SHT_PROGBITS, &[]);
    }
    file = file.section(".BTF", SHT_PROGBITS, &btf).section(".BTF.ext", SHT_PROGBITS, &ext);
    let mut written = file.write();
    for section in 2..20_002 {
        // The offset and size of section 1.
        let from = written.headers + 64 + 24;
        written.bytes.copy_within(from..from + 16, written.headers + section * 64 + 24);
    }
    let object = Object::parse(&written.bytes).unwrap();
    let start = std::time::Instant::now();
    assert_eq!(object.nothing_to_relocate(), None);
    // 20 GB would take many seconds.
    assert!(start.elapsed().as_secs() < 2);
}

#[test]
fn bitcode_is_no_object() {
    for start in [b"BC\xc0\xde", b"\xde\xc0\x17\x0b"] {
        assert_eq!(Object::parse(start).unwrap_err(), ObjectError::Bitcode);
    }
}
