//! The functions of an object, and what each of them uses.
//!
//! Which function a call leads to follows libbpf's `bpf_program__record_reloc` and
//! `bpf_object__reloc_code` (BSD-2-Clause option).

use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;

use btf_types::{ByteOrder, Name};
use object::elf;

use super::{extern_symbol::Externs, feature::Feature, jump_table::JumpTables};
use crate::{
    elf::{
        file::Section,
        links::{Link, Links},
        symbols::{Place, Symbol, Symbols},
    },
    patch::insn::{Insn, SLOT},
};

/// A function of an object: a program, or one that programs call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Function<'a> {
    /// The name.
    pub name: Name<'a>,
    /// The name of its section.
    pub section: Name<'a>,
    /// The number of its section.
    pub section_index: u32,
    /// Where it is in its section, in bytes.
    pub range: Range<u64>,
    /// Whether the kernel verifies it by itself, with arguments that it does not know. Static functions are
    /// verified with each of their callers.
    pub is_global: bool,
    /// Its instructions, before any relocation.
    pub code: &'a [u8],
    /// What it uses, in the order of its instructions.
    pub uses: Vec<Use>,
}

/// Something that an instruction of a function uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Use {
    /// The index of the instruction in its function, counted in 8-byte slots.
    pub insn: u32,
    /// What it uses.
    pub what: Used,
}

/// What an instruction uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Used {
    /// It calls another function of the object, given by its index.
    Function(usize),
    /// It takes the address of a function of the object, which is a callback.
    Callback(usize),
    /// It calls or takes the address of an undefined symbol, given by its index.
    Extern(usize),
    /// It takes the address of data: a variable or a map.
    Data {
        /// The number of the section.
        section: u32,
        /// The offset in the section, in bytes.
        offset: u64,
    },
    /// It takes the address of a table of jumps, given by its index.
    JumpTable(usize),
    /// It calls the helper of this number: `enum bpf_func_id`.
    Helper(u32),
    /// It is one that not every kernel knows.
    Feature(Feature),
    /// It calls a function that does not exist, so that no loader accepts the object.
    NoFunction,
}

/// A section with code.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeSection<'a> {
    pub(super) section: Section<'a>,
    pub(super) bytes: &'a [u8],
}

/// Finds the functions of the sections with code, in the order of sections and offsets, without what they
/// use.
pub(super) fn functions<'a>(
    symbols: Symbols<'a>,
    sections: &BTreeMap<u32, CodeSection<'a>>,
) -> Vec<Function<'a>> {
    let function = |symbol: Symbol| {
        let Place::Section(number) = symbol.place else { return None };
        let code = sections.get(&number).filter(|_| symbol.kind == elf::STT_FUNC)?;
        let range = symbol.value..symbol.value.checked_add(symbol.size)?;
        let index = |offset: u64| usize::try_from(offset).ok();
        Some(Function {
            name: symbols.name(&symbol)?,
            section: code.section.name,
            section_index: number,
            code: code.bytes.get(index(range.start)?..index(range.end)?)?,
            range,
            is_global: symbol.binding != elf::STB_LOCAL && !symbol.is_hidden,
            uses: Vec::new(),
        })
    };
    let mut functions: Vec<_> = symbols.iter().filter_map(function).collect();
    functions.sort_by_key(|function| (function.section_index, function.range.start));
    // Functions may have several names, but the instructions are no more than a few times those of the sections.
    let mut left: BTreeMap<u32, usize> = BTreeMap::new();
    functions.retain(|function| {
        let all = sections.get(&function.section_index).map_or(0, |code| code.bytes.len());
        let most = all.saturating_mul(MAX_NAMES);
        let left = left.entry(function.section_index).or_insert(most);
        let rest = left.checked_sub(function.code.len());
        *left = rest.unwrap_or(*left);
        rest.is_some()
    });
    functions
}

