//! Writes ELF files, good ones, whose single words tests then break.

use btf_types::{
    ByteOrder, StrOffset, TypeId,
    build::{Builder, ExtBuilder, HeaderForm},
    ext::{CoreReloc, LineInfo},
};
use core_reloc::RelocKind;

pub(crate) const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHF_EXECINSTR: u64 = 4;
pub(crate) const SHF_COMPRESSED: u64 = 1 << 11;

/// An ELF file to be written. Its section 0 and the table of section names come by themselves.
#[derive(Debug, Clone)]
pub(crate) struct ElfFile {
    pub(crate) order: ByteOrder,
    pub(crate) is_64: bool,
    pub(crate) e_type: u16,
    pub(crate) machine: u16,
    pub(crate) sections: Vec<Section>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) sh_type: u32,
    pub(crate) flags: u64,
    pub(crate) link: u32,
    pub(crate) data: Vec<u8>,
}

/// What is written, and where.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) order: ByteOrder,
    pub(crate) bytes: Vec<u8>,
    /// Where the bytes of each section begin, section 0 included, and the names' last.
    pub(crate) sections: Vec<usize>,
    /// Where the table of section headers begins.
    pub(crate) headers: usize,
}

impl ElfFile {
    pub(crate) fn bpf(order: ByteOrder) -> Self {
        Self { order, is_64: true, e_type: 1, machine: 247, sections: Vec::new() }
    }

    pub(crate) fn section(mut self, name: &'static str, sh_type: u32, data: &[u8]) -> Self {
        let flags = if name.starts_with('.') { 0 } else { SHF_EXECINSTR };
        self.sections.push(Section { name, sh_type, flags, link: 0, data: data.to_vec() });
        self
    }

    /// The number of a section.
    pub(crate) fn index(&self, name: &str) -> u32 {
        let at = self.sections.iter().position(|section| section.name == name);
        at.unwrap_or_else(|| panic!("no section {name}")) as u32 + 1
    }

    pub(crate) fn get(&mut self, name: &str) -> &mut Section {
        let at = self.index(name) as usize - 1;
        &mut self.sections[at]
    }

    pub(crate) fn write(&self) -> Written {
        let mut names = vec![0];
        let name_offsets: Vec<u32> = self
            .sections
            .iter()
            .map(|section| {
                names.extend_from_slice(section.name.as_bytes());
                names.push(0);
                (names.len() - section.name.len() - 1) as u32
            })
            .collect();
        let (header_len, entry_len): (u16, u16) = if self.is_64 { (64, 64) } else { (52, 40) };
        let mut out = Out { order: self.order, is_64: self.is_64, bytes: Vec::new() };
        out.bytes.resize(header_len.into(), 0);
        let mut starts = vec![0];
        for section in &self.sections {
            starts.push(out.bytes.len());
            out.bytes.extend_from_slice(&section.data);
        }
        starts.push(out.bytes.len());
        out.bytes.extend_from_slice(&names);
        let headers = out.bytes.len();

        out.section_header(0, &Section::default(), 0, 0);
        for ((section, name), start) in self.sections.iter().zip(name_offsets).zip(&starts[1..]) {
            out.section_header(name, section, *start, section.data.len());
        }
        let strings = Section { sh_type: SHT_STRTAB, ..Section::default() };
        out.section_header(0, &strings, starts[starts.len() - 1], names.len());

        let mut header = Out { bytes: Vec::new(), ..out };
        header.bytes.extend_from_slice(b"\x7fELF");
        header.bytes.push(if self.is_64 { 2 } else { 1 });
        header.bytes.push(if self.order == ByteOrder::Little { 1 } else { 2 });
        header.bytes.push(1);
        header.bytes.resize(16, 0);
        header.half(self.e_type);
        header.half(self.machine);
        header.word(1);
        header.address(0);
        header.address(0);
        header.address(headers as u64);
        header.word(0);
        for half in [header_len, 0, 0, entry_len] {
            header.half(half);
        }
        header.half(starts.len() as u16);
        header.half(starts.len() as u16 - 1);
        assert_eq!(header.bytes.len(), usize::from(header_len));
        let mut bytes = out.bytes;
        bytes[..header.bytes.len()].copy_from_slice(&header.bytes);
        Written { order: self.order, bytes, sections: starts, headers }
    }
}

