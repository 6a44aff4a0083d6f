//! Descriptions of single types.

use btf_types::{DeclTarget, Kind, Linkage, LocFlags, TypeId};

/// The description of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeDesc {
    /// An INT whose bits fill its whole size.
    Int {
        /// The name. Readers take the size of an INT named `long` for that of a pointer.
        name: String,
        /// The size in bytes: 1, 2, 4, 8 or 16.
        size: u32,
        /// Flags of [`IntEncoding`](btf_types::IntEncoding).
        flags: u32,
    },
    /// A FLOAT.
    Float {
        /// The name.
        name: String,
        /// The size in bytes.
        size: u32,
    },
    /// A PTR.
    Ptr(TypeId),
    /// An ARRAY.
    Array {
        /// The type of the elements.
        element: TypeId,
        /// The type of the indices, an INT.
        index: TypeId,
        /// The number of elements; 0 for a flexible array.
        len: u32,
    },
    /// A STRUCT or UNION.
    Composite(CompositeDesc),
    /// An ENUM or ENUM64.
    Enum(EnumDesc),
    /// A FWD.
    Fwd {
        /// The name.
        name: String,
        /// The kind of the declared type.
        kind: CompositeKind,
    },
    /// A TYPEDEF.
    Typedef {
        /// The name.
        name: String,
        /// The type that it stands for.
        of: TypeId,
    },
    /// A VOLATILE, CONST or RESTRICT.
    Modifier(Modifier, TypeId),
    /// A TYPE_TAG.
    TypeTag {
        /// The tag.
        tag: String,
        /// The tagged type.
        of: TypeId,
    },
    /// A FUNC_PROTO.
    FuncProto(ProtoDesc),
    /// A FUNC.
    Func {
        /// The name.
        name: String,
        /// The FUNC_PROTO.
        proto: TypeId,
        /// The linkage.
        linkage: Linkage,
    },
    /// A VAR.
    Var {
        /// The name.
        name: String,
        /// Its type.
        of: TypeId,
        /// The linkage.
        linkage: Linkage,
    },
    /// A DATASEC.
    DataSec {
        /// The name of the section.
        name: String,
        /// The VARs in it.
        variables: Vec<TypeId>,
    },
    /// A DECL_TAG.
    DeclTag {
        /// The tag.
        tag: String,
        /// The tagged declaration.
        on: TypeId,
        /// The tagged part of the declaration.
        target: DeclTarget,
    },
    /// A LOC_PARAM.
    LocParam {
        /// The size of the parameter in bytes.
        size: u32,
        /// The flags, which determine what the values mean.
        flags: LocFlags,
        /// The values.
        values: Vec<u32>,
    },
    /// A LOC_PROTO: the LOC_PARAM of each parameter, or `void`.
    LocProto(Vec<TypeId>),
    /// A LOCSEC.
    LocSec {
        /// The name of the section.
        name: String,
        /// The inline sites in it.
        locs: Vec<LocDesc>,
    },
}

/// The description of a STRUCT or UNION.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeDesc {
    /// Whether it is a STRUCT or a UNION.
    pub kind: CompositeKind,
    /// The name; empty for an anonymous one.
    pub name: String,
    /// How its members are placed.
    pub packing: Packing,
    /// The members, in order.
    pub members: Vec<MemberDesc>,
}

/// The kinds of types that have members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompositeKind {
    /// A STRUCT, whose members follow one another.
    Struct,
    /// A UNION, whose members overlap.
    Union,
}

/// How a compiler places the members of a composite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Each member at a multiple of its alignment.
    Natural,
    /// Without padding: `__attribute__((packed))`.
    Packed,
    /// With the whole composite aligned to this number of bytes, a power of two:
    /// `__attribute__((aligned(n)))`.
    Aligned(u32),
}

/// The description of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDesc {
    /// The name; empty for an anonymous member.
    pub name: String,
    /// The type.
    pub ty: TypeId,
    /// The number of bits of a bitfield; `None` for an ordinary member.
    pub bits: Option<u8>,
}

