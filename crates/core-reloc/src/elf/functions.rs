//! The functions of an object, from its symbol table.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::Name;
use object::elf;

use super::{
    error::ObjectError,
    file::{Elf64, Section, string_at},
    symbols::{Place, Symbols},
};

/// The functions of the sections that have relocations, by section and offset.
#[derive(Debug, Default)]
pub(super) struct Functions<'a> {
    functions: Vec<Function>,
    /// The string table of their names.
    names: &'a [u8],
}

/// One function symbol. Offsets are bytes from the start of its section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    section: u32,
    pub(super) start: u64,
    pub(super) end: u64,
    name_off: u32,
    /// The index of the function that ends last, among the section's functions up to this one. Only in
    /// hostile objects do functions overlap.
    ends_last: usize,
}

impl<'a> Functions<'a> {
    /// Reads the functions of some sections, by their numbers.
    ///
    /// Like libbpf, it ignores extended section numbers (`SHT_SYMTAB_SHNDX`), so that sections after
    /// number 65,279 have no functions.
    pub(super) fn parse(
        file: &Elf64<'a>,
        table: &Section<'a>,
        sections: &BTreeMap<u32, Section<'a>>,
    ) -> Result<Self, ObjectError> {
        let symbols = Symbols::parse(file, table)?;
        let mut functions = Vec::new();
        for (number, symbol) in symbols.iter().enumerate() {
            let Place::Section(section) = symbol.place else { continue };
            let section = sections.get(&section).filter(|_| symbol.kind == elf::STT_FUNC);
            let Some(section) = section else { continue };
            let (start, size) = (symbol.value, symbol.size);
            let whole = start.is_multiple_of(8) && size.is_multiple_of(8) && size != 0;
            let end = start.checked_add(size).filter(|end| whole && *end <= section.size);
            let end = end.ok_or_else(|| ObjectError::Function {
                symbol: number,
                section: section.label(),
                offset: start,
                size,
                len: section.size,
            })?;
            let name_off = symbol.name_off;
            functions.push(Function { section: section.index, start, end, name_off, ends_last: 0 });
        }
        functions.sort_unstable_by_key(|function| (function.section, function.start, function.end));
        link(&mut functions);
        Ok(Self { functions, names: symbols.names() })
    }

    /// Returns the function that covers an offset of a section.
    pub(super) fn covering(&self, section: u32, offset: u32) -> Option<&Function> {
        let key = (section, u64::from(offset));
        let next = self.functions.partition_point(|other| (other.section, other.start) <= key);
        let nearest = self.functions.get(next.checked_sub(1)?)?;
        let covers = |function: &&Function| function.section == section && key.1 < function.end;
        let wider = || self.functions.get(nearest.ends_last).filter(covers);
        Some(nearest).filter(covers).or_else(wider)
    }

    /// Returns the name of a function, if it can be read.
    pub(super) fn name(&self, function: &Function) -> Option<Name<'a>> {
        string_at(self.names, function.name_off)
    }
}

impl Function {
    /// Returns `true` if it covers an offset of a section.
    #[inline]
    pub(super) fn covers(&self, section: u32, offset: u32) -> bool {
        self.section == section && (self.start..self.end).contains(&u64::from(offset))
    }
}

/// Sets `ends_last` of sorted functions.
fn link(functions: &mut [Function]) {
    let mut last: Option<(usize, Function)> = None;
    for (index, function) in functions.iter_mut().enumerate() {
        match last {
            Some((widest, other))
                if other.section == function.section && other.end > function.end =>
            {
                function.ends_last = widest;
            }
            _ => {
                function.ends_last = index;
                last = Some((index, *function));
            }
        }
    }
}
