//! A type as one value to match on.

use super::{
    Array, DeclTarget, Entries, Enumerator, IntEncoding, Linkage, Loc, LocParam, LocProtoParam,
    Member, Param, Type, VarSecInfo,
};
use crate::{Kind, TypeId};

/// The kind of a type together with the facts that this kind has. Sizes are in bytes.
///
/// ```
/// use btf_types::{Type, TypeView};
///
/// /// Writes a few kinds of types as C does.
/// fn c_name(ty: Type<'_>) -> btf_types::Result<String> {
///     Ok(match ty.view() {
///         TypeView::Ptr { to, .. } => format!("{} *", c_name(ty.btf().type_by_id(to)?)?),
///         TypeView::Array(array) => {
///             format!("{}[{}]", c_name(ty.btf().type_by_id(array.element)?)?, array.len)
///         }
///         TypeView::Struct { .. } => format!("struct {}", ty.name()?),
///         _ => ty.name()?.to_string(),
///     })
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum TypeView<'a> {
    /// No type: id 0.
    Void,
    /// An integer.
    #[non_exhaustive]
    Int {
        /// The size.
        size: u32,
        /// The encoding.
        encoding: IntEncoding,
    },
    /// A pointer.
    #[non_exhaustive]
    Ptr {
        /// The type that it points to.
        to: TypeId,
    },
    /// An array.
    Array(Array),
    /// A structure.
    #[non_exhaustive]
    Struct {
        /// The size.
        size: u32,
        /// The members.
        members: Entries<'a, Member<'a>>,
    },
    /// A union.
    #[non_exhaustive]
    Union {
        /// The size.
        size: u32,
        /// The members.
        members: Entries<'a, Member<'a>>,
    },
    /// An enumeration, of either width.
    #[non_exhaustive]
    Enum {
        /// The size.
        size: u32,
        /// Whether the flag for signed values is set. Old encoders never set it.
        is_signed: bool,
        /// The enumerators.
        enumerators: Entries<'a, Enumerator<'a>>,
    },
    /// A forward declaration.
    #[non_exhaustive]
    Fwd {
        /// Whether it declares a union rather than a struct.
        is_union: bool,
    },
    /// Another name for a type.
    #[non_exhaustive]
    Typedef {
        /// The type.
        of: TypeId,
    },
    /// `const`, `volatile`, `restrict` or a type tag.
    #[non_exhaustive]
    Modifier {
        /// Which of them.
        kind: Kind,
        /// The type.
        of: TypeId,
    },
    /// A function.
    #[non_exhaustive]
    Func {
        /// The prototype.
        prototype: TypeId,
        /// The linkage.
        linkage: Linkage,
    },
    /// A function prototype.
    #[non_exhaustive]
    FuncProto {
        /// The type of the result.
        result: TypeId,
        /// The parameters.
        params: Entries<'a, Param<'a>>,
    },
    /// A variable.
    #[non_exhaustive]
    Var {
        /// The type.
        ty: TypeId,
        /// The linkage.
        linkage: Linkage,
    },
    /// A section of data.
    #[non_exhaustive]
    DataSec {
        /// The size.
        size: u32,
        /// The variables.
        variables: Entries<'a, VarSecInfo<'a>>,
    },
    /// A floating-point number.
    #[non_exhaustive]
    Float {
        /// The size.
        size: u32,
    },
    /// A tag on a declaration.
    #[non_exhaustive]
    DeclTag {
        /// The type that is tagged.
        on: TypeId,
        /// The part of it that is tagged.
        target: DeclTarget,
    },
    /// A location of a parameter.
    #[non_exhaustive]
    LocParam {
        /// The size of the parameter.
        size: u32,
        /// The location.
        location: LocParam<'a>,
    },
    /// The locations of the parameters at an inline site.
    #[non_exhaustive]
    LocProto {
        /// The locations.
        params: Entries<'a, LocProtoParam<'a>>,
    },
    /// A section of code with its inline sites.
    #[non_exhaustive]
    LocSec {
        /// The sites.
        locs: Entries<'a, Loc<'a>>,
    },
    /// Any other kind.
    #[non_exhaustive]
    Other {
        /// The kind.
        kind: Kind,
        /// The bytes after the record.
        trailing: &'a [u8],
    },
}

impl<'a> Type<'a> {
    /// Returns the kind of the type together with its facts.
    pub fn view(&self) -> TypeView<'a> {
        let (size, id) = (self.stated_size(), self.referenced_id());
        let view = match self.kind() {
            Kind::Void => Some(TypeView::Void),
            Kind::Int => {
                size.zip(self.int()).map(|(size, encoding)| TypeView::Int { size, encoding })
            }
            Kind::Ptr => id.map(|to| TypeView::Ptr { to }),
            Kind::Array => self.array().map(TypeView::Array),
            Kind::Struct => size.map(|size| TypeView::Struct { size, members: self.members() }),
            Kind::Union => size.map(|size| TypeView::Union { size, members: self.members() }),
            Kind::Enum | Kind::Enum64 => size.map(|size| TypeView::Enum {
                size,
                is_signed: self.kind_flag(),
                enumerators: self.enumerators(),
            }),
            Kind::Fwd => self.fwd_is_union().map(|is_union| TypeView::Fwd { is_union }),
            Kind::Typedef => id.map(|of| TypeView::Typedef { of }),
            kind @ (Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag) => {
                id.map(|of| TypeView::Modifier { kind, of })
            }
            Kind::Func => id
                .zip(self.linkage())
                .map(|(prototype, linkage)| TypeView::Func { prototype, linkage }),
            Kind::FuncProto => {
                id.map(|result| TypeView::FuncProto { result, params: self.params() })
            }
            Kind::Var => id.zip(self.linkage()).map(|(ty, linkage)| TypeView::Var { ty, linkage }),
            Kind::DataSec => {
                size.map(|size| TypeView::DataSec { size, variables: self.variables() })
            }
            Kind::Float => size.map(|size| TypeView::Float { size }),
            Kind::DeclTag => {
                id.zip(self.decl_target()).map(|(on, target)| TypeView::DeclTag { on, target })
            }
            Kind::LocParam => size
                .zip(self.loc_param())
                .map(|(size, location)| TypeView::LocParam { size, location }),
            Kind::LocProto => Some(TypeView::LocProto { params: self.loc_params() }),
            Kind::LocSec => Some(TypeView::LocSec { locs: self.locs() }),
            Kind::Unknown(_) => None,
        };
        // Parsing checked that every record is complete, so only unknown kinds are left over.
        view.unwrap_or(TypeView::Other { kind: self.kind(), trailing: self.trailing() })
    }
}
