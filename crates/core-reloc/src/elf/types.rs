//! The BTF in any ELF file: vmlinux, a kernel module, an object.

use btf_types::{ByteOrder, PointerSize};
use object::{elf, read::elf::FileHeader};

use super::{
    error::ObjectError,
    file::{Class, Elf32, Elf64, ElfFile, Endian, class},
};

/// The sections of type information in an ELF file, of either class and byte order.
///
/// ```
/// # fn f(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// use btf_types::Btf;
/// use core_reloc::elf::{TypeSections, is_elf};
///
/// let btf = if is_elf(bytes) {
///     let sections = TypeSections::find(bytes)?;
///     Btf::parse(sections.btf.ok_or("no .BTF")?)?.with_pointer_size(sections.pointer_size)
/// } else {
///     Btf::parse(bytes)?
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeSections<'a> {
    /// `.BTF`, if there is one.
    pub btf: Option<&'a [u8]>,
    /// `.BTF.base`: the distilled base of a module's `.BTF`.
    pub base: Option<&'a [u8]>,
    /// The size of a pointer, from the class of the file.
    pub pointer_size: PointerSize,
    /// The byte order of the file.
    pub byte_order: ByteOrder,
}

impl<'a> TypeSections<'a> {
    /// Finds the sections. Follows libbpf's `btf_find_elf_sections`, but rejects a file that has one of them
    /// twice.
    ///
    /// # Errors
    /// Bytes that are not an ELF file, a damaged section table, or a section that exists twice, is
    /// compressed, or extends past the end of the file.
    pub fn find(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        match class(bytes)? {
            Class::Elf32 => Self::of(&Elf32::parse(bytes)?, PointerSize::Four),
            Class::Elf64 => Self::of(&Elf64::parse(bytes)?, PointerSize::Eight),
        }
    }

    fn of<H: FileHeader<Endian = Endian>>(
        file: &ElfFile<'a, H>,
        pointer_size: PointerSize,
    ) -> Result<Self, ObjectError> {
        let (mut btf, mut base) = (None, None);
        for section in file.sections() {
            let section = section?;
            let (what, slot) = match section.name.as_bytes() {
                b".BTF" => (".BTF", &mut btf),
                b".BTF.base" => (".BTF.base", &mut base),
                _ => continue,
            };
            if let Some((first, _)) = *slot {
                return Err(ObjectError::Duplicate { what, first, second: section.index });
            }
            *slot = Some((section.index, file.data(&section, elf::SHT_PROGBITS)?));
        }
        let data = |found: Option<(u32, _)>| found.map(|(_, data)| data);
        let (btf, base) = (data(btf), data(base));
        Ok(Self { btf, base, pointer_size, byte_order: file.byte_order() })
    }
}
