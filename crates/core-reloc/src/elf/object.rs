//! An object: its types, its records and their code.

use alloc::{collections::BTreeMap, vec::Vec};

use ::object::{elf, read::elf::FileHeader};
use btf_types::{
    Btf, BtfExt, ByteOrder, Error as BtfError, Name, TypeId,
    ext::{self, CoreReloc},
};

use super::{
    error::ObjectError,
    file::{Class, Elf64, Section, class},
    functions::{Function, Functions},
    skip::Skip,
};
use crate::{record::RelocKind, relocator::Relocator, target::Target};

/// A BPF object, borrowed from the bytes of its file.
///
/// Sections are identified as in libbpf: a section contains code if it is executable and has bytes in the
/// file, and records of `.BTF.ext` belong to the first section with the name that they refer to.
#[derive(Debug)]
pub struct Object<'a> {
    bytes: &'a [u8],
    byte_order: ByteOrder,
    btf: Option<Btf<'a>>,
    /// The offset of `.BTF` in the file.
    btf_start: u64,
    ext: Option<Ext<'a>>,
    groups: Vec<Group<'a>>,
    functions: Functions<'a>,
}

/// `.BTF.ext`, with its offset in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ext<'a> {
    pub(super) start: u64,
    pub(super) parsed: BtfExt<'a>,
}

/// The relocation records of one section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) name: Name<'a>,
    pub(super) section: GroupSection<'a>,
    pub(super) records: ext::Section<'a, CoreReloc>,
}

/// The section that a group of records belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum GroupSection<'a> {
    /// The object has no section with the name.
    Missing,
    /// It contains no code.
    NotCode,
    /// It contains code: its number, its offset in the file, and its bytes.
    Code { index: u32, start: usize, bytes: &'a [u8] },
}

impl<'a> Object<'a> {
    /// Reads an object.
    ///
    /// An object without `.BTF`, `.BTF.ext` or relocation records has nothing to relocate, which is not an
    /// error. Everything that its records refer to must be present.
    ///
    /// # Errors
    /// Bytes that are not a BPF object, a damaged section table, malformed type information, or relocation
    /// records without types, names, code or symbols: see [`ObjectError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        let file = parse_bpf(bytes)?;
        let sections = Sections::parse(&file)?;
        let byte_order = file.byte_order();
        let mut object = Self {
            bytes,
            byte_order,
            btf: None,
            btf_start: 0,
            ext: None,
            groups: Vec::new(),
            functions: Functions::default(),
        };
        if let Some(section) = &sections.btf {
            let btf = Btf::parse_object(file.data(section, elf::SHT_PROGBITS)?);
            let btf = btf.map_err(malformed(".BTF", section.offset))?;
            same_byte_order(".BTF", btf.byte_order(), byte_order)?;
            object.btf = Some(btf);
            object.btf_start = section.offset;
        }
        if let Some(section) = &sections.ext {
            let parsed = BtfExt::parse(file.data(section, elf::SHT_PROGBITS)?);
            let parsed = parsed.map_err(malformed(".BTF.ext", section.offset))?;
            same_byte_order(".BTF.ext", parsed.byte_order(), byte_order)?;
            object.ext = Some(Ext { start: section.offset, parsed });
        }
        object.find_code(&file, &sections)?;
        Ok(object)
    }

    /// Finds the code that the relocation records belong to, and its functions.
    fn find_code(&mut self, file: &Elf64<'a>, sections: &Sections<'a>) -> Result<(), ObjectError> {
        let Some(ext) = self.ext.filter(|ext| !ext.parsed.core_relocs().is_empty()) else {
            return Ok(());
        };
        let btf = self.btf.as_ref().ok_or(ObjectError::NoBtf)?;
        let mut code = BTreeMap::new();
        // Reserved exactly, because a group takes more memory here than in the file.
        let groups = ext.parsed.core_relocs().sections().filter(|records| !records.is_empty());
        self.groups.reserve_exact(groups.count());
        for (group, records) in ext.parsed.core_relocs().sections().enumerate() {
            if records.is_empty() {
                // Empty groups take no memory, so that memory stays in proportion to the file.
                continue;
            }
            let name_off = records.name_off();
            let name = btf.string(name_off).ok().filter(|name| !name.is_empty());
            let name = name.ok_or(ObjectError::ExtSectionName { group, name_off })?;
            let section = match sections.by_name.get(&name) {
                None => GroupSection::Missing,
                // Whatever its other flags say, its bytes are not the instructions.
                Some(section) if section.flags.contains(elf::SHF_COMPRESSED) => {
                    return Err(ObjectError::Compressed { section: section.label() });
                }
                Some(section) if !section.is_code() => GroupSection::NotCode,
                Some(section) => {
                    let bytes = file.data(section, elf::SHT_PROGBITS)?;
                    code.insert(section.index, *section);
                    // The file has bytes there, so the offset fits.
                    let start = usize::try_from(section.offset).unwrap_or(usize::MAX);
                    GroupSection::Code { index: section.index, start, bytes }
                }
            };
            self.groups.push(Group { name, section, records });
        }
        let symbols = sections.symbols.as_ref().ok_or(ObjectError::NoSymbolTable)?;
        self.functions = Functions::parse(file, symbols, &code)?;
        Ok(())
    }

    /// Returns the bytes of the file.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the byte order of the file, its types and its code.
    pub fn byte_order(&self) -> ByteOrder {
        self.byte_order
    }

    /// Returns the object's own types, `.BTF`. Pointers have 8 bytes.
    pub fn btf(&self) -> Option<&Btf<'a>> {
        self.btf.as_ref()
    }

    /// Checks all references in the object's types, as [`Btf::validate`] does. Relocating does not need
    /// it.
    ///
    /// # Errors
    /// [`ObjectError::Btf`].
    pub fn validate(&self) -> Result<(), ObjectError> {
        let Some(btf) = &self.btf else { return Ok(()) };
        btf.validate().map_err(malformed(".BTF", self.btf_start))
    }

    /// Returns the section `.BTF.ext`.
    pub fn ext(&self) -> Option<&BtfExt<'a>> {
        self.ext.as_ref().map(|ext| &ext.parsed)
    }

    /// Returns `true` if one of the root types has no candidate in the target, so that a kernel module may
    /// be needed.
    pub fn needs_modules(&self, target: &Target<'_>) -> bool {
        let Some(btf) = &self.btf else { return false };
        let mut relocator = Relocator::new(btf, target);
        relocator.prepare(self.roots());
        relocator.roots_without_candidates().next().is_some()
    }

    /// Returns the root types that need candidates, in the order of the records, without consecutive
    /// repetitions.
    pub(super) fn roots(&self) -> Vec<TypeId> {
        let needs_no_target = RelocKind::TypeIdLocal.to_raw();
        let mut roots = Vec::new();
        for group in &self.groups {
            for record in group.records.records() {
                if record.kind != needs_no_target && roots.last() != Some(&record.type_id) {
                    roots.push(record.type_id);
                }
            }
        }
        roots
    }

    /// Returns the offset in the file of the size of the core_relo records.
    pub(super) fn core_reloc_len_offset(&self) -> Option<usize> {
        let ext = self.ext?;
        let start = usize::try_from(ext.start).ok()?;
        start.checked_add(ext.parsed.core_reloc_len_offset()?)
    }

    pub(super) fn groups(&self) -> &[Group<'a>] {
        &self.groups
    }

    pub(super) fn functions(&self) -> &Functions<'a> {
        &self.functions
    }
}

