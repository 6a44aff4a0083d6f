//! Relocates a BPF object for a kernel, and prints what happened to each relocation.
//!
//! ```sh
//! cargo run -p core-reloc --features elf --example relocate_object
//! cargo run -p core-reloc --features elf --example relocate_object prog.bpf.o vmlinux.btf out.o
//! ```
//!
//! Without arguments it relocates an object of the fixtures for the running kernel.

use std::{env, error::Error, fs};

use btf_types::Btf;
use core_reloc::{
    Options, Target,
    elf::{Object, Relocated},
};

/// An object that reads `task_struct`.
const OBJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/objects/task.bpfel.o");
/// The types of the running kernel.
const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// Relocates an object, and returns it together with a line for each relocation.
fn relocate(object: &[u8], kernel: &[u8]) -> Result<(Relocated, Vec<String>), Box<dyn Error>> {
    // Both borrow their bytes. The object has types of its own, which its records refer to.
    let object = Object::parse(object)?;
    let kernel = Btf::parse(kernel)?;
    let target = Target::new(&kernel);

    // By default an unresolved relocation poisons its instruction, as in libbpf. To get an error
    // instead, use `Options::default().unresolved(OnUnresolved::Error)`.
    let mut relocating = object.relocate(&target, Options::default());

    // The iterator relocates one instruction at a time. A failure does not stop it.
    let reports = relocating.by_ref().map(|report| report.to_string()).collect();

    // If any relocation failed, `finish` returns an error and no object.
    Ok((relocating.finish()?, reports))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let object = arguments.next().unwrap_or_else(|| OBJECT.to_owned());
    let kernel = arguments.next().unwrap_or_else(|| KERNEL.to_owned());
    let read = |path: &str| fs::read(path).map_err(|error| format!("{path}: {error}"));

    let (relocated, reports) = relocate(&read(&object)?, &read(&kernel)?)?;
    for report in reports {
        println!("{report}");
    }
    let counts = relocated.counts;
    println!("{} relocated, {} poisoned", counts.relocated, counts.poisoned);

    // The object has no relocation records left, so that no loader relocates it again.
    if let Some(out) = arguments.next() {
        fs::write(&out, relocated.bytes)?;
        println!("written to {out}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_relocated_for_a_kernel_whose_fields_moved() {
        let object = include_bytes!("../../../fixtures/objects/access.bpfel.o");
        let kernel = include_bytes!("../../../fixtures/btf/moved.le.btf");
        let (relocated, reports) = relocate(object, kernel).unwrap();
        assert_eq!(reports[0], "syscall+0x0: field_byte_offset of job.uid: relocated, 8");
        assert_eq!(reports.len(), 26);
        assert_eq!((relocated.counts.relocated, relocated.counts.poisoned), (26, 0));
        assert_eq!(Object::parse(&relocated.bytes).unwrap().relocations().count(), 0);
    }
}
