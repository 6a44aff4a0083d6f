//! The memory that contenders allocate.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::contenders::Who;
use crate::names::What;

/// The memory of a contender, in bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Memory {
    /// The memory that it keeps to relocate further objects for the same target.
    pub kept: usize,
    /// The most memory at once.
    pub peak: usize,
}

impl Memory {
    /// Runs the program `bench-memory`, which is in the folder of this one.
    ///
    /// # Errors
    /// The program fails.
    pub fn measure(who: Who, target: &Path, object: &Path) -> Result<Self> {
        Self::of(&[who.name().as_ref(), target.as_ref(), object.as_ref()])
    }

    /// Measures the memory of a contender that looks up names, with the same program. It keeps nothing.
    ///
    /// # Errors
    /// The program fails.
    pub fn of_names(who: Who, what: What, names: &[String], target: &Path) -> Result<Self> {
        let (what, names) = (serde_json::to_string(&what)?, serde_json::to_string(names)?);
        Self::of(&[who.name().as_ref(), target.as_ref(), what.as_ref(), names.as_ref()])
    }

    fn of(arguments: &[&OsStr]) -> Result<Self> {
        let program = env::current_exe()?.with_file_name("bench-memory");
        let output = Command::new(&program)
            .args(arguments)
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}: {message}", program.display(), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
