//! A loader that parses ELF itself, and uses this library only to relocate.
//!
//! ```sh
//! cargo run -p core-reloc --features elf --example embed_in_a_loader [OBJECT [KERNEL]]
//! ```
//!
//! It reads programs, relocates them, and stops before the system call. By default the object is one of
//! the fixtures, and the kernel the running one.

use std::{env, error::Error, fs};

use btf_types::{Btf, BtfExt};
use core_reloc::{Relocator, Target};
use object::{Endianness, Object, ObjectSection, SectionKind, read::elf::ElfFile64};

const OBJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/objects/task.bpfel.o");
const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// A section of code. A loader has more about it, such as the type of its program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) section: String,
    pub(crate) code: Vec<u8>,
}

/// Reads the programs of an object, and relocates them for a kernel.
pub(crate) fn load(object: &[u8], kernel: &Btf<'_>) -> Result<Vec<Program>, Box<dyn Error>> {
    let file = ElfFile64::<Endianness>::parse(object)?;
    let mut programs = Vec::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let (section, code) = (section.name()?.to_owned(), section.data()?.to_vec());
        programs.push(Program { section, code });
    }

    let types = file.section_by_name(".BTF").ok_or("there is no .BTF")?;
    let ext = file.section_by_name(".BTF.ext").ok_or("there is no .BTF.ext")?;
    // BPF objects have pointers of 8 bytes, whatever their BTF says about `long`.
    let local = Btf::parse_object(types.data()?)?;
    let ext = BtfExt::parse(ext.data()?)?;

    relocate(&mut programs, &local, &ext, &Target::new(kernel))?;
    // The maps of the programs, and the functions that they call, are linked before or after this.
    Ok(programs)
}

/// Relocates programs, whose records are in `ext`.
fn relocate(
    programs: &mut [Program],
    local: &Btf<'_>,
    ext: &BtfExt<'_>,
    target: &Target<'_>,
) -> Result<(), Box<dyn Error>> {
    // One relocator for the whole object, because each relocation may narrow the candidates of the next.
    let mut relocator = Relocator::new(local, target);
    // This finds the candidates of all root types in one pass over the kernel's types.
    relocator.prepare_for(&ext.core_relocs());

    for section in ext.core_relocs().sections() {
        let name = local.string(section.name_off())?;
        let Some(program) = programs.iter_mut().find(|program| name == program.section.as_str())
        else {
            return Err(format!("the object has no section {name} with code").into());
        };
        for record in section.records() {
            let relocation = relocator.decode(&record)?;
            // The decision, as a plain value. Nothing has changed yet.
            let resolution = relocator.resolve(&relocation)?;
            if let Some(unmatched) = &resolution.unmatched {
                // The next step may poison the instruction. The verifier's log will not say why.
                eprintln!("{}: {}", relocation.kind, relocator.describe(&relocation, unmatched));
            }
            relocator.apply(&mut program.code, &relocation, &resolution)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let object = fs::read(arguments.next().unwrap_or_else(|| OBJECT.to_owned()))?;
    let kernel = fs::read(arguments.next().unwrap_or_else(|| KERNEL.to_owned()))?;
    for program in load(&object, &Btf::parse(&kernel)?)? {
        // Here a loader calls bpf(BPF_PROG_LOAD).
        println!("{}: {} instructions", program.section, program.code.len() / 8);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use core_reloc::{Options, elf};

    use super::*;

    #[test]
    fn the_code_is_that_of_the_relocated_object() {
        let object = include_bytes!("../../../fixtures/objects/access.bpfel.o");
        let kernel = Btf::parse(include_bytes!("../../../fixtures/btf/moved.le.btf")).unwrap();
        let programs = load(object, &kernel).unwrap();

        let target = Target::new(&kernel);
        let whole = elf::Object::parse(object).unwrap();
        let whole = whole.relocate(&target, Options::default()).finish().unwrap();
        let file = ElfFile64::<Endianness>::parse(&*whole.bytes).unwrap();
        let section = file.section_by_name("syscall").unwrap();
        let program = programs.iter().find(|program| program.section == "syscall").unwrap();
        assert_eq!(program.code, section.data().unwrap());
        assert_eq!(whole.counts.relocated, 26);
    }
}
