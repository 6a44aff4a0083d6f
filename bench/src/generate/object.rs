//! Objects with any number of relocations, generated from the types of a kernel.
//!
//! The root types of an object are flavored copies of structs of the kernel, with eight bytes of padding
//! before the first member, so that every offset must change. The code has a function for each root type,
//! with an instruction for each relocation that holds the value a compiler would have written.

use std::collections::{BTreeMap, HashMap};

use btf_types::build::{Builder, ExtBuilder};
use btf_types::ext::CoreReloc;
use btf_types::{Btf, Kind, Type, TypeId};
use core_reloc::RelocKind;
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};

use crate::Result;

/// The padding before the first member of every root type, in bytes.
const PADDING: u32 = 8;
/// The section with all code.
const SECTION: &str = "kprobe/bench";
/// The most structs that a field may be nested in.
const MAX_DEPTH: usize = 3;

/// Returns an object with a number of relocations of a number of root types.
///
/// # Errors
/// The kernel does not have that many suitable types.
pub fn object(kernel: &Btf<'_>, roots: usize, relocations: usize) -> Result<Vec<u8>> {
    let all = suitable_roots(kernel, relocations.div_ceil(roots))?;
    if all.len() < roots {
        return Err(format!("the kernel has {} suitable types, not {roots}", all.len()).into());
    }
    let mut object = Writer::new(kernel);
    for index in 0..roots {
        // Spread across the kernel's types, as in real programs.
        let (root, fields) = &all[index * all.len() / roots];
        let until = relocations * (index + 1) / roots;
        let count = until - relocations * index / roots;
        object.function(*root, fields, count)?;
    }
    object.finish()
}

/// A field that code can access.
struct Field<'a> {
    /// The access string without its first number.
    path: Vec<usize>,
    /// The offset in the kernel's struct, in bytes.
    offset: u32,
    ty: Type<'a>,
}

/// Returns the structs with a unique name and enough fields for a number of relocations.
fn suitable_roots<'a>(
    kernel: &'a Btf<'a>,
    relocations: usize,
) -> Result<Vec<(Type<'a>, Vec<Field<'a>>)>> {
    let mut names = BTreeMap::new();
    for ty in kernel.own_types().filter(|ty| ty.kind() == Kind::Struct) {
        *names.entry(ty.name()?).or_insert(0) += 1;
    }
    let mut roots = Vec::new();
    for ty in kernel.own_types().filter(|ty| ty.kind() == Kind::Struct) {
        let name = ty.name()?;
        if name.is_empty() || names.get(&name) != Some(&1) || name.to_string().contains("___") {
            continue;
        }
        let mut fields = Vec::new();
        find_fields(ty, &mut Vec::new(), 0, &mut fields)?;
        if fields.len() >= fields_for(relocations) {
            roots.push((ty, fields));
        }
    }
    Ok(roots)
}

/// Returns the number of fields for a number of relocations.
fn fields_for(relocations: usize) -> usize {
    relocations.div_ceil(2)
}

fn find_fields<'a>(
    composite: Type<'a>,
    path: &mut Vec<usize>,
    offset: u32,
    fields: &mut Vec<Field<'a>>,
) -> Result {
    for (index, member) in composite.members().iter().enumerate() {
        if member.bitfield_size() != 0 {
            continue;
        }
        let offset = offset + member.bit_offset() / 8;
        let ty = member.ty()?.skip_modifiers_and_typedefs()?;
        path.push(index);
        match ty.kind() {
            Kind::Struct | Kind::Union if path.len() < MAX_DEPTH => {
                find_fields(ty, path, offset, fields)?;
            }
            Kind::Int | Kind::Enum | Kind::Enum64 | Kind::Ptr | Kind::Array
                if member.name_off().0 != 0 =>
            {
                fields.push(Field { path: path.clone(), offset, ty });
            }
            _ => {}
        }
        path.pop();
    }
    Ok(())
}

struct Writer<'a> {
    kernel: &'a Btf<'a>,
    types: Builder<'static>,
    /// The copies of the kernel's types, by id in the kernel.
    copies: HashMap<TypeId, TypeId>,
    /// The type of all pointers, since their referenced types do not matter.
    pointer: TypeId,
    code: Vec<u8>,
    records: Vec<CoreReloc>,
    /// The functions: name, offset and size.
    functions: Vec<(String, u64, u64)>,
}

impl<'a> Writer<'a> {
    fn new(kernel: &'a Btf<'a>) -> Self {
        let mut types = Builder::new(kernel.byte_order());
        let pointer = types.ptr(TypeId::VOID);
        Self {
            kernel,
            types,
            copies: HashMap::new(),
            pointer,
            code: Vec::new(),
            records: Vec::new(),
            functions: Vec::new(),
        }
    }

