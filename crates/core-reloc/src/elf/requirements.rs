//! What an object needs from a kernel, besides its relocations.
//!
//! [`Object::requirements`] lists facts: the object's programs with what they attach to, its functions with
//! what they use, the symbols that it leaves to the kernel, its maps and structs of functions. It needs no
//! kernel, and decides nothing.
//!
//! ```
//! # fn print_needs(object: &[u8]) -> Result<(), core_reloc::elf::ObjectError> {
//! use core_reloc::elf::{Object, requirements::Used};
//!
//! let object = Object::parse(object)?;
//! let requirements = object.requirements()?;
//! for program in &requirements.programs {
//!     println!("{} in {}", program.name, program.section);
//!     for function in requirements.functions_of(program.function) {
//!         for used in &requirements.functions[function].uses {
//!             match used.what {
//!                 Used::Helper(number) => println!("  helper {number}"),
//!                 Used::Extern(index) => println!("  {}", requirements.externs[index].name),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod constants;
mod data;
mod extern_symbol;
mod feature;
mod function;
mod jump_table;
mod map;
mod program;
mod section_name;
mod struct_ops;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use object::elf;

use super::{
    error::ObjectError,
    file::{Elf64, Section},
    links::Links,
    object::{Object, parse_bpf},
    symbols::Symbols,
};

pub use self::{
    constants::{AttachType, MapType, ProgramType},
    data::DataSection,
    extern_symbol::{Extern, ExternKind},
    feature::Feature,
    function::{Function, Use, Used},
    jump_table::JumpTable,
    map::Map,
    program::Program,
    section_name::{Hook, SectionName},
    struct_ops::{Callback, StructOps},
};
use self::{
    extern_symbol::Externs,
    function::{CodeSection, Uses},
    jump_table::JumpTables,
};

/// What an object needs from a kernel, besides its relocations.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Requirements<'a> {
    /// The programs, in the order of their functions.
    pub programs: Vec<Program<'a>>,
    /// All functions, in the order of sections and offsets.
    pub functions: Vec<Function<'a>>,
    /// The undefined symbols, in the order of the symbol table.
    pub externs: Vec<Extern<'a>>,
    /// The sections with data that programs read and cannot change, `.rodata` and its like, by their numbers.
    pub data: Vec<DataSection<'a>>,
    /// The tables of jumps, in the order of their symbols.
    pub jump_tables: Vec<JumpTable<'a>>,
    /// The maps in `.maps`, in the order of their definition.
    pub maps: Vec<Map<'a>>,
    /// The structs of functions, in the order of sections and their definition.
    pub struct_ops: Vec<StructOps<'a>>,
}

impl<'a> Object<'a> {
    /// Lists what the object needs from a kernel.
    ///
    /// What only a broken object has is left out: functions outside of their section, symbols without a
    /// name, functions that overlap others many times.
    ///
    /// # Errors
    /// A section that is used is compressed or extends past the end of the file.
    pub fn requirements(&'a self) -> Result<Requirements<'a>, ObjectError> {
        let file = parse_bpf(self.as_bytes())?;
        let sections = Contents::of(&file)?;
        let btf = self.btf();
        let externs = Externs::of(sections.symbols, btf);
        let tables = sections
            .jump_tables
            .map(|section| JumpTables::of(sections.symbols, section, self.byte_order()));
        let tables = tables.unwrap_or_default();
        let mut functions = function::functions(sections.symbols, &sections.code);
        let callable = (0..).zip(&functions);
        let callable =
            callable.filter(|(_, function)| Some(function.section_index) == sections.text);
        let uses = Uses {
            order: self.byte_order(),
            symbols: sections.symbols,
            externs: &externs,
            tables: &tables,
            links: &sections.links,
            text: sections.text,
            callable: callable.map(|(index, function)| (function.range.clone(), index)).collect(),
        };
        for function in &mut functions {
            function.uses = uses.of(function);
        }
        let programs = (0..).zip(&functions);
        let programs = programs.filter_map(|(index, function)| Program::of(index, function));
        let mut struct_ops = Vec::new();
        for (section, bytes) in &sections.struct_ops {
            let links = sections.links.get(&section.index);
            let Some(btf) = btf else { continue };
            struct_ops.extend(struct_ops::struct_ops(
                btf,
                section,
                bytes,
                links,
                sections.symbols,
                &functions,
            ));
        }
        Ok(Requirements {
            programs: programs.collect(),
            externs: externs.list,
            data: sections.data,
            jump_tables: tables.list,
            maps: btf.map(map::maps).unwrap_or_default(),
            struct_ops,
            functions,
        })
    }
}

impl Requirements<'_> {
    /// Returns the indices of a function and of all functions that it may call, directly or through others,
    /// callbacks included; in the order of their indices.
    pub fn functions_of(&self, function: usize) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let mut pending = vec![function];
        while let Some(index) = pending.pop() {
            if index >= self.functions.len() || !found.insert(index) {
                continue;
            }
            let uses = self.functions.get(index).map_or(&[][..], |function| &function.uses);
            pending.extend(uses.iter().filter_map(|used| match used.what {
                Used::Function(callee) | Used::Callback(callee) => Some(callee),
                _ => None,
            }));
        }
        found.into_iter().collect()
    }
}

/// The contents of an object that its requirements follow from.
struct Contents<'a> {
    symbols: Symbols<'a>,
    /// The sections with code, by number.
    code: BTreeMap<u32, CodeSection<'a>>,
    /// The number of `.text`.
    text: Option<u32>,
    /// By the number of the section that they are in.
    links: BTreeMap<u32, Links>,
    struct_ops: Vec<(Section<'a>, &'a [u8])>,
    data: Vec<DataSection<'a>>,
    /// The section with the tables of jumps: its number, and its bytes.
    jump_tables: Option<(u32, &'a [u8])>,
}

impl<'a> Contents<'a> {
    fn of(file: &Elf64<'a>) -> Result<Self, ObjectError> {
        let mut contents = Self {
            symbols: Symbols::default(),
            code: BTreeMap::new(),
            text: None,
            links: BTreeMap::new(),
            struct_ops: Vec::new(),
            data: Vec::new(),
            jump_tables: None,
        };
        for section in file.sections() {
            let section = section?;
            if section.is_code() {
                let bytes = file.data(&section, elf::SHT_PROGBITS)?;
                contents.code.insert(section.index, CodeSection { section, bytes });
                if section.name == ".text" {
                    contents.text.get_or_insert(section.index);
                }
            } else if section.sh_type == elf::SHT_SYMTAB {
                contents.symbols = Symbols::parse(file, &section)?;
            } else if section.sh_type == elf::SHT_REL {
                let links = Links::parse(file, &section)?;
                contents.links.entry(section.info).or_default().append(links);
            } else if section.sh_type == elf::SHT_PROGBITS
                && struct_ops::is_struct_ops(section.name).is_some()
            {
                let bytes = file.data(&section, elf::SHT_PROGBITS)?;
                contents.struct_ops.push((section, bytes));
            } else if section.sh_type == elf::SHT_PROGBITS && section.name == jump_table::SECTION {
                let bytes = file.data(&section, elf::SHT_PROGBITS)?;
                contents.jump_tables = Some((section.index, bytes));
            } else if section.sh_type == elf::SHT_PROGBITS {
                let bytes = file.data(&section, elf::SHT_PROGBITS)?;
                let data = DataSection { index: section.index, name: section.name, bytes };
                contents.data.extend(Some(data).filter(DataSection::is_read_only));
            }
        }
        Ok(contents)
    }
}
