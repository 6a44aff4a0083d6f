//! Writing graphs as BTF.

use btf_types::{Btf, IntEncoding, TypeId, build::Builder};

use super::{
    desc::{CompositeKind, Modifier, TypeDesc},
    error::GraphError,
    graph::{Graph, id, index},
    layout::Layout,
};

impl Graph {
    /// Returns the base on which the graph is split; `None` if there is none.
    pub fn base(&self) -> Option<Self> {
        (self.base_len > 0).then(|| Self {
            byte_order: self.byte_order,
            base_len: 0,
            types: self.types.iter().take(self.base_len).cloned().collect(),
        })
    }

    /// Writes the BTF; for a split graph, only the split part. [`Graph::base`] returns the base.
    ///
    /// # Errors
    /// As [`Graph::layout`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, GraphError> {
        let base = self.base().map(|base| base.to_bytes()).transpose()?;
        let base = base.as_deref().map(Btf::parse).transpose()?;
        let mut builder = self.builder_on(base.as_ref());
        self.add_to(&mut builder)?;
        Ok(builder.finish()?)
    }

    /// Returns an empty builder for [`Graph::add_to`]. `base` is the parsed base of a split graph.
    pub fn builder_on<'a>(&self, base: Option<&'a Btf<'a>>) -> Builder<'a> {
        base.map_or_else(|| Builder::new(self.byte_order), Builder::split)
    }

    /// Adds the types, except for those of the base, to a builder that has no types yet. More
    /// strings and types can be added afterwards.
    ///
    /// # Errors
    /// As [`Graph::layout`]. Errors of the builder are returned by [`Builder::finish`].
    pub fn add_to(&self, builder: &mut Builder<'_>) -> Result<Layout, GraphError> {
        let layout = self.layout()?;
        for (index, ty) in self.types.iter().enumerate().skip(self.base_len) {
            add(builder, ty, id(index), &layout);
        }
        Ok(layout)
    }
}

/// Adds the type with the id `id`.
fn add(builder: &mut Builder<'_>, ty: &TypeDesc, id: TypeId, layout: &Layout) {
    let size = |id| layout.size(id).unwrap_or(0);
    match ty {
        TypeDesc::Int { name, size, flags } => {
            let bits = u8::try_from(size.saturating_mul(8)).unwrap_or(u8::MAX);
            builder.int(name, *size, IntEncoding::new(bits, *flags));
        }
        TypeDesc::Float { name, size } => {
            builder.float(name, *size);
        }
        TypeDesc::Ptr(to) => {
            builder.ptr(*to);
        }
        TypeDesc::Array { element, index, len } => {
            builder.array(*element, *index, *len);
        }
        TypeDesc::Composite(composite) => {
            let mut building = match composite.kind {
                CompositeKind::Struct => builder.structure(&composite.name, size(id)),
                CompositeKind::Union => builder.union(&composite.name, size(id)),
            };
            for (member, offset) in composite.members.iter().zip(layout.offsets(id)) {
                building =
                    building.bitfield(&member.name, member.ty, *offset, member.bits.unwrap_or(0));
            }
            building.finish();
        }
        TypeDesc::Enum(desc) => {
            let mut building = if desc.wide {
                builder.enumeration64(&desc.name, desc.size)
            } else {
                builder.enumeration(&desc.name, desc.size)
            };
            let is_flagged = desc.wide || desc.flagged;
            if desc.signed && is_flagged {
                building = building.signed();
            }
            for enumerator in &desc.enumerators {
                // The builder sets the flag for negative values.
                let bits = enumerator.value.rem_euclid(1 << 32);
                let value = if is_flagged { enumerator.value } else { bits };
                building = building.enumerator(&enumerator.name, value);
            }
            building.finish();
        }
        TypeDesc::Fwd { name, kind: CompositeKind::Struct } => {
            builder.fwd_struct(name);
        }
        TypeDesc::Fwd { name, kind: CompositeKind::Union } => {
            builder.fwd_union(name);
        }
        TypeDesc::Typedef { name, of } => {
            builder.typedef(name, *of);
        }
        TypeDesc::Modifier(Modifier::Volatile, of) => {
            builder.volatile(*of);
        }
        TypeDesc::Modifier(Modifier::Const, of) => {
            builder.constant(*of);
        }
        TypeDesc::Modifier(Modifier::Restrict, of) => {
            builder.restrict(*of);
        }
        TypeDesc::TypeTag { tag, of } => {
            builder.type_tag(tag, *of);
        }
        TypeDesc::FuncProto(proto) => {
            let mut building = builder.func_proto(proto.result);
            for param in &proto.params {
                building = building.param(&param.name, param.ty);
            }
            if proto.variadic {
                building = building.variadic();
            }
            building.finish();
        }
        TypeDesc::Func { name, proto, linkage } => {
            builder.func(name, *proto, *linkage);
        }
        TypeDesc::Var { name, of, linkage } => {
            builder.var(name, *of, *linkage);
        }
        TypeDesc::DataSec { name, variables } => {
            let mut end = 0_u32;
            let mut entries = Vec::with_capacity(variables.len());
            for variable in variables {
                let align = layout.alignment(*variable).unwrap_or(1);
                let offset = end.checked_next_multiple_of(align).unwrap_or(u32::MAX);
                entries.push((*variable, offset, size(*variable)));
                end = offset.saturating_add(size(*variable));
            }
            let mut building = builder.data_section(name, end);
            for (variable, offset, size) in entries {
                building = building.variable(variable, offset, size);
            }
            building.finish();
        }
        TypeDesc::DeclTag { tag, on, target } => {
            builder.decl_tag(tag, *on, *target);
        }
        TypeDesc::LocParam { size, flags, values } => {
            builder.loc_param(*size, *flags, values.iter().copied());
        }
        TypeDesc::LocProto(params) => {
            builder.loc_proto(params.iter().copied());
        }
        TypeDesc::LocSec { name, locs } => {
            let section = builder.loc_section(name);
            locs.iter()
                .fold(section, |section, loc| section.loc(loc.func, loc.proto, loc.offset))
                .finish();
        }
    }
    debug_assert_eq!(index(id).map(|at| at + 1), index(builder.next_id()), "one type was added");
}
