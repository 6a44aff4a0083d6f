//! The programs of an object.

use btf_types::Name;

use super::{function::Function, section_name::SectionName};

/// A program: a function that the kernel loads by itself, with all functions that it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Program<'a> {
    /// The name of its function.
    pub name: Name<'a>,
    /// The name of its section as it is, with a `?` if there is one.
    pub section: Name<'a>,
    /// What the section's name states; `None` if libbpf does not know it.
    pub stated: Option<SectionName<'a>>,
    /// The index of its function.
    pub function: usize,
}

impl<'a> Program<'a> {
    /// Returns the program of a function; `None` for functions in `.text`, which only others call.
    pub(super) fn of(index: usize, function: &Function<'a>) -> Option<Self> {
        let section = function.section;
        (section != ".text").then(|| Self {
            name: function.name,
            section,
            stated: SectionName::parse(section.as_bytes()),
            function: index,
        })
    }

    /// Returns `true` if loaders skip the program unless user space asks for it: its section starts with
    /// `?`.
    pub fn is_optional(&self) -> bool {
        self.section.as_bytes().starts_with(b"?")
    }
}