/// Finds what functions use.
pub(super) struct Uses<'u, 'a> {
    pub(super) order: ByteOrder,
    pub(super) symbols: Symbols<'a>,
    pub(super) externs: &'u Externs<'a>,
    pub(super) tables: &'u JumpTables<'a>,
    /// By the number of the section that they are in.
    pub(super) links: &'u BTreeMap<u32, Links>,
    /// The number of `.text`, where all functions are that others call.
    pub(super) text: Option<u32>,
    /// The starts and ends of the functions in `.text`, with their indices.
    pub(super) callable: Vec<(Range<u64>, usize)>,
}

impl Uses<'_, '_> {
    /// Returns what a function uses.
    pub(super) fn of(&self, function: &Function<'_>) -> Vec<Use> {
        let mut uses = Vec::new();
        let no_links = Links::default();
        let links = self.links.get(&function.section_index).unwrap_or(&no_links);
        let (slots, _) = function.code.as_chunks::<SLOT>();
        let mut slots = (0_u32..).zip(slots);
        while let Some((index, slot)) = slots.next() {
            let insn = Insn::decode(*slot, self.order);
            let offset = function.range.start.saturating_add(u64::from(index).saturating_mul(8));
            let what = if insn.is_ldimm64() {
                // Its second slot is no instruction.
                let _ = slots.next();
                links.at(offset).and_then(|link| self.loaded(link, insn))
            } else if insn.code == CALL {
                Some(self.called(links.at(offset), insn, offset))
            } else {
                Feature::of(insn).map(Used::Feature)
            };
            uses.extend(what.map(|what| Use { insn: index, what }));
        }
        uses
    }

    /// Returns what a call calls.
    fn called(&self, link: Option<Link>, insn: Insn, offset: u64) -> Used {
        let Some(link) = link else {
            return match insn.src_reg(self.order) {
                HELPER => Used::Helper(insn.imm.cast_unsigned()),
                FUNCTION => {
                    self.function(after(offset, insn.imm)).map_or(Used::NoFunction, Used::Function)
                }
                _ => Used::NoFunction,
            };
        };
        if let Some(found) = self.externs.of_symbol(link.symbol) {
            return Used::Extern(found);
        }
        // The immediate counts from the instruction after the symbol's.
        let start = self.symbols.get(link.symbol).filter(|symbol| self.is_in_text(symbol));
        let start = start.and_then(|symbol| after(symbol.value, insn.imm));
        self.function(start).map_or(Used::NoFunction, Used::Function)
    }

    /// Returns what a 64-bit immediate with a link loads the address of.
    fn loaded(&self, link: Link, insn: Insn) -> Option<Used> {
        if let Some(found) = self.externs.of_symbol(link.symbol) {
            return Some(Used::Extern(found));
        }
        if let Some(found) = self.tables.of_symbol(link.symbol) {
            return Some(Used::JumpTable(found));
        }
        let symbol = self.symbols.get(link.symbol)?;
        let offset = symbol.value.checked_add_signed(insn.imm.into())?;
        if self.is_in_text(&symbol) {
            return Some(self.function(Some(offset)).map_or(Used::NoFunction, Used::Callback));
        }
        let Place::Section(section) = symbol.place else { return None };
        Some(Used::Data { section, offset })
    }

    fn is_in_text(&self, symbol: &Symbol) -> bool {
        self.text.is_some_and(|text| symbol.place == Place::Section(text))
    }

    /// Returns the index of the function in `.text` with the instruction at an offset.
    fn function(&self, offset: Option<u64>) -> Option<usize> {
        let offset = offset?;
        let next = self.callable.partition_point(|(range, _)| range.start <= offset);
        let (range, index) = self.callable.get(next.checked_sub(1)?)?;
        range.contains(&offset).then_some(*index)
    }
}

/// Returns the offset of the instruction that is `count` after the one after `offset`.
fn after(offset: u64, count: i32) -> Option<u64> {
    offset.checked_add(8)?.checked_add_signed(i64::from(count).checked_mul(8)?)
}

/// How many names the functions of a section may have on average. Real ones have one, or two where a compiler or
/// linker has made aliases.
const MAX_NAMES: usize = 4;

/// `BPF_JMP | BPF_CALL`.
const CALL: u8 = 0x85;

// The source register of a call: what the immediate is.
const HELPER: u8 = 0;
const FUNCTION: u8 = 1;
