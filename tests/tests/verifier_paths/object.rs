//! The object file of a generated program.

use btf_types::ByteOrder;
use elf_writer::{ElfFile, SHF_EXECINSTR, SHT_PROGBITS, SHT_REL, SHT_STRTAB, SHT_SYMTAB, symbol};

use super::generate::Code;

/// The type of the links of calls.
const R_BPF_64_32: u64 = 10;

/// Writes an object whose first function is a program, and whose others are in `.text`.
pub(crate) fn write(code: &Code) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    let (program, others) = code.functions.split_first().unwrap();
    let mut file = ElfFile::bpf(order).section("raw_tp/program", SHT_PROGBITS, &program.bytes(-1));
    let mut symbols = symbol(order, 0, 0, 0, 0);
    symbols.extend(symbol(order, 1, 1, 0, program.insns.len() as u64 * 8));
    let mut text = Vec::new();
    for function in others {
        let start = text.len() as u64;
        text.extend(function.bytes(-1));
        // A local function, as the kernel takes it without types.
        let mut local = symbol(order, 1, 2, start, function.insns.len() as u64 * 8);
        local[4] = 2;
        symbols.extend(local);
    }
    file = file.section(".text", SHT_PROGBITS, &text);
    file.get(".text").flags = SHF_EXECINSTR;
    file = file.section(".strtab", SHT_STRTAB, b"\0f\0").section(".symtab", SHT_SYMTAB, &symbols);
    file.get(".symtab").link = file.index(".strtab");

    let (mut of_program, mut of_text) = (Vec::new(), Vec::new());
    let mut start = 0;
    for (index, function) in code.functions.iter().enumerate() {
        for (at, callee) in &function.calls {
            let links = if index == 0 { &mut of_program } else { &mut of_text };
            let place = if index == 0 { 0 } else { start } + *at as u64 * 8;
            // The symbol of function 0 is number 1.
            let info = (*callee as u64 + 1) << 32 | R_BPF_64_32;
            links.extend([place, info].map(u64::to_ne_bytes).concat());
        }
        if index > 0 {
            start += function.insns.len() as u64 * 8;
        }
    }
    for (name, links, section) in [(".relprogram", of_program, 1), (".rel.text", of_text, 2)] {
        file = file.section(name, SHT_REL, &links);
        file.get(name).link = file.index(".symtab");
        file.get(name).info = section;
    }
    file.write().bytes
}
