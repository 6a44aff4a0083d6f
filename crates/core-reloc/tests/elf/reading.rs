//! Reading of objects, and the errors of malformed ones.

use btf_types::{
    Btf, ByteOrder, Error as BtfError, Kind, StrOffset, TypeId, build::ExtBuilder, ext::CoreReloc,
};
use core_reloc::{
    RelocKind,
    elf::{Object, ObjectError, Skip, SourceLines},
};

use crate::file::{
    ElfFile, ORDERS, Record, SHF_COMPRESSED, SHT_NOBITS, SHT_PROGBITS, SHT_STRTAB, SHT_SYMTAB,
    Written, mov, object, object_with_lines, offset_of, symbol, word,
};

/// Returns one relocation in each section of code.
fn two() -> [Record; 2] {
    [offset_of("xdp", 8, "0:1"), offset_of("tc", 0, "0:0")]
}

/// Returns the error of an object.
#[track_caller]
fn refused(bytes: &[u8]) -> ObjectError {
    Object::parse(bytes).expect_err("the object is broken")
}

#[test]
fn relocations_are_listed_with_their_positions() {
    let records = [offset_of("xdp", 16, "0:2"), offset_of("xdp", 8, "0:1"), two()[1]];
    for order in ORDERS {
        let file = object(order, &records).write();
        let object = Object::parse(&file.bytes).unwrap();
        assert_eq!(object.byte_order(), order);
        assert_eq!(object.btf().unwrap().pointer_size(), 8);

        let lines = SourceLines::of(&object);
        let listed: Vec<_> = object
            .relocations()
            .map(|relocation| {
                assert_eq!(relocation.kind(), Some(RelocKind::FieldByteOffset));
                assert_eq!(relocation.root_name().unwrap(), "point");
                (
                    relocation.section().to_string(),
                    relocation.index(),
                    relocation.insn_off(),
                    relocation.access_string().unwrap().to_string(),
                    relocation.access_in_c(),
                    relocation.function().unwrap().unwrap().to_string(),
                    relocation.insn().unwrap().to_string(),
                    lines.line(&relocation).map(|line| line.line),
                )
            })
            .collect();
        let row = |section: &str,
                   index,
                   at,
                   access: &str,
                   c: &str,
                   function: &str,
                   insn: [&str; 2],
                   line| {
            let insn = insn[usize::from(order == ByteOrder::Big)];
            let owned = str::to_string;
            (owned(section), index, at, owned(access), owned(c), owned(function), owned(insn), line)
        };
        let (x, y, color) = (
            ["b701000000000000", "b710000000000000"],
            ["b701000004000000", "b710000000000004"],
            ["b701000008000000", "b710000000000008"],
        );
        assert_eq!(
            listed,
            [
                row("xdp", 0, 16, "0:2", "point.color", "run", color, Some(11)),
                row("xdp", 1, 8, "0:1", "point.y", "run", y, Some(11)),
                row("tc", 0, 0, "0:0", "point.x", "classify", x, None),
            ]
        );
    }
}

#[test]
fn a_source_line_has_its_file_and_text() {
    let file = object(ByteOrder::Little, &two()).write();
    let object = Object::parse(&file.bytes).unwrap();
    let first = object.relocations().next().unwrap();
    let line = SourceLines::of(&object).line(&first).unwrap();
    assert_eq!((line.line, line.column), (11, 3));
    assert_eq!(line.file, "point.c");
    assert_eq!(line.text, "p->y");
}

#[test]
fn a_line_of_the_function_before_is_not_that_of_an_instruction() {
    // `run` has both lines, `classify` starts after them.
    let mut file = object(ByteOrder::Little, &[8, 16].map(|at| offset_of("xdp", at, "0:0")));
    let of_xdp = |name, at, size| symbol(ByteOrder::Little, name, 1, at, size);
    file.get(".symtab").data = [of_xdp(1, 0, 16), of_xdp(5, 16, 8)].concat();
    let file = file.write();
    let object = Object::parse(&file.bytes).unwrap();
    let lines = SourceLines::of(&object);
    let lines: Vec<_> = object
        .relocations()
        .map(|relocation| lines.line(&relocation).map(|line| line.line))
        .collect();
    assert_eq!(lines, [Some(11), None]);
}

