//! `check --shard`: which kernels a shard has, and the lines of its report from which [`merge`](super::merge) makes
//! the results of all.
//!
//! A shard's report has the lines of any report in JSON. Between the first line and the programs it has more: each
//! object, and for each kernel a row of results an object. Rows, and explanations of relocations, that several
//! kernels share are there once, before the first kernel that has them. Others refer to them by their numbers, which
//! count from 0 in the order of the lines.

mod read;
mod write;

use std::{os::unix::ffi::OsStrExt, path::Path};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

pub(super) use self::{
    read::{ReportProblem, ShardReport, Shared},
    write::print,
};
use super::collect::{NoteResult, OpenResult, ProgramResult, RelocationStatus};
use crate::arguments::Shard;

/// The head of a shard's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShardKey {
    pub(super) index: u32,
    pub(super) count: u32,
    /// The version of the program.
    pub(super) program: String,
    /// A hash of the paths of all files, also those of other shards.
    pub(super) files: String,
}

impl ShardKey {
    pub(super) fn of(Shard { index, count }: Shard, files: String) -> Self {
        let (index, count) = (index.get(), count.get());
        Self { index, count, program: env!("CARGO_PKG_VERSION").to_string(), files }
    }
}

/// A file that the user named besides the targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GivenRecord {
    pub(super) option: String,
    pub(super) path: String,
    /// A hash of the content.
    pub(super) digest: String,
    /// A kernel of the shard has used it.
    pub(super) used: bool,
    /// Why the first kernel cannot have it.
    pub(super) reason: Option<String>,
}

/// The results of an object on one or more kernels.
#[derive(Serialize, Deserialize)]
struct RowRecord {
    object: usize,
    programs: Vec<ProgramResult>,
    relocations: Vec<RelocationRecord>,
    open: Vec<OpenResult>,
    notes: Vec<NoteResult>,
}

/// The result of a relocation.
#[derive(Serialize, Deserialize)]
struct RelocationRecord {
    relocation: usize,
    verdict: RelocationStatus,
    value: Option<u64>,
    proof: Option<String>,
    /// The number of its explanation.
    explanation: Option<usize>,
}

/// A kernel.
#[derive(Serialize, Deserialize)]
struct KernelRecord {
    path: String,
    folder: String,
    order: [usize; 2],
    /// The number of each object's row.
    rows: Vec<usize>,
}

/// A target that cannot be used.
#[derive(Serialize, Deserialize)]
struct UnreadableRecord {
    message: String,
}

/// Returns the bytes of a path from a folder, which are the same wherever the folder is.
pub(super) fn path_in<'p>(path: &'p Path, root: &Path) -> &'p [u8] {
    path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes()
}

/// Returns `true` if a shard has a file of a folder.
pub(super) fn has_file(shard: Shard, path: &Path, root: &Path) -> bool {
    has(shard, path_in(path, root))
}

/// Returns `true` if a shard has a kernel of a file that the user named.
pub(super) fn has_kernel(shard: Shard, path: &Path, root: &Path) -> bool {
    has(shard, path_in(path, root))
}

/// Returns `true` if a shard has what has this name: one of the shards does.
///
/// The hash, without a seed, is part of what machines agree on: another one would need a new version of reports.
fn has(shard: Shard, name: &[u8]) -> bool {
    let part = XxHash3_128::oneshot(name) % u128::from(shard.count.get());
    part == u128::from(shard.index.get() - 1)
}

/// Verdicts by their names.
pub(super) mod verdict {
    use std::borrow::Cow;

    use core_reloc_tools::check::Verdict;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(verdict.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Verdict, D::Error> {
        let name = Cow::<'de, str>::deserialize(from)?;
        let found = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name);
        found.ok_or_else(|| D::Error::custom(format_args!("unknown verdict {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these would split kernels differently on machines with different versions.
    #[test]
    fn the_split_depends_on_names_alone() {
        let shard = |text: &str| text.parse::<Shard>().unwrap();
        for root in ["/archive", "elsewhere/archive"] {
            let root = Path::new(root);
            let parts = ["ubuntu/20.04/x86_64/5.4.0-26-generic.btf.tar.xz", "6.1.btf", "6.12.btf"]
                .map(|file| {
                    let has = |index: &u32| {
                        has_file(shard(&format!("{index}/7")), &root.join(file), root)
                    };
                    (1..=7).filter(has).collect::<Vec<_>>()
                });
            assert_eq!(parts, [[7], [4], [5]].map(Vec::from));
        }
    }

    #[test]
    fn shards_are_named_by_index_and_count() {
        for text in ["1/1", "2/8", "1000000/1000000"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in
            ["", "1", "0/1", "2/1", "1/0", "1/", "/1", "1/2/3", "-1/2", "1/1000001", "1/4294967296"]
        {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
