//! What crosses crates: integration, property, differential and CLI tests, the
//! [`judge`]s that say what is right, (feature `libbpf`) `conformance`, which
//! compares us with libbpf on real and generated data, and the [`hostile`] bytes
//! that nothing may come of.

#[cfg(feature = "libbpf")]
pub mod conformance;
pub mod data;
pub mod hostile;
pub mod judge;

/// The READMEs' examples, compiled and run as they stand there.
#[cfg(doctest)]
mod readmes {
    #[doc = include_str!("../../README.md")]
    pub struct Workspace;
    #[doc = include_str!("../../crates/btf-types/README.md")]
    pub struct BtfTypes;
    #[doc = include_str!("../../crates/core-reloc/README.md")]
    pub struct CoreReloc;
    #[doc = include_str!("../../crates/core-reloc-sys/README.md")]
    pub struct CoreRelocSys;
}
