//! How much of what selected types refer to is extracted.

/// How much is extracted behind pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reach {
    /// What relocations can look at. Structs and unions that are reached through pointers only are there by
    /// name, with no members and the size 0: no relocation follows a pointer to a member, and the comparisons of
    /// types compare the kinds of such structs.
    #[default]
    Relocations,
    /// Everything that is reachable.
    All,
}

/// How something is reached, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Not,
    /// Of structs and unions, the name alone.
    Named,
    /// With what it contains, and with the targets of pointers, this many levels deep.
    Whole {
        pointers: u8,
    },
}

impl Seen {
    /// Returns how the target of a pointer is reached.
    pub(crate) fn through_pointer(self) -> Self {
        match self {
            Self::Not => Self::Not,
            Self::Named => Self::Named,
            Self::Whole { pointers } => {
                pointers.checked_sub(1).map_or(Self::Named, |pointers| Self::Whole { pointers })
            }
        }
    }
}
