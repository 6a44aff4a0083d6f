//! What crosses crates: integration, property, differential and CLI tests, and
//! the [`judge`]s that say what is right.

pub mod data;
pub mod judge;