impl Written {
    /// Overwrites bytes.
    pub(crate) fn set(mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.bytes
    }

    /// Overwrites a word of a section's header: `sh_name` is at 0, `sh_offset` at 24, `sh_size` at
    /// 32, `sh_link` at 40. Of longer ones this is the half that counts.
    pub(crate) fn set_header(self, section: u32, field: usize, value: u32) -> Vec<u8> {
        let long = matches!(field, 8 | 16 | 24 | 32);
        let upper = if long && self.order == ByteOrder::Big { 4 } else { 0 };
        let at = self.headers + section as usize * 64 + field + upper;
        let value = word(self.order, value);
        self.set(at, &value)
    }
}

pub(crate) fn word(order: ByteOrder, value: u32) -> [u8; 4] {
    match order {
        ByteOrder::Little => value.to_le_bytes(),
        ByteOrder::Big => value.to_be_bytes(),
    }
}

#[derive(Debug)]
struct Out {
    order: ByteOrder,
    is_64: bool,
    bytes: Vec<u8>,
}

impl Out {
    fn section_header(&mut self, name: u32, section: &Section, offset: usize, size: usize) {
        self.word(name);
        self.word(section.sh_type);
        self.address(section.flags);
        self.address(0);
        self.address(offset as u64);
        self.address(size as u64);
        self.word(section.link);
        self.word(0);
        self.address(1);
        self.address(0);
    }

    fn half(&mut self, value: u16) {
        self.bytes.extend_from_slice(&match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
    }

    fn word(&mut self, value: u32) {
        self.bytes.extend_from_slice(&word(self.order, value));
    }

    fn address(&mut self, value: u64) {
        if !self.is_64 {
            return self.word(value as u32);
        }
        self.bytes.extend_from_slice(&match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
    }
}

/// One symbol of an ELF file of 64 bits.
pub(crate) fn symbol(order: ByteOrder, name: u32, section: u16, at: u64, size: u64) -> Vec<u8> {
    const GLOBAL_FUNC: u8 = 1 << 4 | 2;
    let mut out = Out { order, is_64: true, bytes: Vec::new() };
    out.word(name);
    out.bytes.extend_from_slice(&[GLOBAL_FUNC, 0]);
    out.half(section);
    out.address(at);
    out.address(size);
    out.bytes
}

/// `r1 = imm`.
pub(crate) fn mov(order: ByteOrder, imm: u32) -> Vec<u8> {
    let regs = if order == ByteOrder::Little { 0x01 } else { 0x10 };
    [&[0xb7, regs, 0, 0][..], &word(order, imm)].concat()
}

/// `call 0xbad2310`: what a poisoned instruction becomes.
pub(crate) fn poison(order: ByteOrder) -> Vec<u8> {
    [&[0x85, 0, 0, 0][..], &word(order, 195_896_080)].concat()
}

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
/// Records of one section that follow each other are one group.
pub(crate) fn types(order: ByteOrder, records: &[Record]) -> (Vec<u8>, Vec<u8>) {
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
    let line = |insn_off, line, line_off| LineInfo {
        insn_off,
        file_name_off: file,
        line_off,
        line,
        column: 3,
    };
    // Not in order, so that no code can rely on it.
    ext.line_info(btf.string("xdp"), [line(8, 11, text), line(0, 10, StrOffset::EMPTY)]);
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

/// An object with two sections of code, `xdp` and `tc`, each of three instructions, which hold the
/// offsets of `x`, `y` and `color` as the compiler wrote them. Each section is one function.
pub(crate) fn object(order: ByteOrder, records: &[Record]) -> ElfFile {
    let (btf, ext) = types(order, records);
    let code: Vec<u8> = [0, 4, 8].into_iter().flat_map(|offset| mov(order, offset)).collect();
    let mut file = ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section("tc", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &btf)
        .section(".BTF.ext", SHT_PROGBITS, &ext)
        .section(".strtab", SHT_STRTAB, b"\0run\0classify\0");
    let none = symbol(order, 0, 0, 0, 0);
    let run = symbol(order, 1, file.index("xdp") as u16, 0, 24);
    let classify = symbol(order, 5, file.index("tc") as u16, 0, 24);
    file = file.section(".symtab", SHT_SYMTAB, &[none, run, classify].concat());
    file.get(".symtab").link = file.index(".strtab");
    file
}
