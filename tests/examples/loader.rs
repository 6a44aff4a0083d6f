//! A loader in small: relocates a compiled BPF object for the running kernel, loads its program by
//! bpf(2), and runs it.
//!
//! What it leaves out is what the relocation of types has nothing to do with: maps, calls between
//! programs, and every type of program but `syscall`. The object is made from `fixtures/c/task.c`; its
//! program fills in `struct answer` about the thread that runs it.
//!
//! `cargo run -p core-reloc-tests --example loader [OBJECT]`, as root.

mod bpf;

use std::{error::Error, ffi::CString, fs, path::PathBuf};

use btf_types::Btf;
use core_reloc::{
    Module, Options, Target,
    elf::{Object, Outcome},
};
use core_reloc_sys::Kernel;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

/// Relocates an object, and gives its bytes back: patched, and with nothing left to relocate.
fn relocate(object: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let object = Object::parse(object)?;
    let kernel = Kernel::running();
    let main = kernel.btf()?;
    let main = main.parse()?;
    // Modules are looked at only if the kernel itself does not have all types that are asked for.
    let mut files = Vec::new();
    if object.needs_modules(&Target::new(&main)) {
        for module in kernel.modules()? {
            files.push((module.name().to_string(), module.open()?));
        }
    }
    let modules: Vec<(&str, Btf<'_>)> = files
        .iter()
        .map(|(name, file)| Ok((name.as_str(), file.parse_split(&main)?)))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let modules = modules.iter().map(|(name, btf)| Module { name, btf });
    let target = Target::new(&main).with_modules(modules);

    let mut relocating = object.relocate(&target, Options::default());
    for report in &mut relocating {
        // What this kernel does not have is poisoned, and the verifier refuses it if it is reached.
        // Loaders say so beforehand.
        if !matches!(report.outcome, Outcome::Applied { .. }) || report.reason().is_some() {
            eprintln!("{report}");
        }
    }
    Ok(relocating.finish()?.bytes)
}

/// The code of the first program, and the license.
fn program(object: &[u8]) -> Result<(Vec<u8>, CString), Box<dyn Error>> {
    let file = object::File::parse(object)?;
    let section = file.section_by_name("syscall").ok_or("there is no program of type syscall")?;
    if section.relocations().next().is_some() {
        return Err(
            "the program needs maps or calls others, which this loader does not link".into()
        );
    }
    let program = file.symbols().find(|symbol| {
        symbol.kind() == SymbolKind::Text && symbol.section_index() == Some(section.index())
    });
    let program = program.ok_or("the section has no function")?;
    let (start, len) = (program.address() as usize, program.size() as usize);
    let code = section.data()?.get(start..start + len).ok_or("the function is cut off")?;
    let license = file.section_by_name("license").ok_or("there is no license")?;
    let license = license.data()?.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok((code.to_vec(), CString::new(license)?))
}

/// The first members of `struct answer`, and `comm` at its end.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    pid: u32,
    tgid: u32,
    parent_tgid: u32,
    comm: String,
}

/// Relocates, loads and runs an object.
fn ask(object: &[u8]) -> Result<Answer, Box<dyn Error>> {
    const COMM: usize = 32;
    let (code, license) = program(&relocate(object)?)?;
    let mut context = [0; COMM + 16];
    bpf::run(&bpf::load(&code, &license)?, &mut context)?;
    let number = |at: usize| {
        u32::from_ne_bytes([context[at], context[at + 1], context[at + 2], context[at + 3]])
    };
    let comm = context[COMM..].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(Answer {
        pid: number(0),
        tgid: number(4),
        parent_tgid: number(8),
        comm: String::from_utf8_lossy(comm).into_owned(),
    })
}

/// The committed object, in the byte order of this machine.
fn committed() -> PathBuf {
    let order = if cfg!(target_endian = "big") { "bpfeb" } else { "bpfel" };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/objects/task.{order}.o"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map_or_else(committed, PathBuf::from);
    println!("{:?}", ask(&fs::read(path)?)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use core_reloc_tests::judge::{kernel::loads_programs, skipped};

    use super::*;

    #[test]
    fn the_program_answers_what_the_thread_knows_of_itself() {
        if let Err(why) = loads_programs() {
            return why.skip();
        }
        if let Err(why) = core_reloc_sys::kernel_btf() {
            return skipped(&why.to_string());
        }
        let answer = ask(&fs::read(committed()).unwrap()).unwrap();
        let comm = fs::read_to_string("/proc/thread-self/comm").unwrap();
        let expected = Answer {
            // SAFETY: it only asks.
            pid: unsafe { libc::gettid() }.cast_unsigned(),
            tgid: std::process::id(),
            parent_tgid: std::os::unix::process::parent_id(),
            comm: comm.trim_end().to_string(),
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn what_it_leaves_out_is_refused() {
        for (object, complaint) in [
            ("weak.bpfel.o", "needs maps or calls others"),
            ("programs.bpfel.o", "no program of type syscall"),
        ] {
            let error = program(&fs::read(committed().with_file_name(object)).unwrap());
            let error = error.unwrap_err().to_string();
            assert!(error.contains(complaint), "{object}: {error}");
        }
    }
}
