//! The memory that contenders allocate.

use std::env;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::contenders::Who;

/// What a contender allocates, in bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Memory {
    /// What it needs to relocate further objects against the same target.
    pub kept: usize,
    /// The most that it had at a time.
    pub peak: usize,
}

impl Memory {
    /// Has the program `bench-memory`, which lies beside this one, count.
    ///
    /// # Errors
    /// When that program fails.
    pub fn measure(who: Who, target: &Path, object: &Path) -> Result<Self> {
        let program = env::current_exe()?.with_file_name("bench-memory");
        let output = Command::new(&program)
            .arg(who.name())
            .args([target, object])
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}: {said}", program.display(), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
