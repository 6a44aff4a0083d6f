//! The lines of a shard's report that have its results.

use serde::{Deserialize, Serialize};

use crate::check::rows::{NoteResult, OpenResult, ProgramResult, RelocationStatus};

/// The results of an object on one or more kernels.
#[derive(Serialize, Deserialize)]
pub(super) struct RowRecord {
    pub(super) object: usize,
    pub(super) programs: Vec<ProgramResult>,
    pub(super) relocations: Vec<RelocationRecord>,
    pub(super) open: Vec<OpenResult>,
    pub(super) notes: Vec<NoteResult>,
}

/// The result of a relocation.
#[derive(Serialize, Deserialize)]
pub(super) struct RelocationRecord {
    pub(super) relocation: usize,
    pub(super) verdict: RelocationStatus,
    pub(super) value: Option<u64>,
    pub(super) proof: Option<String>,
    /// The number of its explanation.
    pub(super) explanation: Option<usize>,
}

/// A kernel.
#[derive(Serialize, Deserialize)]
pub(super) struct KernelRecord {
    pub(super) path: String,
    pub(super) folder: String,
    pub(super) order: [usize; 2],
    /// The number of each object's row.
    pub(super) rows: Vec<usize>,
}

/// A target that cannot be used.
#[derive(Serialize, Deserialize)]
pub(super) struct UnreadableRecord {
    pub(super) message: String,
}