/// The description of an ENUM or ENUM64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumDesc {
    /// The name; empty for an anonymous one.
    pub name: String,
    /// `true` for an ENUM64, `false` for an ENUM.
    pub wide: bool,
    /// The size in bytes: 1, 2, 4 or 8.
    pub size: u32,
    /// Whether its values are signed.
    pub signed: bool,
    /// Whether the kind_flag of a signed ENUM is set. Clang up to 14 and old pahole never set it; an ENUM64
    /// always has it.
    pub flagged: bool,
    /// The enumerators, in order.
    pub enumerators: Vec<EnumeratorDesc>,
}

/// The description of an enumerator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumeratorDesc {
    /// The name.
    pub name: String,
    /// The value.
    pub value: i128,
}

/// A qualifier of C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// `volatile`.
    Volatile,
    /// `const`.
    Const,
    /// `restrict`.
    Restrict,
}

/// The description of a FUNC_PROTO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtoDesc {
    /// The type of the result.
    pub result: TypeId,
    /// The parameters, in order.
    pub params: Vec<ParamDesc>,
    /// Whether it takes variable arguments (`...`).
    pub variadic: bool,
}

/// The description of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamDesc {
    /// The name; empty for an unnamed one.
    pub name: String,
    /// The type.
    pub ty: TypeId,
}

/// The description of an inline site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocDesc {
    /// The FUNC that is inlined.
    pub func: TypeId,
    /// The LOC_PROTO, or `void`.
    pub proto: TypeId,
    /// The offset in the section in bytes.
    pub offset: u32,
}

