//! Relocations that loaders skip.

use core::fmt;

/// The reason why no function contains a relocation's instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// The object has no section with the name in `.BTF.ext`.
    NoSection,
    /// The section contains no code.
    NotCode,
    /// No function symbol covers the instruction. When a linker replaces a weak function, the code and the
    /// records of the old one remain.
    NoFunction,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSection => "the object has no section with this name",
            Self::NotCode => "the section contains no code",
            Self::NoFunction => {
                "no function covers the instruction, most likely one that a linker dropped"
            }
        })
    }
}
