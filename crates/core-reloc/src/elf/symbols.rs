//! The symbol table of an object.

use btf_types::Name;
use object::{elf, pod, read::elf::Sym};

use super::{
    error::ObjectError,
    file::{Elf64, Endian, Section, string_at},
};

type Raw = elf::Sym64<Endian>;

/// The symbols of an object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Symbols<'a> {
    symbols: &'a [Raw],
    /// The string table of their names.
    names: &'a [u8],
    endian: Endian,
}

/// One symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbol {
    pub(super) name_off: u32,
    pub(super) place: Place,
    pub(super) kind: elf::SymbolType,
    pub(super) binding: elf::SymbolBind,
    /// Whether other objects cannot see it.
    pub(super) is_hidden: bool,
    pub(super) value: u64,
    pub(super) size: u64,
}

/// Where a symbol is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the section of this number.
    Section(u32),
    /// Nowhere in this object.
    Undefined,
    /// In no section: an absolute or common symbol, or one with an extended section number, which libbpf
    /// ignores too.
    Other,
}

impl<'a> Symbols<'a> {
    /// Reads a symbol table. Bytes after the last whole symbol are ignored.
    pub(super) fn parse(file: &Elf64<'a>, table: &Section<'a>) -> Result<Self, ObjectError> {
        let names = file.linked_strings(table)?;
        let bytes = file.data(table, elf::SHT_SYMTAB)?;
        let count = bytes.len().checked_div(size_of::<Raw>()).unwrap_or_default();
        let (symbols, _) = pod::slice_from_bytes::<Raw>(bytes, count).unwrap_or_default();
        Ok(Self { symbols, names, endian: file.endian() })
    }

    /// Returns all symbols in the order of their numbers.
    pub(super) fn iter(self) -> impl Iterator<Item = Symbol> + 'a {
        self.symbols.iter().map(move |symbol| self.decode(symbol))
    }

    /// Returns the symbol of a number.
    pub(super) fn get(self, number: u32) -> Option<Symbol> {
        self.symbols.get(usize::try_from(number).ok()?).map(|symbol| self.decode(symbol))
    }

    /// Returns the name of a symbol, if it can be read.
    pub(super) fn name(self, symbol: &Symbol) -> Option<Name<'a>> {
        string_at(self.names, symbol.name_off)
    }

    /// Returns the string table of the names.
    pub(super) fn names(self) -> &'a [u8] {
        self.names
    }

    fn decode(self, symbol: &Raw) -> Symbol {
        let section = symbol.st_shndx(self.endian);
        Symbol {
            name_off: symbol.st_name(self.endian),
            place: match section.index() {
                None if section == elf::SHN_UNDEF => Place::Undefined,
                Some(index) => Place::Section(u32::from(index)),
                None => Place::Other,
            },
            kind: symbol.st_type(),
            binding: symbol.st_bind(),
            is_hidden: matches!(symbol.st_visibility(), elf::STV_HIDDEN | elf::STV_INTERNAL),
            value: symbol.st_value(self.endian),
            size: symbol.st_size(self.endian),
        }
    }
}
