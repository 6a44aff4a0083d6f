//! `objects OBJECT TARGET`: relocates a whole object, and prints the outcome of every relocation.

use std::error::Error;

use btf_types::Btf;
use core_reloc::{Options, Target, elf::Object};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [object, target] = &paths[..] else { return Err("usage: objects OBJECT TARGET".into()) };
    let (object, kernel) = (std::fs::read(object)?, std::fs::read(target)?);
    let (object, kernel) = (Object::parse(&object)?, Btf::parse(&kernel)?);
    let target = Target::new(&kernel);

    let mut relocating = object.relocate(&target, Options::default());
    for report in &mut relocating {
        let relocation = &report.relocation;
        let (outcome, access) = (report.outcome.name(), relocation.access_in_c());
        match report.outcome.value() {
            Some(value) => println!("{} {outcome} {access} {value}", relocation.index()),
            None => println!("{} {outcome} {access}", relocation.index()),
        }
    }
    let relocated = relocating.finish()?;

    // A relocated object has no relocations.
    let again = Object::parse(&relocated.bytes)?;
    println!("{} bytes before and {} after", object.as_bytes().len(), relocated.bytes.len());
    println!("{} relocations are left", again.relocations().count());
    Ok(())
}
