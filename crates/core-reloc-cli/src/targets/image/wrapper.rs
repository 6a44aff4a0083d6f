//! ELF files that wrap a kernel: ppc's `zImage`.

use std::ops::Range;

use object::{File, Object, ObjectSection, ReadRef};

/// From where to where an ELF file holds a kernel, packed or not.
///
/// ppc's boot wrapper (Linux's `arch/powerpc/boot/wrapper`) puts it into the section
/// `.kernel:vmlinux.strip`.
pub(in crate::targets) fn wrapped_kernel<'data>(elf: impl ReadRef<'data>) -> Option<Range<usize>> {
    let file_len = elf.len().ok()?;
    // An ELF file that is damaged holds none. What is wrong is said by who looks for its BTF.
    let elf = File::parse(elf).ok()?;
    let is_kernel = |name: &[u8]| name.starts_with(b".kernel:vmlinux");
    let section = elf.sections().find(|section| section.name_bytes().is_ok_and(is_kernel))?;
    let (start, len) = section.file_range()?;
    let end = start.checked_add(len)?.min(file_len);
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}
