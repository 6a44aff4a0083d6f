//! Function prototypes.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Record};
use crate::{Kind, TypeId, raw};

/// Adds a FUNC_PROTO, parameter by parameter. Nothing is added before
/// [`FuncProtoBuilder::finish`], and that is the moment when the type gets its id.
#[derive(Debug)]
#[must_use = "the type is added by `finish`"]
pub struct FuncProtoBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    params: Vec<raw::Param>,
}

impl<'a> Builder<'a> {
    /// Begins a FUNC_PROTO with the type of its result.
    pub fn func_proto(&mut self, result: TypeId) -> FuncProtoBuilder<'_, 'a> {
        let record = self.record("", Kind::FuncProto, result.0);
        FuncProtoBuilder { builder: self, record, params: Vec::new() }
    }
}

impl FuncProtoBuilder<'_, '_> {
    /// Adds a parameter.
    pub fn param(mut self, name: impl AsRef<[u8]>, ty: TypeId) -> Self {
        let name_off = self.builder.name(name);
        self.params.push(raw::Param { name_off, type_id: self.builder.word(ty.0) });
        self
    }

    /// Adds `...`, the last parameter of a variadic function.
    pub fn variadic(self) -> Self {
        self.param("", TypeId::VOID)
    }

    /// Adds the type.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, params } = self;
        builder.push(Record { vlen: params.len(), ..record }, params.as_bytes())
    }
}