    /// Adds a root type and a function with its relocations.
    fn function(&mut self, root: Type<'a>, fields: &[Field<'a>], relocations: usize) -> Result {
        let name = root.name()?.to_string();
        let type_id = self.root(root, &name)?;
        let start = self.code.len();
        for index in 0..relocations {
            let field = &fields[index % fields_for(relocations)];
            let (kind, insn) = match index % 8 {
                6 => (RelocKind::FieldExists, mov(1)),
                7 => (RelocKind::FieldByteSize, mov(field.ty.size()?)),
                _ => (RelocKind::FieldByteOffset, access(field)?),
            };
            let access: Vec<String> = std::iter::once(0)
                .chain(field.path.iter().copied())
                .map(|n| n.to_string())
                .collect();
            let access_str_off = self.types.string(access.join(":"));
            let insn_off = u32::try_from(self.code.len())?;
            self.records.push(CoreReloc { insn_off, type_id, access_str_off, kind: kind.to_raw() });
            self.code.extend(insn);
        }
        self.code.extend(mov(0));
        self.code.extend(EXIT);
        let size = self.code.len() - start;
        self.functions.push((format!("read_{name}"), start as u64, size as u64));
        Ok(())
    }

    /// Returns the flavored and padded copy of a struct.
    fn root(&mut self, root: Type<'a>, name: &str) -> Result<TypeId> {
        let mut members = Vec::new();
        for member in root.members() {
            members.push((member, self.copy(member.type_id())?));
        }
        let size = root.size()? + PADDING;
        let mut builder = self.types.structure(format!("{name}___bench"), size);
        for (member, ty) in members {
            let offset = member.bit_offset() + 8 * PADDING;
            builder = builder.bitfield(member.name()?, ty, offset, member.bitfield_size());
        }
        Ok(builder.finish())
    }

    /// Returns the copy of a type, with all types that it contains.
    fn copy(&mut self, id: TypeId) -> Result<TypeId> {
        if id.is_void() {
            return Ok(id);
        }
        if let Some(copy) = self.copies.get(&id) {
            return Ok(*copy);
        }
        let ty = self.kernel.type_by_id(id)?;
        if ty.kind() == Kind::Ptr {
            return Ok(self.pointer);
        }
        let mut held: Vec<TypeId> = ty.members().iter().map(|member| member.type_id()).collect();
        held.extend(ty.array().iter().flat_map(|array| [array.element, array.index]));
        held.extend(ty.referenced_id());
        let mut copies = HashMap::new();
        for id in held {
            copies.insert(id, self.copy(id)?);
        }
        let copy = self.types.copy(ty, |id| copies[&id]);
        self.copies.insert(id, copy);
        Ok(copy)
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        let mut ext = ExtBuilder::new(self.kernel.byte_order());
        ext.core_relocs(self.types.string(SECTION), self.records);
        let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
        let mut add = |name: &str, kind, bytes: &[u8]| {
            let section = object.add_section(Vec::new(), name.into(), kind);
            object.append_section_data(section, bytes, 8);
            section
        };
        let code = add(SECTION, SectionKind::Text, &self.code);
        add("license", SectionKind::Data, b"GPL\0");
        add(".BTF", SectionKind::Other, &self.types.finish()?);
        add(".BTF.ext", SectionKind::Other, &ext.finish()?);
        for (name, value, size) in self.functions {
            object.add_symbol(Symbol {
                name: name.into(),
                value,
                size,
                kind: SymbolKind::Text,
                scope: SymbolScope::Linkage,
                weak: false,
                section: SymbolSection::Section(code),
                flags: SymbolFlags::None,
            });
        }
        Ok(object.write()?)
    }
}

/// The end of a function.
const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];

/// `r0 = imm`
fn mov(imm: u32) -> [u8; 8] {
    let [a, b, c, d] = imm.to_le_bytes();
    [0xb7, 0, 0, 0, a, b, c, d]
}

/// Returns the instruction that accesses a field of a root type: a load where possible, otherwise a move
/// of the offset.
fn access(field: &Field<'_>) -> Result<[u8; 8]> {
    let offset = field.offset + PADDING;
    let code = match (field.ty.kind(), field.ty.size()?) {
        (Kind::Array, _) => None,
        (_, 1) => Some(0x71),
        (_, 2) => Some(0x69),
        (_, 4) => Some(0x61),
        (_, 8) => Some(0x79),
        _ => None,
    };
    Ok(match (code, i16::try_from(offset)) {
        // r0 = *(uN *)(r1 + offset)
        (Some(code), Ok(offset)) => {
            let [a, b] = offset.to_le_bytes();
            [code, 0x10, a, b, 0, 0, 0, 0]
        }
        _ => mov(offset),
    })
}

#[cfg(test)]
mod tests {
    use core_reloc::{Options, Target, elf};

    use super::*;
    use crate::code;
    use crate::generate::made_up;

    #[test]
    fn relocating_removes_the_padding_from_every_offset() {
        let kernel = made_up::kernel(4_000).unwrap();
        let kernel = Btf::parse(&kernel).unwrap();
        let object = object(&kernel, 40, 500).unwrap();
        let records = code::records(&object).unwrap();
        let [(section, records)] = records.as_slice() else { panic!("there is one section") };
        assert_eq!((section.as_str(), records.len()), (SECTION, 500));

        let target = Target::new(&kernel);
        let parsed = elf::Object::parse(&object).unwrap();
        let relocated = parsed.relocate(&target, Options::default()).finish().unwrap();
        assert_eq!(relocated.counts.relocated, 500);
        let before = &code::code(&object).unwrap()[SECTION];
        let after = &code::code(&relocated.bytes).unwrap()[SECTION];
        for record in records {
            let at = record.insn_off as usize;
            let value = |code: &[u8]| match code[at] {
                0xb7 => u32::from_le_bytes(code[at + 4..at + 8].try_into().unwrap()),
                _ => u16::from_le_bytes(code[at + 2..at + 4].try_into().unwrap()).into(),
            };
            let is_offset = record.kind == RelocKind::FieldByteOffset.to_raw();
            let padding = if is_offset { PADDING } else { 0 };
            assert_eq!(value(after), value(before) - padding, "the instruction at {at}");
        }
    }
}
