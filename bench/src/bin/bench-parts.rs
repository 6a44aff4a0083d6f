//! Does one part of a relocation once, to have its instructions counted: `bench-parts PART`. Without a
//! name it lists the parts.

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

/// What is counted: `cargo xtask instructions` tells the counter this function's name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}
