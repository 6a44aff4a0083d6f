//! `check --shard`: which kernels a shard has, and the lines of its report from which [`merge`](super::merge) makes
//! the results of all.
//!
//! A shard's report has the lines of any report in JSON. Between the first line and the programs it has more: each
//! object, and for each kernel a row of results an object. Rows, and explanations of relocations, that several
//! kernels share are there once, before the first kernel that has them. Others refer to them by their numbers, which
//! count from 0 in the order of the lines.

pub(super) mod key;
pub(super) mod read;
mod record;
pub(super) mod split;
pub(super) mod verdict;
pub(super) mod write;
