//! From the bytes of a file to the BTF in it.

use std::path::{Path, PathBuf};

use core_reloc_sys::BtfFile;

use super::{
    Limits, TargetError, TargetProblem, archive::Archive, format::Format, image, input::Input,
    unpack::unpack,
};

/// What is in a file.
pub(super) enum Content {
    /// One BTF.
    One(BtfFile),
    /// Any number.
    Archive(Archive),
}

/// What is in a file that is more than plain BTF or ELF.
pub(super) fn content(
    path: &Path,
    input: Input<'static>,
    limits: Limits,
) -> Result<Content, TargetError> {
    let input = unpacked(path, input)?;
    match input.format() {
        Some(Format::Tar) => Ok(Content::Archive(Archive::new(path, input, limits))),
        _ => Ok(Content::One(one(path, input, limits)?)),
    }
}

/// What is in an entry of an archive.
pub(super) fn content_of_entry(
    path: &Path,
    input: Input<'_>,
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    let input = unpacked(path, input)?;
    match input.format() {
        Some(Format::Tar) => Err(TargetError::new(path, TargetProblem::NestedArchive)),
        _ => one(path, input, limits),
    }
}

/// A name for what is inside of something else.
pub(super) fn inside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push("!");
    name.push(what);
    name.into()
}

fn unpacked<'a>(path: &Path, input: Input<'a>) -> Result<Input<'a>, TargetError> {
    let Some(Format::Packed(compression)) = input.format() else { return Ok(input) };
    let packed = input.into_reader();
    Input::unpacked(unpack(compression, packed), compression)
        .map_err(|problem| TargetError::new(path, problem))
}

/// The BTF in something that is neither an archive nor compressed as a whole.
fn one(path: &Path, input: Input<'_>, limits: Limits) -> Result<BtfFile, TargetError> {
    let here = |problem: TargetProblem| TargetError::new(path, problem);
    match input.format() {
        Some(Format::Btf) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            Ok(BtfFile::from_bytes(path, bytes)?)
        }
        Some(Format::Elf) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            match image::wrapped_kernel(bytes.as_slice()) {
                Some(kernel) => image::of_wrapper(path, &bytes, kernel, limits),
                None => Ok(BtfFile::from_bytes(path, bytes)?),
            }
        }
        Some(Format::Image(name)) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            image::of_image(path, name, &bytes, limits)
        }
        Some(Format::Packed(compression)) => Err(here(TargetProblem::PackedTwice(compression))),
        Some(Format::Tar) | None => Err(here(input.unrecognised())),
    }
}