#[test]
fn an_instruction_without_a_line_has_the_nearest_one_of_its_function() {
    // `run` starts at 0, `classify` at 48 of the same section; each has six instructions.
    let at = [0, 8, 16, 24, 32, 40, 48, 56];
    for (lines, expected) in [
        // Line 0 from the start on: the first line of the function.
        (&[(0, 0), (24, 7)][..], [7, 7, 7, 7, 7, 7, 0, 0]),
        // In between: the nearest; the one before if both are as far.
        (&[(0, 5), (16, 0), (32, 0), (40, 7)], [5, 5, 5, 5, 7, 7, 0, 0]),
        (&[(0, 5), (16, 0), (40, 7), (48, 0)], [5, 5, 5, 5, 7, 7, 0, 0]),
        (&[(0, 5), (16, 0), (32, 7)], [5, 5, 5, 7, 7, 7, 0, 0]),
        (&[(0, 5), (16, 0), (24, 7)], [5, 5, 5, 7, 7, 7, 0, 0]),
        // Until the end: the last one, not that of the next function.
        (&[(0, 5), (16, 0), (48, 9)], [5, 5, 5, 5, 5, 5, 9, 9]),
        // Without any, there is no line.
        (&[(0, 0), (48, 0), (56, 9)], [0, 0, 0, 0, 0, 0, 9, 9]),
    ] {
        let records = at.map(|at| offset_of("xdp", at, "0:0"));
        let mut file = object_with_lines(ByteOrder::Little, &records, lines);
        file.get("xdp").data = mov(ByteOrder::Little, 0).repeat(12);
        let of_xdp = |name, at| symbol(ByteOrder::Little, name, 1, at, 48);
        file.get(".symtab").data = [of_xdp(1, 0), of_xdp(5, 48)].concat();
        let file = file.write();
        let object = Object::parse(&file.bytes).unwrap();
        let found = SourceLines::of(&object);
        let found: Vec<u32> = object
            .relocations()
            .map(|relocation| found.line(&relocation).map_or(0, |line| line.line))
            .collect();
        assert_eq!(found, expected, "{lines:?}");
    }
}

#[test]
fn a_record_that_cannot_be_decoded_is_listed_too() {
    let strange = Record { kind: 99, ..offset_of("xdp", 0, "0:1:x") };
    let file = object(ByteOrder::Little, &[strange, offset_of("xdp", 0, "0:1:x")]).write();
    let object = Object::parse(&file.bytes).unwrap();
    let listed: Vec<_> = object.relocations().collect();
    assert_eq!(listed[0].kind(), None);
    assert_eq!(listed[0].record().kind, 99);
    for relocation in listed {
        assert_eq!(relocation.access_in_c(), "struct point");
        relocation.decode().unwrap_err();
    }
}

#[test]
fn an_object_without_records_has_nothing_to_relocate() {
    for order in ORDERS {
        let mut files = vec![object(order, &[])];
        // Without `.BTF.ext`, and without any type information.
        files.push(object(order, &two()));
        files[1].sections.remove(3);
        files.push(files[1].clone());
        files[2].sections.remove(2);
        // Without symbols, too.
        files.push(files[2].clone());
        files[3].sections.truncate(2);
        for file in files {
            let file = file.write();
            assert_eq!(Object::parse(&file.bytes).unwrap().relocations().count(), 0);
        }
        // Without sections: `e_shoff`, `e_shentsize` and the two after it are 0.
        let bare = ElfFile::bpf(order).write();
        let bare = Written { bytes: bare.clone().set(0x28, &[0; 8]), ..bare }.set(0x3a, &[0; 6]);
        assert_eq!(Object::parse(&bare).unwrap().relocations().count(), 0);
    }
}

#[test]
fn a_file_that_is_not_a_bpf_object_is_refused() {
    let good = object(ByteOrder::Little, &two()).write();
    assert_eq!(refused(b""), ObjectError::NotElf { found: [].into() });
    assert_eq!(
        refused(b"\x9f\xeb\x01\0\x18\0\0\0"),
        ObjectError::NotElf { found: [0x9f, 0xeb, 1, 0].into() }
    );
    for (at, value, field) in [
        (4, 1, "ELF class"),
        (4, 3, "ELF class"),
        (5, 0, "data encoding"),
        (6, 2, "ELF version"),
        (16, 2, "e_type"),
        (18, 62, "e_machine"),
        (0x3a, 40, "e_shentsize"),
        (0x3e, 8, "e_shstrndx"),
        (0x3e, 0, "e_shstrndx"),
    ] {
        let error = refused(&good.clone().set(at, &[value]));
        let at = at as u64;
        assert!(
            matches!(error, ObjectError::Header { field: named, offset, .. } if named == field && offset == at),
            "{field}: {error}"
        );
    }
    assert_eq!(
        refused(&good.clone().set(18, &[62])).to_string(),
        "e_machine at offset 0x12 is 62, expected 247 (BPF)"
    );
}

