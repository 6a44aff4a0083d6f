//! The BTF of a kernel image.
//!
//! An image is the kernel as it will be in memory, or a program that unpacks it. Of the first sort
//! are arm64's and riscv's; x86's, s390's and EFI's are of the second, and say more or less exactly
//! where the packed kernel is.

mod header;
mod wrapper;

use std::{io::Read, ops::Range, path::Path};

use core_reloc_sys::BtfFile;

use self::header::payload;
pub(super) use self::wrapper::wrapped_kernel;
use super::{
    Attempt, Compression, Limits, TargetError, TargetProblem,
    content::inside,
    limits::{MAX_ATTEMPTS, MAX_PAYLOADS},
    scan::{find_btf, find_packed},
    unpack::unpack,
};

/// The BTF of an image that is not ELF.
pub(super) fn of_image(
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
        let path = inside(path, &format!("btf@{:#x}", btf.start));
        let bytes = image.get(btf).unwrap_or_default().to_vec();
        return Ok(BtfFile::from_bytes(path, bytes)?);
    }
    for start in find_packed(image).take(MAX_PAYLOADS) {
        if let Some(file) = search.in_payload(start..image.len()) {
            return Ok(file);
        }
    }
    Err(search.failed(name))
}

/// The BTF of a kernel that lies in a section of an ELF file.
pub(super) fn of_wrapper(
    path: &Path,
    wrapper: &[u8],
    kernel: Range<usize>,
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    let mut search = Search::new(path, wrapper, limits);
    search.in_payload(kernel).ok_or_else(|| search.failed("ELF file that wraps a kernel"))
}

/// Looking for BTF in the places of an image where a kernel may be packed.
struct Search<'a> {
    path: &'a Path,
    image: &'a [u8],
    /// How many bytes may still be unpacked, in all places together.
    left: u64,
    limits: Limits,
    attempts: Vec<Attempt>,
}

impl<'a> Search<'a> {
    fn new(path: &'a Path, image: &'a [u8], limits: Limits) -> Self {
        Self { path, image, left: limits.file, limits, attempts: Vec::new() }
    }

    /// The BTF of the kernel in a part of the image, which may end before the part does.
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
            let path = inside(self.path, &format!("payload@{offset:#x}"));
            return find(&path, packed.to_vec());
        };
        let mut kernel = Vec::new();
        let mut unpacked = unpack(format, packed).take(self.left.saturating_add(1));
        let result = unpacked.read_to_end(&mut kernel);
        if kernel.len() as u64 > self.left {
            self.left = 0;
            return Err(format!(
                "unpacks to more than {} bytes, which is what is allowed",
                self.limits.file
            ));
        }
        self.left = self.left.saturating_sub(kernel.len() as u64);
        result.map_err(|error| format!("cannot be unpacked: {error}"))?;
        find(&inside(self.path, &format!("payload({format})@{offset:#x}")), kernel)
    }

    fn failed(&mut self, image: &'static str) -> TargetError {
        let attempts = std::mem::take(&mut self.attempts);
        TargetError::new(self.path, TargetProblem::NoBtf { image, attempts })
    }
}

/// The BTF of an unpacked kernel, ELF or as it will be in memory.
fn find(path: &Path, kernel: Vec<u8>) -> Result<BtfFile, String> {
    let len = kernel.len();
    if kernel.starts_with(b"\x7fELF") {
        return BtfFile::from_bytes(path, kernel)
            .map_err(|error| format!("a kernel of {len} bytes: {}", error.problem));
    }
    let btf = find_btf(&kernel).and_then(|btf| kernel.get(btf));
    let btf = btf.ok_or_else(|| format!("{len} bytes without BTF"))?;
    BtfFile::from_bytes(path, btf.to_vec()).map_err(|error| error.problem.to_string())
}
