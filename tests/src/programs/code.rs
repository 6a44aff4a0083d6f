//! The code of a program, as an object has it and as the kernel takes it.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{ByteOrder, IntEncoding, Linkage, build::Builder};

use crate::judge::kernel::{
    FuncInfo,
    asm::{Insn, insn},
};

/// A program: functions, of which the first is the entry.
#[derive(Debug, Default)]
pub struct Code {
    /// The functions.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Debug, Default)]
pub struct Function {
    /// The instructions. Those that lead to other functions do not have their offsets yet.
    pub insns: Vec<Insn>,
    /// The indices of instructions that call or take the address of others, and of those functions.
    pub links: Vec<(usize, usize)>,
    /// Who calls it.
    pub role: Role,
}

/// Who calls a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Functions of the program, with which it is verified.
    #[default]
    Static,
    /// Functions of the program, but it is verified by itself.
    Global,
    /// A helper, which gets its address.
    Callback {
        /// Whether it gets the address of 8 bytes on its caller's stack.
        has_context: bool,
    },
}

impl Role {
    /// Returns `true` for a callback.
    pub fn is_callback(self) -> bool {
        matches!(self, Self::Callback { .. })
    }
}

/// A program as the kernel takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The instructions of all functions that are used.
    pub insns: Vec<Insn>,
    /// The functions: which one, and where it starts.
    pub functions: Vec<(usize, usize)>,
    /// BTF with a function for each, for kernels that must know which are global.
    pub btf: Vec<u8>,
    /// The functions in it.
    pub func_info: Vec<FuncInfo>,
}

impl Code {
    /// Puts the functions that are used one after the other.
    pub fn linked(&self) -> Linked {
        let used = self.used();
        let mut insns: Vec<Insn> = Vec::new();
        let mut starts = BTreeMap::new();
        for index in &used {
            starts.insert(*index, insns.len());
            insns.extend(&self.functions[*index].insns);
        }
        for index in &used {
            for (at, other) in &self.functions[*index].links {
                let at = starts[index] + at;
                let offset = starts[other] as i32 - (at + 1) as i32;
                insns[at] = with_immediate(insns[at], offset);
            }
        }
        let (btf, func_info) = self.types(&starts);
        Linked { insns, functions: starts.into_iter().collect(), btf, func_info }
    }

    /// Returns `true` if a function that is used has a poisoned instruction.
    pub fn has_poison(&self) -> bool {
        self.used().iter().any(|index| self.functions[*index].insns.contains(&poison()))
    }

    /// Returns the functions that the first one uses. They use only later ones.
    fn used(&self) -> BTreeSet<usize> {
        let mut used = BTreeSet::from([0]);
        for (index, function) in self.functions.iter().enumerate() {
            if used.contains(&index) {
                used.extend(function.links.iter().map(|(_, other)| *other));
            }
        }
        used
    }

    /// Describes functions, `int f(int, int)`, by where they start.
    fn types(&self, starts: &BTreeMap<usize, usize>) -> (Vec<u8>, Vec<FuncInfo>) {
        let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
        let mut btf = Builder::new(order);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let proto = btf.func_proto(int).param("a", int).param("b", int).finish();
        let functions = starts.iter().map(|(index, start)| {
            let role = self.functions[*index].role;
            let is_global = *index == 0 || role == Role::Global;
            let linkage = if is_global { Linkage::Global } else { Linkage::Static };
            let id = btf.func(format!("f{index}"), proto, linkage);
            FuncInfo { insn_off: *start as u32, type_id: id.0 }
        });
        let functions = functions.collect();
        (btf.finish().expect("small BTF"), functions)
    }
}

impl Function {
    /// Returns the code as a compiler leaves it to a linker.
    pub fn bytes(&self) -> Vec<u8> {
        let mut insns = self.insns.clone();
        for (at, _) in &self.links {
            // Calls count from the instruction after the function's first.
            let immediate = if is_call(insns[*at]) { -1 } else { 0 };
            insns[*at] = with_immediate(insns[*at], immediate);
        }
        insns.concat()
    }
}

fn with_immediate([code, registers, o0, o1, ..]: Insn, immediate: i32) -> Insn {
    let [i0, i1, i2, i3] = immediate.to_ne_bytes();
    [code, registers, o0, o1, i0, i1, i2, i3]
}

/// Returns `true` for a call, rather than an address.
pub fn is_call(insn: Insn) -> bool {
    insn[0] == 0x85
}

/// Call of a function that [`Function::links`] names.
pub fn call_function() -> Insn {
    insn(0x85, 0, 1, 0, 0)
}

/// `register = function ll`, of a function that [`Function::links`] names.
pub fn address_of_function(register: u8) -> [Insn; 2] {
    [insn(0x18, register, 4, 0, 0), insn(0, 0, 0, 0, 0)]
}

/// `call 0xbad2310`
pub fn poison() -> Insn {
    insn(0x85, 0, 0, 0, 0x0bad_2310)
}
