//! Writes little-endian files word by word, well-formed or not, without the code under test.

use std::iter;

use super::Attack;

pub(super) const INT: u32 = 1;
pub(super) const PTR: u32 = 2;
pub(super) const ARRAY: u32 = 3;
pub(super) const STRUCT: u32 = 4;
pub(super) const ENUM: u32 = 6;
pub(super) const TYPEDEF: u32 = 8;
pub(super) const CONST: u32 = 10;
pub(super) const FUNC_PROTO: u32 = 13;

pub(super) const FIELD_BYTE_OFFSET: u32 = 0;
pub(super) const FIELD_BYTE_SIZE: u32 = 1;
pub(super) const FIELD_EXISTS: u32 = 2;
pub(super) const TYPE_EXISTS: u32 = 8;
pub(super) const TYPE_SIZE: u32 = 9;
pub(super) const ENUMVAL_EXISTS: u32 = 10;
pub(super) const ENUMVAL_VALUE: u32 = 11;
pub(super) const TYPE_MATCHES: u32 = 12;

/// A member of a struct: the offset of its name, its type, and its offset in bits.
pub(super) type Member = [u32; 3];

/// BTF that is being built. Ids and string offsets are not checked.
#[derive(Debug, Clone)]
pub(super) struct Types {
    words: Vec<u32>,
    strings: Vec<u8>,
    /// The id of the next type.
    next: u32,
}

impl Types {
    pub(super) fn new() -> Self {
        Self { words: Vec::new(), strings: vec![0], next: 1 }
    }

    /// Returns the id of the next type.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Adds a string, even if an equal one exists, and returns its offset.
    pub(super) fn string(&mut self, string: impl AsRef<[u8]>) -> u32 {
        let offset = u32::try_from(self.strings.len()).expect("few strings");
        self.strings.extend(string.as_ref().iter().chain(&[0]));
        offset
    }

    /// Adds a type with the words that follow its record, and returns its id.
    pub(super) fn add(
        &mut self,
        name: u32,
        (kind, vlen): (u32, u32),
        size_or_type: u32,
        rest: impl IntoIterator<Item = u32>,
    ) -> u32 {
        self.words.extend([name, kind << 24 | vlen, size_or_type]);
        self.words.extend(rest);
        self.next += 1;
        self.next - 1
    }

    /// Adds a signed integer of 32 bits.
    pub(super) fn int(&mut self) -> u32 {
        let name = self.string("int");
        self.add(name, (INT, 0), 4, [1 << 24 | 32])
    }

    pub(super) fn structure(&mut self, name: u32, size: u32, members: &[Member]) -> u32 {
        let vlen = u32::try_from(members.len()).expect("few members");
        self.add(name, (STRUCT, vlen), size, members.iter().flatten().copied())
    }

    pub(super) fn enumeration(&mut self, name: u32, enumerators: &[[u32; 2]]) -> u32 {
        let vlen = u32::try_from(enumerators.len()).expect("few enumerators");
        self.add(name, (ENUM, vlen), 4, enumerators.iter().flatten().copied())
    }

    pub(super) fn array(&mut self, element: u32, index: u32, len: u32) -> u32 {
        self.add(0, (ARRAY, 0), 0, [element, index, len])
    }

    /// Adds a prototype whose parameters have the same type.
    pub(super) fn prototype(&mut self, result: u32, params: usize, of: u32) -> u32 {
        let vlen = u32::try_from(params).expect("few parameters");
        self.add(0, (FUNC_PROTO, vlen), result, iter::repeat_n([0, of], params).flatten())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes_with_layout(&[])
    }

    /// Returns the bytes, with a layout table: for each kind, the number of bytes that follow its record
    /// once and for each entry.
    pub(super) fn bytes_with_layout(&self, layout: &[[u8; 2]]) -> Vec<u8> {
        let mut strings = self.strings.clone();
        strings.resize(strings.len().next_multiple_of(4), 0);
        let table: Vec<u8> = layout.iter().flat_map(|[once, each]| [*once, *each, 0, 0]).collect();
        let (types, end) = (self.words.len() * 4, self.words.len() * 4 + strings.len());
        let header = [0x0001_eb9f, 32, 0, types, types, strings.len(), end, table.len()];
        let mut bytes = words(header.map(len32));
        bytes.extend(words(self.words.iter().copied()));
        [bytes, strings, table].concat()
    }
}

/// A program in the section `p`, with relocations.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) types: Types,
    section: u32,
    records: Vec<[u32; 4]>,
    insns: u32,
}

impl Program {
    pub(super) fn new() -> Self {
        let mut types = Types::new();
        let section = types.string("p");
        Self { types, section, records: Vec::new(), insns: 0 }
    }

    /// Adds an instruction with a relocation.
    pub(super) fn relocate(&mut self, root: u32, access: u32, kind: u32) {
        self.insns += 1;
        self.relocate_again(root, access, kind);
    }

    /// Adds another relocation of the last instruction.
    pub(super) fn relocate_again(&mut self, root: u32, access: u32, kind: u32) {
        self.records.push([(self.insns.max(1) - 1) * 8, root, access, kind]);
    }

    /// Returns the program, to be relocated for a target.
    pub(super) fn on(self, target: &Types) -> Attack {
        Attack { target: target.bytes(), object: self.object() }
    }

