//! Objects in which there is nothing to relocate, although their authors may think so.

use alloc::boxed::Box;
use core::fmt;

use btf_types::ByteOrder;
use object::elf;

use super::{
    file::{Elf64, Section},
    kernel_access::reads_kernel,
    object::Object,
};

/// The reason why there is nothing to relocate in an object.
///
/// Loading such an object succeeds on the kernel that it was compiled for, and reads the wrong bytes on
/// others. `Display` gives the reason and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NothingToRelocate {
    /// The object has no types.
    NoBtf,
    /// The object has types, but no `.BTF.ext` section, which has the relocation records.
    NoExt,
    /// The relocations have been applied: the records are still there, but the header of `.BTF.ext` does
    /// not count them, as in an object that [`Relocating::finish`](super::Relocating::finish) returned.
    Applied,
    /// The compiler wrote no relocation records, although code reads memory of the kernel.
    NoRecords {
        /// The first section with such code.
        section: Box<str>,
    },
}

impl fmt::Display for NothingToRelocate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing to relocate: ")?;
        match self {
            Self::NoBtf => f.write_str(
                "the object has no .BTF section; compile it with -g, and do not strip it",
            ),
            Self::NoExt => f.write_str(
                "the object has types but no .BTF.ext section; compile it with -g (GCC: also -mco-re), \
                 and do not strip it",
            ),
            Self::Applied => f.write_str("the relocations have been applied before"),
            Self::NoRecords { section } => write!(
                f,
                "section {section} reads memory of the kernel, but the object has no relocation records; \
                 for fields of structs, use BPF_CORE_READ, or types with preserve_access_index, as in \
                 vmlinux.h",
            ),
        }
    }
}

impl<'a> Object<'a> {
    /// Returns the reason why there is nothing to relocate; `None` if the object has relocation records,
    /// or if its code does not seem to need any.
    ///
    /// Code needs some if it calls `bpf_probe_read` or `bpf_probe_read_kernel`, loads through the result of
    /// `bpf_get_current_task_btf`, or, in a tracing program, through a pointer in its context. This is
    /// determined without following jumps, and is meant for a warning.
    ///
    /// ```
    /// # fn f(object: &core_reloc::elf::Object<'_>) {
    /// if let Some(reason) = object.nothing_to_relocate() {
    ///     println!("warning: {reason}");
    /// }
    /// # }
    /// ```
    pub fn nothing_to_relocate(&self) -> Option<NothingToRelocate> {
        if self.btf().is_none() {
            return Some(NothingToRelocate::NoBtf);
        }
        let Some(ext) = self.ext() else { return Some(NothingToRelocate::NoExt) };
        if !ext.core_relocs().is_empty() {
            return None;
        }
        // Parsed before, so that there is no error.
        let file = Elf64::parse(self.as_bytes()).ok()?;
        let counts_records = ext.core_reloc_len_offset().is_some();
        if counts_records && has_uncounted_records(&file, self.byte_order()) {
            return Some(NothingToRelocate::Applied);
        }
        // Sections that overlap could take more than linear time.
        let mut remaining = self.as_bytes().len();
        for section in sections(&file).filter(Section::is_code) {
            let code = file.data(&section, elf::SHT_PROGBITS).unwrap_or_default();
            remaining = remaining.checked_sub(code.len())?;
            if reads_kernel(section.name, code, self.byte_order()) {
                return Some(NothingToRelocate::NoRecords { section: section.label() });
            }
        }
        None
    }
}

fn sections<'a>(file: &Elf64<'a>) -> impl Iterator<Item = Section<'a>> {
    file.sections().filter_map(Result::ok)
}

/// The least bytes of the records: the size of a record, the header of a section, and one record.
const MIN_RECORDS_LEN: usize = 4 + 8 + 16;

/// Returns `true` if `.BTF.ext` has room for records after all that its header counts.
fn has_uncounted_records(file: &Elf64<'_>, order: ByteOrder) -> bool {
    let Some(section) = sections(file).find(|section| section.name == ".BTF.ext") else {
        return false;
    };
    let Ok(bytes) = file.data(&section, elf::SHT_PROGBITS) else { return false };
    let word = |at: usize| {
        let word = bytes.get(at..)?.first_chunk::<4>()?;
        let word = match order {
            ByteOrder::Little => u32::from_le_bytes(*word),
            ByteOrder::Big => u32::from_be_bytes(*word),
        };
        usize::try_from(word).ok()
    };
    // The offset and length of functions, lines and relocations, counted from the end of the header.
    let end = |at: usize| word(at)?.checked_add(word(at.checked_add(4)?)?);
    let ends = [8, 16, 24].map(end);
    let counted = ends.into_iter().flatten().max();
    let counted = word(4).zip(counted).and_then(|(header, counted)| header.checked_add(counted));
    counted.is_some_and(|counted| bytes.len().saturating_sub(counted) >= MIN_RECORDS_LEN)
}
