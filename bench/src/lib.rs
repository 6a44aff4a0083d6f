//! Compares the speed of core-reloc with that of libbpf and aya-obj.
//!
//! `cargo xtask bench` runs the comparison and writes `docs/bench.md`, `.svg` and `.json`. All contenders
//! get the same files, in turn, each in its own processes. A time counts only if all contenders produce
//! the same code. The parts of core-reloc are also measured alone: in time by `cargo bench`, in
//! instructions by `cargo xtask instructions`.

pub mod code;
pub mod contenders;
#[cfg(feature = "fleet")]
pub mod fleet;
pub mod generate;
pub mod names;
pub mod parts;
#[cfg(feature = "peers")]
pub mod run;

/// Errors are only printed.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
