//! The BTF in a file that is not an archive.

use std::path::Path;

use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    error::{TargetError, TargetProblem},
    image::{self, Banner},
    input::{Format, Input},
    unpack::unpack,
};

/// Unpacks input that is compressed as a whole.
pub(crate) fn unpacked<'a>(path: &Path, input: Input<'a>) -> Result<Input<'a>, TargetError> {
    let Some(Format::Packed(compression)) = input.format() else { return Ok(input) };
    let packed = input.into_reader();
    Input::unpacked(unpack(compression, packed), compression)
        .map_err(|problem| TargetError::new(path, problem))
}

/// Reads the BTF in input that is neither an archive nor compressed as a whole.
pub(crate) fn single(
    path: &Path,
    input: Input<'_>,
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    let here = |problem: TargetProblem| TargetError::new(path, problem);
    match input.format() {
        Some(Format::Btf) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            Ok(BtfFile::from_bytes(path, bytes)?)
        }
        Some(Format::Elf) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            match image::wrapped_kernel(bytes.as_slice()) {
                Some(kernel) => image::in_wrapper(path, &bytes, kernel, limits),
                None => {
                    let banner = Banner::of_elf(bytes.as_slice(), limits.file);
                    let file = BtfFile::from_bytes(path, bytes)?;
                    Ok(match banner.filter(|_| !file.is_split()) {
                        Some(banner) => banner.note(file),
                        None => file,
                    })
                }
            }
        }
        Some(Format::Image(name)) => {
            let bytes = input.read_whole(limits.file).map_err(here)?;
            image::in_image(path, name, &bytes, limits)
        }
        Some(Format::Packed(compression)) => Err(here(TargetProblem::PackedTwice(compression))),
        Some(Format::Tar | Format::Store) | None => Err(here(input.unrecognized())),
    }
}
