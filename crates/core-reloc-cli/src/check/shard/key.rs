//! What a shard's report says of its check: the reports of all shards agree in it.

use serde::{Deserialize, Serialize};

use crate::arguments::Shard;

/// The head of a shard's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::check) struct ShardKey {
    pub(in crate::check) index: u32,
    pub(in crate::check) count: u32,
    /// The version of the program.
    pub(in crate::check) program: String,
    /// A hash of the paths of all files, also those of other shards.
    pub(in crate::check) files: String,
}

impl ShardKey {
    pub(in crate::check) fn of(Shard { index, count }: Shard, files: String) -> Self {
        let (index, count) = (index.get(), count.get());
        Self { index, count, program: env!("CARGO_PKG_VERSION").to_string(), files }
    }
}

/// A file that the user named besides the targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::check) struct GivenRecord {
    pub(in crate::check) option: String,
    pub(in crate::check) path: String,
    /// A hash of the content.
    pub(in crate::check) digest: String,
    /// A kernel of the shard has used it.
    pub(in crate::check) used: bool,
    /// Why the first kernel cannot have it.
    pub(in crate::check) reason: Option<String>,
}
