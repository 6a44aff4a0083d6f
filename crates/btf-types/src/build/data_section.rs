//! Sections of data.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Record};
use crate::{Kind, TypeId, raw};

/// Adds a DATASEC, variable by variable. Nothing is added before [`DataSectionBuilder::finish`],
/// and that is the moment when the type gets its id.
#[derive(Debug)]
#[must_use = "the type is added by `finish`"]
pub struct DataSectionBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    variables: Vec<raw::VarSecInfo>,
}

impl<'a> Builder<'a> {
    /// Begins a DATASEC of a size in bytes; compilers write 0, and loaders fill it in.
    pub fn data_section(
        &mut self,
        name: impl AsRef<[u8]>,
        size: u32,
    ) -> DataSectionBuilder<'_, 'a> {
        let record = self.record(name, Kind::DataSec, size);
        DataSectionBuilder { builder: self, record, variables: Vec::new() }
    }
}

impl DataSectionBuilder<'_, '_> {
    /// Adds a VAR (or FUNC) at an offset, with its size, both in bytes.
    pub fn variable(mut self, ty: TypeId, offset: u32, size: u32) -> Self {
        self.variables.push(raw::VarSecInfo {
            type_id: self.builder.word(ty.0),
            offset: self.builder.word(offset),
            size: self.builder.word(size),
        });
        self
    }

    /// Adds the type.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, variables } = self;
        builder.push(Record { vlen: variables.len(), ..record }, variables.as_bytes())
    }
}
