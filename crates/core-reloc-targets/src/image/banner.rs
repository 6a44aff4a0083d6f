//! The banner of a kernel, which states its build: `Linux version 6.1.0-50-amd64 (…) (…) #1 SMP …`.

use core_reloc_sys::BtfFile;
use memchr::memmem;
use object::{
    Endianness, FileKind, ReadRef,
    elf::{FileHeader32, FileHeader64},
    read::elf::{FileHeader, SectionHeader},
};

use crate::limits::MAX_SECTIONS;

/// What `uname -r` and `uname -v` print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    pub(crate) release: String,
    /// Empty if the banner does not state it.
    pub(crate) version: String,
}

impl Banner {
    /// Finds the banner among the bytes of a kernel, such as those of its `.rodata`.
    pub(crate) fn find(kernel: &[u8]) -> Option<Self> {
        /// The number of places that are tried; some kernels also have a format string.
        const PLACES: usize = 16;
        const START: &[u8] = b"Linux version ";
        let mut found = memmem::find_iter(kernel, START)
            .take(PLACES)
            .filter_map(|at| Self::parse(kernel.get(at.checked_add(START.len())?..)?));
        let first = found.next()?;
        // Since Linux 6.1 the banner of an earlier step of the build is there too, with a version that has no number.
        let is_whole = |banner: &Self| !banner.version.is_empty();
        Some(if is_whole(&first) { first } else { found.find(is_whole).unwrap_or(first) })
    }

    fn parse(rest: &[u8]) -> Option<Self> {
        /// The most bytes of a release or a version: Linux's `__NEW_UTS_LEN`.
        const MAX_LEN: usize = 64;
        /// The most bytes of the line: what compiled it takes some hundred.
        const MAX_LINE: usize = 1024;
        let len = rest.iter().take(MAX_LEN).position(|byte| *byte == b' ')?;
        let release = rest.get(..len)?;
        let is_release =
            release.first()?.is_ascii_digit() && release.iter().all(u8::is_ascii_graphic);
        if !is_release {
            return None;
        }
        let line = rest.get(..rest.len().min(MAX_LINE))?;
        let line = line.split(|byte| matches!(byte, b'\n' | 0)).next()?;
        // It follows what compiled the kernel, which is in parentheses.
        let version = memmem::find(line, b") #").and_then(|at| line.get(at.checked_add(2)?..));
        let is_version = |text: &&[u8]| {
            let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
            let is_numbered = text.get(1).is_some_and(u8::is_ascii_digit);
            is_numbered && text.len() <= MAX_LEN && text.iter().all(is_text)
        };
        let version = version.map(<[u8]>::trim_ascii_end).filter(is_version).unwrap_or_default();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Some(Self { release: text(release), version: text(version) })
    }

    /// Finds the banner in the section `.rodata` of an ELF file, which is read unless it has more than `max_len` bytes.
    pub(crate) fn of_elf<'data>(elf: impl ReadRef<'data>, max_len: u64) -> Option<Self> {
        match FileKind::parse(elf).ok()? {
            FileKind::Elf32 => in_rodata::<FileHeader32<Endianness>, _>(elf, max_len),
            FileKind::Elf64 => in_rodata::<FileHeader64<Endianness>, _>(elf, max_len),
            _ => None,
        }
    }

    /// Notes the release and the version of a kernel's BTF.
    pub(crate) fn note(self, file: BtfFile) -> BtfFile {
        let file = file.with_release(self.release);
        if self.version.is_empty() { file } else { file.with_version(self.version) }
    }
}

fn in_rodata<'data, Elf: FileHeader, R: ReadRef<'data>>(file: R, max_len: u64) -> Option<Banner> {
    let header = Elf::parse(file).ok()?;
    let order = header.endian().ok()?;
    if header.shnum(order, file).ok()? > MAX_SECTIONS {
        return None;
    }
    let sections = header.sections(order, file).ok()?;
    let (_, section) = sections.section_by_name(order, b".rodata")?;
    let (_, len) = section.file_range(order)?;
    if len > max_len {
        return None;
    }
    Banner::find(section.data(order, file).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_states_release_and_version() {
        let find = |text: &str| {
            Banner::find(text.as_bytes()).map(|banner| [banner.release, banner.version])
        };
        let debian = "\0Linux version 6.1.0-50-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian \
             12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP \
             PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-11-02)\n\0";
        let version = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-11-02)";
        for (text, expected) in [
            (debian, Some(["6.1.0-50-amd64", version])),
            ("Linux version %s (%s)\0Linux version 6.1 (a@b) #1 SMP\0 #2", Some(["6.1", "#1 SMP"])),
            ("Linux version 6.1.0 (a@b)\n#1", Some(["6.1.0", ""])),
            ("Linux version 6.1.0 (a@b) #1 \u{202e}\n", Some(["6.1.0", ""])),
            (
                "Linux version 6.1.0 (a@b) # SMP x\n\0Linux version 6.1.0 (a@b) #1 SMP x\n",
                Some(["6.1.0", "#1 SMP x"]),
            ),
            ("Linux version x ", None),
            ("Linux version 6.1.0", None),
            ("Linux", None),
        ] {
            assert_eq!(find(text), expected.map(|texts| texts.map(str::to_string)), "{text}");
        }
    }
}
