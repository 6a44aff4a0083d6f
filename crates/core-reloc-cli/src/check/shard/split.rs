//! Which kernels a shard has.

use std::{os::unix::ffi::OsStrExt, path::Path};

use twox_hash::XxHash3_128;

use crate::arguments::Shard;

/// Returns the bytes of a path from a folder, which are the same wherever the folder is.
pub(in crate::check) fn path_in<'p>(path: &'p Path, root: &Path) -> &'p [u8] {
    path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes()
}

/// Returns `true` if a shard has the file or kernel with a path: one of the shards does.
///
/// The hash, without a seed, is part of what machines agree on: another one would need a new version of reports.
pub(in crate::check) fn has(shard: Shard, path: &Path, root: &Path) -> bool {
    let part = XxHash3_128::oneshot(path_in(path, root)) % u128::from(shard.count.get());
    part == u128::from(shard.index.get() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the remainders of what `printf %s PATH | xxhsum -H2` prints, plus one. A change would split kernels differently
    /// on machines with different versions.
    #[test]
    fn the_split_depends_on_names_alone() {
        let shard = |text: &str| text.parse::<Shard>().unwrap();
        for root in ["/archive", "elsewhere/archive"] {
            let root = Path::new(root);
            let parts = ["ubuntu/20.04/x86_64/5.4.0-26-generic.btf.tar.xz", "6.1.btf", "6.12.btf"]
                .map(|file| {
                    let has =
                        |index: &u32| has(shard(&format!("{index}/7")), &root.join(file), root);
                    (1..=7).filter(has).collect::<Vec<_>>()
                });
            assert_eq!(parts, [[2], [7], [2]].map(Vec::from));
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
