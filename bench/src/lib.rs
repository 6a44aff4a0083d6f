//! Measures core-reloc beside those who do the same: libbpf and aya-obj.
//!
//! `cargo xtask bench` runs it and writes `docs/bench.md`, `.svg` and `.json`. All contenders get the
//! same files, each in processes of its own and in turn; a time counts only if all of them leave the
//! same code. The parts of core-reloc are measured by themselves too: in time by `cargo bench`, in
//! instructions by `cargo xtask instructions`.

pub mod code;
pub mod contenders;
pub mod generate;
pub mod parts;
#[cfg(feature = "peers")]
pub mod run;

/// What fails here is printed as it is.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
