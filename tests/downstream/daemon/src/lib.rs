//! An agent that keeps the kernel's types for as long as it runs. It relocates the objects that it is
//! given, on any thread, and learns of modules while it does.

use std::sync::{PoisonError, RwLock};

use btf_types::OwnedBtf;
use core_reloc::{
    Options, OwnedTarget,
    elf::{Failed, Object, ObjectError, Relocated},
};

/// Why an object was not relocated.
#[derive(Debug)]
pub enum Error {
    /// It is no BPF object that can be read.
    Unreadable(ObjectError),
    /// Some of its relocations failed.
    Failed(Failed),
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<Failed> for Error {
    fn from(error: Failed) -> Self {
        Self::Failed(error)
    }
}

/// The types of the kernel and of the modules that were loaded so far.
#[derive(Debug)]
pub struct Daemon {
    target: RwLock<OwnedTarget>,
}

impl Daemon {
    /// Indexes the kernel's types once, for all objects.
    pub fn start(kernel: &OwnedBtf) -> Self {
        Self { target: RwLock::new(OwnedTarget::new(kernel)) }
    }

    /// Returns the types that are known now. They stay the same while an object is relocated, even if a
    /// module is loaded meanwhile.
    pub fn target(&self) -> OwnedTarget {
        self.target.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the types of a module, for the objects that are relocated from now on.
    pub fn module_loaded(&self, name: &str, btf: Vec<u8>) -> btf_types::Result<()> {
        let mut target = self.target.write().unwrap_or_else(PoisonError::into_inner);
        let module = OwnedBtf::parse_split(btf, target.main())?;
        *target = target.with_module(name, module);
        Ok(())
    }

    /// Relocates an object.
    pub fn relocate(&self, object: &[u8]) -> Result<Relocated, Error> {
        let target = self.target();
        let object = Object::parse(object)?;
        Ok(object.relocate(target.target(), Options::default()).finish()?)
    }
}
