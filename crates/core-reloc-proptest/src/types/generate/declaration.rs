//! Functions, variables, data sections and declaration tags.

use btf_types::{DeclTarget, Linkage, TypeId};

use super::{Generator, names};
use crate::types::{
    desc::{ParamDesc, ProtoDesc, TypeDesc},
    graph::{id, index},
};

impl Generator<'_, '_, '_> {
    pub(super) fn proto(&mut self) -> ProtoDesc {
        let passed = |this: &Self, id, _: &TypeDesc| {
            this.sized_by(id).is_some() && !matches!(this.resolve(id), Some(TypeDesc::Array { .. }))
        };
        let result = if self.random.chance(30) { None } else { self.earlier(passed) };
        let named = self.random.chance(60);
        let mut taken = Vec::new();
        let params = (0..self.part_count(0)).filter_map(|_| {
            let ty = self.earlier(passed)?;
            let name =
                if named { names::for_member(self.random, &taken, 0) } else { String::new() };
            taken.push(name.clone());
            Some(ParamDesc { name, ty })
        });
        let params: Vec<ParamDesc> = params.collect();
        let variadic = !params.is_empty() && self.random.chance(10);
        ProtoDesc { result: result.unwrap_or_default(), params, variadic }
    }

    pub(super) fn func(&mut self, slot: usize) -> TypeDesc {
        // The parameters of defined functions have names.
        let named = |_: &Self, _, ty: &TypeDesc| match ty {
            TypeDesc::FuncProto(proto) => proto.params.iter().all(|param| !param.name.is_empty()),
            _ => false,
        };
        match self.earlier(named) {
            Some(proto) => {
                let linkage = self.random.one_of([Linkage::Static, Linkage::Global]);
                TypeDesc::Func { name: self.type_name(slot), proto, linkage }
            }
            None => TypeDesc::FuncProto(self.proto()),
        }
    }

    pub(super) fn var(&mut self, slot: usize) -> TypeDesc {
        let of = self.sized();
        let linkage = self.random.one_of([Linkage::Static, Linkage::Global]);
        TypeDesc::Var { name: self.type_name(slot), of, linkage }
    }

    pub(super) fn data_section(&mut self, slot: usize) -> TypeDesc {
        let variables: Vec<TypeId> = (0..self.types.len())
            .filter(|at| matches!(self.types[*at], TypeDesc::Var { .. }))
            .map(id)
            .collect();
        if variables.is_empty() {
            return self.var(slot);
        }
        TypeDesc::DataSec {
            name: self.random.one_of([".data", ".bss", ".rodata"]).into(),
            variables,
        }
    }

    pub(super) fn decl_tag(&mut self, slot: usize) -> TypeDesc {
        let declaration = self.earlier(|_, _, ty| {
            matches!(
                ty,
                TypeDesc::Composite(_)
                    | TypeDesc::Typedef { .. }
                    | TypeDesc::Func { .. }
                    | TypeDesc::Var { .. }
            )
        });
        let Some(on) = declaration else { return self.int(slot) };
        let members = index(on).map_or(0, |at| self.types[at].members().len());
        let target = match u32::try_from(self.random.within(0..=members)) {
            Ok(component) if (component as usize) < members => DeclTarget::Component(component),
            _ => DeclTarget::Declaration,
        };
        TypeDesc::DeclTag { tag: names::for_tag(self.random), on, target }
    }
}
