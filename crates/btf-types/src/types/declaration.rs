//! Facts about declarations: linkage, and what a tag is on.

/// The linkage of a variable or function (`BTF_VAR_*` and `BTF_FUNC_*`, which have the same numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Linkage {
    /// Visible in its file only.
    Static,
    /// Visible everywhere.
    Global,
    /// Defined elsewhere.
    Extern,
    /// A number that the format does not define.
    Unknown(u32),
}

impl Linkage {
    /// Returns the linkage with this number in the format.
    pub const fn from_raw(raw: u32) -> Self {
        match raw {
            0 => Self::Static,
            1 => Self::Global,
            2 => Self::Extern,
            raw => Self::Unknown(raw),
        }
    }

    /// Returns the number that the format stores for this linkage.
    pub const fn to_raw(self) -> u32 {
        match self {
            Self::Static => 0,
            Self::Global => 1,
            Self::Extern => 2,
            Self::Unknown(raw) => raw,
        }
    }
}

/// The part of a declaration that a DECL_TAG is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclTarget {
    /// The whole declaration.
    Declaration,
    /// The member or parameter with this index.
    Component(u32),
}

impl DeclTarget {
    /// Returns the target with this number in the format.
    pub const fn from_raw(raw: u32) -> Self {
        match raw {
            u32::MAX => Self::Declaration,
            index => Self::Component(index),
        }
    }

    /// Returns the number that the format stores for this target.
    pub const fn to_raw(self) -> u32 {
        match self {
            Self::Declaration => u32::MAX,
            Self::Component(index) => index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the kernel's `BTF_VAR_*` and `BTF_FUNC_*`.
    #[test]
    fn linkages_have_the_numbers_of_the_format() {
        for raw in [0, 1, 2, 3, u32::MAX] {
            assert_eq!(Linkage::from_raw(raw).to_raw(), raw);
        }
        use Linkage::{Extern, Global, Static, Unknown};
        let linkages = [0, 1, 2, 3].map(Linkage::from_raw);
        assert_eq!(linkages, [Static, Global, Extern, Unknown(3)]);
    }

    #[test]
    fn all_bits_set_is_the_declaration_itself() {
        assert_eq!(DeclTarget::from_raw(u32::MAX), DeclTarget::Declaration);
        assert_eq!(DeclTarget::from_raw(0), DeclTarget::Component(0));
        assert_eq!(DeclTarget::Declaration.to_raw(), 0xffff_ffff);
        assert_eq!(DeclTarget::Component(7).to_raw(), 7);
    }
}
