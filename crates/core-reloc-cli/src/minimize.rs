//! `core-reloc minimize`.

mod make;
mod name;
mod print;
mod write;

use std::path::PathBuf;

use core_reloc::elf::Object;
use core_reloc_tools::minimize::Needs;

use self::{make::Maker, write::Place};
use crate::{Ending, arguments::Minimize, failure::Failure, message, object};

/// What a target was minimised to.
struct Made {
    main: Part,
    modules: Vec<Part>,
    /// How many types the main BTF has left.
    types: usize,
    /// What became of the objects' relocations, in the order of the objects.
    counts: Vec<core_reloc_tools::minimize::ResolutionCounts>,
    /// What is odd about it.
    warning: Option<String>,
}

/// A BTF that was minimised.
struct Part {
    /// Where it comes from.
    target: PathBuf,
    /// How long it was, in bytes.
    whole: usize,
    /// What it is called now, below a folder or in an archive.
    name: PathBuf,
    bytes: Vec<u8>,
}

impl Made {
    /// All that is to be written.
    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.main).chain(&self.modules)
    }

    /// How many relocations fail, with the whole BTF as well.
    fn failed(&self) -> usize {
        self.counts.iter().map(|counts| counts.failed).sum()
    }
}

pub(crate) fn run(arguments: &Minimize) -> Result<Ending, Failure> {
    // So that nothing is read in vain.
    let place = Place::new(&arguments.output)?;
    let files: Vec<Vec<u8>> =
        arguments.objects.iter().map(|path| object::read(path)).collect::<Result<_, _>>()?;
    let objects: Vec<Object<'_>> = arguments
        .objects
        .iter()
        .zip(&files)
        .map(|(path, bytes)| object::parse(path, bytes))
        .collect::<Result<_, _>>()?;
    let (mut paths, mut needs) = (Vec::new(), Vec::new());
    for (path, object) in arguments.objects.iter().zip(&objects) {
        match Needs::of_object(object) {
            Some(of_object) => {
                paths.push(path.as_path());
                needs.push(of_object);
            }
            None => message::warning(format_args!(
                "{}: has no types, and so nothing to relocate",
                path.display()
            )),
        }
    }

    let maker = Maker { objects: paths, needs };
    let made = maker.make(arguments)?;
    for warning in made.iter().filter_map(|made| made.warning.as_ref()) {
        message::warning(warning);
    }
    let is_one = arguments.target.as_ref().is_none_or(|target| !target.is_dir());
    let layout = place.layout(&made, is_one);
    place.write(&made, layout)?;
    let output = |part: &Part| place.of(part, layout);
    print::print(arguments.format.format, &maker.objects, &made, output)?;
    let failed = made.iter().any(|made| made.failed() > 0);
    Ok(if failed { Ending::Bad } else { Ending::Good })
}
