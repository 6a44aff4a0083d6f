//! The running kernel as the judge: it relocates a program that it loads, and
//! runs it.
//!
//! Since Linux 5.17 the kernel resolves CO-RE relocations by itself if
//! `BPF_PROG_LOAD` comes with the program's BTF and records; the code is a copy
//! of libbpf's, the target the kernel's own BTF and its modules'. What came out
//! shows when the program runs:
//!
//! ```no_run
//! # use core_reloc_tests::judge::{Record, kernel::*};
//! # fn run(local_btf: &[u8], code: &[u8], main: FuncInfo, record: Record)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let btf = Btf::load(local_btf)?;
//! let relocations = CoreRelos { btf: &btf, func_info: &[main], records: &[record] };
//! let program = Program::new(ProgramType::RawTracepoint, code).with_relocations(relocations);
//! println!("the kernel's answer is {}", program.load()?.run()?);
//! # Ok(())
//! # }
//! ```
//!
//! It needs root, and a kernel with BTF: [`availability`] tells. What differs from
//! libbpf is among the [accepted](super::accepted) differences.

pub mod asm;
mod probe;
mod program;
mod sys;
#[cfg(test)]
mod tests;

use std::io;

pub use self::probe::{Unheard, availability, loads_programs};
pub use self::program::{Btf, CoreRelos, FuncInfo, Loaded, Program, ProgramType};

/// Why the kernel does not load something.
#[derive(Debug, thiserror::Error)]
#[error("the kernel refuses the {what}: {error}\n{log}")]
pub struct Refused {
    /// What it was to load.
    pub what: &'static str,
    /// What the system call returned.
    pub error: io::Error,
    /// The verifier's words.
    pub log: String,
}