#[test]
fn an_object_of_an_old_compiler_names_no_machine() {
    let mut file = object(ByteOrder::Big, &two());
    file.machine = 0;
    assert_eq!(Object::parse(&file.write().bytes).unwrap().relocations().count(), 2);
}

#[test]
fn headers_must_be_in_the_file() {
    let good = object(ByteOrder::Little, &two()).write();
    let len = good.bytes.len();
    assert_eq!(
        refused(&good.bytes[..10]),
        ObjectError::Truncated { what: "ELF identification", offset: 0, needed: 16, len: 10 }
    );
    assert_eq!(
        refused(&good.bytes[..63]),
        ObjectError::Truncated { what: "ELF header", offset: 0, needed: 64, len: 63 }
    );
    let offset = good.headers as u64;
    assert_eq!(
        refused(&good.bytes[..len - 1]),
        ObjectError::Truncated {
            what: "section header table",
            offset,
            needed: 8 * 64,
            len: len - 1
        }
    );
    // No count in the header means that section 0 has it.
    let far = good.clone().set(0x3c, &[0, 0]);
    let none = Object::parse(&far).unwrap();
    assert!(none.btf().is_none());
}

#[test]
fn sections_must_be_in_the_file_and_have_names() {
    for order in ORDERS {
        let good = object(order, &two());
        let (xdp, strings) = (good.index("xdp"), good.sections.len() as u32 + 1);
        let good = good.write();
        let len = good.bytes.len();
        assert_eq!(
            refused(&good.clone().set_header(xdp, 32, 0x7fff_ffff)),
            ObjectError::SectionOutOfBounds {
                section: "xdp".into(),
                offset: 64,
                size: 0x7fff_ffff,
                len
            }
        );
        assert!(matches!(
            refused(&good.clone().set_header(xdp, 24, 0x7fff_ffff)),
            ObjectError::SectionOutOfBounds { offset: 0x7fff_ffff, size: 24, .. }
        ));
        assert!(matches!(
            refused(&good.clone().set_header(strings, 32, 0x7fff_ffff)),
            ObjectError::SectionOutOfBounds { section, .. } if &*section == "#7"
        ));
        assert!(matches!(
            refused(&good.clone().set_header(xdp, 0, 0x7fff_ffff)),
            ObjectError::SectionName { section: 1, name_off: 0x7fff_ffff, .. }
        ));
        // A name without a terminator.
        assert!(matches!(
            refused(&good.clone().set_header(strings, 32, 3)),
            ObjectError::SectionName { section: 1, name_off: 1, len: 3 }
        ));
    }
}

#[test]
fn section_0_is_not_a_section() {
    let good = object(ByteOrder::Little, &two()).write();
    let bytes = good.set_header(0, 0, 0x7fff_ffff);
    assert_eq!(Object::parse(&bytes).unwrap().relocations().count(), 2);
}

#[test]
fn sections_must_be_of_the_type_that_they_are_used_as() {
    let broken = |name: &str, change: &dyn Fn(&mut crate::file::Section)| {
        let mut file = object(ByteOrder::Little, &two());
        change(file.get(name));
        refused(&file.write().bytes)
    };
    for name in [".BTF", ".BTF.ext"] {
        assert_eq!(
            broken(name, &|section| section.sh_type = SHT_NOBITS),
            ObjectError::SectionType {
                section: name.into(),
                found: SHT_NOBITS,
                expected: SHT_PROGBITS
            }
        );
    }
    assert_eq!(
        broken(".strtab", &|section| section.sh_type = SHT_PROGBITS),
        ObjectError::SectionType {
            section: "#5".into(),
            found: SHT_PROGBITS,
            expected: SHT_STRTAB
        }
    );
    // Also if its other flags are lost.
    assert_eq!(
        broken("xdp", &|section| section.flags = SHF_COMPRESSED),
        ObjectError::Compressed { section: "xdp".into() }
    );
    for name in ["xdp", ".BTF", ".BTF.ext", ".symtab"] {
        assert_eq!(
            broken(name, &|section| section.flags |= SHF_COMPRESSED),
            ObjectError::Compressed { section: name.into() }
        );
    }
    assert_eq!(
        broken(".symtab", &|section| section.sh_type = SHT_PROGBITS),
        ObjectError::NoSymbolTable
    );
    for link in [0, 99] {
        assert_eq!(
            broken(".symtab", &|section| section.link = link),
            ObjectError::NoSuchSection { section: ".symtab".into(), found: link, count: 8 }
        );
    }
}

