//! Linking: functions out of sections, into one program.

use std::collections::HashMap;

use object::{
    Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind, SymbolSection,
    elf::R_BPF_64_32, read::elf::ElfFile64,
};

use crate::{
    Result,
    insn::{Insn, decode},
};

/// A function of the object: where it was in its section, and its instructions.
#[derive(Debug, Clone)]
pub struct Function {
    pub section: String,
    /// In bytes.
    pub start: u32,
    pub code: Vec<Insn>,
    /// The index of each call, and the function that it calls.
    calls: Vec<(usize, Address)>,
}

/// A section and an offset in bytes.
type Address = (SectionIndex, u64);

/// The functions of an object, and its types.
#[derive(Debug)]
pub struct Input {
    pub btf: Vec<u8>,
    pub btf_ext: Vec<u8>,
    functions: HashMap<Address, Function>,
    names: HashMap<String, Address>,
}

impl Input {
    /// Reads an object.
    pub fn read(object: &[u8]) -> Result<Self> {
        let file = ElfFile64::<object::Endianness>::parse(object)?;
        let section = |name: &str| -> Result<Vec<u8>> {
            let section = file.section_by_name(name).ok_or(format!("no section {name}"))?;
            Ok(section.data()?.to_vec())
        };
        let mut input = Self {
            btf: section(".BTF")?,
            btf_ext: section(".BTF.ext")?,
            functions: HashMap::new(),
            names: HashMap::new(),
        };
        for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
            let SymbolSection::Section(index) = symbol.section() else { continue };
            let section = file.section_by_index(index)?;
            let range = symbol.address()..symbol.address() + symbol.size();
            let code =
                section.data_range(range.start, symbol.size())?.ok_or("a function outside")?;
            let mut function = Function {
                section: section.name()?.to_owned(),
                start: u32::try_from(range.start)?,
                code: decode(code),
                calls: Vec::new(),
            };
            for (offset, call) in section.relocations().filter(|(at, _)| range.contains(at)) {
                if let object::RelocationFlags::Elf { r_type: R_BPF_64_32, .. } = call.flags()
                    && let RelocationTarget::Symbol(callee) = call.target()
                {
                    let callee = file.symbol_by_index(callee)?;
                    let index = usize::try_from((offset - range.start) / 8)?;
                    let section = callee.section_index().ok_or("a call to nothing")?;
                    // For a static function the symbol is its section's; the immediate says where.
                    let skipped = match callee.kind() {
                        SymbolKind::Section => (function.code[index].immediate + 1) * 8,
                        _ => 0,
                    };
                    let address = callee.address() + u64::try_from(skipped)?;
                    function.calls.push((index, (section, address)));
                }
            }
            input.names.insert(symbol.name()?.to_owned(), (index, range.start));
            input.functions.insert((index, range.start), function);
        }
        Ok(input)
    }
}

/// A program: a function and all that it calls, one after the other.
#[derive(Debug, Clone)]
pub struct Linked {
    pub code: Vec<Insn>,
    /// The index of each function's first slot in the code, and the function as it was in the object.
    pub functions: Vec<(usize, Function)>,
}

/// Links the program of a function.
pub fn link(input: &Input, name: &str) -> Result<Linked> {
    let entry = *input.names.get(name).ok_or(format!("no function {name}"))?;
    let mut program = Linked { code: Vec::new(), functions: Vec::new() };
    let mut starts = HashMap::new();
    let mut pending = vec![entry];
    while let Some(address) = pending.pop() {
        if starts.contains_key(&address) {
            continue;
        }
        let function =
            input.functions.get(&address).ok_or("a call into the middle of a function")?;
        starts.insert(address, program.code.len());
        program.functions.push((program.code.len(), function.clone()));
        program.code.extend(&function.code);
        pending.extend(function.calls.iter().map(|(_, callee)| *callee));
    }
    for (start, function) in &program.functions {
        for (index, callee) in &function.calls {
            let call = start + index;
            // Counted from the next slot.
            let distance = i64::try_from(starts[callee])? - i64::try_from(call + 1)?;
            program.code[call].immediate = i32::try_from(distance)?;
        }
    }
    Ok(program)
}

impl Input {
    /// A function by its name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(self.names.get(name)?)
    }
}
