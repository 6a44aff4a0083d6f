//! BPF objects embedded in programs: libbpf's skeletons store a whole object file among the program's
//! constants.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use memchr::memmem::find_iter;
use object::Endianness;
use object::elf::{EM_BPF, FileHeader64};
use object::read::elf::FileHeader;

use crate::{Result, files};

/// Writes each BPF object in the programs below `folder` to `out`, as `PROGRAM[.N]SUFFIX.bpf.o`, and
/// returns their number.
pub(super) fn extract(folder: &Path, out: &Path, suffix: &str) -> Result<usize> {
    let mut programs = files::below(folder)?;
    // A link would give the same program twice.
    programs.retain(|program| !program.is_symlink());
    fs::create_dir_all(out)?;
    let mut seen = HashSet::new();
    for program in programs {
        let bytes = fs::read(&program)?;
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut of_this_program = 0;
        for object in embedded(&bytes) {
            if !seen.insert(object.to_vec()) {
                continue;
            }
            let number =
                if of_this_program == 0 { String::new() } else { format!(".{of_this_program}") };
            fs::write(out.join(format!("{name}{number}{suffix}.bpf.o")), object)?;
            of_this_program += 1;
        }
    }
    Ok(seen.len())
}

/// The BPF objects in `program`, except the program itself.
fn embedded(program: &[u8]) -> impl Iterator<Item = &[u8]> {
    find_iter(program, b"\x7fELF\x02")
        .filter(|&start| start > 0)
        .filter_map(|start| object_at(&program[start..]))
}

/// The BPF object at the start of `bytes`. Its section headers are at its end.
fn object_at(bytes: &[u8]) -> Option<&[u8]> {
    let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
    let order = header.endian().ok()?;
    if header.e_machine(order) != EM_BPF {
        return None;
    }
    let headers = usize::from(header.e_shentsize(order)) * usize::from(header.e_shnum(order));
    bytes.get(..usize::try_from(header.e_shoff(order)).ok()?.checked_add(headers)?)
}