#[test]
fn unique_sections_must_not_occur_twice() {
    for (name, what) in [(".BTF", ".BTF"), (".BTF.ext", ".BTF.ext"), (".symtab", "symbol tables")] {
        let mut file = object(ByteOrder::Little, &two());
        let twice = file.get(name).clone();
        let first = file.index(name);
        file.sections.push(twice);
        assert_eq!(refused(&file.write().bytes), ObjectError::Duplicate { what, first, second: 7 });
    }
}

#[test]
fn type_information_must_be_well_formed_and_in_the_byte_order_of_the_file() {
    for order in ORDERS {
        let good = object(order, &two()).write();
        let (btf, ext) = (good.sections[3], good.sections[4]);
        for (section, at) in [(".BTF", btf), (".BTF.ext", ext)] {
            assert_eq!(
                refused(&good.clone().set(at, &[0, 0])),
                ObjectError::Btf {
                    section,
                    offset: at as u64,
                    error: BtfError::BadMagic { found: [0, 0] }
                }
            );
        }
        let other = ORDERS[usize::from(order == ByteOrder::Little)];
        for (name, section) in [(".BTF", 2), (".BTF.ext", 3)] {
            let mut file = object(order, &two());
            file.sections[section].data = object(other, &two()).sections[section].data.clone();
            let error = ObjectError::ByteOrder { section: name, found: other, expected: order };
            assert_eq!(refused(&file.write().bytes), error);
        }
    }
}

#[test]
fn records_need_types_and_a_name() {
    let mut file = object(ByteOrder::Little, &two());
    file.get(".BTF").name = ".data";
    assert_eq!(refused(&file.write().bytes), ObjectError::NoBtf);

    let good = object(ByteOrder::Little, &two()).write();
    let ext = good.sections[4];
    let core_relo = u32::from_le_bytes(good.bytes[ext + 24..][..4].try_into().unwrap());
    // After the header and the size of a record.
    let name = ext + 32 + core_relo as usize + 4;
    for name_off in [0, 0xffff] {
        let broken = good.clone().set(name, &word(ByteOrder::Little, name_off));
        let name_off = StrOffset(name_off);
        assert_eq!(refused(&broken), ObjectError::ExtSectionName { group: 0, name_off });
    }
}

#[test]
fn a_group_without_records_needs_no_name() {
    let order = ByteOrder::Big;
    let mut file = object(order, &two());
    let mut ext = ExtBuilder::new(order);
    ext.core_relocs(StrOffset(0xffff), []);
    file.get(".BTF.ext").data = ext.finish().unwrap();
    assert_eq!(Object::parse(&file.write().bytes).unwrap().relocations().count(), 0);

    let btf = file.get(".BTF").data.clone();
    let name_off = Btf::parse(&btf).unwrap().find("point", Kind::Struct).unwrap().name_off();
    let record = CoreReloc { insn_off: 0, type_id: TypeId(2), access_str_off: name_off, kind: 0 };
    let mut ext = ExtBuilder::new(order);
    ext.core_relocs(StrOffset(0xffff), []);
    ext.core_relocs(name_off, [record]);
    file.get(".BTF.ext").data = ext.finish().unwrap();
    let file = file.write();
    let object = Object::parse(&file.bytes).unwrap();
    let sections: Vec<_> = object.relocations().map(|one| one.section().to_string()).collect();
    assert_eq!(sections, ["point"]);
}

