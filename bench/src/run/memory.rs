//! The memory that contenders allocate.

use std::env;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::contenders::Who;

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
        let program = env::current_exe()?.with_file_name("bench-memory");
        let output = Command::new(&program)
            .arg(who.name())
            .args([target, object])
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}: {message}", program.display(), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
