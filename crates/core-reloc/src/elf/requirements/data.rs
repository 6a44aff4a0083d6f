//! The data of an object.

use btf_types::Name;

/// A section of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataSection<'a> {
    /// The number of the section.
    pub index: u32,
    /// Its name.
    pub name: Name<'a>,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl DataSection<'_> {
    /// Returns `true` if programs cannot change it. User space may, before it loads the object.
    pub fn is_read_only(&self) -> bool {
        self.name.as_bytes().starts_with(b".rodata")
    }
}
