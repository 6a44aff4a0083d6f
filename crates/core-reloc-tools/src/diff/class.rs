//! The classes of named types.

use std::fmt;

use btf_types::{Kind, KindSet};

/// What a name stands for. Two types are one before and after only if they are of one class and have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TypeClass {
    /// A struct or union, defined or only declared.
    Composite,
    /// An enum, of either width.
    Enum,
    /// A typedef.
    Typedef,
    /// A function.
    Function,
    /// A variable.
    Variable,
    /// An integer or floating-point number.
    Number,
}

impl TypeClass {
    /// All classes, in the order in which differences are listed.
    pub const ALL: [Self; 6] =
        [Self::Composite, Self::Enum, Self::Typedef, Self::Function, Self::Variable, Self::Number];

    /// Returns the class of a kind of types; `None` for types without a name, sections and tags.
    ///
    /// ```
    /// use btf_types::Kind;
    /// use core_reloc_tools::diff::TypeClass;
    ///
    /// assert_eq!(TypeClass::of(Kind::Fwd), Some(TypeClass::Composite));
    /// assert_eq!(TypeClass::of(Kind::Ptr), None);
    /// ```
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Struct | Kind::Union | Kind::Fwd => Some(Self::Composite),
            Kind::Enum | Kind::Enum64 => Some(Self::Enum),
            Kind::Typedef => Some(Self::Typedef),
            Kind::Func => Some(Self::Function),
            Kind::Var => Some(Self::Variable),
            Kind::Int | Kind::Float => Some(Self::Number),
            _ => None,
        }
    }

    /// Returns the kinds of all classes.
    pub(super) fn kinds() -> KindSet {
        [
            Kind::Struct,
            Kind::Union,
            Kind::Fwd,
            Kind::Enum,
            Kind::Enum64,
            Kind::Typedef,
            Kind::Func,
            Kind::Var,
            Kind::Int,
            Kind::Float,
        ]
        .into_iter()
        .collect()
    }

    /// Returns the name in reports: `composite`, `enum`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Composite => "composite",
            Self::Enum => "enum",
            Self::Typedef => "typedef",
            Self::Function => "function",
            Self::Variable => "variable",
            Self::Number => "number",
        }
    }
}

impl fmt::Display for TypeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
