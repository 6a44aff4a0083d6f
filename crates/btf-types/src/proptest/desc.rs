//! Descriptions of types, as plain data.

use std::{string::String, vec::Vec};

use crate::{DeclTarget, Kind, Linkage, TypeId};

/// One type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeDesc {
    /// An INT whose bits fill its size.
    Int {
        /// The name. One that is called `long` tells readers the size of a pointer.
        name: String,
        /// The size in bytes: 1, 2, 4, 8 or 16.
        size: u32,
        /// Flags of [`IntEncoding`](crate::IntEncoding).
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
        /// The type of an element.
        element: TypeId,
        /// The INT that indices have.
        index: TypeId,
        /// How many elements; 0 for a flexible array.
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
        /// What is declared.
        kind: CompositeKind,
    },
    /// A TYPEDEF.
    Typedef {
        /// The name.
        name: String,
        /// What it stands for.
        of: TypeId,
    },
    /// A VOLATILE, CONST or RESTRICT.
    Modifier(Modifier, TypeId),
    /// A TYPE_TAG.
    TypeTag {
        /// The tag.
        tag: String,
        /// The type that is tagged.
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
        /// Where it can be seen from.
        linkage: Linkage,
    },
    /// A VAR.
    Var {
        /// The name.
        name: String,
        /// Its type.
        of: TypeId,
        /// Where it can be seen from.
        linkage: Linkage,
    },
    /// A DATASEC.
    DataSec {
        /// The section's name.
        name: String,
        /// The VARs in it.
        variables: Vec<TypeId>,
    },
    /// A DECL_TAG.
    DeclTag {
        /// The tag.
        tag: String,
        /// The declaration.
        on: TypeId,
        /// What of the declaration.
        target: DeclTarget,
    },
}

/// A STRUCT or UNION.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeDesc {
    /// Which of the two.
    pub kind: CompositeKind,
    /// The name; empty for an anonymous one.
    pub name: String,
    /// How members are placed.
    pub packing: Packing,
    /// The members, in order.
    pub members: Vec<MemberDesc>,
}

/// The two sorts of types that have members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompositeKind {
    /// Members follow each other.
    Struct,
    /// Members share their place.
    Union,
}

/// How a compiler places members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Each at a multiple of its alignment.
    Natural,
    /// `__attribute__((packed))`: no padding.
    Packed,
    /// `__attribute__((aligned(n)))` on the whole, `n` a power of two in bytes.
    Aligned(u32),
}

/// A member of a STRUCT or UNION.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDesc {
    /// The name; empty for an anonymous member.
    pub name: String,
    /// The type.
    pub ty: TypeId,
    /// The number of bits, of a bitfield.
    pub bits: Option<u8>,
}

/// An ENUM or ENUM64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumDesc {
    /// The name; empty for an anonymous one.
    pub name: String,
    /// Whether it is an ENUM64.
    pub wide: bool,
    /// The size in bytes: 1, 2, 4 or 8.
    pub size: u32,
    /// Whether values are signed.
    pub signed: bool,
    /// The enumerators, in order.
    pub enumerators: Vec<EnumeratorDesc>,
}

/// An enumerator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumeratorDesc {
    /// The name.
    pub name: String,
    /// The value.
    pub value: i128,
}

/// The qualifiers of C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// `volatile`.
    Volatile,
    /// `const`.
    Const,
    /// `restrict`.
    Restrict,
}

/// A FUNC_PROTO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtoDesc {
    /// The type of the result.
    pub result: TypeId,
    /// The parameters, in order.
    pub params: Vec<ParamDesc>,
    /// Whether `...` follows them.
    pub variadic: bool,
}

/// A parameter of a FUNC_PROTO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamDesc {
    /// The name; empty where only the type is given.
    pub name: String,
    /// The type.
    pub ty: TypeId,
}

impl TypeDesc {
    /// The kind that is written.
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
        }
    }

    /// The name, of kinds that have one; empty for anonymous types.
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
            | Self::DataSec { name, .. } => name,
            Self::TypeTag { tag, .. } | Self::DeclTag { tag, .. } => tag,
            Self::Ptr(_) | Self::Array { .. } | Self::Modifier(..) | Self::FuncProto(_) => "",
        }
    }

    /// The name, to change it; `None` for kinds that have none.
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
            | Self::DataSec { name, .. } => Some(name),
            Self::TypeTag { tag, .. } | Self::DeclTag { tag, .. } => Some(tag),
            Self::Ptr(_) | Self::Array { .. } | Self::Modifier(..) | Self::FuncProto(_) => None,
        }
    }

    /// Whether this declares something, a function or a variable, or is about such: what has no
    /// values, and is no type of C.
    pub fn is_declaration(&self) -> bool {
        matches!(
            self,
            Self::Func { .. } | Self::Var { .. } | Self::DataSec { .. } | Self::DeclTag { .. }
        )
    }

    /// The members, of a STRUCT or UNION.
    pub fn members(&self) -> &[MemberDesc] {
        match self {
            Self::Composite(composite) => &composite.members,
            _ => &[],
        }
    }

    /// Every id that the type refers to, `void` included.
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
            _ => &[],
        };
        first
            .into_iter()
            .chain(second)
            .chain(self.members().iter().map(|member| member.ty))
            .chain(params.iter().map(|param| param.ty))
            .chain(variables.iter().copied())
    }

    /// Changes every id that the type refers to.
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
            Self::DataSec { variables, .. } => variables.iter_mut().for_each(change),
            Self::Int { .. } | Self::Float { .. } | Self::Enum(_) | Self::Fwd { .. } => {}
        }
    }
}
