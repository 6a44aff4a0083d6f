//! The names and kinds of root types.

use btf_types::Kind;

/// The kinds of the root types of fields, in the order in which they are searched for.
pub const ROOTS_OF_FIELDS: [Kind; 3] = [Kind::Struct, Kind::Union, Kind::Typedef];

/// The kinds of the root types of enumerators, in the order in which they are searched for.
pub const ROOTS_OF_ENUMERATORS: [Kind; 3] = [Kind::Enum, Kind::Enum64, Kind::Typedef];

/// The kinds of the root types of relocations of whole types, in the order in which they are searched
/// for.
pub const ROOTS: [Kind; 8] = [
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Enum64,
    Kind::Typedef,
    Kind::Int,
    Kind::Float,
    Kind::Fwd,
];

/// The name of a root type, with or without `struct`, `union` or `enum` before it.
///
/// ```
/// use btf_types::Kind;
/// use core_reloc::generate::RootName;
///
/// let root = RootName::parse("enum bpf_map_type");
/// assert_eq!(root.name, "bpf_map_type");
/// assert!(root.may_be(Kind::Enum64) && !root.may_be(Kind::Typedef));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootName<'n> {
    /// The name without the keyword.
    pub name: &'n str,
    /// The kind that the keyword states: STRUCT, UNION, or ENUM for enums of both widths.
    pub keyword: Option<Kind>,
}

impl<'n> RootName<'n> {
    /// Splits the keyword from a name.
    pub fn parse(text: &'n str) -> Self {
        let (keyword, name) = match text.split_once(' ') {
            Some(("struct", name)) => (Some(Kind::Struct), name),
            Some(("union", name)) => (Some(Kind::Union), name),
            Some(("enum", name)) => (Some(Kind::Enum), name),
            _ => (None, text),
        };
        Self { name: name.trim(), keyword }
    }

    /// Returns `true` if a type of this kind can have the name: the keyword, if there is one, allows it.
    pub fn may_be(&self, kind: Kind) -> bool {
        self.keyword.is_none_or(|keyword| keyword == kind || (keyword.is_enum() && kind.is_enum()))
    }
}
