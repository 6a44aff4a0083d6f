//! core-reloc, as a loader uses it.

use std::path::Path;
use std::time::Instant;

use core_reloc::elf::Object;
use core_reloc::{Options, Target};
use core_reloc_sys::BtfFile;

use super::{Contender, Run};
use crate::Result;
use crate::code::code;

/// core-reloc.
#[derive(Debug, Clone, Copy)]
pub struct CoreReloc;

impl Contender for CoreReloc {
    fn name(&self) -> &'static str {
        "core-reloc"
    }

    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run> {
        let started = Instant::now();
        let file = BtfFile::open(target)?;
        let kernel = file.parse()?;
        let target = Target::new(&kernel);
        let relocated = relocate(&target, object)?;
        let time = started.elapsed();
        Ok(Run { time, code: code(&relocated)? })
    }

    fn warm(&self, target: &Path, object: &[u8], rounds: usize) -> Result<Vec<Run>> {
        let file = BtfFile::open(target)?;
        let kernel = file.parse()?;
        let target = Target::new(&kernel).indexed();
        let round = |_| {
            let started = Instant::now();
            let relocated = relocate(&target, object)?;
            let time = started.elapsed();
            Ok(Run { time, code: code(&relocated)? })
        };
        (0..rounds).map(round).collect()
    }
}

fn relocate(target: &Target<'_>, object: &[u8]) -> Result<Vec<u8>> {
    let object = Object::parse(object)?;
    Ok(object.relocate(target, Options::default()).finish()?.bytes)
}
