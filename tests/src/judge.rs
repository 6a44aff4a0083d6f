//! Programs of others that say what the right result is.
//!
//! No expected value in our tests comes from the code under test: it comes from
//! one of these, or from the description that a fixture was made from.
//!
//! - `libbpf` (feature `libbpf`): the reference implementation of CO-RE, any
//!   pair of BTF and any instruction; no root, no kernel.
//! - [`kernel`]: the running kernel, which since 5.17 relocates by itself; needs
//!   root.
//! - [`accepted`]: where we differ from them on purpose, and why.

pub mod accepted;
#[cfg(test)]
mod handmade;
pub mod kernel;
#[cfg(feature = "libbpf")]
pub mod libbpf;

/// A CO-RE relocation record as `.BTF.ext` has it, in the host's byte order.
///
/// The judges have a type of their own for it: they must not read bytes through
/// the code that they judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Record {
    /// The instruction, in bytes from the start of its section.
    pub insn_off: u32,
    /// The root type, an id of the local BTF.
    pub type_id: u32,
    /// The access string, an offset into the local BTF's strings.
    pub access_str_off: u32,
    /// The number of the kind of relocation, 0 to 12.
    pub kind: u32,
}

/// Says that a judge cannot run here and why.
///
/// The test that calls it should then return.
///
/// # Panics
/// When the environment variable `CI` is set: there, every judge must run.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|value| value.is_empty()),
        "in CI every judge must run: {why}"
    );
    println!("SKIPPED: {why}");
}
