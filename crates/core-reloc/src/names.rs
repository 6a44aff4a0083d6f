//! Names: what counts of them, their hashes, and tables that find by them.

pub(crate) mod bits;
mod buckets;
pub(crate) mod essential;
pub(crate) mod hash;
pub(crate) mod table;
