//! What an agent ships for its objects: a store, beside archives of minimized BTF.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use super::super::Plan;
use super::super::minimizing::{self, Written};
use super::super::process::Cost;
use super::super::selection::Chosen;
use crate::Result;

/// Minimized BTF of all kernels for all objects.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Agent {
    pub(super) kernels: usize,
    /// The size of `minimize --store`, in bytes, and its cost.
    pub(super) store: u64,
    pub(super) cost: Cost,
    /// `minimize` into a tar.xz.
    pub(super) archive: Written,
    /// bpftool, for the kernels that it manages.
    pub(super) bpftool: Written,
}

impl Plan {
    pub(super) fn agent(
        &self,
        objects: &[PathBuf],
        chosen: &Chosen,
        kernels: usize,
    ) -> Result<Agent> {
        let folder = self.folder(kernels);
        let path = self.scratch.join("agent.store");
        if path.exists() {
            fs::remove_file(&path)?;
        }
        let mut minimize = Command::new(&self.core_reloc);
        minimize.arg("minimize").args(objects).arg("--target").arg(&folder);
        minimize.arg("--quiet").arg("--store").arg(&path);
        let cost = Cost::median(&mut minimize, 1)?;
        let both =
            minimizing::measure(&self.core_reloc, objects, &chosen.files, &folder, &self.scratch)?;
        let store = fs::metadata(&path)?.len();
        Ok(Agent { kernels, store, cost, archive: both.core_reloc, bpftool: both.bpftool })
    }
}
