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
    let object = Object::parse(bytes)
        .map_err(|error| Failure::Object { path: path.to_path_buf(), error })?;
    if let Some(btf) = object.btf() {
        btf.validate().map_err(|error| Failure::Types { path: path.to_path_buf(), error })?;
    }
    Ok(object)
}
