//! Writing cases as the input of a loader.

use btf_types::{
    TypeId,
    build::{self, Builder, ExtBuilder},
    ext::CoreReloc,
};
use core_reloc::{AccessError, AccessPath};
use thiserror::Error;

use super::{
    case::{Case, Flaw, RelocDesc},
    insn::{InsnForm, Slot, slots},
    original::original_value,
    path::resolve_path,
};
use crate::types::{desc::TypeDesc, error::GraphError, graph::Graph, layout::Layout};

/// The input of a loader: a program with its types and relocations, and a kernel's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoaderInput {
    /// The program's `.BTF`, access strings included.
    pub local: Vec<u8>,
    /// The program's `.BTF.ext`, which has `records` for the section `.text`.
    pub ext: Vec<u8>,
    /// The code of the section `.text`.
    pub code: Vec<u8>,
    /// The relocation records of `.text`.
    pub records: Vec<CoreReloc>,
    /// The kernel's BTF.
    pub main: Vec<u8>,
    /// The split BTF of each of the kernel's modules.
    pub modules: Vec<Vec<u8>>,
}

/// The reason why a case cannot be written. Generated cases can always be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The types are not well-formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The BTF builder reported an error.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The access path of a relocation is not valid.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// `exit`.
const EXIT: Slot = Slot { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 };

impl Case {
    /// Writes the program and the kernel's types.
    ///
    /// # Errors
    /// See [`CaseError`].
    pub fn write(&self) -> Result<LoaderInput, CaseError> {
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
        let ends_early = self.relocations.last().is_some_and(|relocation| {
            relocation.form == InsnForm::LdImm64 && relocation.flaw == Some(Flaw::NoSecondSlot)
        });
        if !ends_early {
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
        Ok(LoaderInput { local, ext, code, records, main, modules })
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
        let access = match flaw {
            Some(Flaw::AccessString(access)) => access.clone(),
            _ => AccessPath::new(&relocation.path)?.to_string(),
        };
        let kind = match flaw {
            Some(Flaw::UnknownKind(kind)) => *kind,
            _ => relocation.kind.to_raw(),
        };
        let type_id = match flaw {
            Some(Flaw::NoSuchType) => TypeId(u32::MAX >> 1),
            _ => relocation.root,
        };
        let access_str_off = self.builder.string(&access);
        self.records.push(CoreReloc { insn_off, type_id, access_str_off, kind });
        Ok(())
    }

    /// Writes the instruction, and returns its offset.
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

    /// Returns the number of bytes that a load or store of the field accesses.
    fn accessed_size(&self, relocation: &RelocDesc) -> u32 {
        let resolved = resolve_path(self.local, &self.layout, relocation.root, &relocation.path);
        resolved.map_or(8, |resolved| accessed_size(self.local, &self.layout, resolved.ty))
    }
}

/// Returns the size in bytes of a type; for an array, that of its innermost element.
pub(super) fn accessed_size(graph: &Graph, layout: &Layout, ty: TypeId) -> u32 {
    let mut ty = ty;
    while let Some(TypeDesc::Array { element, .. }) = graph.resolve(ty) {
        ty = *element;
    }
    layout.size(ty).unwrap_or(0)
}
