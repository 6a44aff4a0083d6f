//! core-reloc, as a loader uses it.

use std::path::{Path, PathBuf};
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
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run> {
        let started = Instant::now();
        let object = Object::parse(object)?;
        relocate_from(started, target, &object)
    }

    fn warm(&self, target: &Path, object: &[u8], again: &mut dyn FnMut(Run) -> bool) -> Result {
        let file = map(target)?;
        let kernel = file.parse()?;
        let target = Target::new(&kernel).indexed();
        loop {
            let started = Instant::now();
            let object = Object::parse(object)?;
            let relocated = relocate(&target, &object)?;
            let time = started.elapsed();
            if !again(Run { time, code: code(&relocated)? }) {
                return Ok(());
            }
        }
    }

    fn many(&self, targets: &[PathBuf], object: &[u8]) -> Result<Vec<Run>> {
        let mut started = Instant::now();
        let object = Object::parse(object)?;
        let mut runs = Vec::new();
        for target in targets {
            runs.push(relocate_from(started, target, &object)?);
            started = Instant::now();
        }
        Ok(runs)
    }

    fn keep(&self, target: &Path, object: &[u8], kept: &mut dyn FnMut()) -> Result {
        let file = map(target)?;
        let kernel = file.parse()?;
        let target = Target::new(&kernel).indexed();
        relocate(&target, &Object::parse(object)?)?;
        kept();
        drop(target);
        Ok(())
    }
}

/// Maps a target.
fn map(target: &Path) -> Result<BtfFile> {
    // SAFETY: nothing else writes to the files of this run.
    Ok(unsafe { BtfFile::map(target) }?)
}

/// Reads a target and relocates an object. The time counts from `started`.
fn relocate_from(started: Instant, target: &Path, object: &Object<'_>) -> Result<Run> {
    let file = map(target)?;
    let kernel = file.parse()?;
    let relocated = relocate(&Target::new(&kernel), object)?;
    let time = started.elapsed();
    Ok(Run { time, code: code(&relocated)? })
}

fn relocate<'a>(target: &'a Target<'a>, object: &'a Object<'a>) -> Result<Vec<u8>> {
    Ok(object.relocate(target, Options::default()).finish()?.bytes)
}
