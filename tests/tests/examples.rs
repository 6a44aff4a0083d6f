//! Runs in the kernel what two examples of `core-reloc` make: a loader's program, and a generated one.

use std::{ffi::CString, fs, path::PathBuf};

use btf_types::Btf;
use core_reloc_tests::judge::{
    kernel::{Program, ProgramType, loads_programs},
    skipped,
};
use object::{Object as _, ObjectSection as _};

#[path = "../../crates/core-reloc/examples/embed_in_a_loader.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod embed_in_a_loader;
#[path = "../../crates/core-reloc/examples/generate_code.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod generate_code;

/// Returns the running kernel's BTF, unless programs cannot be loaded here.
fn kernel() -> Option<core_reloc_sys::BtfFile> {
    if let Err(unheard) = loads_programs() {
        unheard.skip();
        return None;
    }
    match core_reloc_sys::kernel_btf() {
        Ok(file) => Some(file),
        Err(error) => {
            skipped(&error.to_string());
            None
        }
    }
}

#[test]
fn a_generated_program_returns_the_parent_process() {
    let Some(kernel) = kernel() else { return };
    let code = generate_code::program(&kernel.parse().unwrap()).unwrap();
    let program = Program::new(ProgramType::Syscall, &code).load().unwrap();
    assert_eq!(program.run().unwrap(), std::os::unix::process::parent_id());
}

/// Returns a committed object, in the byte order of this machine.
fn object(name: &str) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { "bpfeb" } else { "bpfel" };
    let objects = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/objects");
    fs::read(objects.join(format!("{name}.{order}.o"))).unwrap()
}

/// Relocates an object of one program, which needs no linking, and returns its code and license.
fn load(object: &[u8], kernel: &Btf<'_>) -> Result<(Vec<u8>, CString), String> {
    let file = object::File::parse(object).unwrap();
    let section = file.section_by_name("syscall").ok_or("no program of type syscall")?;
    if section.relocations().next().is_some() {
        return Err("the program uses maps or calls functions".to_string());
    }
    let license = file.section_by_name("license").ok_or("no license")?.data().unwrap();
    let license = license.split(|byte| *byte == 0).next().unwrap();
    let programs = embed_in_a_loader::load(object, kernel).map_err(|error| error.to_string())?;
    let program = programs.into_iter().find(|program| program.section == "syscall").unwrap();
    Ok((program.code, CString::new(license).unwrap()))
}

#[test]
fn a_loaded_program_reads_the_fields_of_its_own_thread() {
    let Some(kernel) = kernel() else { return };
    let (code, license) = load(&object("task"), &kernel.parse().unwrap()).unwrap();
    let program = Program::new(ProgramType::Syscall, &code).with_license(&license).load().unwrap();

    // `struct answer` of fixtures/c/task.c: three numbers, and `comm` at its end.
    const COMM: usize = 32;
    let mut answer = [0; COMM + 16];
    program.run_on(&mut answer).unwrap();
    let (numbers, comm) = answer.split_at(COMM);
    let numbers: Vec<u32> =
        numbers.chunks(4).map(|number| u32::from_ne_bytes(number.try_into().unwrap())).collect();
    // SAFETY: gettid has no preconditions.
    let thread = unsafe { libc::gettid() }.cast_unsigned();
    let process = std::process::id();
    assert_eq!(numbers[..3], [thread, process, std::os::unix::process::parent_id()]);
    let comm = comm.split(|byte| *byte == 0).next().unwrap();
    let expected = fs::read("/proc/thread-self/comm").unwrap();
    assert_eq!(comm, expected.trim_ascii_end());
}

#[test]
fn objects_that_need_linking_are_rejected() {
    let kernel = btf_types::build::Builder::new(btf_types::ByteOrder::NATIVE).finish().unwrap();
    let kernel = Btf::parse(&kernel).unwrap();
    let weak = fs::read(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/objects/weak.bpfel.o"),
    );
    let error = load(&weak.unwrap(), &kernel).unwrap_err();
    assert!(error.contains("uses maps or calls functions"), "{error}");
    let error = load(&object("programs"), &kernel).unwrap_err();
    assert!(error.contains("no program of type syscall"), "{error}");
}
