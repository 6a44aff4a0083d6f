//! What crosses crates: integration, property, differential and CLI tests, the
//! [`judge`]s that say what is right, and (feature `libbpf`) `conformance`, which
//! compares us with libbpf on real and generated data.

#[cfg(feature = "libbpf")]
pub mod conformance;
pub mod data;
pub mod judge;

/// The README's examples, compiled and run as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
