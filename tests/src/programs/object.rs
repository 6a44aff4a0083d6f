//! The object file of a generated program.

use btf_types::ByteOrder;
use elf_writer::{ElfFile, SHF_EXECINSTR, SHT_PROGBITS, SHT_REL, SHT_STRTAB, SHT_SYMTAB, symbol};

use super::code::{Code, Function, Role, is_call};

/// The type of the links of addresses.
const R_BPF_64_64: u64 = 1;
/// The type of the links of calls.
const R_BPF_64_32: u64 = 10;

/// `STB_GLOBAL << 4 | STT_FUNC`
const GLOBAL_FUNC: u8 = 0x12;
/// `STB_LOCAL << 4 | STT_FUNC`
const LOCAL_FUNC: u8 = 0x02;

/// Writes an object whose first function is a program, and whose others are in `.text`.
pub(super) fn write(code: &Code) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    let (program, others) = code.functions.split_first().expect("a function");
    let mut symbols = symbol(order, 0, 0, 0, 0);
    symbols.extend(symbol(order, 1, 1, 0, program.insns.len() as u64 * 8));
    let (mut text, mut links) = (Vec::new(), Vec::new());
    for function in others {
        let start = text.len() as u64;
        text.extend(function.bytes());
        links.extend(linked(function, start));
        let mut symbol = symbol(order, 1, 2, start, function.insns.len() as u64 * 8);
        symbol[4] = if function.role == Role::Global { GLOBAL_FUNC } else { LOCAL_FUNC };
        symbols.extend(symbol);
    }
    let mut file = ElfFile::bpf(order)
        .section("raw_tp/program", SHT_PROGBITS, &program.bytes())
        .section(".text", SHT_PROGBITS, &text)
        .section(".strtab", SHT_STRTAB, b"\0f\0")
        .section(".symtab", SHT_SYMTAB, &symbols);
    file.get(".text").flags = SHF_EXECINSTR;
    file.get(".symtab").link = file.index(".strtab");
    for (name, links, section) in [(".relprogram", linked(program, 0), 1), (".rel.text", links, 2)]
    {
        file = file.section(name, SHT_REL, &links);
        file.get(name).link = file.index(".symtab");
        file.get(name).info = section;
    }
    file.write().bytes
}

/// Returns the links of a function that starts at an offset of its section.
fn linked(function: &Function, start: u64) -> Vec<u8> {
    let link = |(at, other): &(usize, usize)| {
        let ty = if is_call(function.insns[*at]) { R_BPF_64_32 } else { R_BPF_64_64 };
        // The symbol of function 0 is number 1.
        let info = (*other as u64 + 1) << 32 | ty;
        [start + *at as u64 * 8, info].map(u64::to_ne_bytes).concat()
    };
    function.links.iter().flat_map(link).collect()
}