    /// Returns the program, to be relocated for its own types.
    pub(super) fn on_itself(self) -> Attack {
        Attack { target: self.types.bytes(), object: self.object() }
    }

    pub(super) fn object(self) -> Vec<u8> {
        let group = Group { name: self.section, records: self.records };
        object(&self.types, &ext(16, &[group]), self.insns.max(1))
    }
}

/// The relocations of a section.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The offset of the section's name.
    pub(super) name: u32,
    pub(super) records: Vec<[u32; 4]>,
}

/// Returns `.BTF.ext` with relocations only, in records of a size.
pub(super) fn ext(record_size: usize, groups: &[Group]) -> Vec<u8> {
    let mut section = vec![len32(record_size)];
    for group in groups {
        section.extend([group.name, len32(group.records.len())]);
        for record in &group.records {
            section.extend(record);
            section.resize(section.len() + record_size / 4 - 4, 0);
        }
    }
    let header = [0x0001_eb9f, 32, 0, 0, 0, 0, 0, len32(4 * section.len())];
    words(header.into_iter().chain(section))
}

/// Returns the object file of a program, whose relocations are in `ext`.
pub(super) fn object(types: &Types, ext: &[u8], insns: u32) -> Vec<u8> {
    let mut file = Elf::new();
    file.add_code("p", insns);
    file.add_types(&types.bytes(), ext);
    file.bytes()
}

pub(super) const PROGBITS: u32 = 1;
pub(super) const STRTAB: u32 = 3;
pub(super) const SYMTAB: u32 = 2;

/// An ELF object file that is being built.
#[derive(Debug, Clone)]
pub(super) struct Elf {
    names: Vec<u8>,
    sections: Vec<Section>,
    symbols: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Section {
    name: u32,
    sh_type: u32,
    flags: u64,
    link: u32,
    data: Vec<u8>,
}

impl Elf {
    pub(super) fn new() -> Self {
        Self { names: vec![0], sections: Vec::new(), symbols: vec![0; 24] }
    }

    /// Adds a name, and returns its offset.
    pub(super) fn name(&mut self, name: impl AsRef<[u8]>) -> u32 {
        let offset = len32(self.names.len());
        self.names.extend(name.as_ref().iter().chain(&[0]));
        offset
    }

    /// Adds a section, and returns its number.
    pub(super) fn section(&mut self, name: u32, sh_type: u32, flags: u64, data: Vec<u8>) -> u16 {
        self.sections.push(Section { name, sh_type, flags, link: 1, data });
        // The null section and the names come first.
        u16::try_from(self.sections.len() + 1).expect("few sections")
    }

    /// Adds a function.
    pub(super) fn function(&mut self, name: u32, section: u16, start: u64, size: u64) {
        self.symbols.extend(name.to_le_bytes());
        self.symbols.extend([0x12, 0]);
        self.symbols.extend(section.to_le_bytes());
        self.symbols.extend([start, size].map(u64::to_le_bytes).concat());
    }

    /// Adds a section of code, which is one function; each instruction moves 1 to a register.
    pub(super) fn add_code(&mut self, name: &str, insns: u32) -> u16 {
        let name = self.name(name);
        let code = [0xb7, 1, 0, 0, 1, 0, 0, 0].repeat(insns as usize);
        let size = code.len() as u64;
        let section = self.section(name, PROGBITS, 6, code);
        self.function(name, section, 0, size);
        section
    }

    pub(super) fn add_types(&mut self, btf: &[u8], ext: &[u8]) {
        for (name, data) in [(".BTF", btf), (".BTF.ext", ext)] {
            let name = self.name(name);
            self.section(name, PROGBITS, 0, data.to_vec());
        }
    }

    pub(super) fn bytes(mut self) -> Vec<u8> {
        let symbols = std::mem::take(&mut self.symbols);
        let name = self.name(".symtab");
        self.section(name, SYMTAB, 0, symbols);
        let names = Section {
            name: 0,
            sh_type: STRTAB,
            flags: 0,
            link: 0,
            data: std::mem::take(&mut self.names),
        };
        let sections: Vec<_> = iter::once(names).chain(self.sections).collect();

        let mut bytes = vec![0; 64];
        let mut headers = vec![0; 64];
        for section in &sections {
            headers.extend([section.name, section.sh_type].map(u32::to_le_bytes).concat());
            let (offset, size) = (bytes.len() as u64, section.data.len() as u64);
            headers.extend([section.flags, 0, offset, size].map(u64::to_le_bytes).concat());
            headers.extend([section.link, 0].map(u32::to_le_bytes).concat());
            headers.extend([8_u64, 24].map(u64::to_le_bytes).concat());
            bytes.extend(&section.data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        let count = u16::try_from(sections.len() + 1).expect("few sections");
        let header = [
            &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0\x01\0\0\0"[..],
            &[0; 16],
            &(bytes.len() as u64).to_le_bytes(),
            &[0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0],
            &count.to_le_bytes(),
            &[1, 0],
        ]
        .concat();
        bytes[..64].copy_from_slice(&header);
        bytes.extend(headers);
        bytes
    }
}

fn words(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn len32(len: usize) -> u32 {
    u32::try_from(len).expect("a short file")
}
