//! Cases, written as what a loader gets.

use std::{string::String, vec::Vec};

use btf_types::{
    StrOffset, TypeId,
    build::{self, Builder, ExtBuilder},
    ext::CoreReloc,
    proptest::{Graph, GraphError, Layout, TypeDesc},
};
use thiserror::Error;

use super::{
    Case, Flaw, InsnForm, RelocDesc,
    insn::{Slot, slots},
    original::original_value,
    walk::walk,
};
use crate::AccessPath;

/// What a loader gets: a program with its types and relocations, and a kernel's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The program's `.BTF`, with the access strings in it.
    pub local: Vec<u8>,
    /// The program's `.BTF.ext`, with `records` for the section `.text`.
    pub ext: Vec<u8>,
    /// The section `.text`.
    pub code: Vec<u8>,
    /// The relocations of `.text`.
    pub records: Vec<CoreReloc>,
    /// The kernel's BTF.
    pub main: Vec<u8>,
    /// The split BTF of the kernel's modules.
    pub modules: Vec<Vec<u8>>,
}

/// Why a case cannot be written. Those that strategies make can.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The types are not well-formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The builder refused it.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The path of a relocation is too long.
    #[error(transparent)]
    Access(#[from] crate::AccessError),
}

/// `exit`.
const EXIT: Slot = Slot { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 };

impl Case {
    /// Writes everything down.
    ///
    /// # Errors
    /// See [`CaseError`].
    pub fn write(&self) -> Result<Object, CaseError> {
        let local = &self.evolution.local;
        let mut builder = local.builder_on(None);
        let mut writer = Writer {
            layout: local.add_to(&mut builder)?,
            local,
            builder: &mut builder,
            code: Vec::new(),
            records: Vec::new(),
        };
        for relocation in &self.relocations {
            writer.relocation(relocation)?;
        }
        let Writer { mut code, mut records, .. } = writer;
        let last_is_cut = self.relocations.last().is_some_and(|relocation| {
            relocation.form == InsnForm::LdImm64 && relocation.flaw == Some(Flaw::NoSecondSlot)
        });
        if !last_is_cut {
            code.extend(EXIT.bytes(local.byte_order));
        }
        let end = u32::try_from(code.len()).unwrap_or(u32::MAX);
        for (record, relocation) in records.iter_mut().zip(&self.relocations) {
            if relocation.flaw == Some(Flaw::OutOfBounds) {
                record.insn_off = end;
            }
        }

        let mut ext = ExtBuilder::new(local.byte_order);
        ext.core_relocs(builder.string(".text"), records.iter().copied());
        let (main, modules) = self.evolution.evolve().to_bytes()?;
        let (local, ext) = (builder.finish()?, ext.finish()?);
        Ok(Object { local, ext, code, records, main, modules })
    }
}

struct Writer<'w, 'b> {
    local: &'w Graph,
    layout: Layout,
    builder: &'w mut Builder<'b>,
    code: Vec<u8>,
    records: Vec<CoreReloc>,
}

impl Writer<'_, '_> {
    fn relocation(&mut self, relocation: &RelocDesc) -> Result<(), CaseError> {
        let flaw = relocation.flaw.as_ref();
        let insn_off = match (flaw, self.records.last()) {
            (Some(Flaw::Again), Some(previous)) => previous.insn_off,
            _ => self.instruction(relocation),
        };
        let insn_off = match flaw {
            Some(Flaw::Misaligned(by)) => insn_off.saturating_add(*by),
            _ => insn_off,
        };
        let access: String = match flaw {
            Some(Flaw::AccessString(access)) => access.clone(),
            _ => std::format!("{}", AccessPath::new(&relocation.path)?),
        };
        let kind = match flaw {
            Some(Flaw::UnknownKind(kind)) => *kind,
            _ => relocation.kind.to_raw(),
        };
        let type_id = match flaw {
            Some(Flaw::NoSuchType) => TypeId(u32::MAX >> 1),
            _ => relocation.root,
        };
        let access_str_off: StrOffset = self.builder.string(&access);
        self.records.push(CoreReloc { insn_off, type_id, access_str_off, kind });
        Ok(())
    }

    /// Writes the instruction, and says where it is.
    fn instruction(&mut self, relocation: &RelocDesc) -> u32 {
        let flaw = relocation.flaw.as_ref();
        let at = u32::try_from(self.code.len()).unwrap_or(u32::MAX);
        let original = original_value(self.local, &self.layout, relocation).unwrap_or(0);
        let value = match flaw {
            Some(Flaw::WrongValue(by)) => original.wrapping_add_signed(*by),
            _ => original,
        };
        let size = match flaw {
            Some(Flaw::WrongSize(size)) => *size,
            _ => self.accessed_size(relocation),
        };
        let (mut first, mut second) = slots(relocation.form, value, size);
        match flaw {
            Some(Flaw::FromRegister) => first.code |= 0x08,
            Some(Flaw::Jump) => first.code = 0x15,
            Some(Flaw::PacketLoad) => first.code = 0x20,
            Some(Flaw::PseudoSource) => first.src = 1,
            Some(Flaw::DirtySecondSlot) => {
                if let Some(second) = &mut second {
                    second.dst = 1;
                }
            }
            Some(Flaw::NoSecondSlot) => second = None,
            _ => {}
        }
        let order = self.local.byte_order;
        self.code.extend(first.bytes(order));
        if let Some(second) = second {
            self.code.extend(second.bytes(order));
        }
        at
    }

    /// How many bytes a load or store of the field accesses; of an array, one element.
    fn accessed_size(&self, relocation: &RelocDesc) -> u32 {
        let walked = walk(self.local, &self.layout, relocation.root, &relocation.path);
        walked.map_or(8, |walked| accessed_size(self.local, &self.layout, walked.ty))
    }
}

/// The size in bytes of a type; of an array, that of its innermost element.
pub(super) fn accessed_size(graph: &Graph, layout: &Layout, ty: TypeId) -> u32 {
    let mut ty = ty;
    while let Some(TypeDesc::Array { element, .. }) = graph.resolve(ty) {
        ty = *element;
    }
    layout.size(ty).unwrap_or(0)
}
