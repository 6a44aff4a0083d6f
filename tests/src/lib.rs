//! Tests that cross crates, and what they share.
//!
//! - [`c_compiler`]: compiles C for BPF
//! - [`judge`]: independent implementations that determine the right result
//! - `conformance` (feature `libbpf`): compares us with libbpf on real and generated data
//! - [`hostile`]: fuzz targets, and input designed to be expensive
//! - [`kernel_files`]: files of every format that kernels and modules are shipped in
//! - [`kernels`]: what booted kernels answer to every program of every object
//! - `vectors` (feature `libbpf`): the files of `fixtures/vectors`, for other implementers
//! - [`programs`]: generated programs with poisoned instructions
//! - [`data`]: the fixtures and the fetched data

pub mod c_compiler;
#[cfg(feature = "libbpf")]
pub mod conformance;
pub mod data;
pub mod hostile;
pub mod judge;
pub mod kernel_files;
pub mod kernels;
pub mod programs;
#[cfg(feature = "libbpf")]
pub mod vectors;

/// The examples of the READMEs, compiled and run as they are there. Those of the guide are doctests of
/// `core-reloc`.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    pub struct Workspace;
    #[doc = include_str!("../../crates/btf-store/README.md")]
    pub struct BtfStore;
    #[doc = include_str!("../../crates/btf-types/README.md")]
    pub struct BtfTypes;
    #[doc = include_str!("../../crates/core-reloc/README.md")]
    pub struct CoreReloc;
    // The strategies come with the judge.
    #[cfg(feature = "libbpf")]
    #[doc = include_str!("../../crates/core-reloc-proptest/README.md")]
    pub struct CoreRelocProptest;
    #[doc = include_str!("../../crates/core-reloc-sys/README.md")]
    pub struct CoreRelocSys;
    #[doc = include_str!("../../crates/core-reloc-targets/README.md")]
    pub struct CoreRelocTargets;
    #[doc = include_str!("../../crates/core-reloc-tools/README.md")]
    pub struct CoreRelocTools;
}
