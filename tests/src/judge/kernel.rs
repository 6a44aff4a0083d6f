//! The running kernel as a judge: it relocates and runs a program.
//!
//! Since Linux 5.17, `BPF_PROG_LOAD` resolves CO-RE relocations if it is given the program's BTF and
//! records. The kernel's code is a copy of libbpf's; the target is the BTF of the kernel and its
//! modules. Running the program shows the result:
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
//! The judge needs root and a kernel with BTF; see [`availability`]. Where it differs from libbpf is
//! listed in [`accepted`](super::accepted).

pub mod asm;
mod probe;
mod program;
mod sys;
#[cfg(test)]
mod tests;

use std::io;

pub use self::probe::{Unavailable, availability, loads_programs};
pub use self::program::{Btf, CoreRelos, FuncInfo, Loaded, Program, ProgramType};

/// An error of the kernel when it loads BTF or a program.
#[derive(Debug, thiserror::Error)]
#[error("the kernel rejects the {what}: {error}\n{log}")]
pub struct Refused {
    /// What it refuses to load.
    pub what: &'static str,
    /// The error of the system call.
    pub error: io::Error,
    /// The log of the verifier.
    pub log: String,
}
