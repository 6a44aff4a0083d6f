//! `bench-parts PART`: executes one part of a relocation once, so that its instructions can be counted.
//! Without a name it lists the parts.

use std::env;

use core_reloc_bench::Result;
use core_reloc_bench::parts::{Inputs, Part};

fn main() -> Result {
    let Some(name) = env::args().nth(1) else {
        Part::ALL.into_iter().for_each(|part| println!("{}", part.name()));
        return Ok(());
    };
    let part = Part::ALL.into_iter().find(|part| part.name() == name);
    let part = part.ok_or_else(|| format!("there is no part `{name}`"))?;
    part.measure(&Inputs::make()?, &mut |work| counted(work))
}

/// The function whose instructions `cargo xtask instructions` counts.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}
