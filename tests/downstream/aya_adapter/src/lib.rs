//! Relocates an object in front of aya, which then finds no relocation records and leaves the code as it is.
//!
//! aya takes the result as it would take the object: `Ebpf::load(&relocated)`.

use core_reloc::{
    Options, Target,
    elf::{Failed, Object, ObjectError},
};

/// Why an object cannot be given to aya.
#[derive(Debug)]
pub enum Error {
    /// It is no BPF object that can be read.
    Unreadable(ObjectError),
    /// Some of its relocations failed. Each is described.
    Failed(Failed, Vec<String>),
}

/// Relocates an object for a kernel.
pub fn relocate(object: &[u8], kernel: &Target<'_>) -> Result<Vec<u8>, Error> {
    let object = Object::parse(object).map_err(Error::Unreadable)?;
    let mut relocating = object.relocate(kernel, Options::default());
    let failed = relocating.by_ref().filter(|report| report.outcome.is_failed());
    let described = failed.map(|report| report.to_string()).collect();
    match relocating.finish() {
        Ok(relocated) => Ok(relocated.bytes),
        Err(failed) => Err(Error::Failed(failed, described)),
    }
}