#[test]
fn functions_must_lie_on_the_instructions_of_their_section() {
    for order in ORDERS {
        for (at, size) in [(8, 24), (0, 0), (4, 8), (0, 4), (u64::MAX - 7, 16), (32, 8)] {
            let mut file = object(order, &two());
            let section = file.index("tc") as u16;
            let symbol = symbol(order, 5, section, at, size);
            file.get(".symtab").data.extend_from_slice(&symbol);
            assert_eq!(
                refused(&file.write().bytes),
                ObjectError::Function {
                    symbol: 3,
                    section: "tc".into(),
                    offset: at,
                    size,
                    len: 24
                }
            );
        }
    }
}

#[test]
fn functions_of_other_sections_and_other_symbols_do_not_matter() {
    let mut file = object(ByteOrder::Little, &[two()[0]]);
    let tc = file.index("tc") as u16;
    // Records are only of `xdp`. A partial symbol at the end is ignored.
    let symbols = &mut file.get(".symtab").data;
    symbols.extend_from_slice(&symbol(ByteOrder::Little, 5, tc, 1, 1));
    symbols.extend_from_slice(&symbol(ByteOrder::Little, 5, 0xfff1, 1, 1));
    symbols.extend_from_slice(&[0xff; 23]);
    let file = file.write();
    let object = Object::parse(&file.bytes).unwrap();
    let function = object.relocations().next().unwrap().function();
    assert_eq!(function.unwrap().unwrap(), "run");
}

#[test]
fn the_innermost_of_functions_that_overlap_covers_an_instruction() {
    let order = ByteOrder::Little;
    let records = [0, 8, 16, 24].map(|at| offset_of("xdp", at, "0:0"));
    let mut file = object(order, &records);
    file.get("xdp").data.extend_from_slice(&mov(order, 0));
    // `classify` is all but the first instruction, `run` the first and one in its middle.
    let of_xdp = |name, at, size| symbol(order, name, 1, at, size);
    file.get(".symtab").data = [of_xdp(1, 0, 8), of_xdp(5, 8, 24), of_xdp(1, 16, 8)].concat();
    let file = file.write();
    let object = Object::parse(&file.bytes).unwrap();
    let functions: Vec<_> = object
        .relocations()
        .map(|relocation| relocation.function().unwrap().unwrap().to_string())
        .collect();
    assert_eq!(functions, ["run", "classify", "run", "classify"]);
}

#[test]
fn records_without_code_give_the_reason() {
    let records = [
        offset_of("kprobe", 0, "0:0"),
        offset_of(".BTF", 0, "0:0"),
        offset_of("tc", 0, "0:0"),
        offset_of("tc", 8, "0:0"),
    ];
    let mut file = object(ByteOrder::Little, &records);
    let none = symbol(ByteOrder::Little, 0, 0, 0, 0);
    let first = symbol(ByteOrder::Little, 5, file.index("tc") as u16, 0, 8);
    file.get(".symtab").data = [none, first].concat();
    let file = file.write();
    let object = Object::parse(&file.bytes).unwrap();
    let functions: Vec<_> = object.relocations().map(|relocation| relocation.function()).collect();
    assert_eq!(functions[0], Err(Skip::NoSection));
    assert_eq!(functions[1], Err(Skip::NotCode));
    assert_eq!(functions[2].unwrap().unwrap(), "classify");
    assert_eq!(functions[3], Err(Skip::NoFunction));
    let insns: Vec<_> = object.relocations().map(|relocation| relocation.insn()).collect();
    assert_eq!(insns.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true, true]);
}

#[test]
fn code_outside_the_file_is_ignored() {
    let code = [0; 24];
    for (sh_type, flags, code) in [
        (SHT_NOBITS, 4, &code[..]),
        (SHT_PROGBITS, 0, &code),
        (SHT_SYMTAB + 1, 4, &code),
        (SHT_PROGBITS, 4, &[]),
    ] {
        let mut file = object(ByteOrder::Little, &two());
        let section = file.get("tc");
        (section.sh_type, section.flags, section.data) = (sh_type, flags, code.to_vec());
        let file = file.write();
        let object = Object::parse(&file.bytes).unwrap();
        let functions: Vec<_> = object.relocations().map(|one| one.function()).collect();
        assert_eq!(functions[0].unwrap().unwrap(), "run");
        assert_eq!(functions[1], Err(Skip::NotCode));
    }
}
