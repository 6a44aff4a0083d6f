//! Opening the object.

use std::path::Path;

use core_reloc::elf::Object;
use core_reloc_sys::read_elf;

use crate::failure::Failure;

/// Reads an object's bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read_elf(path)?)
}

/// Takes the bytes for an object, and checks all of its types: it comes from anywhere.
pub(crate) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<Object<'a>, Failure> {
    let failure = |error| Failure::Object { path: path.to_path_buf(), error };
    let object = Object::parse(bytes).map_err(failure)?;
    object.validate().map_err(failure)?;
    Ok(object)
}
