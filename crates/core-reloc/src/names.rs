//! Names: their essential part, their hashes, and tables to look them up in.

pub(crate) mod bits;
mod buckets;
pub(crate) mod essential;
pub(crate) mod exact;
pub(crate) mod hash;
pub(crate) mod table;
