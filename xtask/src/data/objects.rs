//! BPF objects embedded in programs: libbpf's skeletons keep a whole object
//! file among the program's constants.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use memchr::memmem::find_iter;
use object::Endianness;
use object::elf::{EM_BPF, FileHeader64};
use object::read::elf::FileHeader;

use crate::Result;

/// Writes every BPF object inside the programs below `folder` to `out`, named
/// `PROGRAM[.N]SUFFIX.bpf.o`, and returns how many there are.
pub(super) fn extract(folder: &Path, out: &Path, suffix: &str) -> Result<usize> {
    let mut programs = Vec::new();
    collect_files(folder, &mut programs)?;
    programs.sort();
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

/// The regular files below `folder`; links would give the same program twice.
pub(super) fn collect_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> Result {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect_files(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The BPF objects inside `program`, the program itself excepted.
fn embedded(program: &[u8]) -> impl Iterator<Item = &[u8]> {
    find_iter(program, b"\x7fELF\x02")
        .filter(|&start| start > 0)
        .filter_map(|start| object_at(&program[start..]))
}

/// The BPF object that `bytes` starts with. Its section headers come last.
fn object_at(bytes: &[u8]) -> Option<&[u8]> {
    let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
    let order = header.endian().ok()?;
    if header.e_machine(order) != EM_BPF {
        return None;
    }
    let headers = usize::from(header.e_shentsize(order)) * usize::from(header.e_shnum(order));
    bytes.get(..usize::try_from(header.e_shoff(order)).ok()?.checked_add(headers)?)
}
