//! Writes ELF files for tests: valid ones, of which a test may then break single words.
//!
//! ```
//! use btf_types::ByteOrder;
//! use elf_writer::{ElfFile, SHT_PROGBITS, mov};
//!
//! let code = mov(ByteOrder::Big, 7);
//! let file = ElfFile::bpf(ByteOrder::Big).section("xdp", SHT_PROGBITS, &code);
//! let written = file.functions(&[("run", "xdp")]).write();
//! assert_eq!(written.bytes[written.sections[1]..][..8], code);
//! ```
#![forbid(unsafe_code)]

use btf_types::ByteOrder;

/// Both byte orders.
pub const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// The type of a section with data of any kind.
pub const SHT_PROGBITS: u32 = 1;
/// The type of a symbol table.
pub const SHT_SYMTAB: u32 = 2;
/// The type of a string table.
pub const SHT_STRTAB: u32 = 3;
/// The type of a section of links, which ELF calls relocations.
pub const SHT_REL: u32 = 9;
/// The type of a section that takes no space in the file.
pub const SHT_NOBITS: u32 = 8;
/// The flag of a section with code.
pub const SHF_EXECINSTR: u64 = 4;
/// The flag of a compressed section.
pub const SHF_COMPRESSED: u64 = 1 << 11;

/// An ELF file to be written. Section 0 and the table of section names are added.
#[derive(Debug, Clone)]
pub struct ElfFile {
    /// The byte order.
    pub order: ByteOrder,
    /// Whether it is a 64-bit file, rather than a 32-bit one.
    pub is_64: bool,
    /// The type of file.
    pub e_type: u16,
    /// The machine.
    pub machine: u16,
    /// The sections after section 0.
    pub sections: Vec<Section>,
}

/// A section to be written.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub sh_type: u32,
    /// The flags.
    pub flags: u64,
    /// The index of a related section.
    pub link: u32,
    /// Another number: of a section of links, the index of the section that they are in.
    pub info: u32,
    /// The contents.
    pub data: Vec<u8>,
}

/// A written file, with the offsets of its parts.
#[derive(Debug, Clone)]
pub struct Written {
    /// The byte order.
    pub order: ByteOrder,
    /// The file.
    pub bytes: Vec<u8>,
    /// The offset of each section's contents: of section 0 first, and of the section names last.
    pub sections: Vec<usize>,
    /// The offset of the section headers.
    pub headers: usize,
}

impl ElfFile {
    /// A relocatable BPF object without sections.
    pub fn bpf(order: ByteOrder) -> Self {
        Self { order, is_64: true, e_type: 1, machine: 247, sections: Vec::new() }
    }

    /// Adds a section. It has code unless its name starts with a dot.
    pub fn section(mut self, name: &'static str, sh_type: u32, data: &[u8]) -> Self {
        let flags = if name.starts_with('.') { 0 } else { SHF_EXECINSTR };
        self.sections.push(Section { name, sh_type, flags, link: 0, info: 0, data: data.to_vec() });
        self
    }

    /// Returns the number of a section.
    ///
    /// # Panics
    /// Panics if no section has the name.
    pub fn index(&self, name: &str) -> u32 {
        let at = self.sections.iter().position(|section| section.name == name);
        at.unwrap_or_else(|| panic!("no section {name}")) as u32 + 1
    }

    /// Returns a section, to change it.
    ///
    /// # Panics
    /// Panics if no section has the name.
    pub fn get(&mut self, name: &str) -> &mut Section {
        let at = self.index(name) as usize - 1;
        &mut self.sections[at]
    }

    /// Adds a symbol table of functions, each with its section and the size of that: a function fills
    /// its section.
    ///
    /// # Panics
    /// Panics if a section does not exist.
    pub fn functions(mut self, functions: &[(&str, &str)]) -> Self {
        let mut names = vec![0];
        let mut symbols = symbol(self.order, 0, 0, 0, 0);
        for (name, section) in functions {
            let size = self.get(section).data.len() as u64;
            let (name_off, index) = (names.len() as u32, self.index(section) as u16);
            symbols.extend(symbol(self.order, name_off, index, 0, size));
            names.extend_from_slice(name.as_bytes());
            names.push(0);
        }
        self = self.section(".strtab", SHT_STRTAB, &names).section(".symtab", SHT_SYMTAB, &symbols);
        self.get(".symtab").link = self.index(".strtab");
        self
    }

    /// Writes the file.
    pub fn write(&self) -> Written {
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
    /// Overwrites bytes at an offset.
    ///
    /// # Panics
    /// Panics if they do not lie within the file.
    pub fn set(mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.bytes
    }

    /// Overwrites a word of a section's header in a 64-bit file: `sh_name` is at 0, `sh_offset` at 24,
    /// `sh_size` at 32, `sh_link` at 40. Of a field of 8 bytes, the lower half is overwritten.
    pub fn set_header(self, section: u32, field: usize, value: u32) -> Vec<u8> {
        let long = matches!(field, 8 | 16 | 24 | 32);
        let upper = if long && self.order == ByteOrder::Big { 4 } else { 0 };
        let at = self.headers + section as usize * 64 + field + upper;
        let value = word(self.order, value);
        self.set(at, &value)
    }
}

/// Returns the bytes of a word.
pub fn word(order: ByteOrder, value: u32) -> [u8; 4] {
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
        self.word(section.info);
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

/// Returns the symbol of a global function in a 64-bit file.
pub fn symbol(order: ByteOrder, name: u32, section: u16, at: u64, size: u64) -> Vec<u8> {
    const GLOBAL_FUNC: u8 = 1 << 4 | 2;
    let mut out = Out { order, is_64: true, bytes: Vec::new() };
    out.word(name);
    out.bytes.extend_from_slice(&[GLOBAL_FUNC, 0]);
    out.half(section);
    out.address(at);
    out.address(size);
    out.bytes
}

/// Returns the instruction `r1 = imm`.
pub fn mov(order: ByteOrder, imm: u32) -> Vec<u8> {
    let regs = if order == ByteOrder::Little { 0x01 } else { 0x10 };
    [&[0xb7, regs, 0, 0][..], &word(order, imm)].concat()
}

/// Returns the instruction `call 0xbad2310`, which replaces a poisoned instruction.
pub fn poison(order: ByteOrder) -> Vec<u8> {
    [&[0x85, 0, 0, 0][..], &word(order, 195_896_080)].concat()
}