impl<'a> Group<'a> {
    /// Returns the function that contains an instruction.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(super) fn function<'o>(
        &self,
        functions: &'o Functions<'a>,
        insn_off: u32,
    ) -> Result<&'o Function, Skip> {
        match self.section {
            GroupSection::Missing => Err(Skip::NoSection),
            GroupSection::NotCode => Err(Skip::NotCode),
            GroupSection::Code { index, .. } => {
                functions.covering(index, insn_off).ok_or(Skip::NoFunction)
            }
        }
    }
}

/// Reads the header of an ELF file that contains BPF code.
pub(super) fn parse_bpf(bytes: &[u8]) -> Result<Elf64<'_>, ObjectError> {
    let wrong = |field, offset, found: u16, allowed| {
        Err(ObjectError::Header { field, offset, found: found.into(), allowed })
    };
    if class(bytes)? == Class::Elf32 {
        return wrong("ELF class", 4, elf::ELFCLASS32.0.into(), "2 (64 bits), as BPF objects have");
    }
    let file = Elf64::parse(bytes)?;
    let (e_type, machine) =
        (file.header().e_type(file.endian()), file.header().e_machine(file.endian()));
    if e_type != elf::ET_REL {
        return wrong("e_type", 16, e_type.0, "1 (relocatable), as BPF objects have");
    }
    // Old compilers left the machine at 0.
    if !matches!(machine, elf::EM_BPF | elf::EM_NONE) {
        return wrong("e_machine", 18, machine.0, "247 (BPF)");
    }
    Ok(file)
}

/// Adds a section and its offset to an error.
fn malformed(section: &'static str, offset: u64) -> impl FnOnce(BtfError) -> ObjectError {
    move |error| ObjectError::Btf { section, offset, error }
}

fn same_byte_order(
    section: &'static str,
    found: ByteOrder,
    expected: ByteOrder,
) -> Result<(), ObjectError> {
    if found == expected {
        Ok(())
    } else {
        Err(ObjectError::ByteOrder { section, found, expected })
    }
}

/// The sections that relocation uses.
struct Sections<'a> {
    btf: Option<Section<'a>>,
    ext: Option<Section<'a>>,
    symbols: Option<Section<'a>>,
    /// The first section of each name.
    by_name: BTreeMap<Name<'a>, Section<'a>>,
}

impl<'a> Sections<'a> {
    fn parse(file: &Elf64<'a>) -> Result<Self, ObjectError> {
        let mut sections = Self { btf: None, ext: None, symbols: None, by_name: BTreeMap::new() };
        for section in file.sections() {
            let section = section?;
            sections.by_name.entry(section.name).or_insert(section);
            let (what, slot) = match section.name.as_bytes() {
                b".BTF" => (".BTF", &mut sections.btf),
                b".BTF.ext" => (".BTF.ext", &mut sections.ext),
                _ if section.sh_type == elf::SHT_SYMTAB => ("symbol tables", &mut sections.symbols),
                _ => continue,
            };
            if let Some(first) = slot {
                let (first, second) = (first.index, section.index);
                return Err(ObjectError::Duplicate { what, first, second });
            }
            *slot = Some(section);
        }
        Ok(sections)
    }
}