impl TypeDesc {
    /// Returns the kind of the type in BTF.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Int { .. } => Kind::Int,
            Self::Float { .. } => Kind::Float,
            Self::Ptr(_) => Kind::Ptr,
            Self::Array { .. } => Kind::Array,
            Self::Composite(CompositeDesc { kind: CompositeKind::Struct, .. }) => Kind::Struct,
            Self::Composite(CompositeDesc { kind: CompositeKind::Union, .. }) => Kind::Union,
            Self::Enum(EnumDesc { wide: false, .. }) => Kind::Enum,
            Self::Enum(EnumDesc { wide: true, .. }) => Kind::Enum64,
            Self::Fwd { .. } => Kind::Fwd,
            Self::Typedef { .. } => Kind::Typedef,
            Self::Modifier(Modifier::Volatile, _) => Kind::Volatile,
            Self::Modifier(Modifier::Const, _) => Kind::Const,
            Self::Modifier(Modifier::Restrict, _) => Kind::Restrict,
            Self::TypeTag { .. } => Kind::TypeTag,
            Self::FuncProto(_) => Kind::FuncProto,
            Self::Func { .. } => Kind::Func,
            Self::Var { .. } => Kind::Var,
            Self::DataSec { .. } => Kind::DataSec,
            Self::DeclTag { .. } => Kind::DeclTag,
            Self::LocParam { .. } => Kind::LocParam,
            Self::LocProto(_) => Kind::LocProto,
            Self::LocSec { .. } => Kind::LocSec,
        }
    }

    /// Returns the name or tag; empty for anonymous types and for kinds without a name.
    pub fn name(&self) -> &str {
        match self {
            Self::Int { name, .. }
            | Self::Float { name, .. }
            | Self::Composite(CompositeDesc { name, .. })
            | Self::Enum(EnumDesc { name, .. })
            | Self::Fwd { name, .. }
            | Self::Typedef { name, .. }
            | Self::Func { name, .. }
            | Self::Var { name, .. }
            | Self::DataSec { name, .. }
            | Self::LocSec { name, .. } => name,
            Self::TypeTag { tag, .. } | Self::DeclTag { tag, .. } => tag,
            Self::Ptr(_) | Self::Array { .. } | Self::Modifier(..) | Self::FuncProto(_) => "",
            Self::LocParam { .. } | Self::LocProto(_) => "",
        }
    }

    /// Returns the name or tag, mutably; `None` for kinds without a name.
    pub fn name_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Int { name, .. }
            | Self::Float { name, .. }
            | Self::Composite(CompositeDesc { name, .. })
            | Self::Enum(EnumDesc { name, .. })
            | Self::Fwd { name, .. }
            | Self::Typedef { name, .. }
            | Self::Func { name, .. }
            | Self::Var { name, .. }
            | Self::DataSec { name, .. }
            | Self::LocSec { name, .. } => Some(name),
            Self::TypeTag { tag, .. } | Self::DeclTag { tag, .. } => Some(tag),
            Self::Ptr(_) | Self::Array { .. } | Self::Modifier(..) | Self::FuncProto(_) => None,
            Self::LocParam { .. } | Self::LocProto(_) => None,
        }
    }

    /// Returns `true` for kinds that are not types of C: FUNC, VAR, DATASEC, DECL_TAG, and those of inline sites.
    pub fn is_declaration(&self) -> bool {
        matches!(
            self,
            Self::Func { .. }
                | Self::Var { .. }
                | Self::DataSec { .. }
                | Self::DeclTag { .. }
                | Self::LocParam { .. }
                | Self::LocProto(_)
                | Self::LocSec { .. }
        )
    }

    /// Returns the members of a STRUCT or UNION; empty for other kinds.
    pub fn members(&self) -> &[MemberDesc] {
        match self {
            Self::Composite(composite) => &composite.members,
            _ => &[],
        }
    }

    /// Returns the number of members, enumerators, parameters, variables or inline sites.
    pub fn part_count(&self) -> usize {
        match self {
            Self::Composite(desc) => desc.members.len(),
            Self::Enum(desc) => desc.enumerators.len(),
            Self::FuncProto(desc) => desc.params.len(),
            Self::DataSec { variables, .. } => variables.len(),
            Self::LocProto(params) => params.len(),
            Self::LocSec { locs, .. } => locs.len(),
            _ => 0,
        }
    }

    /// Returns the type that a typedef, modifier or type tag stands for; `None` for other kinds.
    pub fn stands_for(&self) -> Option<TypeId> {
        match self {
            Self::Typedef { of, .. } | Self::Modifier(_, of) | Self::TypeTag { of, .. } => {
                Some(*of)
            }
            _ => None,
        }
    }

    /// Iterates over the ids of all types that this type refers to, `void` included.
    pub fn references(&self) -> impl Iterator<Item = TypeId> {
        let (first, second) = match self {
            Self::Ptr(of)
            | Self::Modifier(_, of)
            | Self::Typedef { of, .. }
            | Self::TypeTag { of, .. }
            | Self::Func { proto: of, .. }
            | Self::Var { of, .. }
            | Self::DeclTag { on: of, .. } => (Some(*of), None),
            Self::Array { element, index, .. } => (Some(*element), Some(*index)),
            Self::FuncProto(proto) => (Some(proto.result), None),
            _ => (None, None),
        };
        let params = match self {
            Self::FuncProto(proto) => proto.params.as_slice(),
            _ => &[],
        };
        let variables = match self {
            Self::DataSec { variables, .. } => variables.as_slice(),
            Self::LocProto(params) => params,
            _ => &[],
        };
        let locs = match self {
            Self::LocSec { locs, .. } => locs.as_slice(),
            _ => &[],
        };
        first
            .into_iter()
            .chain(second)
            .chain(self.members().iter().map(|member| member.ty))
            .chain(params.iter().map(|param| param.ty))
            .chain(variables.iter().copied())
            .chain(locs.iter().flat_map(|loc| [loc.func, loc.proto]))
    }

    /// Replaces the id of each type that this type refers to.
    pub fn map_references(&mut self, mut map: impl FnMut(TypeId) -> TypeId) {
        let mut change = |id: &mut TypeId| *id = map(*id);
        match self {
            Self::Ptr(of)
            | Self::Modifier(_, of)
            | Self::Typedef { of, .. }
            | Self::TypeTag { of, .. }
            | Self::Func { proto: of, .. }
            | Self::Var { of, .. }
            | Self::DeclTag { on: of, .. } => change(of),
            Self::Array { element, index, .. } => {
                change(element);
                change(index);
            }
            Self::Composite(composite) => {
                composite.members.iter_mut().for_each(|member| change(&mut member.ty));
            }
            Self::FuncProto(proto) => {
                change(&mut proto.result);
                proto.params.iter_mut().for_each(|param| change(&mut param.ty));
            }
            Self::DataSec { variables: ids, .. } | Self::LocProto(ids) => {
                ids.iter_mut().for_each(change);
            }
            Self::LocSec { locs, .. } => {
                for loc in locs {
                    change(&mut loc.func);
                    change(&mut loc.proto);
                }
            }
            Self::Int { .. }
            | Self::Float { .. }
            | Self::Enum(_)
            | Self::Fwd { .. }
            | Self::LocParam { .. } => {}
        }
    }
}
