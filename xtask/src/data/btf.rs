//! Finds BTF in kernel images and modules.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

use memchr::memmem::find_iter;
use object::{Object, ObjectSection};

use crate::Result;

/// The BTF in a kernel image of any architecture: `vmlinuz`, `Image` or `vmlinux`.
pub(crate) fn of_kernel(image: &Path) -> Result<Vec<u8>> {
    let image_bytes = fs::read(image)?;
    if let Some(range) = find(&image_bytes) {
        return Ok(image_bytes[range].to_vec());
    }
    for (start, program) in payloads(&image_bytes) {
        let unpacked = unpack(program, &image_bytes[start..])?;
        if let Some(range) = find(&unpacked) {
            return Ok(unpacked[range].to_vec());
        }
    }
    Err(format!("{}: no BTF found", image.display()).into())
}

/// The split BTF of a kernel module, `NAME.ko` or `NAME.ko.xz`.
pub(crate) fn of_module(module: &Path) -> Result<Vec<u8>> {
    let mut bytes = fs::read(module)?;
    if module.extension().is_some_and(|extension| extension == "xz") {
        bytes = unpack("xz", &bytes)?;
    }
    let elf =
        object::File::parse(&*bytes).map_err(|error| format!("{}: {error}", module.display()))?;
    let section = elf
        .section_by_name(".BTF")
        .ok_or_else(|| format!("{}: no .BTF section", module.display()))?;
    Ok(section.data()?.to_vec())
}

/// How many occurrences of a compressor's magic are tried: the bytes also occur by chance.
const TRIES: usize = 20;

/// The positions in a kernel image where compressed data may start, each with the program to unpack it.
fn payloads(image: &[u8]) -> Vec<(usize, &'static str)> {
    let magics: [(&[u8], &str); 4] = [
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x02\x21\x4c\x18", "lz4"),
        (b"\x1f\x8b\x08", "gzip"),
    ];
    let mut payloads = Vec::new();
    for (magic, program) in magics {
        payloads.extend(find_iter(image, magic).take(TRIES).map(|start| (start, program)));
    }
    payloads
}

/// Unpacks the start of `packed` with a program.
///
/// The exit status is ignored: after writing everything, the program reports the bytes that follow as
/// an error.
fn unpack(program: &str, packed: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(["-d", "-c", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{program}` did not start: {error}"))?;
    let mut input = child.stdin.take().ok_or("the child has no standard input")?;
    let output = thread::scope(|scope| {
        // The program stops reading at the end of the compressed data: a broken pipe.
        scope.spawn(move || drop(input.write_all(packed)));
        child.wait_with_output()
    })?;
    Ok(output.stdout)
}

/// The largest range of `bytes` that looks like the BTF of a kernel.
fn find(bytes: &[u8]) -> Option<Range<usize>> {
    let little = find_iter(bytes, b"\x9f\xeb\x01\x00")
        .filter_map(|start| Some(start..start + size_at(&bytes[start..], u32::from_le_bytes)?));
    let big = find_iter(bytes, b"\xeb\x9f\x01\x00")
        .filter_map(|start| Some(start..start + size_at(&bytes[start..], u32::from_be_bytes)?));
    little.chain(big).max_by_key(ExactSizeIterator::len)
}

/// The size of the kernel BTF at the start of `bytes`, if there is one.
fn size_at(bytes: &[u8], word: fn([u8; 4]) -> u32) -> Option<usize> {
    let words = bytes.get(4..24)?.chunks_exact(4);
    let words: Vec<usize> =
        words.map(|chunk| word([chunk[0], chunk[1], chunk[2], chunk[3]]) as usize).collect();
    let [header, types, types_size, strings, strings_size] = words[..] else { return None };
    // Code and data also contain the magic by chance, but hardly a header like this.
    let end = header.checked_add(strings)?.checked_add(strings_size)?;
    let plausible = (24..=64).contains(&header)
        && types == 0
        && (1000..=strings).contains(&types_size)
        && strings_size > 1000
        && end <= bytes.len();
    (plausible && bytes[header + strings] == 0 && bytes[end - 1] == 0).then_some(end)
}
