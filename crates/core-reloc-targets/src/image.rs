//! The BTF in kernel images.
//!
//! An image is either the kernel as it lies in memory (arm64, riscv), or a program that unpacks the
//! kernel. x86's and EFI's programs state where the packed kernel is; others, such as s390's, are
//! searched for it.

mod banner;
mod locate;

use std::{io::Read, ops::Range, path::Path};

use core_reloc_sys::BtfFile;

use self::locate::{find_btf, find_packed, payload};
pub(crate) use self::{banner::Banner, locate::wrapped_kernel};
use crate::{
    Attempt, Compression, Limits, TargetError, TargetProblem,
    error::nested_path,
    limits::{MAX_ATTEMPTS, MAX_PAYLOADS},
    unpack::unpack,
};

/// Finds the BTF in an image that is not ELF; `name` is the kind of image in messages.
pub(crate) fn in_image(
    path: &Path,
    name: &'static str,
    image: &[u8],
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    let mut search = Search::new(path, image, limits);
    if let Some(payload) = payload(image) {
        return search.in_payload(payload).ok_or_else(|| search.failed(name));
    }
    if let Some(btf) = find_btf(image) {
        let path = nested_path(path, &format!("btf@{:#x}", btf.start));
        let bytes = image.get(btf).unwrap_or_default().to_vec();
        return Ok(with_banner(BtfFile::from_bytes(path, bytes)?, Banner::find(image)));
    }
    for start in find_packed(image).take(MAX_PAYLOADS) {
        if let Some(file) = search.in_payload(start..image.len()) {
            return Ok(file);
        }
    }
    Err(search.failed(name))
}

/// Finds the BTF of a kernel that is in a section of an ELF file.
pub(crate) fn in_wrapper(
    path: &Path,
    wrapper: &[u8],
    kernel: Range<usize>,
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    let mut search = Search::new(path, wrapper, limits);
    search.in_payload(kernel).ok_or_else(|| search.failed("ELF file that wraps a kernel"))
}

/// A search for BTF in the places of an image where a packed kernel may be.
struct Search<'a> {
    path: &'a Path,
    image: &'a [u8],
    limits: Limits,
    /// How many more bytes may be unpacked, in all places together.
    remaining: u64,
    attempts: Vec<Attempt>,
}

impl<'a> Search<'a> {
    fn new(path: &'a Path, image: &'a [u8], limits: Limits) -> Self {
        Self { path, image, limits, remaining: limits.file, attempts: Vec::new() }
    }

    /// Finds the BTF of the kernel at the start of a part of the image.
    fn in_payload(&mut self, payload: Range<usize>) -> Option<BtfFile> {
        let offset = payload.start;
        let packed = self.image.get(payload)?;
        let format = Compression::of(packed);
        match self.unpack_and_find(packed, format, offset) {
            Ok(file) => Some(file),
            Err(result) => {
                if self.attempts.len() < MAX_ATTEMPTS {
                    self.attempts.push(Attempt { format, offset, result });
                }
                None
            }
        }
    }

    fn unpack_and_find(
        &mut self,
        packed: &[u8],
        format: Option<Compression>,
        offset: usize,
    ) -> Result<BtfFile, String> {
        let Some(format) = format else {
            let path = nested_path(self.path, &format!("payload@{offset:#x}"));
            return in_kernel(&path, packed.to_vec());
        };
        let mut kernel = Vec::new();
        let mut unpacked = unpack(format, packed).take(self.remaining.saturating_add(1));
        let result = unpacked.read_to_end(&mut kernel);
        if kernel.len() as u64 > self.remaining {
            self.remaining = 0;
            return Err(format!("exceeds the limit of {} unpacked bytes", self.limits.file));
        }
        self.remaining = self.remaining.saturating_sub(kernel.len() as u64);
        result.map_err(|error| format!("cannot be unpacked: {error}"))?;
        in_kernel(&nested_path(self.path, &format!("payload({format})@{offset:#x}")), kernel)
    }

    fn failed(&mut self, image: &'static str) -> TargetError {
        let attempts = std::mem::take(&mut self.attempts);
        TargetError::new(self.path, TargetProblem::NoBtf { image, attempts })
    }
}

/// Finds the BTF in an unpacked kernel, which is ELF or as it lies in memory.
fn in_kernel(path: &Path, kernel: Vec<u8>) -> Result<BtfFile, String> {
    let (len, banner) = (kernel.len(), Banner::find(&kernel));
    if kernel.starts_with(b"\x7fELF") {
        return BtfFile::from_bytes(path, kernel)
            .map(|file| with_banner(file, banner))
            .map_err(|error| format!("a kernel of {len} bytes: {}", error.problem));
    }
    let btf = find_btf(&kernel).and_then(|btf| kernel.get(btf));
    let btf = btf.ok_or_else(|| format!("{len} bytes without BTF"))?;
    BtfFile::from_bytes(path, btf.to_vec())
        .map(|file| with_banner(file, banner))
        .map_err(|error| error.problem.to_string())
}

fn with_banner(file: BtfFile, banner: Option<Banner>) -> BtfFile {
    match banner {
        Some(banner) => banner.note(file),
        None => file,
    }
}
